// SPDX-License-Identifier: Apache-2.0
// An open connection to a database, with the statements that were prepared on it.
#pragma once

#include <kdeps/driver.h>
#include <kdeps/cpp/call.hpp>

#include <chrono>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kdeps::sql {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

// A driver and where it connects.
struct Database {
    const kdeps_driver* driver = nullptr;
    kdeps_instance* instance = nullptr;
    std::string url;
    std::string folder;
    std::string name;  // of the pool, for messages
};

// One thread at a time.
class Connection {
public:
    // Takes over an open handle of the driver.  `statement_cache`: how many prepared statements it keeps; 0 = none
    // beyond the use that prepared them.
    Connection(const kdeps_driver& driver, kdeps_connection* handle, std::size_t statement_cache);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    kdeps_connection* get() const { return handle_; }
    // What the driver tells of it; UNKNOWN where it tells nothing.
    kdeps_state state() const;
    // KDEPS_LEXIS_* of its session.
    std::uint32_t lexis() const;
    const kdeps_driver& driver() const { return driver_; }

    // A prepared statement, from the cache if it is there.  Valid until the next prepare.  Throws Error.
    kdeps_statement* prepare(const Call& call, const std::string& sql);
    // Only from the cache; nullptr if it is not there.
    kdeps_statement* find_prepared(const std::string& sql);
    // Drops a statement whose execution failed: the server may have forgotten it.
    void forget(kdeps_statement* statement);
    // Its user gives it back: without a cache, nothing stays prepared.
    void end_use();

    // For the pool.
    Clock::time_point created{};
    Clock::time_point expires{};  // by maxLifetime
    Clock::time_point used{};
    std::string user;          // resource that holds it
    Clock::time_point lent{};  // since when
    bool is_suspect = false;   // check before use: others of its pool were found dead
    // A step before changed rows: who asks for the last id or the count of rows would see it.
    bool has_traces = false;

private:
    struct Prepared {
        std::string sql;
        kdeps_statement* statement;
    };

    void forget_least_recent();

    const kdeps_driver& driver_;
    kdeps_connection* const handle_;
    const std::size_t statement_cache_;
    std::list<Prepared> statements_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Prepared>::iterator> index_;
};

}  // namespace kdeps::sql
