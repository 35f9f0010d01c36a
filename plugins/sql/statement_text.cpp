// SPDX-License-Identifier: Apache-2.0
#include "statement_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "lexemes.hpp"
#include "plain_read.hpp"
#include "token_view.hpp"
#include "tokenizer.hpp"
#include "words.hpp"

namespace kdeps::sql {

namespace {

constexpr std::size_t kNone = TokenView::kNone;

// What begins with these may leave something on its connection.
constexpr std::array<std::string_view, 6> kLeavesState = {"BEGIN", "LOCK", "SAVEPOINT", "SET", "START", "XA"};
// PostgreSQL: statements that take no parameters.
constexpr auto kTakesNoValues = std::to_array<std::string_view>(
    {"ALTER",     "ANALYZE", "BEGIN",  "CHECKPOINT", "CLUSTER",  "COMMENT",  "COMMIT", "DISCARD", "DO",
     "DROP",      "GRANT",   "LISTEN", "LOCK",       "NOTIFY",   "REINDEX",  "RESET",  "REVOKE",  "ROLLBACK",
     "SAVEPOINT", "SET",     "SHOW",   "START",      "TRUNCATE", "UNLISTEN", "VACUUM"});

// Words with which a line of a statement begins; the second ones are too common in comments unless written in capitals.
constexpr auto kBeginLines = std::to_array<std::string_view>(
    {"GROUP", "HAVING", "JOIN", "LIMIT", "RETURNING", "SELECT", "UNION", "VALUES", "WHERE"});
constexpr auto kBeginLinesUpper = std::to_array<std::string_view>({"AND", "FROM", "INTO", "ON", "OR", "ORDER", "SET"});

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<Hole> places_of(const std::vector<HoleText>& holes) {
    std::vector<Hole> out;
    for (const HoleText& hole : holes) out.push_back({hole.begin, hole.end});
    return out;
}

class Reader {
public:
    Reader(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver, std::uint32_t lexis,
           bool has_named)
        : sql_(sql),
          holes_(holes),
          driver_(driver),
          dialect_{driver.placeholders, lexis},
          has_named_(has_named),
          places_(places_of(holes)),
          tokens_(sql, tokenize(sql, lexis, places_)),
          placeholders_(find_placeholders(tokens_, dialect_, has_named)),
          literals_(find_literals(tokens_, sql, dialect_)),
          written_at_(tokens_.size()) {}

    StatementText run() {
        out_.dialect = dialect_;
        out_.takes_lists = (driver_.flags & KDEPS_DRIVER_LISTS) != 0;
        if (placeholders_.fault) out_.faults.push_back(*placeholders_.fault);
        out_.pieces.emplace_back();
        auto literal = literals_.begin();
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (literal == literals_.end() || i != literal->first) {
                read(i);
                continue;
            }
            for (std::size_t part = i; part <= literal->last; ++part) track(part);
            read_literal(*literal);
            i = literal->last;
            ++literal;
        }
        std::sort(out_.lists.begin(), out_.lists.end(),
                  [](const ListPlace& a, const ListPlace& b) { return a.begin < b.begin; });
        if (out_.has_identifiers()) forget_lists();
        warn_of_folding();
        judge();
        return std::move(out_);
    }

private:
    struct Level {               // of parentheses
        bool is_select = false;  // holds a statement of its own
        enum { other, order, set } clause = other;
    };
    struct OpenList {  // IN (
        std::size_t opener;
        ListPlace place;
        bool has_parameter = false;
    };

    void fault(std::size_t offset, std::string message) { out_.faults.push_back({offset, std::move(message)}); }

    void read(std::size_t i) {
        const Token& token = tokens_[i];
        current_ = i;
        track(i);
        written_at_[i] = out_.pieces.back().sql.size();
        switch (token.kind) {
            case TokenKind::hole: read_hole(i); return;
            case TokenKind::string: note_quoted(i); break;
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
                if (placeholders_.are[i]) {
                    check_behind(i, i);
                    read_placeholder(i);
                    return;
                }
                if (placeholders_.left_out[i]) return;
        }
        emit(tokens_.text(i));
        track_lists(i);
    }

    // A number behind it would make the driver's placeholder another one: ?2 is no $12.  And :a:b would become ?:b,
    // with a name that was none before.
    void check_behind(std::size_t first, std::size_t last) {
        if (last + 1 >= tokens_.size()) return;
        const auto touches = [&](const char* what_to_do) {
            fault(tokens_[first].begin, "'" + std::string(tokens_.text(first)) + "' touches '" +
                                            std::string(tokens_.text(last + 1)) + "'; " + what_to_do);
        };
        if (tokens_[last + 1].kind == TokenKind::number) {
            touches("a numbered placeholder is written $1");
        } else if (!dialect_.is_numbered() && tokens_.text(last + 1) == ":") {
            touches("put a space between them");
        }
    }

    void track(std::size_t i) {
        const Token& token = tokens_[i];
        if (!token.is_closed)
            fault(token.begin, token.kind == TokenKind::comment ? "comment is not closed" : "quote is not closed");
        const std::string& word = tokens_.word(i);
        if (word.empty()) return;
        const std::size_t before = tokens_.before(i);
        if (before == kNone || tokens_.is(before, ";")) {
            statement_ = word;
            if (token.kind == TokenKind::word && is_one_of(word, kLeavesState)) out_.leaves_state = true;
        }
        if (word == "(") levels_.emplace_back();
        if (word == ")" && levels_.size() > 1) levels_.pop_back();
        Level& level = levels_.back();
        if (word == "SELECT" || word == "DELETE" || word == "UPDATE") level.is_select = true;
        if (word == "SET" || (word == "UPDATE" && (tokens_.is(before, "KEY") || tokens_.is(before, "DO")))) {
            level.clause = Level::set;
        } else if (word == "BY" && tokens_.is(before, "ORDER")) {
            level.clause = Level::order;
        } else if (word == "BY" || word == ";" || is_clause(word)) {
            level.clause = Level::other;
        }
    }

    bool wants_name(std::size_t i) const {
        const std::size_t before = tokens_.before(i);
        if (tokens_.is(before, ".") || tokens_.is(tokens_.after(i), ".")) return true;
        const std::string& word = tokens_.word(before);
        if (word == "FROM") {
            // EXTRACT(year FROM x) and x IS DISTINCT FROM y take values.
            return levels_.back().is_select && !tokens_.is(tokens_.before(before), "DISTINCT");
        }
        return is_before_name(word);
    }

    // LIMIT ?, TOP (?), LIMIT ?, ?
    bool wants_integer(std::size_t first) const {
        std::size_t before = tokens_.before(first);
        if (tokens_.is(before, "(")) before = tokens_.before(before);
        if (tokens_.is(before, ",")) before = tokens_.before(tokens_.before(before));
        return is_before_count(tokens_.word(before));
    }

    bool is_compared(std::size_t first) const {
        const std::size_t before = tokens_.before(first);
        if (dialect_.is_postgres() || levels_.back().clause == Level::set) return false;
        if (statement_ == "EXEC" || statement_ == "EXECUTE") return false;
        return tokens_.is(before, "=") || tokens_.is(before, "<") || tokens_.is(before, ">") ||
               tokens_.is(before, "LIKE");
    }

    // A direction or a column is no value: the one is an error of the database, the other sorts by nothing.
    bool is_in_order(std::size_t first, std::size_t last) const {
        if (levels_.back().clause != Level::order) return false;
        const std::size_t before = tokens_.before(first);
        const std::size_t after = tokens_.after(last);
        if (is_operand(tokens_, before, placeholders_.are)) return true;
        const std::string& next = tokens_.word(after);
        const bool is_last = after == kNone || next == "," || next == ")" || next == ";" || next == "ASC" ||
                             next == "DESC" || next == "NULLS" || is_clause(next);
        return is_last && (tokens_.is(before, ",") || tokens_.is(before, "BY"));
    }

    bool takes_no_value(std::size_t first, std::size_t last) {
        if (is_in_order(first, last)) {
            fault(tokens_[first].begin,
                  "a value cannot stand here; a column to sort by is written {{ identifier(…) }}, a direction ASC or "
                  "DESC in two queries or as CASE WHEN … THEN … END");
            return true;
        }
        if (!dialect_.is_postgres() || !is_one_of(statement_, kTakesNoValues)) return false;
        std::string message = "a value cannot stand here, as PostgreSQL takes no parameters in " + statement_;
        if (statement_ == "SET") {
            message += "; write SELECT set_config('name', {{ … }}, false)";
        } else if (statement_ == "NOTIFY") {
            message += "; write SELECT pg_notify('channel', {{ … }})";
        } else if (statement_ != "DO") {
            message += "; a name is written {{ identifier(…) }}";
        }
        fault(tokens_[first].begin, std::move(message));
        return true;
    }

    void read_hole(std::size_t i) {
        const Token& token = tokens_[i];
        if (holes_[token.hole].is_identifier) {
            add_identifier(token);
            return;
        }
        const auto is_name_part = [&](std::size_t other) {
            return tokens_.is_kind(other, TokenKind::word) || tokens_.is_kind(other, TokenKind::number);
        };
        const bool touches_name = (i > 0 && is_name_part(i - 1)) || (i + 1 < tokens_.size() && is_name_part(i + 1));
        if (touches_name || wants_name(i)) {
            fault(token.begin, "a value cannot stand here; a table or column name is written {{ identifier(…) }}");
            return;
        }
        Parameter parameter;
        parameter.source = Parameter::Source::hole;
        parameter.hole = token.hole;
        add(std::move(parameter), i, i);
    }

    // 'text {{ e }} text': the whole literal becomes one parameter.
    void read_literal(const Literal& literal) {
        current_ = literal.first;
        written_at_[literal.first] = out_.pieces.back().sql.size();
        check_behind(literal.text, literal.last);
        for (std::size_t hole = tokens_[literal.text].hole;
             hole < holes_.size() && holes_[hole].begin < tokens_[literal.last].end; ++hole) {
            if (holes_[hole].is_identifier) fault(holes_[hole].begin, "identifier() cannot stand inside a string");
        }
        Parameter parameter;
        parameter.source = Parameter::Source::text;
        const std::size_t faults = out_.faults.size();
        parameter.pieces = sql::read_literal(literal, tokens_, sql_, places_, dialect_, out_.faults);
        if (out_.faults.size() > faults) return;
        parameter.is_day = literal.is_day;
        const bool has_type = literal.first != literal.text;
        if (has_type) {
            emit(literal.before);
            add(std::move(parameter), literal.first, literal.last);
            emit(literal.behind);
        } else {
            add(std::move(parameter), literal.first, literal.last);
        }
    }

    void read_placeholder(std::size_t i) {
        const Token& token = tokens_[i];
        Parameter parameter;
        if (token.kind == TokenKind::question) {
            parameter.position = out_.positions++;
        } else if (token.kind == TokenKind::dollar) {
            std::size_t number = 0;
            const std::string_view digits = tokens_.text(i).substr(1);
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
            if (number == 0 || number > 65'535) {
                fault(token.begin, "placeholder " + std::string(tokens_.text(i)) + " must be between $1 and $65535");
                return;
            }
            parameter.position = number - 1;
            out_.positions = std::max(out_.positions, number);
        } else if (const auto position =
                       token.kind == TokenKind::at_name ? at_position(tokens_.text(i), has_named_) : std::nullopt) {
            parameter.position = *position;
            out_.positions = std::max(out_.positions, *position + 1);
        } else {
            parameter.source = Parameter::Source::name;
            parameter.name = std::string(tokens_.text(i).substr(1));
            if (names_.insert(parameter.name).second) out_.names.push_back(parameter.name);
        }
        add(std::move(parameter), i, i);
    }

    // Writes the driver's placeholder for some tokens; one that repeats is sent once where the driver can repeat it.
    void add(Parameter parameter, std::size_t first, std::size_t last) {
        if (takes_no_value(first, last)) return;
        parameter.offset = tokens_[first].begin;
        parameter.wants_integer = wants_integer(first);
        parameter.is_compared = is_compared(first);
        const bool may_be_list = is_item(first, last);
        parameter.may_be_list = may_be_list;
        std::size_t index = out_.parameters.size();
        const bool may_repeat =
            parameter.source != Parameter::Source::hole && parameter.source != Parameter::Source::text;
        if (dialect_.is_numbered() && may_repeat) {
            index = known_.try_emplace({parameter.name, parameter.position}, index).first->second;
        }
        if (index == out_.parameters.size()) {
            out_.parameters.push_back(std::move(parameter));
        } else {
            Parameter& known = out_.parameters[index];
            known.wants_integer = known.wants_integer || parameter.wants_integer;
            known.may_be_list = known.may_be_list || may_be_list;
            known.is_compared = known.is_compared || parameter.is_compared;
        }
        if (may_be_list) {
            open_lists_.back().place.items.back().parameter = index;
            open_lists_.back().has_parameter = true;
        }
        switch (dialect_.placeholders) {
            case KDEPS_PLACEHOLDER_DOLLAR: emit_apart("$" + std::to_string(index + 1), last); break;
            case KDEPS_PLACEHOLDER_AT: emit_apart("@p" + std::to_string(index + 1), last); break;
            default: emit("?"); break;
        }
    }

    // IN (a, ?, b)
    bool is_item(std::size_t first, std::size_t last) const {
        if (open_lists_.empty() || tokens_.opener(first) != open_lists_.back().opener) return false;
        const std::size_t before = tokens_.before(first);
        const std::size_t after = tokens_.after(last);
        return (before == open_lists_.back().opener || tokens_.is(before, ",")) &&
               (tokens_.is(after, ",") || tokens_.is(after, ")"));
    }

    // Behind a token that is written as it was.
    void track_lists(std::size_t i) {
        const std::string& word = tokens_.word(i);
        const std::size_t written = out_.pieces.back().sql.size();
        const std::size_t in = tokens_.before(i);
        if (word == "(" && tokens_.is(in, "IN")) {
            const bool is_not = tokens_.is(tokens_.before(in), "NOT");
            OpenList& list = open_lists_.emplace_back();
            list.opener = i;
            list.place = {written_at_[is_not ? tokens_.before(in) : in], 0, is_not, {{written, 0}}};
        } else if (!open_lists_.empty() && tokens_.opener(i) == open_lists_.back().opener) {
            ListPlace& place = open_lists_.back().place;
            if (word == ",") {
                place.items.back().end = written - 1;
                place.items.push_back({written, 0});
            } else if (word == ")") {
                place.items.back().end = written - 1;
                place.end = written;
                if (open_lists_.back().has_parameter) out_.lists.push_back(std::move(place));
                open_lists_.pop_back();
            }
        }
    }

    // Their places are those of one piece.
    void forget_lists() {
        out_.lists.clear();
        for (Parameter& parameter : out_.parameters) parameter.may_be_list = false;
    }

    // What looks like a placeholder in a text, for the message that misses one.
    void note_quoted(std::size_t i) {
        const std::string_view text = tokens_.text(i);
        for (std::size_t at = text.find_first_of(":@$?"); at != std::string_view::npos;
             at = text.find_first_of(":@$?", at + 1)) {
            std::size_t end = at + 1;
            while (end < text.size() && grows_together(text[end])) ++end;
            const bool is_whole = at == 0 || (!grows_together(text[at - 1]) && text[at - 1] != ':');
            if (is_whole && (end > at + 1 || text[at] == '?') && out_.quoted.size() < 100)
                out_.quoted.emplace_back(text.substr(at, end - at));
        }
    }

    // LIMIT? must not become the name LIMIT$1, nor ?AND the variable @p1AND.
    void emit_apart(const std::string& placeholder, std::size_t last) {
        const std::string& before = out_.pieces.back().sql;
        const std::string_view after = sql_.substr(tokens_[last].end);
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
        if (out_.pieces.size() == 1)
            out_.origins.push_back({out.size(), tokens_[current_].begin, sql == tokens_.text(current_)});
        out += sql;
    }

    // A folded block (>) makes one line of its text, so that -- takes the rest of the statement with it.
    void warn_of_folding() {
        const std::size_t last = sql_.find_last_not_of(" \t\r\n");
        if (sql_.substr(0, last + 1).find('\n') != std::string_view::npos) return;
        std::size_t first = 0;
        while (first < tokens_.size() && tokens_.word(first).empty()) ++first;
        if (first == tokens_.size()) return;
        const bool is_upper = tokens_.text(first) == tokens_.word(first);
        for (std::size_t i = first; i < tokens_.size(); ++i) {
            const std::string_view comment = tokens_.text(i);
            if (tokens_[i].kind != TokenKind::comment || comment.starts_with("/*")) continue;
            for (const Token& token : tokenize(comment.substr(comment.starts_with("--") ? 2 : 1), 0, {})) {
                const std::string_view word =
                    comment.substr(token.begin + (comment.starts_with("--") ? 2 : 1), token.end - token.begin);
                const bool is_sql = is_one_of(upper(word), kBeginLines) ||
                                    (is_upper && word == upper(word) && is_one_of(word, kBeginLinesUpper));
                if (token.kind != TokenKind::word || !is_sql) continue;
                out_.warnings.push_back(
                    {tokens_[i].begin, "the comment takes '" + std::string(word) +
                                           "' and all that follows with it, as the text is one line; write the query "
                                           "as a block with | instead of >, or the comment as /* … */"});
                return;
            }
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
        const bool takes_one = dialect_.is_postgres() || dialect_.is_mysql() || dialect_.is_sqlite();
        if (const auto second = find_second_statement(sent, dialect_.lexis); takes_one && second) {
            fault(out_.source_of(*second),
                  "this database takes one statement in a query; write each in a query of its own under 'queries'");
        }
        out_.is_plain_read = is_plain_read(sent, dialect_.lexis);
        out_.sees_session = !out_.is_plain_read && !is_plain_change(sent, dialect_.lexis);
        out_.is_undone_by_error = is_undone_by_error(sent, dialect_.lexis);
        out_.transaction = find_transaction_word(sent, dialect_.lexis);
        out_.transaction.offset = out_.source_of(out_.transaction.offset);
    }

    const std::string_view sql_;
    const std::vector<HoleText>& holes_;
    const kdeps_driver& driver_;
    const Dialect dialect_;
    const bool has_named_;
    const std::vector<Hole> places_;
    const TokenView tokens_;
    const Placeholders placeholders_;
    const std::vector<Literal> literals_;
    std::vector<std::size_t> written_at_;  // by token: where in its piece
    std::size_t current_ = 0;              // the token that is read
    std::vector<Level> levels_{1};
    std::string statement_;  // its first word
    std::vector<OpenList> open_lists_;
    std::set<std::string> names_;
    std::map<std::pair<std::string, std::size_t>, std::size_t> known_;  // parameters that may repeat
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
    return read_statement(sql, holes, driver, driver.lexis, has_named);
}

StatementText read_statement(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver,
                             std::uint32_t lexis, bool has_named) {
    return Reader(sql, holes, driver, lexis, has_named).run();
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
