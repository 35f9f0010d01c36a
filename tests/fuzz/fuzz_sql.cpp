// SPDX-License-Identifier: Apache-2.0
// Any text as SQL of each dialect: its tokens are the text, and rewriting changes placeholders and nothing else.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/sql/statement_text.hpp"
#include "plugins/sql/token_view.hpp"
#include "plugins/sql/tokenizer.hpp"
#include "tests/unit/sql/dialects.hpp"

namespace kdeps::sql {
namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

// Where the workflow has {{ }}.
std::vector<HoleText> holes_of(std::string_view sql) {
    std::vector<HoleText> out;
    for (std::size_t at = 0; (at = sql.find("{{", at)) != std::string_view::npos;) {
        const std::size_t close = sql.find("}}", at + 2);
        if (close == std::string_view::npos) break;
        out.push_back(
            {at, close + 2, sql.substr(at + 2, close - at - 2).find("identifier(") != std::string_view::npos});
        at = close + 2;
    }
    return out;
}

// Length of the driver's placeholder at the front; 0 = none.
std::size_t placeholder(std::string_view text, const kdeps_driver& driver) {
    const std::string_view mark = driver.placeholders == KDEPS_PLACEHOLDER_DOLLAR ? "$"
                                  : driver.placeholders == KDEPS_PLACEHOLDER_AT   ? "@p"
                                                                                  : "?";
    if (!text.starts_with(mark) || mark == "?") return text.starts_with(mark) ? 1 : 0;
    std::size_t end = mark.size();
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return end > mark.size() ? end : 0;
}

// What must be written for the source's tokens: each as it was, or the placeholder of a parameter.
class Expected {
public:
    Expected(std::string_view sql, const std::vector<HoleText>& holes, const StatementText& read,
             const kdeps_driver& driver)
        : sql_(sql), holes_(holes), read_(read), driver_(driver), identifier_(quote_identifier("x", driver)) {
        for (const StatementText::Piece& piece : read.pieces) {
            all_ += piece.sql;
            if (piece.has_identifier) all_ += identifier_;
        }
        left_ = all_;
    }

    void take(const Token& token, bool is_placeholder) {
        const std::string_view text = sql_.substr(token.begin, token.end - token.begin);
        if (std::exchange(is_behind_placeholder_, false) && token.kind != TokenKind::space) take_space();
        if (std::exchange(is_behind_identifier_, false) && token.kind == TokenKind::name && left_.starts_with(' '))
            take(" ", TokenKind::space);
        if (token.kind == TokenKind::hole && holes_[token.hole].is_identifier) {
            if (left_.starts_with(' ')) take(" ", TokenKind::space);
            take(identifier_, TokenKind::name);
            is_behind_identifier_ = true;
        } else if (token.has_holes && token.kind == TokenKind::comment) {
            take("/**/", TokenKind::comment);
        } else if (token.kind == TokenKind::hole) {
            const Parameter& parameter = take_placeholder();
            require(parameter.source == Parameter::Source::hole && parameter.hole == token.hole);
        } else if (is_placeholder) {
            require(stands_for(take_placeholder(), token));
        } else {
            require(!token.has_holes);
            take(text, token.kind);
        }
    }

    // One parameter, with the type of the literal around it.
    void take(const Literal& literal) {
        if (std::exchange(is_behind_placeholder_, false)) take_space();
        is_behind_identifier_ = false;
        take_all(literal.before);
        require(take_placeholder().source == Parameter::Source::text);
        if (literal.behind.empty()) return;
        take_space();
        is_behind_placeholder_ = false;
        take_all(literal.behind);
    }

    void end() const {
        require(left_.empty());
        require(met_ == read_.parameters.size());
        // The database finds the same texts, names and comments in what was written: no quote opened or closed.
        std::vector<std::pair<TokenKind, std::string>> found;
        for (const Token& token : tokenize(all_, driver_.lexis, {}))
            append(found, token.kind, std::string_view(all_).substr(token.begin, token.end - token.begin));
        require(found == written_);
        for (const std::size_t count : {0U, 1U, 3U}) check_lists(count);
        // Every place in it is one of the source.
        if (!read_.is_fixed()) return;
        for (std::size_t at = 0; at < all_.size(); ++at) require(read_.source_of(at) < sql_.size());
    }

private:
    // Lists for all that may be one change placeholders, and nothing else.
    void check_lists(std::size_t count) const {
        if (read_.lists.empty()) return;
        std::vector<BoundList> lists;
        for (std::size_t i = 0; i < read_.parameters.size(); ++i) {
            if (read_.parameters[i].may_be_list)
                lists.push_back({i, ListForm::elements, count, read_.parameters.size()});
        }
        const std::string expanded = expand_lists(all_, read_.lists, lists, read_.dialect);
        const auto quoted = [&](std::string_view sql) {
            std::vector<std::pair<TokenKind, std::string>> out;
            for (const Token& token : tokenize(sql, driver_.lexis, {})) {
                if (token.kind != TokenKind::comment)
                    append(out, token.kind, sql.substr(token.begin, token.end - token.begin));
            }
            return out;
        };
        require(quoted(expanded) == quoted(all_));
    }

    static void append(std::vector<std::pair<TokenKind, std::string>>& to, TokenKind kind, std::string_view text) {
        if (kind == TokenKind::string || kind == TokenKind::name || kind == TokenKind::comment)
            to.emplace_back(kind, text);
    }

    // Between what would grow together stands a space.
    void take_space() {
        if (driver_.placeholders == KDEPS_PLACEHOLDER_QUESTION || !left_.starts_with(' ')) return;
        append(written_, TokenKind::space, " ");
        left_.remove_prefix(1);
    }

    void take(std::string_view text, TokenKind kind) {
        require(left_.starts_with(text));
        left_.remove_prefix(text.size());
        append(written_, kind, text);
    }

    void take_all(std::string_view text) {
        require(left_.starts_with(text));
        left_.remove_prefix(text.size());
        for (const Token& token : tokenize(text, driver_.lexis, {}))
            append(written_, token.kind, text.substr(token.begin, token.end - token.begin));
    }

    std::size_t index_of(std::string_view text) const {
        if (driver_.placeholders == KDEPS_PLACEHOLDER_QUESTION) return met_;
        const std::size_t mark = driver_.placeholders == KDEPS_PLACEHOLDER_DOLLAR ? 1 : 2;
        const std::size_t size = placeholder(text, driver_);
        if (size > mark + 6) return std::string_view::npos;
        std::size_t number = 0;
        for (const char c : text.substr(mark, size - mark)) number = number * 10 + static_cast<std::size_t>(c - '0');
        return number - 1;
    }

    const Parameter& take_placeholder() {
        if (placeholder(left_, driver_) == 0) take_space();
        const std::size_t size = placeholder(left_, driver_);
        require(size > 0);
        const std::size_t index = index_of(left_);
        // They are numbered in the order in which they are first met.
        require(index < read_.parameters.size() && index <= met_);
        if (index == met_) ++met_;
        const TokenKind kind = driver_.placeholders == KDEPS_PLACEHOLDER_DOLLAR ? TokenKind::dollar
                               : driver_.placeholders == KDEPS_PLACEHOLDER_AT   ? TokenKind::at_name
                                                                                : TokenKind::question;
        append(written_, kind, left_.substr(0, size));
        left_.remove_prefix(size);
        is_behind_placeholder_ = true;
        return read_.parameters[index];
    }

    bool stands_for(const Parameter& parameter, const Token& token) const {
        const std::string_view text = sql_.substr(token.begin, token.end - token.begin);
        if (parameter.source == Parameter::Source::name) return text.substr(1) == parameter.name;
        if (parameter.source != Parameter::Source::position) return false;
        if (token.kind == TokenKind::question) return true;
        const std::size_t digits = text.find_first_of("0123456789");
        return digits != std::string_view::npos &&
               std::strtoull(std::string(text.substr(digits)).c_str(), nullptr, 10) == parameter.position + 1;
    }

    std::string_view sql_;
    const std::vector<HoleText>& holes_;
    const StatementText& read_;
    const kdeps_driver& driver_;
    std::string all_;
    std::string_view left_;         // of all_
    const std::string identifier_;  // what stands for each of them
    bool is_behind_identifier_ = false;
    bool is_behind_placeholder_ = false;
    std::size_t met_ = 0;                                     // parameters
    std::vector<std::pair<TokenKind, std::string>> written_;  // texts, names and comments
};

void attempt(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver, bool has_named) {
    std::vector<Hole> places;
    for (const HoleText& hole : holes) places.push_back({hole.begin, hole.end});
    const std::vector<Token> tokens = tokenize(sql, driver.lexis, places);
    std::size_t at = 0;
    for (const Token& token : tokens) {
        require(token.begin == at && token.end > at);
        at = token.end;
    }
    require(at == sql.size());
    const StatementText read = read_statement(sql, holes, driver, has_named);
    for (const TextFault& fault : read.faults) require(fault.offset <= sql.size());
    if (!read.faults.empty()) return;
    Expected expected(sql, holes, read, driver);
    const TokenView view(sql, tokens);
    const Dialect dialect{driver.placeholders, driver.lexis};
    const Placeholders placeholders = find_placeholders(view, dialect, has_named);
    const std::vector<Literal> literals = find_literals(view, sql, dialect);
    auto literal = literals.begin();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (literal != literals.end() && i == literal->first) {
            expected.take(*literal);
            i = literal->last;
            ++literal;
        } else if (!placeholders.left_out[i]) {
            expected.take(tokens[i], placeholders.are[i]);
        }
    }
    expected.end();
}

}  // namespace
}  // namespace kdeps::sql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kdeps::sql;
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    const std::vector<HoleText> holes = holes_of(sql);
    for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite, &kSqlserver}) {
        for (const bool has_named : {false, true}) {
            attempt(sql, {}, *driver, has_named);
            if (!holes.empty()) attempt(sql, holes, *driver, has_named);
        }
    }
    return 0;
}
