// SPDX-License-Identifier: Apache-2.0
#include "variables.hpp"

#include <set>
#include <string>

#include "lexemes.hpp"
#include "words.hpp"

namespace kdeps::sql {

namespace {

bool is_routine(const TokenView& tokens) {
    std::size_t i = tokens.size() == 0 ? TokenView::kNone : 0;
    if (i != TokenView::kNone && tokens.word(0).empty()) i = tokens.after(0);
    if (!tokens.is(i, "CREATE") && !tokens.is(i, "ALTER")) return false;
    for (int ahead = 0; ahead < 4 && i != TokenView::kNone; ++ahead, i = tokens.after(i)) {
        for (const char* what : {"PROC", "PROCEDURE", "FUNCTION", "TRIGGER"}) {
            if (tokens.is(i, what)) return true;
        }
    }
    return false;
}

class Finder {
public:
    Finder(const TokenView& tokens, const Dialect& dialect) : tokens_(tokens), dialect_(dialect) {}

    std::vector<bool> run() {
        std::vector<bool> out(tokens_.size(), false);
        const bool is_body = dialect_.is_transact_sql() && is_routine(tokens_);
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            track(i);
            if (tokens_[i].kind == TokenKind::at_name) out[i] = is_body || is_assigned(i);
        }
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (tokens_[i].kind == TokenKind::at_name && names_.contains(upper(tokens_.text(i)))) out[i] = true;
        }
        return out;
    }

private:
    // The statement that a token belongs to, as far as it names variables.
    void track(std::size_t i) {
        const std::string& word = tokens_.word(i);
        if (word.empty()) return;
        const bool is_first = tokens_.before(i) == TokenView::kNone || tokens_.is(tokens_.before(i), ";");
        if (word == ";" || is_first || (dialect_.is_transact_sql() && begins_statement(word))) {
            if (word != ";" && tokens_[i].kind != TokenKind::word) return;
            statement_ = word;
            statement_opener_ = tokens_.opener(i);
            return;
        }
        if (word == "INTO") into_ = i;
    }

    bool is_assigned(std::size_t i) {
        const std::size_t before = tokens_.before(i);
        const std::size_t after = tokens_.after(i);
        const bool is_here = tokens_.opener(i) == statement_opener_;
        const bool is_name = [&] {
            if (dialect_.is_transact_sql()) {
                // DECLARE @a int = 1, @b int
                return statement_ == "DECLARE" && is_here && (tokens_.is(before, "DECLARE") || tokens_.is(before, ","));
            }
            if (!dialect_.is_mysql()) return false;
            if (tokens_.is(after, ":") && tokens_.is(tokens_.after(after), "=")) return true;
            if (statement_ == "SET" && is_here && tokens_.is(after, "=") &&
                (tokens_.is(before, "SET") || tokens_.is(before, ",")))
                return true;
            // INTO @a, @b
            if (tokens_.is(before, "INTO") ||
                (tokens_.is(before, ",") && into_ != TokenView::kNone && into_ == into_of(before))) {
                last_into_ = i;
                return true;
            }
            return false;
        }();
        if (is_name) names_.insert(upper(tokens_.text(i)));
        // EXEC p @a = 1: the name belongs to the procedure.
        const bool is_argument = dialect_.is_transact_sql() && (statement_ == "EXEC" || statement_ == "EXECUTE") &&
                                 is_here && tokens_.is(after, "=");
        return is_name || is_argument;
    }

    // The INTO whose list of variables goes on behind that comma.
    std::size_t into_of(std::size_t comma) const {
        return last_into_ != TokenView::kNone && tokens_.before(comma) == last_into_ ? into_ : TokenView::kNone;
    }

    const TokenView& tokens_;
    const Dialect& dialect_;
    std::string statement_;  // its first word
    std::size_t statement_opener_ = TokenView::kNone;
    std::size_t into_ = TokenView::kNone;
    std::size_t last_into_ = TokenView::kNone;
    std::set<std::string> names_;
};

}  // namespace

std::vector<bool> find_variables(const TokenView& tokens, const Dialect& dialect) {
    return Finder(tokens, dialect).run();
}

}  // namespace kdeps::sql
