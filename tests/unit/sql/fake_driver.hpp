// SPDX-License-Identifier: Apache-2.0
// A driver whose database is a few counters, and a pool of it with a clock of its own.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool.hpp"
#include "tests/unit/sql/host.hpp"

namespace kdeps::sql {

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
    std::mutex mutex;      // guards everything below
    bool is_down = false;  // open fails
    bool is_dead = false;  // ping and reset fail
    int opened = 0;
    int closed = 0;
    int pinged = 0;
    int reset = 0;
    std::vector<std::string> prepared;
    std::vector<std::string> finalized;
};

inline FakeConnection& fake(kdeps_connection* handle) { return *reinterpret_cast<FakeConnection*>(handle); }

inline kdeps_status refuse(kdeps_call* call, const char* why) {
    kdeps_error error{};
    error.struct_size = sizeof(error);
    error.status = KDEPS_UNAVAILABLE;
    error.message = to_str(why);
    return testing::host()->fail(call, &error);
}

inline kdeps_driver fake_driver() {
    kdeps_driver out{};
    out.struct_size = sizeof(out);
    out.name = to_str("fake");
    out.open = [](kdeps_instance* instance, kdeps_call* call, const kdeps_target*,
                  kdeps_connection** made) -> kdeps_status {
        auto& database = *reinterpret_cast<FakeDatabase*>(instance);
        const std::lock_guard lock(database.mutex);
        if (database.is_down) return refuse(call, "connection refused");
        *made = reinterpret_cast<kdeps_connection*>(new FakeConnection{&database, ++database.opened});
        return KDEPS_OK;
    };
    out.close = [](kdeps_connection* handle) {
        FakeConnection* connection = &fake(handle);
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
        return database.is_dead ? refuse(call, "gone") : KDEPS_OK;
    };
    out.reset = [](kdeps_connection* handle, kdeps_call* call) -> kdeps_status {
        FakeDatabase& database = *fake(handle).database;
        const std::lock_guard lock(database.mutex);
        ++database.reset;
        return database.is_dead ? refuse(call, "gone") : KDEPS_OK;
    };
    out.prepare = [](kdeps_connection* handle, kdeps_call* call, kdeps_str sql,
                     kdeps_statement** made) -> kdeps_status {
        FakeDatabase& database = *fake(handle).database;
        const std::lock_guard lock(database.mutex);
        if (to_view(sql) == "bad") return refuse(call, "syntax error");
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
                host, Database{&driver, reinterpret_cast<kdeps_instance*>(&database), "fake://x", "/", "main"}, options,
                [this] { return Clock::time_point(nanoseconds(now.load())); });
        }
        return *pool_;
    }
    std::unique_ptr<Connection> acquire(nanoseconds timeout = nanoseconds(0)) { return pool().acquire(call, timeout); }
    void release(std::unique_ptr<Connection> connection, std::uint8_t damage = KDEPS_DAMAGE_NONE) {
        pool().release(call, std::move(connection), damage);
    }
    static int number(const std::unique_ptr<Connection>& connection) { return fake(connection->get()).number; }
    void pass(nanoseconds span) { now += span.count(); }
    std::string counts() {
        const PoolCounts c = pool().counts();
        return std::to_string(c.open) + " open, " + std::to_string(c.idle) + " idle, " + std::to_string(c.in_use) +
               " in use, " + std::to_string(c.replaced) + " replaced";
    }
    template <typename Work>
    static std::string error_of(const Work& work) {
        try {
            work();
        } catch (const Error& error) {
            return std::to_string(error.status) + " " + error.message;
        }
        return "no error";
    }

    FakeDatabase database;
    kdeps_driver driver = fake_driver();
    Host host{testing::host()};
    testing::HostCall host_call{"query"};
    Call call{host, host_call.get()};
    PoolOptions options;
    std::atomic<std::int64_t> now = std::int64_t{1'000'000'000'000};

private:
    std::unique_ptr<Pool> pool_;
};

}  // namespace kdeps::sql
