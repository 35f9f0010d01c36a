// SPDX-License-Identifier: Apache-2.0
// Expressions and clauses in the words of SQLite.
#include <algorithm>
#include <array>

#include "tests/support/tds/bytes.hpp"
#include "tests/support/tds/rewrite.hpp"

namespace kdeps::testing::tds {

namespace {

// What starts a clause that this server does not know.
constexpr std::array<std::string_view, 8> kRefused = {"MERGE",  "APPLY", "PIVOT",       "UNPIVOT",
                                                      "OPTION", "FOR",   "TABLESAMPLE", "CONTAINS"};
// Words of SQLite that are names in T-SQL.
constexpr std::array<std::string_view, 10> kNames = {"LIMIT",  "RETURNING", "ISNULL", "NOTNULL", "GLOB",
                                                     "REGEXP", "TRUE",      "FALSE",  "NOTHING", "AUTOINCREMENT"};
constexpr std::array<std::string_view, 9> kHints = {"NOLOCK",   "UPDLOCK",  "HOLDLOCK", "ROWLOCK",      "TABLOCK",
                                                    "TABLOCKX", "READPAST", "XLOCK",    "READCOMMITTED"};

template <typename Words>
bool is_one_of(const Words& words, const Token& token) {
    return token.kind == Token::Kind::word && std::find(words.begin(), words.end(), token.keyword) != words.end();
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
                case Token::Kind::variable: out += " " + emit_variable(token); break;
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
        if (lower(token.text) == "sys" && i + 2 < to && lower(tokens[i + 2].text) == "databases") {
            i += 3;
            return "(SELECT " + quote_text(facts_.database) + " AS name, 150 AS compatibility_level)";
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
        if (token.is("OPENJSON")) return emit_openjson(tokens, i, end);
        const std::string call = emit_call(token.keyword, part(tokens, i + 2, end));
        if (!call.empty()) {
            i = end + 1;
            return call;
        }
    }
    ++i;
    return is_one_of(kNames, token) ? quote_name(token.text) : token.text;
}

// OPENJSON(@json) WITH (name type '$[0]', ...) to a subquery.
std::string Rewriter::emit_openjson(const Tokens& tokens, std::size_t& i, std::size_t end) const {
    const std::string json = emit(tokens, i + 2, end);
    if (end + 2 >= tokens.size() || !tokens[end + 1].is("WITH") || !tokens[end + 2].is_symbol("("))
        throw not_supported("OPENJSON without WITH");
    const std::size_t last = closing(tokens, end + 2);
    std::string columns;
    for (const Tokens& one : split_list(part(tokens, end + 3, last))) {
        std::size_t at = 1;
        const Type type = type_at(one, at);
        if (at >= one.size() || one[at].kind != Token::Kind::text) throw syntax_near(one, at);
        // A number keeps its digits only as text.
        const std::string path = quote_text(one[at].text);
        columns += (columns.empty() ? "" : ", ") + ("tds_cast(CASE WHEN json_type(value, " + path) +
                   ") IN ('integer', 'real') THEN value -> " + path + " ELSE json_extract(value, " + path + ") END, " +
                   quote_text(type_name(type)) + ") AS " + quote_name(one[0].text);
    }
    i = last + 1;
    return "(SELECT " + columns + " FROM json_each(" + json + "))";
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
    if (keyword == "CURRENT_TRANSACTION_ID") return std::to_string(facts_.transaction);
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
    if (name == "@@datefirst") return std::to_string(facts_.date_first);
    if (name == "@@language") return quote_text(facts_.language);
    if (name == "@@isolation") return quote_text(facts_.isolation);  // of this server only
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

}  // namespace kdeps::testing::tds
