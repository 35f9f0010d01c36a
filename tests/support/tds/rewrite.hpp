// SPDX-License-Identifier: Apache-2.0
// From one T-SQL statement to SQLite's SQL.  What is not understood is refused with error 40515, or 102, never guessed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/tds/catalog.hpp"
#include "tests/support/tds/lexer.hpp"
#include "tests/support/tds/sink.hpp"

namespace kdeps::testing::tds {

// By name in lower case, with its '@'.
using Variables = std::map<std::string, TypedValue>;

// What the functions and @@variables of a statement tell.
struct SessionFacts {
    std::string database;
    std::string user;
    std::string application;
    std::string host;
    int number = 51;  // @@SPID
    std::int64_t row_count = 0;
    std::optional<std::int64_t> identity;
    int error = 0;
    int transactions = 0;
    int lock_timeout = -1;         // ms
    std::int64_t transaction = 0;  // CURRENT_TRANSACTION_ID()
    int date_first = 7;
    std::string language = "us_english";
    std::string isolation = "READ COMMITTED";
    std::set<std::string> identity_insert;  // tables, in lower case
};

// One column of a result, as far as the text of the statement tells.
struct Item {
    bool is_star = false;
    std::optional<std::string> name;  // none: as the engine calls it
    std::optional<Type> type;
    std::string assigns;  // the variable that it goes to
};

struct Query {
    std::string sql;
    Command command = Command::select;
    std::vector<Item> items;  // empty if the statement gives no rows
    std::string table;        // of INSERT
};

class Rewriter {
public:
    Rewriter(const Catalog& catalog, const SessionFacts& facts, const Variables& variables)
        : catalog_(catalog), facts_(facts), variables_(variables) {}

    // SELECT, WITH, INSERT, UPDATE, DELETE.
    Query query(const Tokens& statement) const;
    // CREATE and DROP of tables, indexes and views; TRUNCATE (ddl.cpp).  Several statements.
    struct Definition {
        std::vector<std::string> sql;
        std::string adds_table;
        std::vector<DeclaredColumn> columns;
        std::string removes_table;
    };
    Definition definition(const Tokens& statement) const;
    // What sp_describe_undeclared_parameters suggests: the type of the column that each parameter goes into or is
    // compared with.  Throws SqlError 11503 where the statement does not show one.
    std::vector<std::pair<std::string, Type>> undeclared(const Tokens& statement) const;
    // An expression as SELECT would have it.
    std::string expression(const Tokens& tokens) const { return emit(tokens, 0, tokens.size()); }
    std::optional<Type> infer(const Tokens& expression, const std::vector<std::string>& tables) const;

private:
    std::string emit(const Tokens& tokens, std::size_t from, std::size_t to) const;
    // A name or function at `i`, which moves past it.
    std::string emit_word(const Tokens& tokens, std::size_t& i, std::size_t to) const;
    std::string emit_call(const std::string& keyword, const Tokens& inner) const;
    std::string emit_openjson(const Tokens& tokens, std::size_t& i, std::size_t end) const;
    std::string emit_variable(const Token& token) const;
    std::optional<Type> infer_call(const std::string& keyword, const Tokens& inner,
                                   const std::vector<std::string>& tables) const;
    Item item(Tokens& expression, const std::vector<std::string>& tables) const;
    void complete_insert(Tokens& statement, Query& query) const;
    // Takes the OUTPUT clause out; its items, rewritten.
    std::string take_output(Tokens& statement, Query& query, const std::string& table) const;
    void take_items(Tokens& statement, std::size_t select, Query& query) const;
    Definition create_table(const Tokens& statement) const;
    std::string column_definition(const Tokens& tokens, DeclaredColumn& column, bool& is_primary) const;

    const Catalog& catalog_;
    const SessionFacts& facts_;
    const Variables& variables_;
};

// "name" for SQLite.
std::string quote_name(const std::string& name);
std::string quote_text(const std::string& text);
// The last part of [db.][dbo.]name that starts at `i`, which moves past it.  Throws SqlError 208 for another schema.
std::string object_name(const Tokens& tokens, std::size_t& i);
// "nvarchar ( 50 )" that starts at `i`, which moves past it.
Type type_at(const Tokens& tokens, std::size_t& i);

}  // namespace kdeps::testing::tds
