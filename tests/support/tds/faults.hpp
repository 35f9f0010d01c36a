// SPDX-License-Identifier: Apache-2.0
// Failures that a test orders.  Any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/tds/value.hpp"

namespace kdeps::testing::tds {

class Faults {
public:
    // The next statement whose text holds `text` fails so; "" is any.
    void fail_next(SqlError error, std::string text) {
        const std::lock_guard lock(mutex_);
        errors_.push_back({std::move(text), std::move(error)});
    }
    // The next request whose text holds `text` is not answered: its connection is closed, before or after it was
    // carried out.
    enum class Drop { before, after };
    void drop_next(Drop when, std::string text) {
        const std::lock_guard lock(mutex_);
        drops_.push_back({std::move(text), when});
    }

    // Attentions are not obeyed: what runs goes on to its end.
    void be_deaf(bool is_deaf) { is_deaf_ = is_deaf; }
    bool is_deaf() const { return is_deaf_; }

    // The procedures' own arguments have to have their names, from the next connection on.
    void want_names() { wants_names_ = true; }
    bool wants_names() const { return wants_names_; }

    std::optional<SqlError> take_error(const std::string& statement) { return take(errors_, statement); }
    std::optional<Drop> take_drop(const std::string& request) { return take(drops_, request); }

private:
    template <typename What>
    struct Order {
        std::string text;
        What what;
    };
    template <typename What>
    std::optional<What> take(std::vector<Order<What>>& orders, const std::string& text) {
        const std::lock_guard lock(mutex_);
        for (auto order = orders.begin(); order != orders.end(); ++order) {
            if (text.find(order->text) == std::string::npos) continue;
            What out = std::move(order->what);
            orders.erase(order);
            return out;
        }
        return std::nullopt;
    }

    std::atomic<bool> is_deaf_{false};
    std::atomic<bool> wants_names_{false};
    std::mutex mutex_;  // guards both lists
    std::vector<Order<SqlError>> errors_;
    std::vector<Order<Drop>> drops_;
};

}  // namespace kdeps::testing::tds
