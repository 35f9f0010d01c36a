// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/rewrite.hpp"

#include <algorithm>
#include <array>

namespace kdeps::testing::tds {

namespace {

constexpr std::array<std::string_view, 10> kAfterItems = {"FROM",  "WHERE",  "GROUP",     "HAVING", "ORDER",
                                                          "UNION", "EXCEPT", "INTERSECT", "OFFSET", "INTO"};

}  // namespace

// Takes alias and assignment off the expression, and puts SQLite's form back.
Item Rewriter::item(Tokens& expression, const std::vector<std::string>& tables) const {
    Item out;
    if (expression.empty()) throw syntax_near(expression, 0);
    if (expression.back().is_symbol("*") &&
        (expression.size() == 1 || expression[expression.size() - 2].is_symbol("."))) {
        out.is_star = true;
        return out;
    }
    Tokens alias;
    const std::size_t size = expression.size();
    if (size > 2 && expression[1].is_symbol("=") &&
        (expression[0].is_name() || expression[0].kind == Token::Kind::variable)) {
        if (expression[0].is_name()) {
            out.name = expression[0].text;
        } else {
            out.assigns = lower(expression[0].text);
            emit_variable(expression[0]);  // is it declared?
        }
        expression.erase(expression.begin(), expression.begin() + 2);
    } else if (size > 2 && expression[size - 2].is("AS")) {
        out.name = expression.back().text;
        expression.resize(size - 2);
    } else if (size > 1 && (expression.back().is_name() || expression.back().kind == Token::Kind::text) &&
               !expression.back().is("END") && !expression.back().is("NULL") &&
               expression[size - 2].kind != Token::Kind::symbol) {
        out.name = expression.back().text;
        expression.pop_back();
    } else if (size > 1 && expression.back().is_name() && expression[size - 2].is_symbol(")")) {
        out.name = expression.back().text;
        expression.pop_back();
    }
    const bool is_column = expression.back().is_name() && !expression.back().is("NULL") &&
                           !expression.back().is("END") &&
                           (expression.size() == 1 || expression[expression.size() - 2].is_symbol("."));
    if (!out.name && !is_column) out.name = "";
    // The engine knows best where a column comes from; here only what it cannot know counts.
    if (!is_column) out.type = infer(expression, tables);
    if (out.name && !out.name->empty()) {
        Token as;
        as.kind = Token::Kind::word;
        as.text = as.keyword = "AS";
        Token name;
        name.kind = Token::Kind::name;
        name.text = *out.name;
        expression.push_back(as);
        expression.push_back(name);
    }
    return out;
}

void Rewriter::take_items(Tokens& statement, std::size_t select, Query& query) const {
    std::vector<std::string> tables;
    for (const Token& token : statement) {
        if (token.is_name() && !catalog_.columns(token.text).empty()) tables.push_back(token.text);
    }
    std::size_t from = select + 1;
    if (from < statement.size() && (statement[from].is("DISTINCT") || statement[from].is("ALL"))) ++from;
    if (from < statement.size() && statement[from].is("TOP")) {
        ++from;
        from = from < statement.size() && statement[from].is_symbol("(") ? closing(statement, from) + 1 : from + 1;
    }
    const std::size_t end = find_flat(statement, std::min(from, statement.size()), [](const Token& t) {
        return t.kind == Token::Kind::word &&
               std::find(kAfterItems.begin(), kAfterItems.end(), t.keyword) != kAfterItems.end();
    });
    if (from >= end) throw syntax_near(statement, select);
    if (end < statement.size() && statement[end].is("INTO")) throw not_supported("SELECT INTO");
    Tokens out = part(statement, 0, from);
    for (Tokens& expression : split_list(part(statement, from, end))) {
        if (!query.items.empty()) {
            Token comma;
            comma.text = ",";
            out.push_back(comma);
        }
        query.items.push_back(item(expression, tables));
        out.insert(out.end(), expression.begin(), expression.end());
    }
    out.insert(out.end(), statement.begin() + static_cast<std::ptrdiff_t>(end), statement.end());
    statement = std::move(out);
}

std::string Rewriter::take_output(Tokens& statement, Query& query, const std::string& table) const {
    const std::size_t start = find_flat(statement, 0, [](const Token& t) { return t.is("OUTPUT"); });
    if (start == statement.size()) return "";
    const std::size_t end = find_flat(statement, start, [](const Token& t) {
        return t.is("VALUES") || t.is("SELECT") || t.is("DEFAULT") || t.is("FROM") || t.is("WHERE") || t.is("INTO");
    });
    if (end < statement.size() && statement[end].is("INTO")) throw not_supported("OUTPUT INTO");
    Tokens clause = part(statement, start + 1, end);
    statement.erase(statement.begin() + static_cast<std::ptrdiff_t>(start),
                    statement.begin() + static_cast<std::ptrdiff_t>(end));
    for (std::size_t i = 0; i + 1 < clause.size(); ++i) {
        const bool is_row = (clause[i].is("INSERTED") || clause[i].is("DELETED")) && clause[i + 1].is_symbol(".");
        if (!is_row) continue;
        if (clause[i].is("DELETED") != (query.command == Command::erase))
            throw not_supported(clause[i].text + ". in this OUTPUT");
        clause.erase(clause.begin() + static_cast<std::ptrdiff_t>(i),
                     clause.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    }
    std::string out;
    for (Tokens& expression : split_list(clause)) {
        const Tokens original = expression;
        Item one = item(expression, {table});
        if (!one.is_star && !one.type)
            one.type = infer(one.name ? part(expression, 0, expression.size() - 2) : original, {table});
        if (one.is_star) {
            for (const DeclaredColumn& column : catalog_.columns(table)) {
                query.items.push_back({false, column.name, column.type, ""});
            }
        } else {
            query.items.push_back(one);
        }
        out += (out.empty() ? " RETURNING" : ",") + emit(expression, 0, expression.size());
    }
    return out;
}

void Rewriter::complete_insert(Tokens& statement, Query& query) const {
    std::size_t at = 1;
    if (at < statement.size() && !statement[at].is("INTO")) {
        Token into;
        into.kind = Token::Kind::word;
        into.text = into.keyword = "INTO";
        statement.insert(statement.begin() + 1, into);
    }
    at = 2;
    query.table = object_name(statement, at);
    const std::vector<DeclaredColumn> columns = catalog_.columns(query.table);
    const bool has_list = at < statement.size() && statement[at].is_symbol("(");
    const bool may_insert = facts_.identity_insert.contains(lower(query.table));
    if (has_list) {
        for (const Tokens& name : split_list(part(statement, at + 1, closing(statement, at)))) {
            const auto column = catalog_.column(query.table, name.back().text);
            if (column && column->is_identity && !may_insert) {
                throw SqlError(544, "Cannot insert explicit value for identity column in table '" + query.table +
                                        "' when IDENTITY_INSERT is set to OFF.");
            }
        }
        return;
    }
    const bool has_defaults = at < statement.size() && statement[at].is("DEFAULT");
    if (has_defaults ||
        std::none_of(columns.begin(), columns.end(), [](const DeclaredColumn& c) { return c.is_identity; }))
        return;
    Tokens list;
    const auto symbol = [&](const char* text) {
        Token token;
        token.text = text;
        list.push_back(token);
    };
    for (const DeclaredColumn& column : columns) {
        if (column.is_identity) continue;
        symbol(list.empty() ? "(" : ",");
        Token name;
        name.kind = Token::Kind::name;
        name.text = column.name;
        list.push_back(name);
    }
    symbol(")");
    statement.insert(statement.begin() + static_cast<std::ptrdiff_t>(at), list.begin(), list.end());
}

Query Rewriter::query(const Tokens& given) const {
    Query out;
    Tokens statement = given;
    const std::size_t verb = find_flat(statement, 0, [](const Token& t) {
        return t.is("SELECT") || t.is("INSERT") || t.is("UPDATE") || t.is("DELETE");
    });
    if (verb == statement.size()) throw syntax_near(statement, 0);
    if (statement[verb].is("SELECT")) {
        take_items(statement, verb, out);
        out.sql = emit(statement, 0, statement.size());
        return out;
    }
    if (verb != 0) throw not_supported("WITH before " + statement[verb].text);
    if (statement.size() > 1 && statement[1].is("TOP")) throw not_supported(statement[0].text + " TOP");
    std::string table;
    if (statement[0].is("INSERT")) {
        out.command = Command::insert;
        complete_insert(statement, out);
        table = out.table;
    } else {
        out.command = statement[0].is("UPDATE") ? Command::update : Command::erase;
        std::size_t at = 1;
        if (out.command == Command::erase) {
            if (at < statement.size() && !statement[at].is("FROM")) {
                Token from;
                from.kind = Token::Kind::word;
                from.text = from.keyword = "FROM";
                statement.insert(statement.begin() + 1, from);
            }
            at = 2;
        }
        table = object_name(statement, at);
    }
    const std::string returning = take_output(statement, out, table);
    out.sql = emit(statement, 0, statement.size()) + returning;
    return out;
}

}  // namespace kdeps::testing::tds
