// SPDX-License-Identifier: Apache-2.0
// Where set() puts values: one Store per run (memory), per session and per process (app).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/base.hpp"
#include "core/value/value.hpp"

namespace kdeps::engine {

// A list with one element more; in place where nobody else holds the list.
value::Value appended(value::Value list, value::Value element);

// Any thread; atomic per key.
class Store {
public:
    using OnSet = std::function<void(std::string_view key, const value::Value&)>;

    Store() = default;
    // `on_set` is told of every value before it is seen; what it throws, set() throws.
    explicit Store(OnSet on_set) : on_set_(std::move(on_set)) {}

    // Without telling.
    void put(std::string_view key, value::Value value);

    std::optional<value::Value> get(std::string_view key) const;
    void set(std::string_view key, value::Value value);

    // Changes a value without another change in between: `change` gets what is there (null: nothing), alters it, and
    // tells whether it did.  What it throws, update() throws; nothing is then changed.
    using Change = std::function<bool(value::Value& value)>;
    void update(std::string_view key, const Change& change);
    value::Value all() const;  // a map, by key
    bool is_empty() const;

private:
    const OnSet on_set_;
    mutable std::mutex mutex_;  // guards values_
    std::map<std::string, value::Value, std::less<>> values_;
};

class SessionFile;

// Sessions in memory, and in a file if there is one.  A session that nobody used for `ttl` is forgotten; so is the
// oldest, in memory, when there are more than `limit`.  Any thread.
class Sessions {
public:
    explicit Sessions(std::chrono::nanoseconds ttl, std::unique_ptr<SessionFile> file = nullptr,
                      std::size_t limit = 100'000);
    ~Sessions();

    // The store of an id that this host gave out, or nullptr.
    std::shared_ptr<Store> find(const std::string& id);

    // A new session under 128 random bits as 32 hexadecimal digits.
    std::pair<std::string, std::shared_ptr<Store>> create();

private:
    struct Session {
        std::shared_ptr<Store> store;
        Clock::time_point used;
        Clock::time_point touched{};  // in the file
    };

    std::shared_ptr<Store> make_store(const std::string& id);
    void forget_old(Clock::time_point now);

    const std::chrono::nanoseconds ttl_;
    const std::size_t limit_;
    const std::unique_ptr<SessionFile> file_;  // null: memory only
    std::mutex mutex_;                         // guards everything below
    std::unordered_map<std::string, Session> sessions_;
    Clock::time_point next_sweep_{};
};

}  // namespace kdeps::engine
