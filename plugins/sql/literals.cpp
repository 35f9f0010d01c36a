// SPDX-License-Identifier: Apache-2.0
#include "literals.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "words.hpp"

namespace kdeps::sql {

namespace {

constexpr std::size_t kNone = TokenView::kNone;

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Types that take numbers in parentheses: numeric(5, 2) '1.5'.
constexpr auto kWithModifiers = std::to_array<std::string_view>(
    {"BIT", "BPCHAR", "CHAR", "CHARACTER", "DEC", "DECIMAL", "FLOAT", "INTERVAL", "NCHAR", "NUMERIC", "TIME",
     "TIMESTAMP", "TIMESTAMPTZ", "TIMETZ", "VARBIT", "VARCHAR", "VARYING"});
// Words of PostgreSQL that may stand before a text and are no type, beside those that a value follows.
constexpr auto kNoTypes = std::to_array<std::string_view>(
    {"AT",       "COMMENT",  "DELIMITER", "END",      "ENCRYPTED", "EXECUTE", "FALSE",
     "KEY",      "LOCATION", "MAXVALUE",  "MINVALUE", "NOTIFY",    "NULL",    "OWNER",
     "PASSWORD", "QUOTE",    "TEMPLATE",  "TRUE",     "UNTIL",     "VALUE",   "VERSION"});
constexpr auto kFields = std::to_array<std::string_view>({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"});

class Finder {
public:
    Finder(const TokenView& tokens, std::string_view sql, const Dialect& dialect)
        : tokens_(tokens), sql_(sql), dialect_(dialect) {}

    std::vector<Literal> run() {
        std::vector<Literal> out;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (tokens_[i].kind != TokenKind::string) continue;
            std::size_t last = i;
            bool has_holes = tokens_[i].has_holes;
            for (std::size_t next = tokens_.after(i); is_adjacent(last, next); next = tokens_.after(next)) {
                last = next;
                has_holes = has_holes || tokens_[next].has_holes;
            }
            if (has_holes) {
                Literal literal{i, i, last};
                if (dialect_.is_postgres()) add_type(literal);
                if (dialect_.is_mysql()) add_mysql_type(literal);
                out.push_back(std::move(literal));
            }
            i = std::max(i, last);
        }
        return out;
    }

private:
    std::string_view source(std::size_t first, std::size_t last) const {
        return sql_.substr(tokens_[first].begin, tokens_[last].end - tokens_[first].begin);
    }

    // Texts side by side are one; in PostgreSQL only with a line break between them.
    bool is_adjacent(std::size_t one, std::size_t next) const {
        if (next == kNone || tokens_[next].kind != TokenKind::string) return false;
        if (!tokens_[one].is_closed) return false;
        if (dialect_.is_mysql()) return tokens_[next].prefix == 0 && !tokens_.touch(one, next);
        if (!dialect_.is_postgres() || tokens_[next].prefix != 0 || sql_[tokens_[next].begin] == '$') return false;
        for (std::size_t i = one + 1; i < next; ++i) {
            if (tokens_.text(i).starts_with("/*")) return false;
        }
        return sql_.substr(tokens_[one].end, tokens_[next].begin - tokens_[one].end).find('\n') !=
               std::string_view::npos;
    }

    void add_type(Literal& literal) const {
        if (const std::size_t type = type_before(literal.text); type != kNone) {
            const std::string name(source(type, tokens_.before(literal.text)));
            literal.first = type;
            literal.before = "CAST(";
            literal.behind = "::text AS " + name;
            if (tokens_.is(type, "INTERVAL")) {
                if (const std::size_t end = end_of_fields(tokens_.after(literal.last)); end != kNone) {
                    literal.behind += " " + std::string(source(tokens_.after(literal.last), end));
                    literal.last = end;
                }
            }
            literal.behind += ")";
        }
    }

    // The first token of the type that stands before a text; kNone if there is none.
    std::size_t type_before(std::size_t text) const {
        std::size_t i = tokens_.before(text);
        if (i == kNone) return kNone;
        bool has_modifiers = false;
        if (tokens_.is(i, "ZONE")) {  // timestamp(3) with time zone
            const std::size_t with = tokens_.before(tokens_.before(i));
            if (!tokens_.is(with, "WITH") && !tokens_.is(with, "WITHOUT")) return kNone;
            i = tokens_.before(with);
        }
        if (tokens_.is(i, ")")) {
            has_modifiers = true;
            i = tokens_.before(tokens_.opener(i));
        }
        if (i == kNone) return kNone;
        if (tokens_[i].kind == TokenKind::word) {
            const std::string& word = tokens_.word(i);
            if (has_modifiers && !is_one_of(word, kWithModifiers)) return kNone;
            if ((is_before_value(word) && word != "INTERVAL") || is_one_of(word, kNoTypes)) return kNone;
            if (word == "PRECISION" || word == "VARYING") i = tokens_.before(i);
        } else if (tokens_[i].kind != TokenKind::name || has_modifiers) {
            return kNone;
        }
        while (tokens_.is(tokens_.before(i), ".")) {  // of a schema
            const std::size_t schema = tokens_.before(tokens_.before(i));
            if (!tokens_.is_kind(schema, TokenKind::word) && !tokens_.is_kind(schema, TokenKind::name)) return kNone;
            i = schema;
        }
        return i;
    }

    // interval '1-2' YEAR TO MONTH, '1' SECOND(3)
    std::size_t end_of_fields(std::size_t i) const {
        if (!is_one_of(tokens_.word(i), kFields)) return kNone;
        std::size_t last = i;
        if (tokens_.is(tokens_.after(i), "TO") && is_one_of(tokens_.word(tokens_.after(tokens_.after(i))), kFields))
            last = tokens_.after(tokens_.after(i));
        const std::size_t open = tokens_.after(last);
        const std::size_t close = tokens_.after(tokens_.after(open));
        return tokens_.is(open, "(") && tokens_.is(close, ")") ? close : last;
    }

    void add_mysql_type(Literal& literal) const {
        const std::size_t i = tokens_.before(literal.text);
        if (!tokens_.is_kind(i, TokenKind::word)) return;
        const std::string& word = tokens_.word(i);
        const auto cast = [&](const char* type) {
            literal.first = i;
            literal.before = "CAST(";
            literal.behind = std::string(" AS ") + type + ")";
        };
        if (tokens_.is(tokens_.before(i), ".")) return;
        if (word == "DATE") cast("DATE");
        literal.is_day = word == "DATE" || word == "TIMESTAMP";
        if (word == "TIME") cast("TIME(6)");
        if (word == "TIMESTAMP") cast("DATETIME(6)");
        if (word == "_BINARY") {
            cast("BINARY");
        } else if (word.starts_with('_')) {
            literal.first = i;
            literal.before = "CONVERT(";
            literal.behind = " USING " + std::string(tokens_.text(i).substr(1)) + ")";
        }
    }

    const TokenView& tokens_;
    const std::string_view sql_;
    const Dialect& dialect_;
};

enum class Escapes { none, postgres, mysql, unicode, line_ends };

class Reader {
public:
    Reader(std::string_view sql, const std::vector<Hole>& holes, std::vector<TextFault>& faults)
        : sql_(sql), holes_(holes), faults_(faults) {}

    std::vector<LiteralPiece> take() {
        if (!plain_.empty()) out_.push_back({std::exchange(plain_, {})});
        return std::move(out_);
    }

    // `quote`: the doubled one; 0 = none.
    void read(std::size_t from, std::size_t to, std::size_t hole, char quote, Escapes escapes) {
        end_ = to;
        for (at_ = from; at_ < end_;) {
            if (hole < holes_.size() && holes_[hole].begin == at_) {
                if (!plain_.empty()) out_.push_back({std::exchange(plain_, {})});
                out_.push_back({{}, hole, true});
                at_ = holes_[hole++].end;
                end_of_run_ = hole < holes_.size() ? std::min(holes_[hole].begin, end_) : end_;
                continue;
            }
            end_of_run_ = hole < holes_.size() ? std::min(holes_[hole].begin, end_) : end_;
            if (sql_[at_] == '\\' && escapes != Escapes::none && at_ + 1 < end_of_run_) {
                ++at_;
                unescape(escapes);
            } else if (quote != '\0' && sql_[at_] == quote) {
                plain_ += quote;
                at_ += 2;
            } else {
                plain_ += sql_[at_++];
            }
        }
    }

private:
    // Behind a backslash.
    void unescape(Escapes escapes) {
        const char c = sql_[at_];
        if (escapes == Escapes::unicode) {
            unescape_unicode(c);
        } else if (escapes == Escapes::line_ends) {
            unescape_line_end(c);
        } else if (escapes == Escapes::mysql) {
            ++at_;
            unescape_mysql(c);
        } else {
            unescape_postgres(c);
        }
    }

    void unescape_mysql(char c) {
        switch (c) {
            case '0': plain_ += '\0'; break;
            case 'b': plain_ += '\b'; break;
            case 'n': plain_ += '\n'; break;
            case 'r': plain_ += '\r'; break;
            case 't': plain_ += '\t'; break;
            case 'Z': plain_ += '\x1A'; break;
            case '%':
            case '_':
                plain_ += '\\';
                plain_ += c;
                break;  // for LIKE
            default: plain_ += c;
        }
    }

    void unescape_postgres(char c) {
        if (c >= '0' && c <= '7') {
            plain_ += static_cast<char>(number(8, 3));
            return;
        }
        ++at_;
        switch (c) {
            case 'b': plain_ += '\b'; break;
            case 'f': plain_ += '\f'; break;
            case 'n': plain_ += '\n'; break;
            case 'r': plain_ += '\r'; break;
            case 't': plain_ += '\t'; break;
            case 'x':
                if (is_digit(16)) {
                    plain_ += static_cast<char>(number(16, 2));
                } else {
                    plain_ += c;
                }
                break;
            case 'u': code_point(4); break;
            case 'U': code_point(8); break;
            default: plain_ += c;
        }
    }

    void unescape_unicode(char c) {
        if (c == '\\') {
            plain_ += c;
            ++at_;
        } else if (c == '+') {
            ++at_;
            code_point(6);
        } else {
            code_point(4);
        }
    }

    // T-SQL: a backslash at the end of a line joins it with the next.
    void unescape_line_end(char c) {
        if (c == '\n') {
            ++at_;
        } else if (c == '\r' && at_ + 1 < end_of_run_ && sql_[at_ + 1] == '\n') {
            at_ += 2;
        } else {
            plain_ += '\\';
        }
    }

    static int digit_of(char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return 16;
    }
    bool is_digit(int base) const { return at_ < end_of_run_ && digit_of(sql_[at_]) < base; }

    std::uint32_t number(int base, int most) {
        std::uint32_t out = 0;
        for (; most > 0 && is_digit(base); --most)
            out = out * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit_of(sql_[at_++]));
        return out;
    }

    void code_point(int digits) {
        const std::size_t begin = at_;
        std::uint32_t code = number(16, digits);
        bool is_whole = at_ == begin + static_cast<std::size_t>(digits);
        if (is_whole && code >= 0xD800 && code < 0xDC00) is_whole = add_low_half(code);
        if (!is_whole || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
            faults_.push_back({begin, "an escape of a character must have " + std::to_string(digits) +
                                          " hexadecimal digits and name one"});
            return;
        }
        append(code);
    }

    // \ud83d\ude00
    bool add_low_half(std::uint32_t& code) {
        if (at_ + 1 >= end_of_run_ || sql_[at_] != '\\') return false;
        ++at_;
        if (sql_[at_] == 'u') ++at_;
        const std::size_t begin = at_;
        const std::uint32_t low = number(16, 4);
        if (at_ != begin + 4 || low < 0xDC00 || low >= 0xE000) return false;
        code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
        return true;
    }

    void append(std::uint32_t code) {
        const auto add = [&](std::uint32_t byte) { plain_ += static_cast<char>(byte); };
        if (code < 0x80) {
            add(code);
        } else if (code < 0x800) {
            add(0xC0U | (code >> 6U));
            add(0x80U | (code & 0x3FU));
        } else if (code < 0x10000) {
            add(0xE0U | (code >> 12U));
            add(0x80U | ((code >> 6U) & 0x3FU));
            add(0x80U | (code & 0x3FU));
        } else {
            add(0xF0U | (code >> 18U));
            add(0x80U | ((code >> 12U) & 0x3FU));
            add(0x80U | ((code >> 6U) & 0x3FU));
            add(0x80U | (code & 0x3FU));
        }
    }

    const std::string_view sql_;
    const std::vector<Hole>& holes_;
    std::vector<TextFault>& faults_;
    std::vector<LiteralPiece> out_;
    std::string plain_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    std::size_t end_of_run_ = 0;  // where the text or a hole begins next
};

}  // namespace

std::vector<Literal> find_literals(const TokenView& tokens, std::string_view sql, const Dialect& dialect) {
    return Finder(tokens, sql, dialect).run();
}

bool is_day(std::string_view text) {
    std::array<int, 3> parts{};
    std::size_t at = 0;
    for (std::size_t part = 0; part < parts.size(); ++part) {
        const std::size_t begin = at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && at - begin < 4; ++at)
            parts[part] = parts[part] * 10 + (text[at] - '0');
        if (at == begin) return false;
        if (part == 2) break;
        if (at == text.size()) return false;
        if (text[at] >= '0' && text[at] <= '9') return true;  // 20240229: the database knows
        ++at;
    }
    const auto [year, month, day] = parts;
    if (month < 0 || month > 12 || day > 31) return false;
    if (month == 2) {
        const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return day <= (is_leap ? 29 : 28);
    }
    return day <= 30 || (month != 4 && month != 6 && month != 9 && month != 11);
}

std::vector<LiteralPiece> read_literal(const Literal& literal, const TokenView& tokens, std::string_view sql,
                                       const std::vector<Hole>& holes, const Dialect& dialect,
                                       std::vector<TextFault>& faults) {
    Reader reader(sql, holes, faults);
    const Token& first = tokens[literal.text];
    const char prefix = first.prefix == 0 ? '\0' : sql[first.begin];
    Escapes escapes = Escapes::none;
    if (prefix == 'E' || prefix == 'e') escapes = Escapes::postgres;
    if (prefix == 'U' || prefix == 'u') escapes = Escapes::unicode;
    if (dialect.is_transact_sql()) escapes = Escapes::line_ends;
    if (escapes == Escapes::none && dialect.has(KDEPS_LEXIS_BACKSLASH)) escapes = Escapes::mysql;
    if (prefix == 'X' || prefix == 'x' || prefix == 'B' || prefix == 'b') {
        faults.push_back({first.begin, "a {{ }} cannot stand inside a bit or hexadecimal literal"});
        return {};
    }
    if (escapes == Escapes::unicode && tokens.is(tokens.after(literal.last), "UESCAPE")) {
        faults.push_back({first.begin, "a {{ }} cannot stand in a text with UESCAPE; write its escapes with \\"});
        return {};
    }
    for (std::size_t i = literal.text; i != kNone && i <= literal.last; i = tokens.after(i)) {
        const Token& token = tokens[i];
        if (token.kind != TokenKind::string) break;
        std::size_t from = token.begin + token.prefix + 1;
        std::size_t to = token.end - (token.is_closed ? 1 : 0);
        const bool is_dollar = sql[token.begin] == '$';
        if (is_dollar) {
            const std::size_t tag = sql.find('$', token.begin + 1) + 1 - token.begin;
            from = token.begin + tag;
            to = token.end - (token.is_closed ? tag : 0);
        }
        reader.read(from, to, token.hole, is_dollar ? '\0' : sql[token.begin + token.prefix],
                    is_dollar ? Escapes::none : escapes);
    }
    return reader.take();
}

}  // namespace kdeps::sql
