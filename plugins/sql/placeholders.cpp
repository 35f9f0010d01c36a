// SPDX-License-Identifier: Apache-2.0
#include "placeholders.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "variables.hpp"
#include "words.hpp"

namespace kdeps::sql {

namespace {

constexpr std::size_t kNone = TokenView::kNone;

enum Style : std::size_t { dollar, question, colon, at, kStyles };

class Finder {
public:
    Finder(const TokenView& tokens, const Dialect& dialect, bool has_named)
        : tokens_(tokens), dialect_(dialect), has_named_(has_named), variables_(find_variables(tokens, dialect)) {
        out_.are.resize(tokens.size());
        out_.left_out.resize(tokens.size());
        first_.fill(kNone);
    }

    Placeholders run() {
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (!may_be_placeholder(i)) continue;
            out_.are[i] = true;
            std::size_t& first = first_[style_of(i)];
            if (first == kNone) first = i;
        }
        choose();
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (out_.are[i] && style_of(i) != style_) out_.are[i] = false;
        }
        return std::move(out_);
    }

private:
    Style style_of(std::size_t i) const {
        switch (tokens_[i].kind) {
            case TokenKind::dollar: return dollar;
            case TokenKind::question: return question;
            case TokenKind::colon_name: return colon;
            default: return at;
        }
    }

    bool may_be_placeholder(std::size_t i) {
        switch (tokens_[i].kind) {
            case TokenKind::dollar: has_first_dollar_ = has_first_dollar_ || tokens_.text(i) == "$1"; return true;
            case TokenKind::question: return !is_operator(i);
            case TokenKind::colon_name: return !is_slice(i);
            case TokenKind::at_name:
                // Where a dialect has variables of that form, only what params names can be one.
                return !variables_[i] &&
                       (has_named_ || !dialect_.is_mysql() || at_position(tokens_.text(i), has_named_).has_value());
            default: return false;
        }
    }

    // x[i :j] and JSON_OBJECT('k' :v): between operands a colon belongs to no name.
    bool is_slice(std::size_t i) const {
        const std::size_t opener = tokens_.opener(i);
        const std::size_t before = tokens_.before(i);
        if (tokens_.is(opener, "[")) return is_operand(tokens_, before, out_.are) || (before == opener && !has_named_);
        return tokens_.word(tokens_.before(opener)).starts_with("JSON_OBJECT") && before != opener &&
               is_operand(tokens_, before, out_.are);
    }

    // Where ? is an operator, it is one behind an operand.  Those that stand before one are ?| and ?- of geometry; @?
    // is one of its own.
    bool is_operator(std::size_t i) {
        if (!dialect_.has(KDEPS_LEXIS_QUESTION_OPERATOR)) return false;
        if (out_.left_out[i]) return true;
        const std::size_t before = tokens_.before(i);
        const std::size_t after = tokens_.after(i);
        if (tokens_.is(before, "@") && tokens_.touch(before, i)) return true;
        if (is_operand(tokens_, before, out_.are)) {
            if (tokens_.is_kind(after, TokenKind::question) && tokens_.touch(i, after)) out_.left_out[after] = true;
            return true;
        }
        if ((tokens_.is(after, "|") || tokens_.is(after, "-")) && tokens_.touch(i, after)) {
            const std::size_t type = tokens_.after(after);
            return tokens_.is(type, "LSEG") || tokens_.is(type, "LINE");
        }
        return false;
    }

    void choose() {
        const auto others = [&](Style style) {
            for (std::size_t other = 0; other < kStyles; ++other) {
                if (other != style && first_[other] != kNone) return true;
            }
            return false;
        };
        // What can be something else in this dialect gives way.
        const bool has_variables = dialect_.is_mysql() || dialect_.is_transact_sql();
        if (has_variables && others(at)) first_[at] = kNone;
        if (dialect_.has(KDEPS_LEXIS_QUESTION_OPERATOR) && others(question)) first_[question] = kNone;
        // $100 is money in T-SQL.
        if (dialect_.is_transact_sql() && (others(dollar) || !has_first_dollar_)) first_[dollar] = kNone;
        std::array<std::size_t, kStyles> order{dollar, question, colon, at};
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return first_[a] < first_[b]; });
        if (first_[order[0]] == kNone) return;
        style_ = static_cast<Style>(order[0]);
        if (const std::size_t second = first_[order[1]]; second != kNone) {
            out_.fault = TextFault{tokens_[second].begin, "'" + std::string(tokens_.text(second)) +
                                                              "' is another kind of placeholder than the ones before; "
                                                              "use one kind in a statement"};
        }
    }

    const TokenView& tokens_;
    const Dialect& dialect_;
    const bool has_named_;
    const std::vector<bool> variables_;
    std::array<std::size_t, kStyles> first_{};  // of each style
    bool has_first_dollar_ = false;
    Style style_ = kStyles;
    Placeholders out_;
};

}  // namespace

bool is_operand(const TokenView& tokens, std::size_t i, const std::vector<bool>& placeholders) {
    if (i == kNone) return false;
    switch (tokens[i].kind) {
        case TokenKind::name:
        case TokenKind::string:
        case TokenKind::number:
        case TokenKind::dollar:
        case TokenKind::colon_name:
        case TokenKind::at_name:
        case TokenKind::hole: return true;
        case TokenKind::question: return placeholders[i];
        case TokenKind::symbol: return tokens.is(i, ")") || tokens.is(i, "]");
        case TokenKind::word:
            // JSON_OBJECT('k' VALUE ?)
            if (tokens.is(i, "VALUE")) return !is_operand(tokens, tokens.before(i), placeholders);
            return !is_before_value(tokens.word(i));
        default: return false;
    }
}

std::optional<std::size_t> at_position(std::string_view placeholder, bool has_named) {
    std::size_t number = 0;
    if (has_named || placeholder.size() < 3 || (placeholder[1] != 'p' && placeholder[1] != 'P')) return std::nullopt;
    const char* const end = placeholder.data() + placeholder.size();
    const auto [read, failed] = std::from_chars(placeholder.data() + 2, end, number);
    return failed == std::errc() && read == end && number > 0 && number < 100'000 ? std::optional(number - 1)
                                                                                  : std::nullopt;
}

Placeholders find_placeholders(const TokenView& tokens, const Dialect& dialect, bool has_named) {
    return Finder(tokens, dialect, has_named).run();
}

}  // namespace kdeps::sql
