// SPDX-License-Identifier: Apache-2.0
// A driver whose database is a few counters and does what the test says, and a pool of it by the clock of the test.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "pool.hpp"
#include "tests/unit/sql/host.hpp"

namespace kdeps::sql {

using testing::TestClock;

struct FakeDatabase;

struct FakeConnection {
    FakeDatabase* database;
    int number;
};

struct FakeStatement {
    FakeDatabase* database;
    std::string sql;
};

// Counts what the driver was asked.
struct FakeDatabase {
    // Set before the pool is used.  Called without the lock, at the beginning of open, ping and close.
    std::function<void()> on_open = [] {};
    std::function<void()> on_close = [] {};

    std::mutex mutex;         // guards everything below
    bool is_down = false;     // open fails
    bool is_dead = false;     // ping and reset fail
    nanoseconds open_time{};  // how long open and ping take; they end with their call
    nanoseconds ping_time{};
    int opened = 0;
    int closed = 0;
    int most_at_once = 0;
    int pinged = 0;
    int reset = 0;
    std::uint32_t flags = 0;  // of the target that was opened last
    std::vector<std::string> prepared;
    std::vector<std::string> finalized;
};

inline FakeConnection& fake(kdeps_connection* handle) { return *reinterpret_cast<FakeConnection*>(handle); }

inline kdeps_status refuse(kdeps_call* call, kdeps_status status, const char* why) {
    kdeps_error error{};
    error.struct_size = sizeof(error);
    error.status = status;
    error.message = to_str(why);
    return testing::host()->fail(call, &error);
}

// Works for `span` by the clock of the test, at most until the call ends.
inline kdeps_status take_time(kdeps_call* call, nanoseconds span) {
    TestClock::pass(std::min(span, nanoseconds(testing::host()->remaining_ns(call))));
    const kdeps_status state = testing::host()->check(call);
    return state == KDEPS_OK ? KDEPS_OK : refuse(call, state, "the server did not answer");
}

inline kdeps_driver fake_driver() {
    kdeps_driver out{};
    out.struct_size = sizeof(out);
    out.name = to_str("fake");
    out.open = [](kdeps_instance* instance, kdeps_call* call, const kdeps_target* target,
                  kdeps_connection** made) -> kdeps_status {
        auto& database = *reinterpret_cast<FakeDatabase*>(instance);
        database.on_open();
        const std::lock_guard lock(database.mutex);
        if (const kdeps_status status = take_time(call, database.open_time); status != KDEPS_OK) return status;
        if (database.is_down) return refuse(call, KDEPS_UNAVAILABLE, "connection refused");
        database.flags = target->flags;
        *made = reinterpret_cast<kdeps_connection*>(new FakeConnection{&database, ++database.opened});
        database.most_at_once = std::max(database.most_at_once, database.opened - database.closed);
        return KDEPS_OK;
    };
    out.close = [](kdeps_connection* handle) {
        FakeConnection* connection = &fake(handle);
        connection->database->on_close();
        {
            const std::lock_guard lock(connection->database->mutex);
            ++connection->database->closed;
        }
        delete connection;
    };
    out.ping = [](kdeps_connection* handle, kdeps_call* call) -> kdeps_status {
        FakeDatabase& database = *fake(handle).database;
        const std::lock_guard lock(database.mutex);
        ++database.pinged;
        if (const kdeps_status status = take_time(call, database.ping_time); status != KDEPS_OK) return status;
        return database.is_dead ? refuse(call, KDEPS_UNAVAILABLE, "gone") : KDEPS_OK;
    };
    out.reset = [](kdeps_connection* handle, kdeps_call* call) -> kdeps_status {
        FakeDatabase& database = *fake(handle).database;
        const std::lock_guard lock(database.mutex);
        ++database.reset;
        return database.is_dead ? refuse(call, KDEPS_UNAVAILABLE, "gone") : KDEPS_OK;
    };
    out.state = [](kdeps_connection*, kdeps_state*) {};
    out.effects = [](kdeps_statement*) -> std::uint32_t { return KDEPS_EFFECTS_UNKNOWN; };
    out.prepare = [](kdeps_connection* handle, kdeps_call* call, kdeps_str sql,
                     kdeps_statement** made) -> kdeps_status {
        FakeDatabase& database = *fake(handle).database;
        const std::lock_guard lock(database.mutex);
        if (to_view(sql) == "bad") return refuse(call, KDEPS_INVALID_ARGUMENT, "syntax error");
        database.prepared.emplace_back(to_view(sql));
        *made = reinterpret_cast<kdeps_statement*>(new FakeStatement{&database, std::string(to_view(sql))});
        return KDEPS_OK;
    };
    out.finalize = [](kdeps_statement* handle) {
        auto* statement = reinterpret_cast<FakeStatement*>(handle);
        {
            const std::lock_guard lock(statement->database->mutex);
            statement->database->finalized.push_back(statement->sql);
        }
        delete statement;
    };
    return out;
}

struct PoolFixture : ::testing::Test {
    // Once, after options are set.
    Pool& pool() {
        if (pool_ == nullptr) {
            pool_ = std::make_unique<Pool>(
                host, Database{&driver, reinterpret_cast<kdeps_instance*>(&database), "fake://x", "/", name}, options,
                TestClock::now);
        }
        return *pool_;
    }
    std::unique_ptr<Connection> acquire() { return pool().acquire(call, options.connection_timeout); }
    void release(std::unique_ptr<Connection> connection, After then = After::keep) {
        pool().release(call, std::move(connection), then);
    }
    static int number(const std::unique_ptr<Connection>& connection) { return fake(connection->get()).number; }
    // Who waits sees that time has passed.
    void pass(nanoseconds span) {
        TestClock::pass(span);
        pool().wake();
    }
    std::string counts() {
        const PoolCounts c = pool().counts();
        return std::to_string(c.open) + " open, " + std::to_string(c.idle) + " idle, " + std::to_string(c.in_use) +
               " in use, " + std::to_string(c.replaced) + " replaced";
    }
    // "category message".
    template <typename Work>
    static std::string error_of(const Work& work) {
        try {
            work();
        } catch (const Error& error) {
            return std::string(category(error.status)) + " " + error.message;
        }
        return "no error";
    }
    static const char* category(kdeps_status status) {
        return status == KDEPS_UNAVAILABLE        ? "UNAVAILABLE"
               : status == KDEPS_EXHAUSTED        ? "EXHAUSTED"
               : status == KDEPS_TIMEOUT          ? "TIMEOUT"
               : status == KDEPS_CANCELLED        ? "CANCELLED"
               : status == KDEPS_INVALID_ARGUMENT ? "INVALID_ARGUMENT"
                                                  : "another category";
    }

    FakeDatabase database;
    kdeps_driver driver = fake_driver();
    Host host{testing::host()};
    testing::HostCall host_call{"query"};
    Call call{host, host_call.get()};
    PoolOptions options;
    std::string name = "main";

private:
    std::unique_ptr<Pool> pool_;
};

}  // namespace kdeps::sql
