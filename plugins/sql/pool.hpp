// SPDX-License-Identifier: Apache-2.0
// The connections of one named connection, shared by all runs (rules §5, Pools).  Waiters are served in order; a
// connection never ends while somebody uses it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"

namespace kdeps::sql {

// What becomes of a connection that is given back.
enum class After {
    keep,   // nothing is left on it that another step could see
    reset,  // the driver makes it as new
    close
};

struct PoolOptions {
    std::size_t max_connections = 10;
    std::size_t min_connections = 0;                           // kept open and ready, also opened at start
    nanoseconds max_idle_time = std::chrono::minutes(30);      // closed after, not below the minimum; 0 = never
    nanoseconds max_lifetime = std::chrono::hours(1);          // replaced after, spread by up to 10 %; 0 = never
    nanoseconds connection_timeout = std::chrono::seconds(5);  // longest wait for a connection
    std::size_t statement_cache = 128;                         // prepared statements per connection; 0 = none
    bool trusts_reset = false;                                 // of a driver that does not tell what a step left behind

    friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

struct PoolCounts {
    std::size_t open = 0;  // with those that are being opened or closed
    std::size_t idle = 0;
    std::size_t in_use = 0;
    std::size_t waiting = 0;
    std::uint64_t waited = 0;    // acquisitions that had to wait
    std::uint64_t replaced = 0;  // dead or expired connections
};

// Any thread.  `waited`, `replaced` and the time of waiting are metrics as they happen.
class Pool {
public:
    using Now = std::function<Clock::time_point()>;

    // All times are by `now`; who changes it otherwise than by its passing calls wake().
    Pool(const Host& host, Database database, PoolOptions options, Now now = Clock::now);
    ~Pool();  // nobody uses it any more
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    const Database& database() const { return database_; }
    const PoolOptions& options() const { return options_; }

    // Takes at most `timeout` (and the call's time): in line, for the check of one that was idle and for opening
    // another, all together.  Throws Error: EXHAUSTED with who holds the pool, TIMEOUT, CANCELLED, or why no connection
    // can be opened.
    std::unique_ptr<Connection> acquire(const Call& call, nanoseconds timeout);
    // One that is idle and needs no check, or nullptr; `is_full` tells that acquire would have to wait.  Never waits.
    std::unique_ptr<Connection> try_acquire(const Call& call, bool& is_full);
    void release(const Call& call, std::unique_ptr<Connection> connection, After then);

    // Those who wait look at their calls and at the clock again.
    void wake();

    // Closes what has been idle or lived too long, opens up to the minimum.  Called now and then, by one thread.
    void maintain();

    PoolCounts counts() const;
    bool is_unused() const;  // nothing is lent, being opened or waited for

private:
    // Who waits has a lock of its own, so that the pool's is free when it wakes up.
    struct Waiter {
        std::string user;
        std::condition_variable wake;
        std::mutex mutex;  // guards everything below; taken after the pool's
        std::unique_ptr<Connection> given;
        bool may_open = false;
        bool has_news = false;  // its call and the clock should be looked at
    };
    // Wakes a waiter when it ends: made before the pool's lock, so that the lock is released first.
    class WakeUp;
    // One of max_connections that has no connection yet.
    class Place;
    // How long an acquisition may take.
    struct Limit {
        nanoseconds timeout;
        Clock::time_point until;
    };

    std::unique_ptr<Connection> wait(const Call& call, Clock::time_point until, std::unique_lock<std::mutex>& lock);
    // Out of the line; nothing if the waiter was served at the last moment.
    std::optional<Error> leave_line(const std::shared_ptr<Waiter>& waiter, kdeps_status why, nanoseconds waited);
    std::unique_ptr<Connection> open(const Call& call, const Limit& limit);
    std::unique_ptr<Connection> ready(const Call& call, const Limit& limit, std::unique_ptr<Connection> connection);
    bool is_trusted(const Connection& connection, Clock::time_point now) const;
    void free_place();  // the first waiter may open a connection
    void close_old();
    void fill();
    bool take_place_of_minimum();
    void count(std::string_view metric, double add) const;
    // All under the lock.
    std::unique_ptr<Connection> take_idle(std::string_view user);
    void lend(Connection& connection, std::string_view user);
    void take_back(const Connection& connection);
    void hand_on(std::unique_ptr<Connection> connection, WakeUp& wake_up);  // to the first waiter, or to the idle ones
    Error full(nanoseconds waited) const;

    const Host& host_;
    const Database database_;
    const PoolOptions options_;
    const Now now_;
    std::string fill_failure_;  // that was logged last; the thread of maintain()

    mutable std::mutex mutex_;                      // guards everything below; never held across a call into the driver
    std::deque<std::unique_ptr<Connection>> idle_;  // most recently used at the back
    std::deque<std::shared_ptr<Waiter>> waiters_;
    std::vector<const Connection*> lent_;
    std::size_t open_ = 0;  // places that are taken
    std::uint64_t waited_ = 0;
    std::uint64_t replaced_ = 0;
};

}  // namespace kdeps::sql
