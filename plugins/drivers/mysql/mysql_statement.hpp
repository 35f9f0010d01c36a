// SPDX-License-Identifier: Apache-2.0
// A prepared statement, or one that the server does not prepare.  One thread.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <kdeps/cpp/sets.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mysql_bulk.hpp"
#include "mysql_client.hpp"
#include "mysql_connection.hpp"
#include "mysql_parameters.hpp"
#include "mysql_types.hpp"

namespace kdeps::mysql {

class RowReader;

class Statement {
public:
    Statement(Connection& connection, const Call& call, std::string_view sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    void describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns);
    // True if it was sent: the execute that follows only receives.
    bool send(Call& call, std::span<const kdeps_cell> parameters);
    // What the server prepared with columns is no procedure; in a transaction that only reads it changes nothing.
    std::uint32_t effects() const noexcept { return only_reads() ? KDEPS_EFFECTS_READS : KDEPS_EFFECTS_UNKNOWN; }
    Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows);
    // One execution per set, sent without waiting for the answer of the one before (mysql_batch.cpp).
    void execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);

private:
    void run_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);
    // Throws Error.
    void prepare(const Operation& operation);
    // Prepares again what the server forgot.
    void refresh(const Operation& operation);
    // Executes all sets by the bulk protocol, or with many rows each, in the open transaction; false if that was not
    // done, and nothing of it is left (mysql_bulk.cpp).
    bool bulk_batch(Operation& operation, const Sets& sets, std::span<std::int64_t> affected);
    bool insert_in_bulk(Operation& operation, const Sets& sets, std::size_t count, std::optional<Error>& failure);
    bool insert_many_rows(Operation& operation, const Sets& sets, std::size_t count, std::optional<Error>& failure);
    bool suits_bulk(const Operation& operation);
    // Does a rollback take back what sets behind a failing one do?
    bool is_taken_back(const Operation& operation);
    bool finds_row(const Operation& operation, const std::string& sql);
    void learn_json_columns(const MYSQL_FIELD* fields, std::size_t count);
    std::vector<ResultColumn> result_columns(const MYSQL_FIELD* fields, std::size_t count) const;
    bool only_reads() const { return gives_columns_ && connection_.session().is_read_only(); }
    // It was executed, and gives other columns than it was prepared with: takes the new ones.
    bool adopt_columns();
    // After an execution that gives rows: who reads them.
    std::shared_ptr<RowReader> reader();
    void expect_count(std::size_t given) const;
    // Asks for the columns beside the placeholders where their types matter for these values.
    bool wants_places(std::span<const kdeps_cell> cells);
    void learn_places();
    // Executes with the bound values and waits; prepares again, and sends moments instead of their texts, where the
    // server wants it.  Of a statement without rows the end is seen.
    std::optional<Error> run(const Operation& operation);
    bool execute_bound();
    Outcome execute_unprepared(const Call& call, const Operation& operation, ArrowArrayStream* rows);
    std::optional<NativeError> read_unprepared(BufferedResult& first);
    Outcome outcome() const;

    Connection& connection_;
    std::string sql_;
    StatementWords words_;
    // Of columns that the library did not expect; it reads them through statement_.
    std::vector<MYSQL_FIELD> new_fields_;
    std::vector<std::string> new_names_;
    std::vector<MYSQL_BIND> new_binds_;
    ClientStatement statement_;
    unsigned generation_ = 0;
    bool is_stale_ = false;       // must be prepared again
    bool is_sent_ = false;        // by send(), and not received
    bool has_rows_ = false;       // the execution before
    bool gives_columns_ = false;  // told when it was prepared
    bool is_unprepared_ = false;  // the server does not prepare statements of its kind
    std::vector<bool> json_columns_;
    std::shared_ptr<RowReader> reader_;  // of the execution before: the next one mostly has the same columns
    Parameters parameters_{0};
    std::optional<Places> places_;
    unsigned catalog_ = 0;  // when they were asked for
    Clock::time_point learned_at_;
    std::optional<BulkTarget> bulk_;  // none if the text is not a plain INSERT
};

}  // namespace kdeps::mysql
