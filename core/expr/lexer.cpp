// SPDX-License-Identifier: Apache-2.0
#include "core/expr/lexer.hpp"

#include <utf8proc.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/expr/error.hpp"

namespace kdeps::expr {

namespace {

constexpr std::array<std::string_view, 11> kWordOperators = {
    "not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_code_point(std::int32_t code, std::string& out) {
    std::array<utf8proc_uint8_t, 4> buffer{};
    const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    const auto length = utf8proc_encode_char(is_surrogate ? 0xFFFD : code, buffer.data());
    out.append(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(length));
}

class Lexer {
public:
    explicit Lexer(std::string_view source) : source_(source) {}

    std::vector<Token> run() {
        while (true) {
            skip_space();
            if (at_ >= source_.size()) {
                break;
            }
            start_ = at_;
            read_token();
        }
        start_ = at_;
        add(TokenKind::end, "");
        return std::move(tokens_);
    }

private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
    bool looking_at(std::string_view text) const { return source_.substr(at_).starts_with(text); }
    [[noreturn]] void fail(std::string text) const { throw CompileError(std::move(text), start_); }

    void add(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), {}, start_, at_}); }

    std::int32_t code_point(std::size_t& length) const {
        std::int32_t code = -1;
        const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(source_.data() + at_);
        const auto read = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(source_.size() - at_), &code);
        length = read > 0 ? static_cast<std::size_t>(read) : 1;
        return read > 0 ? code : -1;
    }

    void skip_space() {
        while (at_ < source_.size()) {
            std::size_t length = 1;
            if (looking_at("//")) {
                at_ = std::min(source_.find('\n', at_), source_.size());
            } else if (looking_at("/*")) {
                const std::size_t end = source_.find("*/", at_ + 2);
                start_ = at_;
                if (end == std::string_view::npos) {
                    fail("comment is not closed: '*/' is missing");
                }
                at_ = end + 2;
            } else if (is_space(code_point(length))) {
                at_ += length;
            } else {
                return;
            }
        }
    }

    static bool is_space(std::int32_t code) {
        if (code < 0) return false;
        if (code < 0x80) return code == ' ' || (code >= 9 && code <= 13);
        const auto category = utf8proc_category(code);
        return code == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
               category == UTF8PROC_CATEGORY_ZP;
    }

    static bool starts_name(std::int32_t code) {
        if (code < 0) return false;
        if (code < 0x80) return code == '_' || code == '$' || std::isalpha(code) != 0;
        const auto category = utf8proc_category(code);
        return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    }

    static bool continues_name(std::int32_t code) {
        return starts_name(code) || (code >= '0' && code <= '9') ||
               (code >= 0x80 && utf8proc_category(code) == UTF8PROC_CATEGORY_ND);
    }

    void read_token() {
        const char c = peek();
        std::size_t length = 1;
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            read_number();
        } else if (c == '"' || c == '\'') {
            read_string(false);
        } else if ((c == 'b' || c == 'B') && (peek(1) == '"' || peek(1) == '\'')) {
            ++at_;
            read_string(true);
        } else if (c == '`') {
            read_raw_string();
        } else if (starts_name(code_point(length))) {
            read_name();
        } else if (std::string_view("()[]{}").find(c) != std::string_view::npos) {
            ++at_;
            add(TokenKind::bracket, std::string(1, c));
        } else {
            read_operator();
        }
    }

    void read_name() {
        std::size_t length = 1;
        while (at_ < source_.size() && continues_name(code_point(length))) {
            at_ += length;
        }
        std::string text(source_.substr(start_, at_ - start_));
        const bool after_dot =
            !tokens_.empty() && (tokens_.back().is(TokenKind::op, ".") || tokens_.back().is(TokenKind::op, "?."));
        const bool is_word =
            !after_dot && std::find(kWordOperators.begin(), kWordOperators.end(), text) != kWordOperators.end();
        add(is_word ? TokenKind::op : TokenKind::name, std::move(text));
    }

    void read_operator() {
        static constexpr std::array<std::string_view, 12> kDouble = {
            "**", "..", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "::", "|"};
        for (const std::string_view op : kDouble) {
            if (looking_at(op)) {
                at_ += op.size();
                add(TokenKind::op, std::string(op));
                return;
            }
        }
        if (std::string_view("+-*/%^<>!?:,.;#=").find(peek()) != std::string_view::npos) {
            ++at_;
            add(TokenKind::op, std::string(1, source_[start_]));
            return;
        }
        std::size_t length = 1;
        code_point(length);
        fail("unexpected character '" + std::string(source_.substr(at_, length)) + "'");
    }

    void read_number() {
        int base = 10;
        if (peek() == '0') {
            const char x = static_cast<char>(std::tolower(static_cast<unsigned char>(peek(1))));
            base = x == 'x' ? 16 : x == 'o' ? 8 : x == 'b' ? 2 : 10;
        }
        std::string digits;
        bool is_float = false;
        const auto take_digits = [&](auto accepts) {
            while (accepts(peek()) || (peek() == '_' && (!digits.empty() || base != 10))) {
                if (peek() != '_') digits += peek();
                ++at_;
            }
        };
        if (base != 10) {
            at_ += 2;
            take_digits(
                [&](char c) { return base == 16 ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : is_digit(c); });
        } else {
            take_digits(is_digit);
            if (peek() == '.' && peek(1) != '.') {
                is_float = true;
                digits += '.';
                ++at_;
                take_digits(is_digit);
            }
            if (peek() == 'e' || peek() == 'E') {
                is_float = true;
                digits += 'e';
                ++at_;
                if (peek() == '+' || peek() == '-') {
                    if (peek() == '-') digits += '-';
                    ++at_;
                }
                const std::size_t before = digits.size();
                take_digits(is_digit);
                if (digits.size() == before) {
                    fail("bad number: the exponent has no digits");
                }
            }
        }
        std::size_t length = 1;
        if (at_ < source_.size() && starts_name(code_point(length))) {
            fail("bad number syntax '" + std::string(source_.substr(start_, at_ - start_ + length)) + "'");
        }
        const std::string written(source_.substr(start_, at_ - start_));
        add(TokenKind::number, written);
        tokens_.back().number = is_float ? to_float(digits, written) : to_integer(digits, base, written);
    }

    value::Value to_integer(const std::string& digits, int base, const std::string& written) const {
        std::int64_t value = 0;
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        if (failed == std::errc::result_out_of_range) {
            fail("the integer '" + written + "' does not fit into 64 bits");
        }
        if (failed != std::errc() || end != digits.data() + digits.size()) {
            fail("bad number syntax '" + written + "'");
        }
        return value;
    }

    value::Value to_float(const std::string& digits, const std::string& written) const {
        double value = 0;
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (failed == std::errc::result_out_of_range) {
            // Too small reads as zero, too large is an error.
            const std::size_t exponent = digits.find("e-");
            if (exponent == std::string::npos) {
                fail("the number '" + written + "' is too large");
            }
            return 0.0;
        }
        if (failed != std::errc() || end != digits.data() + digits.size()) {
            fail("bad number syntax '" + written + "'");
        }
        return value;
    }

    void read_raw_string() {
        std::string text;
        ++at_;
        while (true) {
            const std::size_t end = source_.find('`', at_);
            if (end == std::string_view::npos) {
                fail("string is not closed: '`' is missing");
            }
            text += source_.substr(at_, end - at_);
            at_ = end + 1;
            if (peek() != '`') {
                break;
            }
            text += '`';
            ++at_;
        }
        add(TokenKind::text, std::move(text));
    }

    std::int32_t read_digits(int count, int base) {
        std::int64_t code = 0;
        for (int i = 0; i < count; ++i, ++at_) {
            const char c = static_cast<char>(std::tolower(static_cast<unsigned char>(peek())));
            const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : base;
            if (digit >= base) {
                fail("bad escape in a string");
            }
            code = code * base + digit;
        }
        return code > 0x10FFFF ? -1 : static_cast<std::int32_t>(code);
    }

    void read_string(bool is_bytes) {
        const char quote = peek();
        std::string text;
        ++at_;
        while (peek() != quote) {
            if (at_ >= source_.size() || peek() == '\n') {
                fail(std::string("string is not closed: ") + quote + " is missing");
            }
            if (peek() == '\r') {
                text += '\n';
                ++at_;
            } else if (peek() == '\\') {
                ++at_;
                read_escape(quote, is_bytes, text);
            } else {
                text += peek();
                ++at_;
            }
        }
        ++at_;
        add(is_bytes ? TokenKind::bytes : TokenKind::text, std::move(text));
    }

    void read_escape(char quote, bool is_bytes, std::string& text) {
        static constexpr std::string_view kNames = "abfnrtv\\";
        static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\";
        const char c = peek();
        const auto add_code = [&](std::int32_t code) {
            if (is_bytes) {
                text += static_cast<char>(code);
            } else {
                append_code_point(code, text);
            }
        };
        if (const std::size_t simple = kNames.find(c); c != '\0' && simple != std::string_view::npos) {
            text += kValues[simple];
            ++at_;
        } else if (c == quote) {
            text += c;
            ++at_;
        } else if (c == 'x') {
            ++at_;
            add_code(read_digits(2, 16));
        } else if (c >= '0' && c <= '3') {
            add_code(read_digits(3, 8));
        } else if ((c == 'u' || c == 'U') && !is_bytes) {
            ++at_;
            std::int32_t code = 0;
            if (c == 'u' && peek() == '{') {
                const std::size_t close = source_.find('}', at_);
                if (close == std::string_view::npos || close == at_ + 1 || close - at_ > 7) {
                    fail("bad escape in a string: \\u{...} takes one to six hexadecimal digits");
                }
                ++at_;
                code = read_digits(static_cast<int>(close - at_), 16);
                ++at_;
            } else {
                code = read_digits(c == 'u' ? 4 : 8, 16);
            }
            if (code < 0 || code > 0x10FFFF) {
                fail("bad escape in a string: there is no such code point");
            }
            append_code_point(code, text);
        } else {
            fail(std::string("unknown escape '\\") + c + "' in a string");
        }
    }

    std::string_view source_;
    std::size_t at_ = 0;
    std::size_t start_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

std::size_t skip_string(std::string_view source, std::size_t at) {
    const char quote = source[at];
    for (std::size_t i = at + 1; i < source.size(); ++i) {
        if (source[i] == '\\' && quote != '`') {
            ++i;
        } else if (source[i] == quote) {
            return i + 1;
        }
    }
    return std::string_view::npos;
}

}  // namespace kdeps::expr
