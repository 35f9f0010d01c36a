// SPDX-License-Identifier: Apache-2.0
// The connections of one named connection, shared by all runs (rules §5, Pools).  Waiters are served in order; a
// connection never ends while somebody uses it.
#pragma once

#include <kdeps/driver.h>
#include <kdeps/cpp/call.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace kdeps::sql {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

struct PoolOptions {
    std::size_t max_connections = 10;
    std::size_t min_connections = 0;                           // kept open and ready, also opened at start
    nanoseconds max_idle_time = std::chrono::minutes(30);      // closed after, not below the minimum; 0 = never
    nanoseconds max_lifetime = std::chrono::hours(1);          // replaced after, spread by up to 10 %; 0 = never
    nanoseconds connection_timeout = std::chrono::seconds(5);  // longest wait for a connection
    std::size_t statement_cache = 128;                         // prepared statements per connection; 0 = none

    friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

// A driver and where it connects.
struct Database {
    const kdeps_driver* driver = nullptr;
    kdeps_instance* instance = nullptr;
    std::string url;
    std::string folder;
    std::string name;  // of the pool, for messages
};

// An open connection with its prepared statements.  One thread at a time.
class Connection {
public:
    Connection(const Database& database, kdeps_connection* handle) : database_(database), handle_(handle) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    kdeps_connection* get() const { return handle_; }
    const kdeps_driver& driver() const { return *database_.driver; }

    // A prepared statement, from the cache if it is there.  Valid until the next prepare.  Throws Error.
    kdeps_statement* prepare(const Call& call, const std::string& sql, std::size_t cache_size);
    // Only from the cache; nullptr if it is not there.
    kdeps_statement* find_prepared(const std::string& sql);
    // Drops a statement whose execution failed: the server may have forgotten it.
    void forget(kdeps_statement* statement);

    Clock::time_point created{};
    Clock::time_point expires{};  // by max_lifetime
    Clock::time_point used{};
    std::string user;          // resource that holds it
    Clock::time_point lent{};  // since when
    bool is_suspect = false;   // check before use: others of its pool were found dead

private:
    struct Prepared {
        std::string sql;
        kdeps_statement* statement;
    };

    const Database& database_;
    kdeps_connection* handle_;
    std::list<Prepared> statements_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Prepared>::iterator> index_;
};

struct PoolCounts {
    std::size_t open = 0;
    std::size_t idle = 0;
    std::size_t in_use = 0;
    std::size_t waiting = 0;
    std::uint64_t waited = 0;    // acquisitions that had to wait
    std::uint64_t replaced = 0;  // dead or expired connections
};

// Any thread.
class Pool {
public:
    using Now = std::function<Clock::time_point()>;

    Pool(const Host& host, Database database, PoolOptions options, Now now = Clock::now);
    ~Pool();  // nobody uses it any more
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    const Database& database() const { return database_; }
    const PoolOptions& options() const { return options_; }

    // Waits at most `timeout` (and the call's deadline).  Throws Error: EXHAUSTED with who holds the pool, TIMEOUT,
    // CANCELLED, or why no connection can be opened.
    std::unique_ptr<Connection> acquire(const Call& call, nanoseconds timeout);
    // One that is idle and needs no check, or nullptr; `is_full` tells that acquire would have to wait.  Never waits.
    std::unique_ptr<Connection> try_acquire(const Call& call, bool& is_full);
    // `damage`: KDEPS_DAMAGE_*.
    void release(const Call& call, std::unique_ptr<Connection> connection, std::uint8_t damage);

    // Wakes a waiter whose call should end.
    void wake();

    // Closes what has been idle or lived too long, opens up to the minimum.  Called now and then, by one thread.
    void maintain();

    PoolCounts counts() const;
    bool is_unused() const;  // nothing is lent

private:
    // Who waits has a lock of its own, so that the pool's is free when it wakes up.
    struct Waiter {
        std::string user;
        std::condition_variable wake;
        std::mutex mutex;  // guards everything below; taken after the pool's
        std::unique_ptr<Connection> given;
        bool may_open = false;
        bool has_news = false;  // its call should be looked at
    };
    // Wakes a waiter when it ends: made before the pool's lock, so that the lock is released first.
    class WakeUp;

    std::unique_ptr<Connection> wait(const Call& call, nanoseconds timeout, std::unique_lock<std::mutex>& lock);
    std::unique_ptr<Connection> open(const Call& call);
    std::unique_ptr<Connection> ready(const Call& call, std::unique_ptr<Connection> connection);
    bool is_trusted(const Connection& connection, Clock::time_point now) const;
    // All under the lock.
    std::unique_ptr<Connection> take_idle(std::string_view user);
    void lend(Connection& connection, std::string_view user);
    void take_back(const Connection& connection);
    void hand_on(std::unique_ptr<Connection> connection, WakeUp& wake_up);  // to the first waiter, or to the idle ones
    void free_slot(WakeUp& wake_up);                                        // the first waiter may open one
    Error full(nanoseconds waited) const;

    const Host& host_;
    const Database database_;
    const PoolOptions options_;
    const Now now_;

    mutable std::mutex mutex_;                      // guards everything below; never held across a call into the driver
    std::deque<std::unique_ptr<Connection>> idle_;  // most recently used at the back
    std::deque<std::shared_ptr<Waiter>> waiters_;
    std::vector<const Connection*> lent_;
    std::size_t open_ = 0;  // with those that are being opened
    std::uint64_t waited_ = 0;
    std::uint64_t replaced_ = 0;
};

}  // namespace kdeps::sql
