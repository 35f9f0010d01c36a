// SPDX-License-Identifier: Apache-2.0
// What a server saw, for tests to count and to wait for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/patience.hpp"

namespace kdeps::testing::tds {

struct Event {
    enum class Kind { opened, prelogin, login, login_failed, batch, rpc, transaction, attention, interrupted, closed };
    Kind kind;
    int session = 0;
    std::string text;  // of a login: user@database; of a prelogin: what the client says of encryption; of a batch or an
                       // RPC: its SQL
};

// Any thread.
class Log {
public:
    void add(Event event) {
        {
            const std::lock_guard lock(mutex_);
            events_.push_back(std::move(event));
        }
        changed_.notify_all();
    }

    std::vector<Event> events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }
    int count(Event::Kind kind, std::string_view text = {}) const {
        const std::lock_guard lock(mutex_);
        return count_locked(kind, text);
    }
    // Requests of clients: what one round trip each costs.
    int requests() const {
        return count(Event::Kind::batch) + count(Event::Kind::rpc) + count(Event::Kind::transaction);
    }
    int connections() const { return count(Event::Kind::opened) - count(Event::Kind::closed); }

    // Until `least` events of the kind hold the text; false if they did not in time.
    bool wait_for(Event::Kind kind, std::string_view text = {}, int least = 1,
                  std::chrono::milliseconds timeout = std::chrono::seconds(20) * kPatience) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, timeout, [&] { return count_locked(kind, text) >= least; });
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        std::erase_if(events_,
                      [](const Event& e) { return e.kind != Event::Kind::opened && e.kind != Event::Kind::closed; });
    }

private:
    int count_locked(Event::Kind kind, std::string_view text) const {
        int out = 0;
        for (const Event& event : events_)
            out += event.kind == kind && event.text.find(text) != std::string::npos ? 1 : 0;
        return out;
    }

    mutable std::mutex mutex_;  // guards events_
    mutable std::condition_variable changed_;
    std::vector<Event> events_;
};

}  // namespace kdeps::testing::tds
