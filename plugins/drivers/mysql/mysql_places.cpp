// SPDX-License-Identifier: Apache-2.0
#include "mysql_places.hpp"

#include <kdeps/driver.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace kdeps::mysql {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool is_of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_comparison(std::string_view sign) {
    static constexpr std::array<std::string_view, 8> kSigns = {"=", "<=>", "<>", "!=", "<", ">", "<=", ">="};
    return std::find(kSigns.begin(), kSigns.end(), sign) != kSigns.end();
}

bool is_now(std::string_view word) {
    static constexpr std::array<std::string_view, 6> kWords = {"now",     "current_timestamp", "utc_timestamp",
                                                               "sysdate", "localtimestamp",    "localtime"};
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

Place place_of(const std::string& type) {
    static const std::map<std::string_view, Place> kTypes = {
        {"char", Place::text},       {"varchar", Place::text},     {"tinytext", Place::text},
        {"text", Place::text},       {"mediumtext", Place::text},  {"longtext", Place::text},
        {"enum", Place::text},       {"set", Place::text},         {"tinyint", Place::number},
        {"smallint", Place::number}, {"mediumint", Place::number}, {"int", Place::number},
        {"bigint", Place::number},   {"bit", Place::number},       {"decimal", Place::number},
        {"datetime", Place::moment}, {"timestamp", Place::moment}, {"date", Place::date}};
    const auto found = kTypes.find(type);
    return found == kTypes.end() ? Place::unknown : found->second;
}

void append_literal(MYSQL* client, const std::string& text, std::string& out) {
    std::string escaped(text.size() * 2 + 1, '\0');
    escaped.resize(mysql_real_escape_string(client, escaped.data(), text.data(), text.size()));
    out += "'" + escaped + "'";
}

}  // namespace

struct Places::Token {
    enum class Kind : std::uint8_t { name, literal, sign, placeholder };
    Kind kind = Kind::sign;
    std::string_view raw;  // of a quoted name without its quotes
    std::string text;      // a name in lower case, or a sign
    bool is_quoted = false;
};

class Places::Reader {
public:
    Reader(std::string_view sql, std::uint32_t lexis) : sql_(sql), lexis_(lexis) { tokenize(); }

    const std::vector<Token>& tokens() const { return tokens_; }

    bool is(std::size_t i, std::string_view text) const {
        return i < tokens_.size() && tokens_[i].text == text && !tokens_[i].is_quoted;
    }
    bool is_name(std::size_t i) const { return i < tokens_.size() && tokens_[i].kind == Token::Kind::name; }
    bool is_placeholder(std::size_t i) const {
        return i < tokens_.size() && tokens_[i].kind == Token::Kind::placeholder;
    }

    // The column whose name ends at token i; empty if it is part of a larger term.
    std::string column_before(std::size_t i) const {
        if (!is_name(i)) return "";
        std::size_t start = i;
        while (start >= 2 && is(start - 1, ".") && is_name(start - 2)) start -= 2;
        return start > 0 && is_arithmetic(start - 1) ? "" : tokens_[i].text;
    }
    // The same of one that starts there.
    std::string column_after(std::size_t i) const {
        if (!is_name(i)) return "";
        while (is(i + 1, ".") && is_name(i + 2)) i += 2;
        return is(i + 1, "(") || is_arithmetic(i + 1) ? "" : tokens_[i].text;
    }

    // What stands beside the placeholder at token i.
    Beside beside(std::size_t i) const {
        Beside out;
        const auto beside_sign = [&](std::size_t sign) {
            return sign < tokens_.size() && tokens_[sign].kind == Token::Kind::sign &&
                   is_comparison(tokens_[sign].text);
        };
        if (is_arithmetic(i + 1) || (i > 0 && is_arithmetic(i - 1))) return out;
        if (i >= 2 && beside_sign(i - 1)) {
            out.column = column_before(i - 2);
            if (i >= 4 && is(i - 2, ")") && is(i - 3, "(") && is_now(tokens_[i - 4].text)) out.target = Place::moment;
        } else if (i >= 2 && is(i - 1, "between")) {
            out.column = column_before(is(i - 2, "not") && i >= 3 ? i - 3 : i - 2);
        } else if (i >= 4 && is(i - 1, "and") && is(i - 3, "between")) {
            out.column = column_before(is(i - 4, "not") && i >= 5 ? i - 5 : i - 4);
        } else if (beside_sign(i + 1)) {
            out.column = column_after(i + 2);
            if (is_name(i + 2) && is_now(tokens_[i + 2].text)) out.target = Place::moment;
        } else if (is(i + 1, "between") || (is(i + 1, "not") && is(i + 2, "between"))) {
            out.column = column_after(is(i + 1, "between") ? i + 2 : i + 3);
        } else if (i >= 2 && is(i - 1, "(") && is(i - 2, "cast") && is(i + 1, "as") &&
                   (is(i + 2, "datetime") || is(i + 2, "timestamp"))) {
            out.target = Place::moment;
        } else {
            out.column = column_of_list(i);
        }
        return out;
    }

private:
    bool is_arithmetic(std::size_t i) const {
        static constexpr std::string_view kSigns = "+-*/%|&^~";
        return i < tokens_.size() && tokens_[i].kind == Token::Kind::sign && !tokens_[i].text.empty() &&
               kSigns.find(tokens_[i].text[0]) != std::string_view::npos;
    }

    // column [NOT] IN (…, ?, …)
    std::string column_of_list(std::size_t i) const {
        while (i > 0 && (is_placeholder(i) || is(i, ",") || tokens_[i].kind == Token::Kind::literal)) --i;
        if (i < 2 || !is(i, "(") || !is(i - 1, "in")) return "";
        return column_before(is(i - 2, "not") && i >= 3 ? i - 3 : i - 2);
    }

    void tokenize() {
        std::size_t i = 0;
        while (i < sql_.size()) {
            const char c = sql_[i];
            const std::string_view rest = sql_.substr(i);
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v') {
                ++i;
            } else if (c == '#' || (rest.starts_with("--") && (rest.size() == 2 || rest[2] <= ' '))) {
                i = std::min(sql_.find('\n', i), sql_.size());
            } else if (rest.starts_with("/*")) {
                const std::size_t end = sql_.find("*/", i + 2);
                i = end == std::string_view::npos ? sql_.size() : end + 2;
            } else if (c == '\'' || c == '"' || c == '`') {
                i = quoted(i);
            } else if (c == '?') {
                add(Token::Kind::placeholder, rest.substr(0, 1));
                ++i;
            } else if (is_of_name(c) || c == '@') {
                std::size_t end = i + 1;
                while (end < sql_.size() && (is_of_name(sql_[end]) || (c == '@' && sql_[end] == '@'))) ++end;
                const bool is_literal = (c >= '0' && c <= '9') || c == '@';
                add(is_literal ? Token::Kind::literal : Token::Kind::name, sql_.substr(i, end - i));
                i = end;
            } else {
                std::size_t size = 1;
                for (const std::string_view sign : {"<=>", "<=", ">=", "<>", "!=", ":=", "||", "&&"}) {
                    if (rest.starts_with(sign)) {
                        size = sign.size();
                        break;
                    }
                }
                add(Token::Kind::sign, rest.substr(0, size));
                i += size;
            }
        }
    }

    std::size_t quoted(std::size_t start) {
        const char quote = sql_[start];
        const bool is_name = quote == '`' || (quote == '"' && (lexis_ & KDEPS_LEXIS_DOUBLE_QUOTE_TEXT) == 0);
        const bool has_escapes = !is_name && (lexis_ & KDEPS_LEXIS_BACKSLASH) != 0;
        std::size_t i = start + 1;
        for (; i < sql_.size(); ++i) {
            if (has_escapes && sql_[i] == '\\') {
                ++i;
            } else if (sql_[i] == quote) {
                if (i + 1 >= sql_.size() || sql_[i + 1] != quote) break;
                ++i;
            }
        }
        const std::size_t end = std::min(i, sql_.size());
        add(is_name ? Token::Kind::name : Token::Kind::literal, sql_.substr(start + 1, end - start - 1));
        tokens_.back().is_quoted = true;
        return std::min(end + 1, sql_.size());
    }

    void add(Token::Kind kind, std::string_view raw) {
        tokens_.push_back({kind, raw, kind == Token::Kind::literal ? "" : lower(raw), false});
    }

    std::string_view sql_;
    std::uint32_t lexis_;
    std::vector<Token> tokens_;
};

Places::Places(std::string_view sql, std::uint32_t lexis, std::size_t parameters) {
    const Reader reader(sql, lexis);
    const std::vector<Token>& tokens = reader.tokens();
    std::vector<std::size_t> numbers(tokens.size());  // of the placeholders
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        numbers[i] = places_.size();
        if (tokens[i].kind == Token::Kind::placeholder) places_.push_back(reader.beside(i));
        if (tokens[i].kind == Token::Kind::name) words_.emplace(tokens[i].raw);
    }
    // What this reader does not understand stays unknown.
    if (places_.size() != parameters) {
        places_.assign(parameters, {});
        return;
    }
    // INSERT [INTO] [schema.]table [(column, …)] VALUES (…), …
    std::size_t i = 0;
    if (!reader.is(i, "insert") && !reader.is(i, "replace")) return;
    ++i;
    while (reader.is(i, "low_priority") || reader.is(i, "high_priority") || reader.is(i, "delayed") ||
           reader.is(i, "ignore") || reader.is(i, "into")) {
        ++i;
    }
    if (!reader.is_name(i)) return;
    insert_table_ = tokens[i++].raw;
    if (reader.is(i, ".") && reader.is_name(i + 1)) {
        insert_schema_ = std::exchange(insert_table_, std::string(tokens[i + 1].raw));
        i += 2;
    }
    std::vector<std::string> columns;
    const bool names_columns = reader.is(i, "(");
    if (names_columns) {
        for (++i; i < tokens.size() && !reader.is(i, ")"); ++i) {
            if (reader.is_name(i)) columns.push_back(tokens[i].text);
        }
        ++i;
    }
    if (!reader.is(i, "values") && !reader.is(i, "value")) {
        insert_schema_.clear();
        insert_table_.clear();
        return;
    }
    ++i;
    while (reader.is(i, "(")) {
        std::size_t item = 0;
        std::size_t depth = 0;
        for (; i < tokens.size(); ++i) {
            if (reader.is(i, "(")) ++depth;
            if (reader.is(i, ")") && --depth == 0) break;
            if (reader.is(i, ",") && depth == 1) ++item;
            const bool is_alone = reader.is_placeholder(i) && depth == 1 &&
                                  (reader.is(i - 1, "(") || reader.is(i - 1, ",")) &&
                                  (reader.is(i + 1, ")") || reader.is(i + 1, ","));
            if (!is_alone) continue;
            Beside& place = places_[numbers[i]];
            if (!names_columns) place.ordinal = item;
            if (item < columns.size()) place.column = columns[item];
        }
        ++i;
        if (!reader.is(i, ",")) break;
        ++i;
    }
}

std::string Places::query(MYSQL* client) const {
    std::string sql =
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, ORDINAL_POSITION FROM information_schema.COLUMNS WHERE "
        "TABLE_SCHEMA = ";
    if (insert_schema_.empty()) {
        sql += "DATABASE()";
    } else {
        append_literal(client, insert_schema_, sql);
    }
    sql += " AND TABLE_NAME IN (";
    if (insert_table_.empty()) {
        std::string separator;
        for (const std::string& word : words_) {
            sql += std::exchange(separator, ", ");
            append_literal(client, word, sql);
        }
        if (words_.empty()) sql += "''";
    } else {
        append_literal(client, insert_table_, sql);
    }
    return sql + ")";
}

void Places::learn(MYSQL_RES* rows) {
    is_known_ = true;
    std::map<std::string, Place> columns;
    std::map<std::size_t, Place> ordinals;
    while (const MYSQL_ROW row = rows == nullptr ? nullptr : mysql_fetch_row(rows)) {
        const Place target = place_of(lower(row[2] == nullptr ? "" : row[2]));
        const auto [known, is_new] = columns.emplace(lower(row[1]), target);
        // Columns of one name in two tables.
        if (!is_new && known->second != target) known->second = Place::unknown;
        ordinals[std::stoul(row[3]) - 1] = target;
    }
    for (Beside& place : places_) {
        if (!place.has_column()) continue;
        if (place.ordinal) {
            const auto found = ordinals.find(*place.ordinal);
            place.target = found == ordinals.end() ? Place::unknown : found->second;
        } else {
            const auto found = columns.find(place.column);
            place.target = found == columns.end() ? Place::unknown : found->second;
        }
    }
}

}  // namespace kdeps::mysql
