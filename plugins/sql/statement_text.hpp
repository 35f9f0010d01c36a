// SPDX-License-Identifier: Apache-2.0
// A statement as its author wrote it, made into what one database takes: placeholders in its style, every {{ }} a bound
// parameter.
#pragma once

#include <kdeps/driver.h>

#include <string>
#include <string_view>
#include <vector>

#include "dialect.hpp"
#include "lists.hpp"
#include "literals.hpp"
#include "placeholders.hpp"
#include "transaction_words.hpp"

namespace kdeps::sql {

// Where the value of a parameter comes from.
struct Parameter {
    enum class Source { position, name, hole, text };
    Source source = Source::position;
    std::size_t position = 0;  // in params, from 0
    std::string name;          // in params
    std::size_t hole = 0;
    std::vector<LiteralPiece> pieces;  // of a text
    std::size_t offset = 0;            // of what it stands for, in the workflow's text
    bool wants_integer = false;        // LIMIT and the like: text that is an integer is bound as one
    bool may_be_list = false;          // an item of IN (…)
    bool is_day = false;               // of a text: DATE '…' of MySQL
    bool is_compared = false;          // with = or LIKE, where no list can stand
};

// A hole of the text, as the workflow has it.
struct HoleText {
    std::size_t begin;
    std::size_t end;
    bool is_identifier;  // {{ identifier(e) }}
};

// Immutable; any thread.
struct StatementText {
    struct Piece {
        std::string sql;
        std::size_t hole = 0;  // an identifier to quote; it stands after `sql`
        bool has_identifier = false;
    };

    // Where in the workflow's text a piece of the first SQL comes from.
    struct Origin {
        std::size_t sql;
        std::size_t source;
        bool is_copied;  // else a placeholder stands for what was there
    };

    std::vector<Piece> pieces;
    std::vector<Origin> origins;
    std::vector<Parameter> parameters;  // in the order of the driver's placeholders
    std::size_t positions = 0;          // how many values the list of params must have
    std::vector<std::string> names;     // which keys the map of params must have
    std::vector<TextFault> faults;
    std::vector<TextFault> warnings;
    std::vector<ListPlace> lists;     // in order; a text with identifiers has none
    std::vector<std::string> quoted;  // what looks like a placeholder inside of a text: ":id"
    Dialect dialect;
    bool takes_lists = false;   // the driver does
    bool leaves_state = false;  // may leave a transaction, a lock or a setting on its connection

    // What the text shows; a driver that learns more has the last word.
    bool is_plain_read = false;       // no effects, leaves nothing in its session, sees nothing that others left
    bool sees_session = true;         // may see what an earlier statement left: its last id, its count of rows
    bool is_undone_by_error = false;  // one statement; an error means that it changed nothing
    TransactionWord transaction;      // its offset is one of the workflow's text

    bool has_identifiers() const { return pieces.size() > 1 || pieces[0].has_identifier; }
    // The same SQL in every execution?
    bool is_fixed() const { return !has_identifiers() && lists.empty(); }
    // The place in the workflow's text of one in the SQL.
    std::size_t source_of(std::size_t sql_offset) const;
};

// `has_named` tells that params is a map, so that @name is a placeholder also where a dialect has variables of that
// form.
StatementText read_statement(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver,
                             bool has_named);
// `lexis`: of a session whose settings change it.
StatementText read_statement(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver,
                             std::uint32_t lexis, bool has_named);

// `name` in the quotes of the dialect.
std::string quote_identifier(std::string_view name, const kdeps_driver& driver);

}  // namespace kdeps::sql
