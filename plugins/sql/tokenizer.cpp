// SPDX-License-Identifier: Apache-2.0
#include "tokenizer.hpp"

#include <kdeps/driver.h>

#include <algorithm>

namespace kdeps::sql {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Bytes above 127 belong to names, whatever their code point.
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

class Tokenizer {
public:
    Tokenizer(std::string_view sql, std::uint32_t lexis, const std::vector<Hole>& holes)
        : sql_(sql), lexis_(lexis), holes_(holes) {}

    std::vector<Token> run() {
        while (at_ < sql_.size()) {
            const std::size_t begin = at_;
            const std::size_t hole = hole_;
            Token token = next();
            token.hole = hole;
            token.begin = begin;
            token.end = at_;
            tokens_.push_back(token);
        }
        return std::move(tokens_);
    }

private:
    bool has(std::uint32_t flag) const { return (lexis_ & flag) != 0; }
    bool is_transact_sql() const { return has(KDEPS_LEXIS_BRACKET) && !has(KDEPS_LEXIS_BACKTICK); }
    char peek(std::size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
    bool at_hole() const { return hole_ < holes_.size() && holes_[hole_].begin == at_; }

    // Steps over one byte, or over a whole hole; tells which.
    bool step() {
        if (at_hole()) {
            at_ = holes_[hole_++].end;
            return true;
        }
        ++at_;
        return false;
    }

    static Token token(TokenKind kind) { return {kind, 0, 0, 0, false, 0, true}; }

    Token next() {
        if (at_hole()) {
            step();
            return token(TokenKind::hole);
        }
        const char c = peek();
        if (is_space(c)) {
            while (at_ < sql_.size() && !at_hole() && is_space(peek())) ++at_;
            return token(TokenKind::space);
        }
        if (c == '-' && peek(1) == '-' &&
            (!has(KDEPS_LEXIS_DASH_NEEDS_SPACE) || at_ + 2 >= sql_.size() || is_space(peek(2))))
            return line_comment();
        if (c == '#' && has(KDEPS_LEXIS_HASH_COMMENT)) return line_comment();
        if (c == '/' && peek(1) == '*') return block_comment();
        if (c == '\'') return quoted(TokenKind::string, '\'', has(KDEPS_LEXIS_BACKSLASH), 0);
        if (c == '"') {
            return has(KDEPS_LEXIS_DOUBLE_QUOTE_TEXT) ? quoted(TokenKind::string, '"', has(KDEPS_LEXIS_BACKSLASH), 0)
                                                      : quoted(TokenKind::name, '"', false, 0);
        }
        if (c == '`' && has(KDEPS_LEXIS_BACKTICK)) return quoted(TokenKind::name, '`', false, 0);
        if (c == '[' && has(KDEPS_LEXIS_BRACKET)) return quoted(TokenKind::name, ']', false, 0);
        if (is_name_start(c)) return word();
        if (is_digit(c)) return number();
        if (c == '$') return dollar();
        if (c == '?') {
            ++at_;
            return token(TokenKind::question);
        }
        if (c == ':') return colon();
        if (c == '@') return at_sign();
        ++at_;
        return token(TokenKind::symbol);
    }

    Token line_comment() {
        Token out = token(TokenKind::comment);
        while (at_ < sql_.size() && (at_hole() || peek() != '\n')) out.has_holes |= step();
        return out;
    }

    Token block_comment() {
        Token out = token(TokenKind::comment);
        std::size_t depth = 1;
        at_ += 2;
        while (at_ < sql_.size() && depth > 0) {
            if (!at_hole() && peek() == '*' && peek(1) == '/') {
                --depth;
                at_ += 2;
            } else if (!at_hole() && has(KDEPS_LEXIS_NESTED_COMMENT) && peek() == '/' && peek(1) == '*') {
                ++depth;
                at_ += 2;
            } else {
                out.has_holes |= step();
            }
        }
        out.is_closed = depth == 0;
        return out;
    }

    // From the opening quote; the closing one is doubled inside.
    Token quoted(TokenKind kind, char close, bool has_escapes, std::size_t prefix) {
        Token out = token(kind);
        out.prefix = prefix;
        out.is_closed = false;
        at_ += 1;
        while (at_ < sql_.size()) {
            if (!at_hole() && has_escapes && peek() == '\\' && at_ + 1 < sql_.size()) {
                ++at_;
                out.has_holes |= step();
            } else if (!at_hole() && peek() == close) {
                ++at_;
                if (at_hole() || peek() != close) {
                    out.is_closed = true;
                    break;
                }
                ++at_;
            } else {
                out.has_holes |= step();
            }
        }
        return out;
    }

    Token word() {
        const char c = peek();
        if (peek(1) == '\'' && !hole_at(at_ + 1)) {
            const bool is_prefix =
                c == 'N' || c == 'n' || c == 'X' || c == 'x' || c == 'B' || c == 'b' || c == 'E' || c == 'e';
            const bool is_escape = (c == 'E' || c == 'e') && has(KDEPS_LEXIS_E_STRING);
            if (is_escape || (is_prefix && c != 'E' && c != 'e')) {
                ++at_;
                return quoted(TokenKind::string, '\'', is_escape || has(KDEPS_LEXIS_BACKSLASH), 1);
            }
        }
        // U&'d\0061t' and U&"d\0061t"
        if ((c == 'U' || c == 'u') && has(KDEPS_LEXIS_E_STRING) && peek(1) == '&' && !hole_at(at_ + 1) &&
            !hole_at(at_ + 2) && (peek(2) == '\'' || peek(2) == '"')) {
            const char quote = peek(2);
            at_ += 2;
            return quoted(quote == '"' ? TokenKind::name : TokenKind::string, quote, false, 2);
        }
        const bool has_signs = is_transact_sql();  // a@b, a#b
        while (at_ < sql_.size() && !at_hole() &&
               (is_name_part(peek()) || peek() == '$' || (has_signs && (peek() == '@' || peek() == '#'))))
            ++at_;
        return token(TokenKind::word);
    }

    Token number() {
        while (at_ < sql_.size() && !at_hole()) {
            const char c = peek();
            const bool is_sign_of_exponent = (c == '+' || c == '-') && (sql_[at_ - 1] == 'e' || sql_[at_ - 1] == 'E');
            if (!is_name_part(c) && c != '.' && !is_sign_of_exponent) break;
            ++at_;
        }
        return token(TokenKind::number);
    }

    Token dollar() {
        if (is_digit(peek(1))) {
            ++at_;
            while (is_digit(peek()) && !at_hole()) ++at_;
            if (is_transact_sql() && !at_hole() && peek() == '.') {  // money: $1.5
                if (is_digit(peek(1)) && !hole_at(at_ + 1)) {
                    ++at_;
                    while (!at_hole() && is_digit(peek())) ++at_;
                    return token(TokenKind::number);
                }
            }
            return token(TokenKind::dollar);
        }
        if (has(KDEPS_LEXIS_DOLLAR_QUOTE)) {
            std::size_t end = at_ + 1;
            while (end < sql_.size() && is_name_part(sql_[end])) ++end;
            if (end < sql_.size() && sql_[end] == '$') {
                const std::string_view tag = sql_.substr(at_, end + 1 - at_);
                Token out = token(TokenKind::string);
                out.is_closed = false;
                at_ = end + 1;
                while (at_ < sql_.size()) {
                    if (!at_hole() && sql_.substr(at_).starts_with(tag)) {
                        at_ += tag.size();
                        out.is_closed = true;
                        break;
                    }
                    out.has_holes |= step();
                }
                return out;
            }
        }
        ++at_;
        return token(TokenKind::symbol);
    }

    Token colon() {
        if (peek(1) == ':') {  // a cast; both at once, so that the second is not taken for a name's
            at_ += 2;
            return token(TokenKind::symbol);
        }
        // a[1:n] is a slice, not a name.
        const bool follows_operand =
            at_ > 0 && (is_name_part(sql_[at_ - 1]) || sql_[at_ - 1] == ']' || sql_[at_ - 1] == ')');
        if (is_name_start(peek(1)) && !follows_operand) {
            ++at_;
            while (is_name_part(peek()) && !at_hole()) ++at_;
            return token(TokenKind::colon_name);
        }
        ++at_;
        return token(TokenKind::symbol);
    }

    Token at_sign() {
        if (peek(1) == '@') {  // a server variable: @@version
            at_ += 2;
            while (is_name_part(peek()) && !at_hole()) ++at_;
            return token(TokenKind::word);
        }
        const bool follows_operator = at_ > 0 && (sql_[at_ - 1] == '<' || sql_[at_ - 1] == '@');
        if (is_name_start(peek(1)) && !follows_operator) {
            ++at_;
            while (is_name_part(peek()) && !at_hole()) ++at_;
            return token(TokenKind::at_name);
        }
        ++at_;
        return token(TokenKind::symbol);
    }

    bool hole_at(std::size_t place) const { return hole_ < holes_.size() && holes_[hole_].begin == place; }

    std::string_view sql_;
    const std::uint32_t lexis_;
    const std::vector<Hole>& holes_;
    std::size_t at_ = 0;
    std::size_t hole_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view sql, std::uint32_t lexis, const std::vector<Hole>& holes) {
    return Tokenizer(sql, lexis, holes).run();
}

}  // namespace kdeps::sql
