// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/rewrite.hpp"

#include <algorithm>
#include <array>

#include "tests/support/tds/bytes.hpp"

namespace kdeps::testing::tds {

namespace {

// What starts a clause that this server does not know.
constexpr std::array<std::string_view, 9> kRefused = {"MERGE", "APPLY",       "PIVOT",    "UNPIVOT", "OPTION",
                                                      "FOR",   "TABLESAMPLE", "OPENJSON", "CONTAINS"};
// Words of SQLite that are names in T-SQL.
constexpr std::array<std::string_view, 10> kNames = {"LIMIT",  "RETURNING", "ISNULL", "NOTNULL", "GLOB",
                                                     "REGEXP", "TRUE",      "FALSE",  "NOTHING", "AUTOINCREMENT"};
constexpr std::array<std::string_view, 9> kHints = {"NOLOCK",   "UPDLOCK",  "HOLDLOCK", "ROWLOCK",      "TABLOCK",
                                                    "TABLOCKX", "READPAST", "XLOCK",    "READCOMMITTED"};
constexpr std::array<std::string_view, 10> kAfterItems = {"FROM",  "WHERE",  "GROUP",     "HAVING", "ORDER",
                                                          "UNION", "EXCEPT", "INTERSECT", "OFFSET", "INTO"};

template <typename Words>
bool is_one_of(const Words& words, const Token& token) {
    return token.kind == Token::Kind::word && std::find(words.begin(), words.end(), token.keyword) != words.end();
}

Tokens part(const Tokens& tokens, std::size_t from, std::size_t to) {
    return {tokens.begin() + static_cast<std::ptrdiff_t>(from), tokens.begin() + static_cast<std::ptrdiff_t>(to)};
}

// The first of `from`.. at depth 0 that `is`; the size if none.
template <typename Is>
std::size_t find_flat(const Tokens& tokens, std::size_t from, Is is) {
    int depth = 0;
    for (std::size_t i = from; i < tokens.size(); ++i) {
        if (depth == 0 && is(tokens[i])) return i;
        if (tokens[i].is_symbol("(")) ++depth;
        if (tokens[i].is_symbol(")")) --depth;
    }
    return tokens.size();
}

SqlError syntax_near(const Tokens& tokens, std::size_t i) {
    SqlError error(102,
                   "Incorrect syntax near '" +
                       (i < tokens.size() ? tokens[i].text
                        : tokens.empty()  ? ""
                                          : tokens.back().text) +
                       "'.",
                   15);
    if (i < tokens.size()) error.line = tokens[i].line;
    return error;
}

}  // namespace

std::string quote_name(const std::string& name) {
    std::string out = "\"";
    for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

std::string quote_text(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\0') throw SqlError(102, "Incorrect syntax near a zero byte.", 15);
        out += c == '\'' ? "''" : std::string(1, c);
    }
    return out + "'";
}

std::string object_name(const Tokens& tokens, std::size_t& i) {
    if (i >= tokens.size() || !tokens[i].is_name()) throw syntax_near(tokens, i);
    std::vector<std::string> parts = {tokens[i++].text};
    while (i + 1 < tokens.size() && tokens[i].is_symbol(".")) {
        const bool is_omitted = tokens[i + 1].is_symbol(".");
        if (!is_omitted && !tokens[i + 1].is_name()) throw syntax_near(tokens, i + 1);
        parts.push_back(is_omitted ? "dbo" : tokens[i + 1].text);
        i += is_omitted ? 1 : 2;
    }
    if (parts.size() > 3) throw not_supported("a name of four parts");
    if (parts.size() > 1 && lower(parts[parts.size() - 2]) != "dbo") {
        throw SqlError(208, "Invalid object name '" + parts[parts.size() - 2] + "." + parts.back() + "'.");
    }
    if (parts.back().starts_with('#')) throw not_supported("the temporary table " + parts.back());
    return parts.back();
}

Type type_at(const Tokens& tokens, std::size_t& i) {
    if (i >= tokens.size() || !tokens[i].is_name()) throw syntax_near(tokens, i);
    std::string name = tokens[i++].text;
    if (i < tokens.size() && tokens[i].is_symbol("(")) {
        const std::size_t end = closing(tokens, i);
        for (; i < end; ++i) name += tokens[i].text;
        name += ")";
        ++i;
    }
    return parse_type(name);
}

std::string Rewriter::emit(const Tokens& tokens, std::size_t from, std::size_t to) const {
    std::string out;
    std::string limit;
    for (std::size_t i = from; i < to;) {
        const Token& token = tokens[i];
        if (is_one_of(kRefused, token)) throw not_supported(token.text);
        if (token.is("TOP")) {
            ++i;
            const bool is_enclosed = i < to && tokens[i].is_symbol("(");
            const std::size_t end = is_enclosed ? closing(tokens, i) + 1 : i + 1;
            if (i >= to || end > to) throw syntax_near(tokens, i);
            limit = " LIMIT " + emit(tokens, i, end);
            i = end;
            if (i < to && (tokens[i].is("PERCENT") || tokens[i].is("WITH")))
                throw not_supported("TOP ... " + tokens[i].text);
        } else if (token.is("OFFSET") && i + 2 < to) {
            const auto is_row = [](const Token& t) { return t.is("ROW") || t.is("ROWS"); };
            const std::size_t rows = std::min(find_flat(tokens, i, is_row), to);
            const std::string offset = emit(tokens, i + 1, rows);
            limit = " LIMIT -1 OFFSET " + offset;
            i = std::min(rows + 1, to);
            if (i < to && tokens[i].is("FETCH")) {
                const std::size_t end = std::min(find_flat(tokens, i, is_row), to);
                limit = " LIMIT " + emit(tokens, i + 2, end) + " OFFSET " + offset;
                i = end + 2;  // ROWS ONLY
            }
        } else if ((token.is("UNION") || token.is("EXCEPT") || token.is("INTERSECT")) && !limit.empty()) {
            throw not_supported("TOP in a part of " + token.text);
        } else if (token.is("WITH") && i + 2 < to && tokens[i + 1].is_symbol("(") && is_one_of(kHints, tokens[i + 2])) {
            i = closing(tokens, i + 1) + 1;
        } else if (token.is_symbol("(")) {
            const std::size_t end = std::min(closing(tokens, i), to);
            out += " (" + emit(tokens, i + 1, end) + ")";
            i = end + 1;
        } else if (token.is_name()) {
            out += (out.ends_with('.') ? "" : " ") + emit_word(tokens, i, to);
        } else {
            switch (token.kind) {
                case Token::Kind::text:
                    out += " " + quote_text(token.is_unicode ? token.text : from_cp1252(to_cp1252(token.text)));
                    break;
                case Token::Kind::binary:
                    out += " x'" + (token.text.size() % 2 == 0 ? "" : "0" + std::string()) + token.text + "'";
                    break;
                case Token::Kind::variable:
                    out += " " + emit_variable(token);
                    break;
                case Token::Kind::number: {
                    // SQLite would make a double of them.
                    const auto digits = std::count_if(token.text.begin(), token.text.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
                    const bool is_exact = token.text.find_first_of("eE") == std::string::npos;
                    const bool is_long = digits > 18 || (digits > 15 && token.text.find('.') != std::string::npos);
                    const bool is_negative = is_long && is_exact && out.ends_with(" -");
                    if (is_negative) out.resize(out.size() - 2);
                    out += is_long && is_exact ? " " + quote_text((is_negative ? "-" : "") + token.text)
                                               : " " + token.text;
                    break;
                }
                default: {
                    const bool joins_texts =
                        token.is_symbol("+") && ((i > from && tokens[i - 1].kind == Token::Kind::text) ||
                                                 (i + 1 < to && tokens[i + 1].kind == Token::Kind::text));
                    out += token.is_symbol(".") ? "." : " " + (joins_texts ? "||" : token.text);
                }
            }
            ++i;
        }
    }
    return out + limit;
}

std::string Rewriter::emit_word(const Tokens& tokens, std::size_t& i, std::size_t to) const {
    const Token& token = tokens[i];
    const bool follows_dot = i > 0 && tokens[i - 1].is_symbol(".");
    if (!follows_dot && i + 1 < to && tokens[i + 1].is_symbol(".")) {
        if (lower(token.text) == "dbo") {
            i += 2;
            return emit_word(tokens, i, to);
        }
        if (lower(token.text) == "sys" || lower(token.text) == "information_schema") {
            throw SqlError(208,
                           "Invalid object name '" + token.text + "." + (i + 2 < to ? tokens[i + 2].text : "") + "'.");
        }
    }
    if (token.kind == Token::Kind::name) {
        ++i;
        return quote_name(token.text);
    }
    if (token.text.starts_with('#')) throw not_supported("the temporary table " + token.text);
    const bool is_call = i + 1 < to && tokens[i + 1].is_symbol("(");
    if (is_call && !follows_dot) {
        const std::size_t end = std::min(closing(tokens, i + 1), to);
        const std::string call = emit_call(token.keyword, part(tokens, i + 2, end));
        if (!call.empty()) {
            i = end + 1;
            return call;
        }
    }
    ++i;
    return is_one_of(kNames, token) ? quote_name(token.text) : token.text;
}

// "" for what is the same in SQLite, or no function.
std::string Rewriter::emit_call(const std::string& keyword, const Tokens& inner) const {
    const std::vector<Tokens> arguments = split_list(inner);
    const auto all = [&](const std::string& name) { return name + "(" + emit(inner, 0, inner.size()) + ")"; };
    const auto text = [](const std::string& value) { return quote_text(value); };
    if (keyword == "CAST" || keyword == "TRY_CAST") {
        const std::size_t as = find_flat(inner, 0, [](const Token& t) { return t.is("AS"); });
        std::size_t at = as + 1;
        const Type type = type_at(inner, at);
        return (keyword == "CAST" ? "tds_cast(" : "tds_try_cast(") + emit(inner, 0, as) + ", " + text(type_name(type)) +
               ")";
    }
    if (keyword == "CONVERT" || keyword == "TRY_CONVERT") {
        if (arguments.size() < 2) throw syntax_near(inner, inner.size());
        if (arguments.size() > 2) throw not_supported(keyword + " with a style");
        std::size_t at = 0;
        const Type type = type_at(arguments[0], at);
        return (keyword == "CONVERT" ? "tds_cast(" : "tds_try_cast(") + expression(arguments[1]) + ", " +
               text(type_name(type)) + ")";
    }
    if (keyword == "ISNULL") return all("ifnull");
    if (keyword == "LEFT") return all("tds_left");
    if (keyword == "RIGHT") return all("tds_right");
    if (keyword == "COUNT_BIG") return all("count");
    if (keyword == "STRING_AGG") return all("group_concat");
    if (keyword == "DATEADD" || keyword == "DATEDIFF") {
        if (arguments.size() != 3 || arguments[0].size() != 1) throw syntax_near(inner, 0);
        return keyword + "(" + text(arguments[0][0].text) + ", " + expression(arguments[1]) + ", " +
               expression(arguments[2]) + ")";
    }
    if (keyword == "OBJECT_ID") {
        if (arguments.empty() || arguments[0].size() != 1) throw not_supported("OBJECT_ID of an expression");
        const Tokens name = tokenize(arguments[0][0].text);
        std::size_t at = 0;
        return "(SELECT rowid FROM sqlite_schema WHERE lower(name) = " + text(lower(object_name(name, at))) + ")";
    }
    if (keyword == "DB_NAME") return text(facts_.database);
    if (keyword == "SUSER_SNAME" || keyword == "SUSER_NAME" || keyword == "ORIGINAL_LOGIN") return text(facts_.user);
    if (keyword == "APP_NAME") return text(facts_.application);
    if (keyword == "HOST_NAME") return text(facts_.host);
    if (keyword == "SCOPE_IDENTITY") return facts_.identity ? std::to_string(*facts_.identity) : "NULL";
    if (keyword == "XACT_STATE") return facts_.transactions > 0 ? "1" : "0";
    return "";
}

std::string Rewriter::emit_variable(const Token& token) const {
    const std::string name = lower(token.text);
    if (name == "@@rowcount") return std::to_string(facts_.row_count);
    if (name == "@@trancount") return std::to_string(facts_.transactions);
    if (name == "@@error") return std::to_string(facts_.error);
    if (name == "@@spid") return std::to_string(facts_.number);
    if (name == "@@lock_timeout") return std::to_string(facts_.lock_timeout);
    if (name == "@@identity") return facts_.identity ? std::to_string(*facts_.identity) : "NULL";
    if (name == "@@servername") return "'KDEPS'";
    if (name == "@@version") return "'Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (test server)'";
    if (name.starts_with("@@")) throw not_supported(token.text);
    if (!variables_.contains(name)) {
        SqlError error(137, "Must declare the scalar variable \"" + token.text + "\".", 15, 2);
        error.line = token.line;
        throw error;
    }
    return name;
}

std::optional<Type> Rewriter::infer(const Tokens& given, const std::vector<std::string>& tables) const {
    Tokens expression = given;
    while (expression.size() > 2 && expression[0].is_symbol("(") && closing(expression, 0) == expression.size() - 1) {
        expression = part(expression, 1, expression.size() - 1);
    }
    if (expression.size() == 2 && expression[0].is_symbol("-")) expression.erase(expression.begin());
    if (expression.empty()) return std::nullopt;
    const Token& first = expression[0];
    if (expression.size() == 1) {
        switch (first.kind) {
            case Token::Kind::text: {
                const auto length = static_cast<int>(std::max<std::size_t>(1, utf16_units(first.text)));
                return Type{first.is_unicode ? Kind::nvarchar : Kind::varchar, length > 4000 ? kMax : length};
            }
            case Token::Kind::binary:
                return Type{Kind::varbinary, static_cast<int>(std::max<std::size_t>(1, (first.text.size() + 1) / 2))};
            case Token::Kind::number: {
                if (first.text.find_first_of("eE") != std::string::npos) return Type{Kind::floating};
                const std::size_t point = first.text.find('.');
                const auto digits = static_cast<int>(first.text.size() - (point == std::string::npos ? 0 : 1));
                if (digits > 38)
                    throw SqlError(1007,
                                   "The number '" + first.text +
                                       "' is out of the range for numeric representation (maximum precision 38).",
                                   15);
                if (point != std::string::npos)
                    return Type{Kind::numeric, 0, digits, static_cast<int>(first.text.size() - point) - 1};
                if (digits < 10 || (digits == 10 && first.text <= "2147483647")) return Type{Kind::integer};
                return Type{Kind::numeric, 0, digits, 0};
            }
            case Token::Kind::variable: {
                const std::string name = lower(first.text);
                if (const auto found = variables_.find(name); found != variables_.end()) return found->second.type;
                if (name == "@@version") return Type{Kind::nvarchar, 300};
                if (name == "@@servername") return Type{Kind::nvarchar, 128};
                if (name == "@@identity") return Type{Kind::numeric, 0, 38, 0};
                return Type{Kind::integer};
            }
            default:
                break;
        }
        if (first.is("NULL")) return Type{Kind::integer};
    }
    if (first.kind == Token::Kind::word && expression.size() > 2 && expression[1].is_symbol("(") &&
        closing(expression, 1) == expression.size() - 1) {
        return infer_call(first.keyword, part(expression, 2, expression.size() - 1), tables);
    }
    if (first.is_name() && (expression.size() == 1 || (expression.size() == 3 && expression[1].is_symbol(".")))) {
        std::optional<Type> found;
        for (const std::string& table : tables) {
            const auto column = catalog_.column(table, expression.back().text);
            if (column && found && *found != column->type) return std::nullopt;
            if (column) found = column->type;
        }
        return found;
    }
    return std::nullopt;
}

std::optional<Type> Rewriter::infer_call(const std::string& keyword, const Tokens& inner,
                                         const std::vector<std::string>& tables) const {
    static const std::map<std::string, const char*> kTypes = {
        {"COUNT", "int"},
        {"COUNT_BIG", "bigint"},
        {"LEN", "int"},
        {"DATALENGTH", "int"},
        {"CHARINDEX", "int"},
        {"DATEDIFF", "int"},
        {"OBJECT_ID", "int"},
        {"XACT_STATE", "smallint"},
        {"GETDATE", "datetime"},
        {"GETUTCDATE", "datetime"},
        {"SYSDATETIME", "datetime2(7)"},
        {"SYSUTCDATETIME", "datetime2(7)"},
        {"SYSDATETIMEOFFSET", "datetimeoffset(7)"},
        {"DATEADD", "datetime2(7)"},
        {"NEWID", "uniqueidentifier"},
        {"SCOPE_IDENTITY", "numeric(38,0)"},
        {"DB_NAME", "nvarchar(128)"},
        {"SUSER_SNAME", "nvarchar(128)"},
        {"ORIGINAL_LOGIN", "nvarchar(128)"},
        {"APP_NAME", "nvarchar(128)"},
        {"HOST_NAME", "nvarchar(128)"},
    };
    if (const auto found = kTypes.find(keyword); found != kTypes.end()) return parse_type(found->second);
    const std::vector<Tokens> arguments = split_list(inner);
    if (arguments.empty()) return std::nullopt;
    if (keyword == "CAST" || keyword == "TRY_CAST") {
        std::size_t at = find_flat(inner, 0, [](const Token& t) { return t.is("AS"); }) + 1;
        return type_at(inner, at);
    }
    if (keyword == "CONVERT" || keyword == "TRY_CONVERT") {
        std::size_t at = 0;
        return type_at(arguments[0], at);
    }
    if (keyword == "ISNULL" || keyword == "COALESCE" || keyword == "MIN" || keyword == "MAX" || keyword == "NULLIF")
        return infer(arguments[0], tables);
    if (keyword == "UPPER" || keyword == "LOWER" || keyword == "TRIM") return infer(arguments[0], tables);
    if (keyword == "SUM" || keyword == "AVG") {
        auto type = infer(arguments[0], tables);
        if (type && is_decimal(type->kind) && type->kind != Kind::money) {
            type->precision = 38;
            if (keyword == "AVG") type->scale = std::max(6, type->scale);
        }
        if (type && is_integer(type->kind) && type->kind != Kind::bigint) type->kind = Kind::integer;
        return type;
    }
    return std::nullopt;
}

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
    const std::size_t end = find_flat(statement, std::min(from, statement.size()),
                                      [](const Token& t) { return is_one_of(kAfterItems, t); });
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
