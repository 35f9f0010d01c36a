// SPDX-License-Identifier: Apache-2.0
#include "statement_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "lexemes.hpp"
#include "plain_read.hpp"
#include "tokenizer.hpp"

namespace kdeps::sql {

namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// After these words a name stands, never a value.
constexpr std::array<std::string_view, 14> kBeforeName = {"JOIN",   "INTO",   "UPDATE",   "TABLE",   "VIEW",
                                                          "INDEX",  "SCHEMA", "DATABASE", "BY",      "AS",
                                                          "COLUMN", "SET",    "SEQUENCE", "TRUNCATE"};
constexpr std::array<std::string_view, 6> kBeforeCount = {"LIMIT", "OFFSET", "TOP", "FIRST", "NEXT", "FETCH"};
// Words that a value may follow, so that a ? after one is a placeholder and not an operator.
constexpr std::array<std::string_view, 22> kBeforeValue = {
    "LIMIT", "OFFSET", "BETWEEN", "AND",  "OR",     "NOT",       "IN",  "LIKE", "ILIKE", "SELECT", "WHERE",
    "THEN",  "ELSE",   "WHEN",    "CASE", "VALUES", "RETURNING", "ANY", "ALL",  "SET",   "ON",     "IS"};

// What begins with these may leave something on its connection.
constexpr std::array<std::string_view, 6> kLeavesState = {"BEGIN", "LOCK", "SAVEPOINT", "SET", "START", "XA"};

enum class Style { none, dollar, question, colon, at };

class Reader {
public:
    Reader(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver, bool has_named)
        : sql_(sql), holes_(holes), driver_(driver), has_named_(has_named) {
        std::vector<Hole> places;
        for (const HoleText& hole : holes) places.push_back({hole.begin, hole.end});
        tokens_ = tokenize(sql, driver.lexis, places);
    }

    StatementText run() {
        find_style();
        out_.pieces.emplace_back();
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            read(i);
        }
        judge();
        return std::move(out_);
    }

private:
    std::string_view text(const Token& token) const { return sql_.substr(token.begin, token.end - token.begin); }
    bool has(std::uint32_t flag) const { return (driver_.lexis & flag) != 0; }

    const Token* previous(std::size_t i) const {
        while (i-- > 0) {
            if (tokens_[i].kind != TokenKind::space && tokens_[i].kind != TokenKind::comment) return &tokens_[i];
        }
        return nullptr;
    }
    const Token* following(std::size_t i) const {
        while (++i < tokens_.size()) {
            if (tokens_[i].kind != TokenKind::space && tokens_[i].kind != TokenKind::comment) return &tokens_[i];
        }
        return nullptr;
    }

    void fault(std::size_t offset, std::string message) { out_.faults.push_back({offset, std::move(message)}); }

    // Where ? is an operator, it is one if it stands between an operand and a string, or makes ?| or ?&.
    bool is_operator(std::size_t i) const {
        if (!has(KDEPS_LEXIS_QUESTION_OPERATOR)) return false;
        const bool makes_operator =
            i + 1 < tokens_.size() && (text(tokens_[i + 1]) == "|" || text(tokens_[i + 1]) == "&");
        const bool ends_operator = i > 0 && text(tokens_[i - 1]) == "@";  // @?
        if (makes_operator || ends_operator) return true;
        const Token* before = previous(i);
        const Token* after = following(i);
        if (before == nullptr || after == nullptr || after->kind != TokenKind::string) return false;
        const bool is_operand = before->kind == TokenKind::name || before->kind == TokenKind::string ||
                                before->kind == TokenKind::number || text(*before) == ")" || text(*before) == "]" ||
                                (before->kind == TokenKind::word && !is_one_of(upper(text(*before)), kBeforeValue));
        return is_operand;
    }

    bool is_placeholder(std::size_t i) const {
        const Token& token = tokens_[i];
        switch (token.kind) {
            case TokenKind::dollar: return true;
            case TokenKind::question: return !is_operator(i);
            case TokenKind::colon_name: return true;
            // Elsewhere @name may be a variable of the session.
            case TokenKind::at_name:
                return has_named_ || driver_.placeholders == KDEPS_PLACEHOLDER_AT || at_position(token).has_value() ||
                       !has(KDEPS_LEXIS_BACKSLASH);
            default: return false;
        }
    }

    static Style style_of(const Token& token) {
        switch (token.kind) {
            case TokenKind::dollar: return Style::dollar;
            case TokenKind::question: return Style::question;
            case TokenKind::colon_name: return Style::colon;
            default: return Style::at;
        }
    }

    void find_style() {
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (!is_placeholder(i)) continue;
            const Style found = style_of(tokens_[i]);
            if (style_ == Style::none || (style_ == Style::question && has(KDEPS_LEXIS_QUESTION_OPERATOR))) {
                style_ = found;
            } else if (found != style_ && !(found == Style::question && has(KDEPS_LEXIS_QUESTION_OPERATOR))) {
                fault(tokens_[i].begin,
                      "'" + std::string(text(tokens_[i])) +
                          "' is another kind of placeholder than the ones before; use one kind in a statement");
                return;
            }
        }
    }

    // @p1 is position 0, where params is a list.
    std::optional<std::size_t> at_position(const Token& token) const {
        const std::string_view name = text(token).substr(1);
        std::size_t number = 0;
        if (has_named_ || name.size() < 2 || (name[0] != 'p' && name[0] != 'P')) return std::nullopt;
        const auto [end, failed] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
        return failed == std::errc() && end == name.data() + name.size() && number > 0 && number < 100'000
                   ? std::optional(number - 1)
                   : std::nullopt;
    }

    void read(std::size_t i) {
        const Token& token = tokens_[i];
        current_ = &token;
        track_parentheses(i);
        track_state(i);
        if (!token.is_closed) {
            fault(token.begin, token.kind == TokenKind::comment ? "comment is not closed" : "quote is not closed");
        }
        switch (token.kind) {
            case TokenKind::hole: read_hole(i); return;
            case TokenKind::string:
                if (token.has_holes) {
                    check_behind(i);
                    read_literal(token);
                    return;
                }
                break;
            case TokenKind::name:
                if (token.has_holes)
                    fault(token.begin,
                          "a {{ }} cannot stand inside a quoted name; write {{ identifier(…) }} without the quotes");
                break;
            case TokenKind::comment:
                if (token.has_holes) {
                    emit("/**/");  // not a space, which makes a comment of -- before it
                    return;
                }
                break;
            default:
                if (is_placeholder(i) && style_of(token) == style_) {
                    check_behind(i);
                    read_placeholder(i);
                    return;
                }
        }
        emit(text(token));
    }

    // A number behind it would make the driver's placeholder another one: ?2 is no $12.  And :a:b would become ?:b,
    // with a name that was none before.
    void check_behind(std::size_t i) {
        if (i + 1 >= tokens_.size()) return;
        const Token& next = tokens_[i + 1];
        const auto touches = [&](const char* what_to_do) {
            fault(tokens_[i].begin,
                  "'" + std::string(text(tokens_[i])) + "' touches '" + std::string(text(next)) + "'; " + what_to_do);
        };
        if (next.kind == TokenKind::number) {
            touches("a numbered placeholder is written $1");
        } else if (driver_.placeholders == KDEPS_PLACEHOLDER_QUESTION && text(next) == ":") {
            touches("put a space between them");
        }
    }

    void track_parentheses(std::size_t i) {
        const std::string_view symbol = text(tokens_[i]);
        if (tokens_[i].kind == TokenKind::symbol && symbol == "(") {
            is_select_.push_back(false);
        } else if (tokens_[i].kind == TokenKind::symbol && symbol == ")") {
            if (is_select_.size() > 1) is_select_.pop_back();
        } else if (tokens_[i].kind == TokenKind::word &&
                   (upper(symbol) == "SELECT" || upper(symbol) == "DELETE" || upper(symbol) == "UPDATE")) {
            is_select_.back() = true;
        }
    }

    // By what is sent: what is left of @name or ? in it is no placeholder.
    void judge() {
        if (!out_.faults.empty()) return;
        std::string sent;
        for (const StatementText::Piece& piece : out_.pieces) {
            sent += piece.sql;
            if (piece.has_identifier) sent += quote_identifier("x", driver_);
        }
        out_.is_plain_read = is_plain_read(sent, driver_.lexis);
        out_.sees_session = !out_.is_plain_read && !is_plain_change(sent, driver_.lexis);
        out_.is_undone_by_error = is_undone_by_error(sent, driver_.lexis);
        out_.transaction = find_transaction_word(sent, driver_.lexis);
        out_.transaction.offset = out_.source_of(out_.transaction.offset);
    }

    void track_state(std::size_t i) {
        if (tokens_[i].kind != TokenKind::word) return;
        const Token* before = previous(i);
        const bool is_first = before == nullptr || text(*before) == ";";
        if (is_first && is_one_of(upper(text(tokens_[i])), kLeavesState)) out_.leaves_state = true;
    }

    bool wants_name(std::size_t i) const {
        const Token* before = previous(i);
        const Token* after = following(i);
        if ((before != nullptr && text(*before) == ".") || (after != nullptr && text(*after) == ".")) return true;
        if (before == nullptr || before->kind != TokenKind::word) return false;
        const std::string word = upper(text(*before));
        if (word == "FROM") {
            // EXTRACT(year FROM x) and x IS DISTINCT FROM y take values.
            const auto place = static_cast<std::size_t>(before - tokens_.data());
            const Token* earlier = previous(place);
            return is_select_.back() && !(earlier != nullptr && upper(text(*earlier)) == "DISTINCT");
        }
        return is_one_of(word, kBeforeName);
    }

    bool wants_integer(std::size_t i) const {
        const Token* before = previous(i);
        return before != nullptr && before->kind == TokenKind::word && is_one_of(upper(text(*before)), kBeforeCount);
    }

    void read_hole(std::size_t i) {
        const Token& token = tokens_[i];
        if (holes_[token.hole].is_identifier) {
            add_identifier(token);
            return;
        }
        const bool touches_name =
            (i > 0 && (tokens_[i - 1].kind == TokenKind::word || tokens_[i - 1].kind == TokenKind::number)) ||
            (i + 1 < tokens_.size() &&
             (tokens_[i + 1].kind == TokenKind::word || tokens_[i + 1].kind == TokenKind::number));
        if (touches_name || wants_name(i)) {
            fault(token.begin, "a value cannot stand here; a table or column name is written {{ identifier(…) }}");
            return;
        }
        Parameter parameter;
        parameter.source = Parameter::Source::hole;
        parameter.hole = token.hole;
        parameter.wants_integer = wants_integer(i);
        add(std::move(parameter));
    }

    // 'text {{ e }} text': the whole literal becomes one parameter.
    void read_literal(const Token& token) {
        const char prefix = token.prefix == 0 ? '\0' : sql_[token.begin];
        if (prefix != '\0' && prefix != 'N' && prefix != 'n' && prefix != 'E' && prefix != 'e') {
            fault(token.begin, "a {{ }} cannot stand inside a bit or hexadecimal literal");
            return;
        }
        const bool is_dollar = sql_[token.begin] == '$';
        const bool has_escapes =
            prefix == 'E' || prefix == 'e' || (!is_dollar && (driver_.lexis & KDEPS_LEXIS_BACKSLASH) != 0);
        std::size_t from = token.begin + token.prefix + 1;
        std::size_t to = token.end - 1;
        const char quote = sql_[token.begin + token.prefix];
        if (is_dollar) {
            const std::size_t tag = sql_.find('$', token.begin + 1) + 1 - token.begin;
            from = token.begin + tag;
            to = token.end - tag;
        }
        Parameter parameter;
        parameter.source = Parameter::Source::text;
        std::string plain;
        for (std::size_t at = from; at < to;) {
            const auto hole =
                std::find_if(holes_.begin(), holes_.end(), [&](const HoleText& h) { return h.begin == at; });
            if (hole != holes_.end()) {
                if (hole->is_identifier) fault(at, "identifier() cannot stand inside a string");
                if (!plain.empty()) parameter.pieces.push_back({std::exchange(plain, {}), 0, false});
                parameter.pieces.push_back({"", static_cast<std::size_t>(hole - holes_.begin()), true});
                at = hole->end;
            } else if (has_escapes && sql_[at] == '\\' && at + 1 < to) {
                plain += unescaped(sql_[at + 1]);
                at += 2;
            } else if (!is_dollar && sql_[at] == quote) {
                plain += quote;  // doubled
                at += 2;
            } else {
                plain += sql_[at++];
            }
        }
        if (!plain.empty()) parameter.pieces.push_back({std::move(plain), 0, false});
        add(std::move(parameter));
    }

    static char unescaped(char c) {
        switch (c) {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case 'b': return '\b';
            case 'f': return '\f';
            case '0': return '\0';
            default: return c;
        }
    }

    void read_placeholder(std::size_t i) {
        const Token& token = tokens_[i];
        Parameter parameter;
        parameter.wants_integer = wants_integer(i);
        if (token.kind == TokenKind::question) {
            parameter.position = out_.positions++;
        } else if (token.kind == TokenKind::dollar) {
            std::size_t number = 0;
            const std::string_view digits = text(token).substr(1);
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
            if (number == 0 || number > 65'535) {
                fault(token.begin, "placeholder " + std::string(text(token)) + " must be between $1 and $65535");
                return;
            }
            parameter.position = number - 1;
            out_.positions = std::max(out_.positions, number);
        } else if (const auto position = token.kind == TokenKind::at_name ? at_position(token) : std::nullopt) {
            parameter.position = *position;
            out_.positions = std::max(out_.positions, *position + 1);
        } else {
            parameter.source = Parameter::Source::name;
            parameter.name = std::string(text(token).substr(1));
            if (std::find(out_.names.begin(), out_.names.end(), parameter.name) == out_.names.end())
                out_.names.push_back(parameter.name);
        }
        add(std::move(parameter));
    }

    // Writes the driver's placeholder; one that repeats is sent once where the driver can repeat it.
    void add(Parameter parameter) {
        std::size_t index = out_.parameters.size();
        if (driver_.placeholders != KDEPS_PLACEHOLDER_QUESTION && parameter.source != Parameter::Source::hole &&
            parameter.source != Parameter::Source::text) {
            const auto same = std::find_if(out_.parameters.begin(), out_.parameters.end(), [&](const Parameter& other) {
                return other.source == parameter.source && other.position == parameter.position &&
                       other.name == parameter.name;
            });
            index = static_cast<std::size_t>(same - out_.parameters.begin());
        }
        if (index == out_.parameters.size()) out_.parameters.push_back(std::move(parameter));
        switch (driver_.placeholders) {
            case KDEPS_PLACEHOLDER_DOLLAR: emit_apart("$" + std::to_string(index + 1)); break;
            case KDEPS_PLACEHOLDER_AT: emit_apart("@p" + std::to_string(index + 1)); break;
            default: emit("?"); break;
        }
    }

    // LIMIT? must not become the name LIMIT$1, nor ?AND the variable @p1AND.
    void emit_apart(const std::string& placeholder) {
        const std::string& before = out_.pieces.back().sql;
        const std::string_view after = sql_.substr(current_->end);
        const bool has_before = !before.empty() && grows_together(before.back());
        const bool has_after = !after.empty() && grows_together(after.front());
        emit((has_before ? " " : "") + placeholder + (has_after ? " " : ""));
    }

    // Its quotes must not grow together with others, "a"{{ identifier(b) }} into the one name "a""b"; U&"b" has
    // escapes.
    void add_identifier(const Token& token) {
        const std::string quotes = quote_identifier("", driver_);
        StatementText::Piece& piece = out_.pieces.back();
        const bool is_behind_identifier = piece.sql.empty() && out_.pieces.size() > 1;
        if (is_behind_identifier || piece.sql.ends_with(quotes.back()) || piece.sql.ends_with('&')) emit(" ");
        piece.hole = token.hole;
        piece.has_identifier = true;
        out_.pieces.emplace_back();
        if (sql_.substr(token.end).starts_with(quotes.back())) emit(" ");
    }

    static bool grows_together(char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80 ||
               std::string_view("_$@#").find(c) != std::string_view::npos;
    }

    void emit(std::string_view sql) {
        std::string& out = out_.pieces.back().sql;
        if (out_.pieces.size() == 1) out_.origins.push_back({out.size(), current_->begin, sql == text(*current_)});
        out += sql;
    }

    std::string_view sql_;
    const std::vector<HoleText>& holes_;
    const kdeps_driver& driver_;
    const bool has_named_;
    std::vector<Token> tokens_;
    Style style_ = Style::none;
    const Token* current_ = nullptr;         // that is read
    std::vector<bool> is_select_ = {false};  // per open parenthesis: holds a statement of its own
    StatementText out_;
};

}  // namespace

std::size_t StatementText::source_of(std::size_t sql_offset) const {
    const auto next = std::upper_bound(origins.begin(), origins.end(), sql_offset,
                                       [](std::size_t offset, const Origin& origin) { return offset < origin.sql; });
    if (next == origins.begin()) return 0;
    const Origin& origin = *std::prev(next);
    return origin.source + (origin.is_copied ? sql_offset - origin.sql : 0);
}

StatementText read_statement(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver,
                             bool has_named) {
    return Reader(sql, holes, driver, has_named).run();
}

std::string quote_identifier(std::string_view name, const kdeps_driver& driver) {
    const bool has_quotes = driver.quote.size == 2;
    const char open = has_quotes ? driver.quote.data[0] : '"';
    const char close = has_quotes ? driver.quote.data[1] : '"';
    std::string out(1, open);
    for (const char c : name) {
        out += c;
        if (c == close) out += c;
    }
    return out + close;
}

}  // namespace kdeps::sql
