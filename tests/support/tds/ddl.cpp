// SPDX-License-Identifier: Apache-2.0
// CREATE and DROP.
#include <algorithm>

#include "tests/support/tds/rewrite.hpp"

namespace kdeps::testing::tds {

namespace {

// The storage and the way of comparing of a type.
std::string storage(const Type& type) {
    if (is_integer(type.kind)) return "INT";  // not INTEGER, with which a primary key would number itself
    if (type.kind == Kind::floating || type.kind == Kind::real) return "REAL";
    if (is_moment(type.kind)) return "BLOB COLLATE tds_moment";  // no affinity: a number stays one, and is refused
    if (is_decimal(type.kind) || is_binary(type.kind)) return "BLOB";
    return "TEXT COLLATE NOCASE";
}

// Puts what was stored into the form of its type, and refuses what does not fit.
std::string store_trigger(const std::string& table, const std::vector<DeclaredColumn>& columns,
                          const std::string& event) {
    std::string condition;
    std::string assignments;
    for (const DeclaredColumn& column : columns) {
        const std::string name = quote_name(column.name);
        const std::string stored = "tds_store(NEW." + name + ", " + quote_text(type_name(column.type)) + ")";
        condition += (condition.empty() ? "" : " OR ") + ("NEW." + name + " IS NOT " + stored);
        assignments += (assignments.empty() ? "" : ", ") + (name + " = " + stored);
    }
    return "CREATE TRIGGER " + quote_name("tds$" + event + "$" + table) + " AFTER " + event + " ON " +
           quote_name(table) + " WHEN " + condition + " BEGIN UPDATE " + quote_name(table) + " SET " + assignments +
           " WHERE rowid = NEW.rowid; END";
}

SqlError syntax(const Tokens& tokens, std::size_t i) {
    return {102, "Incorrect syntax near '" + (i < tokens.size() ? tokens[i].text : tokens.back().text) + "'.", 15};
}

bool is_word(const Tokens& tokens, std::size_t i, std::string_view word) {
    return i < tokens.size() && tokens[i].is(word);
}

}  // namespace

std::string Rewriter::column_definition(const Tokens& tokens, DeclaredColumn& column, bool& is_primary) const {
    std::size_t i = 0;
    if (!tokens[0].is_name() || tokens.size() < 2) throw syntax(tokens, 0);
    column.name = tokens[i++].text;
    if (is_word(tokens, i, "AS")) throw not_supported("a computed column");
    column.type = type_at(tokens, i);
    std::string out;
    bool is_not_null = false;
    while (i < tokens.size()) {
        if (is_word(tokens, i, "NOT") && is_word(tokens, i + 1, "NULL")) {
            is_not_null = true;
            i += 2;
        } else if (is_word(tokens, i, "NULL") || is_word(tokens, i, "CLUSTERED") ||
                   is_word(tokens, i, "NONCLUSTERED")) {
            ++i;
        } else if (is_word(tokens, i, "COLLATE")) {
            i += 2;
        } else if (is_word(tokens, i, "IDENTITY")) {
            column.is_identity = true;
            ++i;
            if (i < tokens.size() && tokens[i].is_symbol("(")) {
                const std::size_t end = closing(tokens, i);
                if (expression(Tokens(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                      tokens.begin() + static_cast<std::ptrdiff_t>(end))) != " 1 , 1") {
                    throw not_supported("IDENTITY other than (1,1)");
                }
                i = end + 1;
            }
        } else if (is_word(tokens, i, "PRIMARY") && is_word(tokens, i + 1, "KEY")) {
            is_primary = true;
            is_not_null = true;
            i += 2;
        } else if (is_word(tokens, i, "CONSTRAINT") && i + 1 < tokens.size()) {
            out += " CONSTRAINT " + quote_name(tokens[i + 1].text);
            i += 2;
        } else if (is_word(tokens, i, "DEFAULT") && i + 1 < tokens.size()) {
            // Up to the next constraint.
            std::size_t end = ++i;
            while (end < tokens.size() && !is_word(tokens, end, "NOT") && !is_word(tokens, end, "CONSTRAINT") &&
                   !is_word(tokens, end, "CHECK") && !is_word(tokens, end, "UNIQUE") &&
                   !is_word(tokens, end, "PRIMARY") && !(is_word(tokens, end, "NULL") && end > i)) {
                end = tokens[end].is_symbol("(") ? closing(tokens, end) + 1 : end + 1;
            }
            out += " DEFAULT (" + emit(tokens, i, std::min(end, tokens.size())) + ")";
            i = end;
        } else if (is_word(tokens, i, "UNIQUE")) {
            out += " UNIQUE";
            ++i;
        } else if (is_word(tokens, i, "CHECK") && i + 1 < tokens.size()) {
            const std::size_t end = closing(tokens, i + 1);
            out += " CHECK" + emit(tokens, i + 1, std::min(end + 1, tokens.size()));
            i = end + 1;
        } else if (is_word(tokens, i, "FOREIGN") || is_word(tokens, i, "REFERENCES")) {
            std::size_t end = i;
            while (end < tokens.size() && !is_word(tokens, end, "CONSTRAINT") && !is_word(tokens, end, "CHECK")) ++end;
            out += " " + emit(tokens, is_word(tokens, i, "FOREIGN") ? i + 2 : i, end);
            i = end;
        } else {
            throw syntax(tokens, i);
        }
    }
    column.is_nullable = !is_not_null && !column.is_identity;
    const std::string name = quote_name(column.name);
    if (column.is_identity) {
        if (!is_integer(column.type.kind) && !is_decimal(column.type.kind))
            throw SqlError(2749, "Identity column '" + column.name + "' must be of an integer type.");
        return name + " INTEGER PRIMARY KEY AUTOINCREMENT" + out;
    }
    return name + " " + storage(column.type) + (is_not_null ? " NOT NULL" : "") + (is_primary ? " PRIMARY KEY" : "") +
           out;
}

Rewriter::Definition Rewriter::create_table(const Tokens& statement) const {
    Definition out;
    std::size_t at = 2;
    out.adds_table = object_name(statement, at);
    if (at >= statement.size() || !statement[at].is_symbol("(")) throw syntax(statement, at);
    const std::size_t end = closing(statement, at);
    const Tokens inner(statement.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                       statement.begin() + static_cast<std::ptrdiff_t>(std::min(end, statement.size())));
    std::string body;
    std::string identity;
    for (const Tokens& part : split_list(inner)) {
        if (part.empty()) throw syntax(statement, end);
        Tokens tokens = part;
        std::string name;
        if (is_word(tokens, 0, "CONSTRAINT") && tokens.size() > 2) {
            name = "CONSTRAINT " + quote_name(tokens[1].text);
            tokens.erase(tokens.begin(), tokens.begin() + 2);
        }
        std::string one;
        if (is_word(tokens, 0, "PRIMARY") || is_word(tokens, 0, "UNIQUE") || is_word(tokens, 0, "FOREIGN") ||
            is_word(tokens, 0, "CHECK")) {
            tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                                        [](const Token& t) { return t.is("CLUSTERED") || t.is("NONCLUSTERED"); }),
                         tokens.end());
            if (is_word(tokens, 0, "PRIMARY")) {
                // A numbered column is the primary key already.
                if (!identity.empty() && tokens.size() == 5 && lower(tokens[3].text) == lower(identity)) continue;
                if (!identity.empty()) throw not_supported("a primary key beside an identity column");
                for (DeclaredColumn& column : out.columns) {
                    const bool is_in_key = std::any_of(tokens.begin() + 2, tokens.end(), [&](const Token& t) {
                        return t.is_name() && lower(t.text) == lower(column.name);
                    });
                    if (is_in_key) column.is_nullable = false;
                }
            }
            one = name + emit(tokens, 0, tokens.size());
        } else {
            DeclaredColumn column;
            bool is_primary = false;
            one = column_definition(tokens, column, is_primary);
            if (column.is_identity) identity = column.name;
            out.columns.push_back(column);
        }
        body += (body.empty() ? "" : ", ") + one;
    }
    out.sql = {"CREATE TABLE " + quote_name(out.adds_table) + " (" + body + ")",
               store_trigger(out.adds_table, out.columns, "INSERT"),
               store_trigger(out.adds_table, out.columns, "UPDATE")};
    return out;
}

Rewriter::Definition Rewriter::definition(const Tokens& statement) const {
    Definition out;
    if (is_word(statement, 0, "TRUNCATE") && is_word(statement, 1, "TABLE")) {
        std::size_t at = 2;
        const std::string table = object_name(statement, at);
        out.sql = {"DELETE FROM " + quote_name(table),
                   "DELETE FROM sqlite_sequence WHERE lower(name) = " + quote_text(lower(table))};
        return out;
    }
    const bool creates = is_word(statement, 0, "CREATE");
    if (!creates && !is_word(statement, 0, "DROP")) throw not_supported(statement[0].text);
    if (is_word(statement, 1, "TABLE")) {
        if (creates) return create_table(statement);
        std::size_t at = 2;
        std::string condition;
        if (is_word(statement, at, "IF") && is_word(statement, at + 1, "EXISTS")) {
            condition = "IF EXISTS ";
            at += 2;
        }
        out.removes_table = object_name(statement, at);
        if (at != statement.size()) throw not_supported("DROP TABLE with several tables");
        out.sql = {"DROP TABLE " + condition + quote_name(out.removes_table)};
        return out;
    }
    if (is_word(statement, 1, "VIEW")) {
        std::size_t at = 2;
        const std::string view = object_name(statement, at);
        if (!creates) {
            out.sql = {"DROP VIEW " + quote_name(view)};
        } else if (is_word(statement, at, "AS")) {
            out.sql = {"CREATE VIEW " + quote_name(view) + emit(statement, at, statement.size())};
        } else {
            throw syntax(statement, at);
        }
        return out;
    }
    // CREATE [UNIQUE] [NONCLUSTERED] INDEX name ON table (columns), DROP INDEX name ON table
    Tokens tokens = statement;
    tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                                [](const Token& t) { return t.is("CLUSTERED") || t.is("NONCLUSTERED"); }),
                 tokens.end());
    std::size_t at = is_word(tokens, 1, "UNIQUE") ? 2 : 1;
    if (!is_word(tokens, at, "INDEX") || at + 1 >= tokens.size())
        throw not_supported(statement[0].text + " " + (statement.size() > 1 ? statement[1].text : ""));
    if (!creates) {
        out.sql = {"DROP INDEX " + quote_name(tokens[at + 1].text)};
    } else {
        out.sql = {emit(tokens, 0, tokens.size())};
    }
    return out;
}

}  // namespace kdeps::testing::tds
