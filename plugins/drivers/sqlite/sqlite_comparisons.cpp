// SPDX-License-Identifier: Apache-2.0
#include "sqlite_comparisons.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace kdeps::sqlite {
namespace {

using Names = std::string_view;

// Functions that give a number or NULL whatever they are given (sqlite.org/lang_corefunc.html, lang_aggfunc.html,
// windowfunctions.html, lang_datefunc.html, lang_mathfunc.html, json1.html).
constexpr std::array kNumeric{
    Names("count"),      Names("sum"),       Names("total"),        Names("avg"),
    Names("abs"),        Names("round"),     Names("length"),       Names("octet_length"),
    Names("instr"),      Names("unicode"),   Names("sign"),         Names("random"),
    Names("changes"),    Names("julianday"), Names("unixepoch"),    Names("last_insert_rowid"),
    Names("rank"),       Names("ntile"),     Names("dense_rank"),   Names("total_changes"),
    Names("row_number"), Names("cume_dist"), Names("percent_rank"), Names("json_array_length"),
    Names("ceil"),       Names("ceiling"),   Names("floor"),        Names("trunc"),
    Names("sqrt"),       Names("pow"),       Names("power"),        Names("mod"),
    Names("ln"),         Names("log"),       Names("log10"),        Names("log2"),
    Names("exp")};
// Functions that give one of their arguments: a number if all of them are.
constexpr std::array kChoosing{Names("max"),    Names("min"),         Names("coalesce"),  Names("ifnull"),
                               Names("nullif"), Names("first_value"), Names("last_value")};
// Words at which an operand ends, on either side.
constexpr std::array kEnding{
    Names("select"), Names("distinct"),  Names("all"),       Names("from"),   Names("where"),  Names("and"),
    Names("or"),     Names("not"),       Names("having"),    Names("on"),     Names("when"),   Names("then"),
    Names("else"),   Names("end"),       Names("case"),      Names("by"),     Names("set"),    Names("values"),
    Names("limit"),  Names("offset"),    Names("group"),     Names("order"),  Names("window"), Names("union"),
    Names("except"), Names("intersect"), Names("as"),        Names("asc"),    Names("desc"),   Names("is"),
    Names("in"),     Names("like"),      Names("glob"),      Names("regexp"), Names("match"),  Names("between"),
    Names("isnull"), Names("notnull"),   Names("returning"), Names("join"),   Names("left"),   Names("inner"),
    Names("cross"),  Names("natural"),   Names("using"),     Names("escape"), Names("nulls"),  Names("do")};

template <typename List>
bool holds(const List& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

struct Token {
    enum class Kind { word, name, number, text, parameter, open, close, comma, comparison, arithmetic, other };
    Kind kind;
    std::string text;          // of words and names, in lower case
    std::size_t position = 0;  // of a parameter, from 0
};
using Kind = Token::Kind;

bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// Cuts a statement that SQLite has compiled already.
class Cutter {
public:
    explicit Cutter(std::string_view sql) : sql_(sql) {}

    std::vector<Token> tokens() {
        while (at_ < sql_.size()) step();
        return std::move(out_);
    }

private:
    void step() {
        const char c = sql_[at_];
        const auto next = at_ + 1 < sql_.size() ? sql_[at_ + 1] : '\0';
        if (c == '-' && next == '-') {
            at_ = std::min(sql_.find('\n', at_), sql_.size());
        } else if (c == '/' && next == '*') {
            const std::size_t end = sql_.find("*/", at_ + 2);
            at_ = end == std::string_view::npos ? sql_.size() : end + 2;
        } else if (std::string_view(" \t\r\n\f").find(c) != std::string_view::npos) {
            ++at_;
        } else if (c == '\'') {
            quoted('\'', Kind::text);
        } else if (c == '"' || c == '`') {
            quoted(c, Kind::name);
        } else if (c == '[') {
            quoted(']', Kind::name);
        } else if ((c == 'x' || c == 'X') && next == '\'') {
            ++at_;
            quoted('\'', Kind::text);
        } else if (is_digit(c) || (c == '.' && is_digit(next))) {
            run(Kind::number, [](char d) { return is_digit(d) || is_word_start(d) || d == '.'; });
        } else if (is_word_start(c)) {
            run(Kind::word, [](char d) { return is_word_start(d) || is_digit(d) || d == '$'; });
        } else if (c == '?') {
            parameter();
        } else {
            sign(c, next);
        }
    }

    void quoted(char close, Kind kind) {
        std::string text;
        for (++at_; at_ < sql_.size(); ++at_) {
            if (sql_[at_] == close) {
                if (close == ']' || at_ + 1 >= sql_.size() || sql_[at_ + 1] != close) break;
                ++at_;
            }
            text += sql_[at_];
        }
        ++at_;
        out_.push_back({kind, lower(text)});
    }

    template <typename Belongs>
    void run(Kind kind, Belongs belongs) {
        const std::size_t start = at_;
        while (at_ < sql_.size() && belongs(sql_[at_])) ++at_;
        out_.push_back({kind, lower(sql_.substr(start, at_ - start))});
    }

    void parameter() {
        const std::size_t start = ++at_;
        while (at_ < sql_.size() && is_digit(sql_[at_])) ++at_;
        std::size_t number = parameters_ + 1;
        std::from_chars(sql_.data() + start, sql_.data() + at_, number);
        parameters_ = std::max(parameters_, number);
        out_.push_back({Kind::parameter, {}, number - 1});
    }

    void sign(char c, char next) {
        const std::string_view two = sql_.substr(at_, 2);
        std::size_t size = 1;
        Kind kind = Kind::other;
        if (c == '(') {
            kind = Kind::open;
        } else if (c == ')') {
            kind = Kind::close;
        } else if (c == ',') {
            kind = Kind::comma;
        } else if (two == "<<" || two == ">>") {
            kind = Kind::arithmetic;
            size = 2;
        } else if (two == "||" || two == "->") {
            size = sql_.substr(at_, 3) == "->>" ? 3 : 2;
        } else if (c == '=' || c == '<' || c == '>' || two == "!=") {
            kind = Kind::comparison;
            size = next == '=' || two == "<>" ? 2 : 1;
        } else if (std::string_view("+-*/%&|").find(c) != std::string_view::npos) {
            kind = Kind::arithmetic;
        }
        out_.push_back({kind, std::string(sql_.substr(at_, size))});
        at_ += size;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    std::size_t parameters_ = 0;
    std::vector<Token> out_;
};

// Tokens first to last-1.
struct Range {
    std::size_t first;
    std::size_t last;

    std::size_t size() const { return last - first; }
};

class Finder {
public:
    Finder(std::vector<Token> tokens, const ColumnKinds& kind_of) : tokens_(std::move(tokens)), kind_of_(kind_of) {
        // The other parenthesis of each.
        std::vector<std::size_t> open;
        partner_.assign(tokens_.size(), tokens_.size());
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (tokens_[i].kind == Kind::open) open.push_back(i);
            if (tokens_[i].kind == Kind::close && !open.empty()) {
                partner_[i] = open.back();
                partner_[open.back()] = i;
                open.pop_back();
            }
        }
    }

    std::vector<bool> found() {
        for (std::size_t i = 0; i < tokens_.size(); ++i) look(i);
        return std::move(found_);
    }

private:
    void look(std::size_t i) {
        const Token& token = tokens_[i];
        if (token.kind == Kind::comparison) return compare(before(i), after(i + 1));
        if (token.kind != Kind::word) return;
        if (token.text == "is") {
            std::size_t start = i + 1;
            for (const Names word : {Names("not"), Names("distinct"), Names("from")}) {
                if (is_word(start, word)) ++start;
            }
            compare(before(i), after(start));
        } else if (token.text == "between") {
            const Range least = after(i + 1);
            const Range most = is_word(least.last, "and") ? after(least.last + 1) : Range{i, i};
            const Range left = before(is_word_before(i, "not") ? i - 1 : i);
            if (is_number(left, 0)) {
                mark(least);
                mark(most);
            } else if (is_number(least, 0) && is_number(most, 0)) {
                mark(left);
            }
        } else if (token.text == "in" && i + 1 < tokens_.size() && tokens_[i + 1].kind == Kind::open) {
            if (!is_number(before(is_word_before(i, "not") ? i - 1 : i), 0)) return;
            for (const Range& element : elements(i + 1)) mark(element);
        }
    }

    void compare(const Range& a, const Range& b) {
        if (is_number(a, 0)) mark(b);
        if (is_number(b, 0)) mark(a);
    }

    // A parameter alone, in parentheses or not.
    void mark(Range range) {
        while (is_enclosed(range)) range = {range.first + 1, range.last - 1};
        if (range.size() != 1 || tokens_[range.first].kind != Kind::parameter) return;
        const std::size_t position = tokens_[range.first].position;
        if (found_.size() <= position) found_.resize(position + 1);
        found_[position] = true;
    }

    bool is_word(std::size_t i, Names word) const {
        return i < tokens_.size() && tokens_[i].kind == Kind::word && tokens_[i].text == word;
    }
    bool is_word_before(std::size_t i, Names word) const { return i > 0 && is_word(i - 1, word); }
    bool is_enclosed(const Range& range) const {
        return range.size() > 1 && tokens_[range.first].kind == Kind::open && partner_[range.first] == range.last - 1;
    }

    bool ends_operand(const Token& token) const {
        return token.kind == Kind::comma || token.kind == Kind::comparison ||
               (token.kind == Kind::other && token.text == ";") ||
               (token.kind == Kind::word && holds(kEnding, token.text));
    }

    Range before(std::size_t end) const {
        std::size_t first = end;
        while (first > 0) {
            const std::size_t i = first - 1;
            if (tokens_[i].kind == Kind::close && partner_[i] < tokens_.size()) {
                first = partner_[i];
            } else if (tokens_[i].kind == Kind::open || ends_operand(tokens_[i])) {
                break;
            } else {
                first = i;
            }
        }
        return {first, end};
    }

    Range after(std::size_t first) const {
        std::size_t last = first;
        while (last < tokens_.size()) {
            if (tokens_[last].kind == Kind::open && partner_[last] < tokens_.size()) {
                last = partner_[last] + 1;
            } else if (tokens_[last].kind == Kind::close || ends_operand(tokens_[last])) {
                break;
            } else {
                ++last;
            }
        }
        return {first, last};
    }

    // Of the list that the parenthesis at `open` begins.
    std::vector<Range> elements(std::size_t open) const {
        std::vector<Range> out;
        const std::size_t close = partner_[open];
        for (std::size_t first = open + 1; first < close && close < tokens_.size();) {
            const Range element = after(first);
            out.push_back(element);
            first = element.last + 1;
        }
        return out;
    }

    bool is_number(Range range, int depth) const {
        constexpr int kDeepest = 20;
        if (depth > kDeepest || range.size() == 0) return false;
        if (is_enclosed(range)) {
            range = {range.first + 1, range.last - 1};
            if (!is_word(range.first, "select")) return is_number(range, depth + 1);
            // The one column of a subquery.
            std::size_t first = range.first + 1;
            if (is_word(first, "distinct") || is_word(first, "all")) ++first;
            return is_number(after(first), depth + 1);
        }
        if (has_arithmetic(range)) return true;
        const Token& first = tokens_[range.first];
        if (range.size() == 1) {
            return first.kind == Kind::number ||
                   ((first.kind == Kind::word || first.kind == Kind::name) && is_number_name(first.text, depth));
        }
        if (first.kind == Kind::word && tokens_[range.first + 1].kind == Kind::open)
            return is_number_call(range, depth);
        // table.column, schema.table.column
        const Token& last = tokens_[range.last - 1];
        const bool is_qualified = range.size() % 2 == 1 && tokens_[range.last - 2].text == ".";
        return is_qualified && kind_of_(last.text) == ColumnKind::number;
    }

    // An operator of arithmetic outside of parentheses: its result is a number, as || binds closer.
    bool has_arithmetic(const Range& range) const {
        for (std::size_t i = range.first; i < range.last; ++i) {
            const Token& token = tokens_[i];
            if (token.kind == Kind::open && partner_[i] < range.last) {
                i = partner_[i];
                continue;
            }
            if (token.kind != Kind::arithmetic) continue;
            const bool is_unary =
                i == range.first || tokens_[i - 1].kind == Kind::arithmetic || tokens_[i - 1].kind == Kind::other;
            if (!is_unary || token.text == "-") return true;  // a unary + leaves what it stands before
        }
        return false;
    }

    // A call with nothing behind it but FILTER and OVER.
    bool is_number_call(const Range& range, int depth) const {
        const std::string& name = tokens_[range.first].text;
        const std::size_t open = range.first + 1;
        const std::size_t close = partner_[open];
        if (close >= range.last) return false;
        if (close + 1 < range.last && !is_word(close + 1, "filter") && !is_word(close + 1, "over")) return false;
        if (holds(kNumeric, name)) return true;
        if (!holds(kChoosing, name)) return false;
        const std::vector<Range> arguments = elements(open);
        return !arguments.empty() && std::all_of(arguments.begin(), arguments.end(),
                                                 [&](const Range& argument) { return is_number(argument, depth + 1); });
    }

    // A column, or else what AS gives this name everywhere.
    bool is_number_name(const std::string& name, int depth) const {
        const ColumnKind column = kind_of_(name);
        if (column != ColumnKind::unknown) return column == ColumnKind::number;
        bool has_one = false;
        for (std::size_t i = 1; i + 1 < tokens_.size(); ++i) {
            const Token& next = tokens_[i + 1];
            if (!is_word(i, "as") || (next.kind != Kind::word && next.kind != Kind::name) || next.text != name)
                continue;
            if (!is_number(before(i), depth + 1)) return false;
            has_one = true;
        }
        return has_one;
    }

    std::vector<Token> tokens_;
    std::vector<std::size_t> partner_;
    const ColumnKinds& kind_of_;
    std::vector<bool> found_;
};

}  // namespace

std::vector<bool> compared_with_numbers(std::string_view sql, const ColumnKinds& kind_of) {
    return Finder(Cutter(sql).tokens(), kind_of).found();
}

}  // namespace kdeps::sqlite
