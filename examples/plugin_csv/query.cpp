// SPDX-License-Identifier: Apache-2.0
#include "query.hpp"

#include <algorithm>

namespace csv {

using kdeps::Error;

namespace {

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

struct Token {
    enum class Kind { word, name, text, number, sign, end } kind = Kind::end;
    std::string text;
};

class Parser {
public:
    explicit Parser(std::string_view sql) : sql_(sql) { advance(); }

    Query query() {
        Query out;
        expect("SELECT");
        if (token_.kind == Token::Kind::number || token_.kind == Token::Kind::text || is_sign("?") || is_word("NULL")) {
            out.value = operand(out);
            expect("AS");
            out.columns.push_back(name("a name for the value"));
        } else {
            select_from(out);
        }
        take_sign(";");
        if (token_.kind != Token::Kind::end) refuse("the end of the statement");
        return out;
    }

private:
    void select_from(Query& out) {
        if (!take_sign("*")) {
            do out.columns.push_back(name("a column"));
            while (take_sign(","));
        }
        expect("FROM");
        out.table = name("a table");
        if (take("WHERE")) {
            do out.conditions.push_back(condition(out));
            while (take("AND"));
        }
        if (take("ORDER")) {
            expect("BY");
            do {
                Order order;
                order.column = name("a column");
                order.is_descending = take("DESC");
                if (!order.is_descending) take("ASC");
                out.order.push_back(std::move(order));
            } while (take_sign(","));
        }
        if (take("LIMIT")) {
            if (token_.kind != Token::Kind::number && !is_sign("?")) refuse("a number of rows");
            out.limit = operand(out);
        }
    }

    Condition condition(Query& query) {
        Condition out;
        out.column = name("a column");
        if (take("IS")) {
            out.comparison = take("NOT") ? Comparison::is_not_null : Comparison::is_null;
            expect("NULL");
            return out;
        }
        struct Sign {
            std::string_view text;
            Comparison comparison;
        };
        constexpr Sign kSigns[] = {
            {"=", Comparison::equal},          {"<>", Comparison::unequal},          {"!=", Comparison::unequal},
            {"<=", Comparison::less_or_equal}, {">=", Comparison::greater_or_equal}, {"<", Comparison::less},
            {">", Comparison::greater}};
        for (const Sign& sign : kSigns) {
            if (take_sign(sign.text)) {
                out.comparison = sign.comparison;
                out.operand = operand(query);
                return out;
            }
        }
        refuse("one of = <> < <= > >= IS");
    }

    Operand operand(Query& query) {
        Operand out;
        if (take_sign("?")) {
            out.parameter = query.parameters++;
        } else if (token_.kind == Token::Kind::number) {
            out.literal = value_of(token_.text);
            if (std::holds_alternative<std::string>(out.literal)) refuse("a number");
            advance();
        } else if (token_.kind == Token::Kind::text) {
            out.literal = token_.text;
            advance();
        } else {
            expect("NULL");
        }
        return out;
    }

    std::string name(const char* what) {
        if (token_.kind != Token::Kind::word && token_.kind != Token::Kind::name) refuse(what);
        std::string out = token_.text;
        advance();
        return out;
    }

    bool is_word(std::string_view word) const { return token_.kind == Token::Kind::word && upper(token_.text) == word; }
    bool is_sign(std::string_view sign) const { return token_.kind == Token::Kind::sign && token_.text == sign; }
    bool take(std::string_view word) { return is_word(word) && advance(); }
    bool take_sign(std::string_view sign) { return is_sign(sign) && advance(); }
    void expect(const char* word) {
        if (!take(word)) refuse(word);
    }

    [[noreturn]] void refuse(const std::string& wanted) const {
        // Literals are values of somebody: they are not shown.
        const bool is_shown = token_.kind == Token::Kind::word || token_.kind == Token::Kind::sign;
        const std::string found = token_.kind == Token::Kind::end ? "the statement ends"
                                  : is_shown                      ? "'" + token_.text + "' stands"
                                                                  : "a value or a quoted name stands";
        Error error(KDEPS_INVALID_ARGUMENT, found + " where " + wanted + " is expected; the CSV driver knows only " +
                                                "SELECT columns FROM table WHERE ... AND ... ORDER BY ... LIMIT ...");
        error.sqlstate = "42601";
        throw error;
    }

    // Always true, so that it may follow &&.
    bool advance() {
        sql_.remove_prefix(std::min(sql_.find_first_not_of(" \t\r\n"), sql_.size()));
        token_ = {};
        if (sql_.empty()) return true;
        const char c = sql_[0];
        if (c == '\'' || c == '"') {
            quoted(c);
        } else if ((c >= '0' && c <= '9') || (c == '-' && sql_.size() > 1)) {
            take_while(Token::Kind::number,
                       [](char d) { return is_name_character(d) || d == '.' || d == '-' || d == '+'; });
        } else if (is_name_character(c)) {
            take_while(Token::Kind::word, is_name_character);
        } else {
            const bool is_pair =
                sql_.starts_with("<=") || sql_.starts_with(">=") || sql_.starts_with("<>") || sql_.starts_with("!=");
            token_ = {Token::Kind::sign, std::string(sql_.substr(0, is_pair ? 2 : 1))};
            sql_.remove_prefix(token_.text.size());
        }
        return true;
    }

    void quoted(char quote) {
        token_.kind = quote == '"' ? Token::Kind::name : Token::Kind::text;
        for (std::size_t i = 1; i < sql_.size(); ++i) {
            if (sql_[i] != quote) {
                token_.text += sql_[i];
            } else if (i + 1 < sql_.size() && sql_[i + 1] == quote) {
                token_.text += sql_[i++];
            } else {
                sql_.remove_prefix(i + 1);
                return;
            }
        }
        refuse("a closing quote");
    }

    template <typename Is>
    void take_while(Token::Kind kind, Is is) {
        const auto end = std::find_if_not(sql_.begin(), sql_.end(), is);
        token_ = {kind, std::string(sql_.begin(), end)};
        sql_.remove_prefix(token_.text.size());
    }

    std::string_view sql_;
    Token token_;
};

}  // namespace

Query parse(std::string_view sql) { return Parser(sql).query(); }

}  // namespace csv
