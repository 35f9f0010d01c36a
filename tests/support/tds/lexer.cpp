// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/lexer.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace kdeps::testing::tds {

namespace {

bool is_word_start(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '#' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_word_part(char c) {
    return is_word_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$' || c == '@';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Scanner {
public:
    explicit Scanner(std::string_view sql) : sql_(sql) {}

    Tokens run() {
        while (skip_blanks()) {
            const char c = sql_[at_];
            if ((c == 'N' || c == 'n') && peek(1) == '\'') {
                ++at_;
                quoted(Token::Kind::text, '\'');
                out_.back().is_unicode = true;
            } else if (c == '\'') {
                quoted(Token::Kind::text, '\'');
            } else if (c == '[') {
                quoted(Token::Kind::name, ']');
            } else if (c == '"') {
                quoted(Token::Kind::name, '"');
            } else if (c == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
                at_ += 2;
                push(Token::Kind::binary,
                     take_while([](char d) { return std::isxdigit(static_cast<unsigned char>(d)) != 0; }));
            } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
                number();
            } else if (c == '@') {
                push(Token::Kind::variable, take_while(is_word_part));
            } else if (is_word_start(c)) {
                push(Token::Kind::word, take_while(is_word_part));
            } else {
                symbol();
            }
        }
        return std::move(out_);
    }

private:
    char peek(std::size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

    void advance(std::size_t count) {
        for (; count > 0 && at_ < sql_.size(); --count) {
            if (sql_[at_++] == '\n') ++line_;
        }
    }

    // False at the end.
    bool skip_blanks() {
        while (at_ < sql_.size()) {
            if (std::isspace(static_cast<unsigned char>(sql_[at_])) != 0) {
                advance(1);
            } else if (peek(0) == '-' && peek(1) == '-') {
                while (at_ < sql_.size() && sql_[at_] != '\n') ++at_;
            } else if (peek(0) == '/' && peek(1) == '*') {
                skip_comment();
            } else {
                return true;
            }
        }
        return false;
    }

    void skip_comment() {
        int depth = 0;
        do {
            if (at_ >= sql_.size()) throw SqlError(113, "Missing end comment mark '*/'.", 15);
            const bool opens = peek(0) == '/' && peek(1) == '*';
            const bool closes = peek(0) == '*' && peek(1) == '/';
            depth += opens ? 1 : closes ? -1 : 0;
            advance(opens || closes ? 2 : 1);
        } while (depth > 0);
    }

    void push(Token::Kind kind, std::string text) {
        Token token;
        token.kind = kind;
        token.line = line_;
        if (kind == Token::Kind::word) {
            std::transform(text.begin(), text.end(), std::back_inserter(token.keyword),
                           [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
        }
        token.text = std::move(text);
        out_.push_back(std::move(token));
    }

    template <typename Is>
    std::string take_while(Is is) {
        const std::size_t start = at_;
        while (at_ < sql_.size() && is(sql_[at_])) ++at_;
        return std::string(sql_.substr(start, at_ - start));
    }

    // A doubled delimiter stands for itself.
    void quoted(Token::Kind kind, char end) {
        const int line = line_;
        std::string text;
        for (advance(1);; advance(1)) {
            if (at_ >= sql_.size()) {
                SqlError error(105, "Unclosed quotation mark after the character string '" + text.substr(0, 128) + "'.",
                               15);
                error.line = line;
                throw error;
            }
            if (sql_[at_] == end) {
                if (peek(1) != end) break;
                advance(1);
            }
            text += sql_[at_];
        }
        advance(1);
        push(kind, std::move(text));
        out_.back().line = line;
    }

    void number() {
        std::string text = take_while(is_digit);
        if (peek(0) == '.') {
            ++at_;
            text += "." + take_while(is_digit);
        }
        if ((peek(0) == 'e' || peek(0) == 'E') && (is_digit(peek(1)) || is_digit(peek(2)))) {
            text += sql_.substr(at_, 2);
            at_ += 2;
            text += take_while(is_digit);
        }
        push(Token::Kind::number, std::move(text));
    }

    void symbol() {
        static constexpr std::array<std::string_view, 9> kPairs = {
            "<>", "<=", ">=", "!=", "+=", "-=", "*=", "||", "::"};
        const std::string_view two = sql_.substr(at_, 2);
        const bool is_pair = std::find(kPairs.begin(), kPairs.end(), two) != kPairs.end();
        const std::size_t size = is_pair ? 2 : 1;
        push(Token::Kind::symbol, std::string(sql_.substr(at_, size)));
        at_ += size;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    int line_ = 1;
    Tokens out_;
};

constexpr std::array<std::string_view, 27> kStarts = {
    "SELECT",   "INSERT", "UPDATE", "DELETE",  "CREATE", "DROP",      "ALTER", "BEGIN", "COMMIT",
    "ROLLBACK", "SAVE",   "SET",    "WAITFOR", "THROW",  "RAISERROR", "PRINT", "EXEC",  "EXECUTE",
    "DECLARE",  "USE",    "IF",     "ELSE",    "WITH",   "TRUNCATE",  "MERGE", "WHILE", "RETURN"};

// Does a statement start with `token`, which follows `statement`?
bool is_start(const Tokens& statement, const Token& token, const Token* next) {
    if (token.kind != Token::Kind::word || std::find(kStarts.begin(), kStarts.end(), token.keyword) == kStarts.end()) {
        return false;
    }
    if (statement.empty()) return true;
    const Token& first = statement.front();
    const Token& last = statement.back();
    const auto has = [&](std::string_view word) {
        return std::any_of(statement.begin(), statement.end(), [&](const Token& t) { return t.is(word); });
    };
    if (token.is("IF") && first.is("DROP")) return false;  // DROP TABLE IF EXISTS
    if (token.is("WITH")) return next != nullptr && next->is_name() && !first.is("CREATE");
    if (token.is("SELECT")) {
        if (last.is("UNION") || last.is("ALL") || last.is("EXCEPT") || last.is("INTERSECT")) return false;
        if (first.is("INSERT")) return has("VALUES") || has("SELECT") || (has("DEFAULT") && has("VALUES"));
        if (first.is("CREATE")) return !last.is("AS");
    }
    if (first.is("WITH")) {
        // The common table expressions stand in parentheses; the first bare verb is the statement's own.
        int depth = 0;
        bool has_verb = false;
        for (const Token& t : statement) {
            depth += t.is_symbol("(") ? 1 : t.is_symbol(")") ? -1 : 0;
            has_verb |= depth == 0 && (t.is("SELECT") || t.is("INSERT") || t.is("UPDATE") || t.is("DELETE"));
        }
        if (!has_verb) return false;
    }
    if (token.is("SET") && (first.is("UPDATE") || first.is("WITH")) &&
        std::count_if(statement.begin(), statement.end(), [](const Token& t) { return t.is("SET"); }) == 0) {
        return false;
    }
    if (token.is("EXEC") || token.is("EXECUTE")) return !(first.is("INSERT") && !has("VALUES") && !has("SELECT"));
    return true;
}

}  // namespace

Tokens tokenize(std::string_view sql) { return Scanner(sql).run(); }

std::vector<Tokens> split(const Tokens& batch) {
    std::vector<Tokens> out;
    Tokens statement;
    const auto end = [&] {
        if (!statement.empty()) out.push_back(std::move(statement));
        statement.clear();
    };
    int depth = 0;
    int cases = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const Token& token = batch[i];
        if (token.is_symbol("(")) ++depth;
        if (token.is_symbol(")")) --depth;
        // CASE ... WHEN ... ELSE ... END has words that would start a statement.
        if (token.is("CASE")) ++cases;
        if (token.is("END") && cases > 0) --cases;
        if (depth <= 0 && token.is_symbol(";")) {
            end();
            continue;
        }
        const Token* next = i + 1 < batch.size() ? &batch[i + 1] : nullptr;
        if (depth <= 0 && cases == 0 && is_start(statement, token, next)) end();
        statement.push_back(token);
        if (token.is("ELSE") && statement.size() == 1) end();
    }
    end();
    if (depth != 0) {
        SqlError error(102, "Incorrect syntax near '" + batch.back().text + "'.", 15);
        error.line = batch.back().line;
        throw error;
    }
    return out;
}

std::vector<Tokens> split_list(const Tokens& tokens) {
    std::vector<Tokens> out(1);
    int depth = 0;
    for (const Token& token : tokens) {
        if (token.is_symbol("(")) ++depth;
        if (token.is_symbol(")")) --depth;
        if (depth == 0 && token.is_symbol(",")) {
            out.emplace_back();
        } else {
            out.back().push_back(token);
        }
    }
    if (out.size() == 1 && out[0].empty()) out.clear();
    return out;
}

std::size_t closing(const Tokens& tokens, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < tokens.size(); ++i) {
        if (tokens[i].is_symbol("(")) ++depth;
        if (tokens[i].is_symbol(")") && --depth == 0) return i;
    }
    return tokens.size();
}

Tokens part(const Tokens& tokens, std::size_t from, std::size_t to) {
    return {tokens.begin() + static_cast<std::ptrdiff_t>(from), tokens.begin() + static_cast<std::ptrdiff_t>(to)};
}

std::size_t find_flat(const Tokens& tokens, std::size_t from, const std::function<bool(const Token&)>& is) {
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

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

}  // namespace kdeps::testing::tds
