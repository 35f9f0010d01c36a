// SPDX-License-Identifier: Apache-2.0
// The SQLite driver as the host uses it: loaded as a plugin, through its C table.
#pragma once

#include <kdeps/kdeps.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::testing {

// An error as the driver reported it.
struct Failure {
    kdeps_status status = KDEPS_OK;
    std::string message;
    std::string sqlstate;
    std::uint8_t retry = 0;
    std::uint8_t damage = 0;
    std::int64_t batch_set = -1;
    std::string detail;
};

struct Answer {
    std::string rows;                  // JSON; empty if the statement returns no columns
    std::vector<std::string> formats;  // of the columns, as Arrow writes them
    std::int64_t rows_affected = -1;
    std::int64_t last_insert_id = -1;
    std::vector<std::int64_t> affected;  // of a batch
};

// The loaded plugin.
class SqliteDriver {
public:
    SqliteDriver();
    ~SqliteDriver();

    struct Loaded;
    const Loaded& loaded() const { return *loaded_; }
    const kdeps_driver& table() const;

    // Throws Failure.
    void check(std::string_view url) const;

private:
    std::unique_ptr<Loaded> loaded_;
};

// Not thread-safe, but for cancel.  All throw Failure.
class SqliteSession {
public:
    SqliteSession(const SqliteDriver& driver, std::string_view url, const std::filesystem::path& folder = {},
                  std::string_view pool = "pool");
    ~SqliteSession();
    SqliteSession(const SqliteSession&) = delete;
    SqliteSession& operator=(const SqliteSession&) = delete;

    // The deadline of each call from now on.
    void set_limit(std::chrono::nanoseconds limit) { limit_ = limit; }

    Answer execute(std::string_view sql, const std::vector<kdeps_cell>& parameters = {});
    std::string rows(std::string_view sql, const std::vector<kdeps_cell>& parameters = {}) {
        return execute(sql, parameters).rows;
    }
    Answer batch(std::string_view sql, ArrowArrayStream* moved, std::size_t sets);
    // Opens a result, reads `batches` of it, releases it.  Returns the rows of each batch.
    std::vector<std::int64_t> read_some(std::string_view sql, std::size_t batches);
    // Column formats of describe().
    std::vector<std::string> describe(std::string_view sql);

    void begin(std::uint32_t isolation = KDEPS_ISOLATION_DEFAULT, bool is_read_only = false);
    void commit();
    void rollback();
    void reset();
    void ping();
    void cancel();
    std::string server();

private:
    struct Statement;
    void call(const std::function<kdeps_status(kdeps_call*)>& slot) const;

    const SqliteDriver& driver_;
    std::filesystem::path folder_;
    kdeps_connection* connection_ = nullptr;
    std::chrono::nanoseconds limit_ = std::chrono::seconds(60);
};

// What `work` throws; a failure of the test if it does not.
Failure failure_of(const std::function<void()>& work);

}  // namespace kdeps::testing
