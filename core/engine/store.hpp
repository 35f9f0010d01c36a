// SPDX-License-Identifier: Apache-2.0
// Where set() puts values: one Store per run (memory), per session and per process (app).
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/base.hpp"
#include "core/value/value.hpp"

namespace kdeps::engine {

// A list with one element more; in place where nobody else holds the list.
value::Value appended(value::Value list, value::Value element);

// Changes a value: gets what is there (null: nothing), alters it, and tells whether it did.  May be called again where
// a write was in the way.
using Change = std::function<bool(value::Value& value)>;

// How long who asks can wait.
struct Patience {
    Deadline deadline;
    const StopFlag* stop = nullptr;
};

// What stands behind a store: everything is written there first.
class Behind {
public:
    virtual ~Behind() = default;
    // Applies the change to what is there; gives the new value, or nothing if it is as it was.
    virtual std::optional<value::Value> update(std::string_view key, const Change& change,
                                               const Patience& patience) = 0;
};

// Any thread; every change is one step for all who share the store.
class Store {
public:
    Store() = default;
    // Written through: a change is made behind, and seen here when it is there.
    explicit Store(std::unique_ptr<Behind> behind) : behind_(std::move(behind)) {}

    std::optional<value::Value> get(std::string_view key) const;
    value::Value all() const;  // a map, by key
    bool is_empty() const;

    void set(std::string_view key, value::Value value, const Patience& patience = {});
    // What `change` throws, update() throws; nothing is then changed.
    void update(std::string_view key, const Change& change, const Patience& patience = {});

    // What others have written behind, up to a version; older news are ignored.
    void refresh(std::vector<std::pair<std::string, value::Value>> values, std::int64_t version);
    std::int64_t version() const;

private:
    const std::unique_ptr<Behind> behind_;
    std::timed_mutex writing_;  // one change behind at a time: they come here in the order in which they are there
    mutable std::mutex mutex_;  // guards what follows; not held while something is written
    std::map<std::string, value::Value, std::less<>> values_;
    std::int64_t version_ = 0;
};

class SessionFile;

// Sessions in memory, and in a file if there is one.  A session that nobody used for `ttl` is forgotten; so is the
// one that was used longest ago, in memory, when there are more than `limit`.  Any thread.
class Sessions {
public:
    // `in_background` runs a task some time later, on another thread; empty: never.
    explicit Sessions(std::chrono::nanoseconds ttl, std::unique_ptr<SessionFile> file = nullptr,
                      std::function<void(std::function<void()>)> in_background = {}, std::size_t limit = 100'000);
    ~Sessions();

    // The store of an id that this host gave out, with what other hosts have written to the file; nullptr: none.
    std::shared_ptr<Store> find(const std::string& id, const Patience& patience = {});

    // A new session under 128 random bits as 32 hexadecimal digits.
    std::pair<std::string, std::shared_ptr<Store>> create(const Patience& patience = {});

    bool has_file() const { return file_ != nullptr; }

private:
    struct Session {
        std::string id;
        std::shared_ptr<Store> store;
        Clock::time_point used;
        Clock::time_point touched{};  // in the file
    };
    using Order = std::list<Session>;

    std::shared_ptr<Store> make_store(const std::string& id);
    std::shared_ptr<Store> keep(const std::string& id, std::shared_ptr<Store> store, Clock::time_point now);
    void drop_old(Clock::time_point now);  // with the lock held
    void tidy_file(Clock::time_point now);

    const std::chrono::nanoseconds ttl_;
    const std::size_t limit_;
    const std::unique_ptr<SessionFile> file_;  // null: memory only
    const std::function<void(std::function<void()>)> in_background_;
    std::mutex mutex_;  // guards everything below
    Order sessions_;    // used longest ago first
    std::unordered_map<std::string_view, Order::iterator> by_id_;
    Clock::time_point next_sweep_{};
};

}  // namespace kdeps::engine
