// SPDX-License-Identifier: Apache-2.0
// A statement that is prepared on the server: under a name of its own, or without one in each exchange that executes it
// (Connection::is_one_shot).
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <kdeps/cpp/sets.hpp>
#include <optional>
#include <span>
#include <string>

#include "postgres_copy.hpp"
#include "postgres_rows.hpp"

namespace kdeps::postgres {

// One thread; dies before its connection.
class Statement {
public:
    Statement(Connection& connection, const Call& call, std::string_view sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    // The slots of kdeps.driver/1.
    void describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns);
    // True if it was sent: the execute that follows only receives.
    bool send(Call& call, std::span<const kdeps_cell> parameters);
    Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows);
    void execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);

private:
    void prepare(const Call& call, Exchange exchange = Exchange::ends);
    void prepare_again(const Call& call);
    // Opens the exchange that executes it, in which it is prepared.
    void open_exchange(const Call& call);
    void bind(std::span<const kdeps_cell> parameters);
    void send_now(const Call& call, std::span<const kdeps_cell> parameters);
    // Nothing if the plan was stale and the statement may be prepared and run again.
    std::optional<Outcome> run(const Call& call, ArrowArrayStream* rows);
    // COPY instead of the statement; false if it was not done, and nothing of it is left.
    bool copy_batch(Call& call, const Sets& sets, kdeps_batch& batch);
    bool copy_behind_savepoint(Call& call, const Sets& sets, std::size_t count);
    bool copy_rows(const Call& call, const Sets& sets, std::size_t count);
    bool suits_copy(const Call& call, const char* before);
    // Ends the exchange; returns if `failed` says that the plan is stale and the statement may be run again, else
    // throws.
    void end_failed(const Call& call, Result failed);

    Connection& connection_;
    std::string sql_;
    std::string name_;
    Description description_;
    std::optional<RowReader> reader_;  // of its rows
    Parameters parameters_;
    bool only_reads_;
    std::optional<CopyTarget> copy_;  // none if the text is not a plain INSERT
    bool is_copy_known_ = false;      // its table was such that COPY does the same
    bool is_stale_ = false;           // must be prepared again before it runs
    bool is_sent_ = false;            // by send(), and not received
    bool was_alone_ = false;          // not in a transaction when it was sent
};

// Throws Error (INVALID_ARGUMENT) if a statement with `wanted` parameters was given another number of values.
void expect_count(std::size_t wanted, std::size_t given);

// Does the text only read, as far as its words tell?
bool only_reads(std::string_view sql);

// "cached plan must not change result type", or the server has forgotten the statement.
bool is_stale_plan(const PGresult* failed);

}  // namespace kdeps::postgres
