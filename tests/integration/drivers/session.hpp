// SPDX-License-Identifier: Apache-2.0
// A driver as the host uses it: loaded as a plugin, through its C table.
#pragma once

#include <kdeps/kdeps.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/patience.hpp"

namespace kdeps {
class StopFlag;
}

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

// What a connection tells of itself, in words: "none untouched answered".
std::string words_of(const kdeps_state& state);

// A value with its text.
class Cell {
public:
    Cell(std::nullptr_t) {}
    Cell(bool value) : cell_{KDEPS_BOOL, 0, {.i = value ? 1 : 0}} {}
    Cell(int value) : Cell(static_cast<std::int64_t>(value)) {}
    Cell(std::int64_t value) : cell_{KDEPS_INT, 0, {.i = value}} {}
    Cell(double value) : cell_{KDEPS_DOUBLE, 0, {.d = value}} {}
    Cell(const char* text) : Cell(KDEPS_STRING, text) {}
    Cell(kdeps_kind kind, std::string text) : cell_{kind, 0, {}}, text_(std::move(text)) {}

    kdeps_kind kind() const { return cell_.kind; }
    kdeps_cell get() const;  // borrows

private:
    kdeps_cell cell_{};
    std::string text_;
};

Cell decimal(const char* digits);
Cell bytes(std::string content);

using Cells = std::vector<Cell>;

// The parameters of a batch: one batch of variant columns, as the host gives them.
void make_parameter_stream(const std::vector<Cells>& sets, ArrowArrayStream* out);

// The loaded plugin.
class LoadedDriver {
public:
    explicit LoadedDriver(const std::string& name);  // "mariadb"
    ~LoadedDriver();

    struct Loaded;
    const Loaded& loaded() const { return *loaded_; }
    const kdeps_driver& table() const;
    // Throws Failure.
    void check(std::string_view url) const;

private:
    std::unique_ptr<Loaded> loaded_;
};

// One thread, but for cancel.  All throw Failure.
class DriverSession {
public:
    DriverSession(const LoadedDriver& driver, std::string_view url,
                  std::chrono::nanoseconds limit = std::chrono::seconds(60) * kPatience,
                  const std::filesystem::path& folder = "/", std::string_view pool = "pool");
    ~DriverSession();
    DriverSession(const DriverSession&) = delete;
    DriverSession& operator=(const DriverSession&) = delete;

    // The deadline of each call from now on, and a flag that cancels it.
    void set_limit(std::chrono::nanoseconds limit) { limit_ = limit; }
    void set_stop(const StopFlag* stop) { stop_ = stop; }

    class Prepared;
    std::unique_ptr<Prepared> prepare(std::string_view sql);
    Answer execute(std::string_view sql, const Cells& parameters = {});
    std::string rows(std::string_view sql, const Cells& parameters = {}) { return execute(sql, parameters).rows; }
    Answer batch(std::string_view sql, const std::vector<Cells>& sets);
    Answer batch(std::string_view sql, ArrowArrayStream* moved, std::size_t sets);
    // What the driver may collect of a batch's rows; 0 = no limit.
    void set_max_bytes(std::uint64_t max_bytes) { max_bytes_ = max_bytes; }
    // "@p1 i -> id i, label u": names and Arrow formats of parameters and columns.
    std::string describe(std::string_view sql);
    // The columns of what it gives when it runs.
    std::string columns(std::string_view sql);
    // Opens a result, reads `batches` of it, releases it; returns the rows of each batch.
    std::vector<std::int64_t> read_some(std::string_view sql, std::size_t batches);

    void begin(std::uint32_t isolation = KDEPS_ISOLATION_DEFAULT, bool is_read_only = false);
    void commit();
    void rollback();
    void reset();
    void ping();
    void cancel();
    std::string server();
    std::string state();
    // KDEPS_EFFECTS_*
    std::uint32_t effects(std::string_view sql);
    // What the driver tells of the connection.
    kdeps_state facts() const;
    std::uint32_t lexis() const { return driver_.table().session_lexis(connection_); }

private:
    void call(const std::function<kdeps_status(kdeps_call*)>& slot) const;

    const LoadedDriver& driver_;
    const std::filesystem::path folder_;
    kdeps_connection* connection_ = nullptr;
    std::chrono::nanoseconds limit_;
    const StopFlag* stop_ = nullptr;
    std::uint64_t max_bytes_ = 0;
};

// A statement that is kept, as the caller's cache does.
class DriverSession::Prepared {
public:
    Prepared(DriverSession& session, std::string_view sql);
    ~Prepared();
    Prepared(const Prepared&) = delete;
    Prepared& operator=(const Prepared&) = delete;

    Answer execute(const Cells& parameters = {});
    Answer batch(const std::vector<Cells>& sets);
    Answer batch(ArrowArrayStream* moved, std::size_t sets);
    // How a stream ends that is not read to its end; `cancelled`: after a call of the driver's cancel.
    enum class Release { plain, cancelled };
    std::vector<std::int64_t> read_some(std::size_t batches, Release release = Release::plain);
    std::string describe();
    std::string columns();
    std::uint32_t effects();

private:
    DriverSession& session_;
    kdeps_statement* handle_ = nullptr;
};

// What `work` throws; a failure of the test if it does not.
Failure failure_of(const std::function<void()>& work);

}  // namespace kdeps::testing
