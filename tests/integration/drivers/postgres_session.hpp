// SPDX-License-Identifier: Apache-2.0
// The PostgreSQL driver as the host uses it: loaded as a plugin, through its C table, against a server of the test
// program's own.
#pragma once

#include <kdeps/kdeps.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/base.hpp"
#include "tests/integration/drivers/postgres_sets.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/postgres_server.hpp"

namespace kdeps::testing {

struct Answer {
    std::string rows;  // JSON; empty if the statement returns no columns
    std::int64_t row_count = 0;
    std::int64_t rows_affected = -1;
    std::int64_t last_insert_id = -1;
    std::vector<std::int64_t> affected;  // of a batch
};

// One for the program: the server is there for all tests, with the database 'test'.
PostgresServer& postgres();
std::string postgres_url();

// Makes the schema of 'test' new: item(id, name, amount > 0), child(id of an item), late(id, unique, checked at the
// commit).
void make_tables();

// Throws Error.
void check_url(std::string_view url);

// One connection; statements are kept, as the host does.  Not thread-safe, but for stop.  All throw Error.
class PostgresSession {
public:
    explicit PostgresSession(const std::string& url = postgres_url(),
                             std::chrono::nanoseconds limit = std::chrono::seconds(60) * kPatience,
                             std::uint32_t flags = 0);
    ~PostgresSession();
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    // The deadline of each call from now on.
    void set_limit(std::chrono::nanoseconds limit) { limit_ = limit; }

    Answer execute(const std::string& sql, const Set& parameters = {});
    std::string rows(const std::string& sql, const Set& parameters = {}) { return execute(sql, parameters).rows; }
    // The only cell of the only row, as JSON.
    std::string value(const std::string& expression, const Set& parameters = {});
    Answer batch(const std::string& sql, const std::vector<Set>& sets, std::uint64_t max_bytes = 0);
    // Reads one batch of the result, does what is given, and releases the rest; returns the rows of that batch.
    std::int64_t read_some(const std::string& sql, const std::function<void()>& meanwhile = {});
    kdeps_state state();
    std::uint32_t effects(const std::string& sql);  // KDEPS_EFFECTS_*
    void prepare_only(const std::string& sql);
    // Arrow formats of parameters and columns: "i,u -> l".
    std::string describe(const std::string& sql);

    void begin(std::uint32_t isolation = KDEPS_ISOLATION_DEFAULT, bool is_read_only = false);
    void commit();
    void rollback();
    void reset();
    void ping();
    std::string server();
    int process_id();

    // Any thread: stops the statement that runs.
    void cancel();
    // Any thread: what the host does when a client goes away.
    void stop();

private:
    struct Call;
    kdeps_statement* prepare(Call& call, const std::string& sql);

    kdeps_connection* connection_ = nullptr;
    std::chrono::nanoseconds limit_;
    StopFlag stop_;
    std::map<std::string, kdeps_statement*> statements_;
};

// What `work` throws; a failure of the test if it does not.
Error error_of(const std::function<void()>& work);

}  // namespace kdeps::testing
