// SPDX-License-Identifier: Apache-2.0
// A session: runs batches of T-SQL on a SQLite database file.  One thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/tds/catalog.hpp"
#include "tests/support/tds/faults.hpp"
#include "tests/support/tds/rewrite.hpp"
#include "tests/support/tds/sink.hpp"
#include "tests/support/tds/sqlite.hpp"

namespace kdeps::testing::tds {

// An argument of a procedure.
struct Argument {
    std::string name;  // with '@'; empty: by position
    TypedValue value;
    bool is_output = false;
};

// The file of a database; throws SqlError 911 if there is none.
std::filesystem::path database_file(const std::filesystem::path& folder, const std::string& database);

// "@a int, @b nvarchar(20)"; `names` gets them in their order.
Variables declared_parameters(const std::string& declarations, std::vector<std::string>* names = nullptr);

class Backend {
public:
    // Throws SqlError 4060 if there is no such database.
    Backend(std::filesystem::path folder, SessionFacts facts, Faults& faults);

    // Runs the statements; errors of statements go to the sink.  True if all succeeded.  Throws Interrupted.
    bool run(const std::string& sql, Variables& variables, Sink& sink);
    // sp_executesql: declared parameters, whose values the arguments give; outputs are written into the arguments.
    bool execute_sql(const std::string& sql, const std::string& declarations, std::vector<Argument>& arguments,
                     Sink& sink);

    // sp_describe_undeclared_parameters, with the columns that a driver reads, and sp_describe_first_result_set
    // (describe.cpp).  Nothing runs.
    void describe_parameters(const std::string& sql, const std::string& declarations, Sink& sink);
    void describe_result(const std::string& sql, const std::string& declarations, Sink& sink);

    void begin(Sink& sink);
    void commit(Sink& sink);
    void rollback(Sink& sink);
    void set_isolation(std::string level) { facts_.isolation = std::move(level); }
    // As after login.
    void reset(Sink& sink);

    const SessionFacts& facts() const { return facts_; }
    const std::string& isolation() const { return facts_.isolation; }

private:
    using List = std::vector<Tokens>;
    std::size_t run_one(const List& list, std::size_t i, bool is_live, Variables& variables, Sink& sink);
    void execute(const Tokens& statement, Variables& variables, Sink& sink);
    void control(const Tokens& statement, Variables& variables, Sink& sink);
    void query(const Tokens& statement, Variables& variables, Sink& sink);
    std::int64_t rows(sqlite3_stmt* statement, const Query& query, Variables& variables, Sink& sink);
    std::vector<ResultColumn> result_columns(sqlite3_stmt* statement, const Query& query,
                                             std::vector<bool>& is_known) const;
    std::vector<ResultColumn> compile(const Tokens& statement, Variables& variables);
    std::vector<ResultColumn> analyse(const Tokens& statement, Variables& variables, Sink& sink);
    void define(const Tokens& statement, Sink& sink);
    void set_option(const Tokens& statement, Variables& variables, Sink& sink);
    void declare(const Tokens& statement, Variables& variables);
    void raise(const Tokens& statement, const Variables& variables, Sink& sink);
    void wait_for(const Tokens& statement, const Variables& variables, Sink& sink);
    // CREATE PROCEDURE name [@a int, ...] AS ..., alone in its batch: kept as text.
    bool define_procedure(const std::string& sql, Sink& sink);
    void call(const Tokens& statement, Variables& variables, Sink& sink);
    void use(const std::string& database, Sink& sink);
    Value evaluate(const Tokens& expression, const Variables& variables);
    SqliteStatement prepare(const std::string& sql, const Variables& variables);
    int step(sqlite3_stmt* statement, Sink& sink);
    void count(Command command, std::int64_t rows, Sink& sink);
    void notice_rollback(Sink& sink);
    SqlError failure();

    std::filesystem::path folder_;
    SessionFacts facts_;
    Faults& faults_;
    Sqlite handle_;
    std::optional<Catalog> catalog_;
    bool counts_ = true;
    bool begins_implicitly_ = false;  // IMPLICIT_TRANSACTIONS
    std::int64_t most_rows_ = 0;      // ROWCOUNT; 0 = no limit
    bool aborts_on_error_ = false;    // XACT_ABORT
    bool has_timed_out_ = false;      // waiting for a lock
    bool is_interrupted_ = false;
};

// Does the batch go on after this error?
bool ends_statement_only(int number);

}  // namespace kdeps::testing::tds
