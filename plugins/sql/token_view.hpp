// SPDX-License-Identifier: Apache-2.0
// The tokens of a text with what stands around each: neighbours that mean something, parentheses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer.hpp"

namespace kdeps::sql {

class TokenView {
public:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    TokenView(std::string_view sql, std::vector<Token> tokens);

    std::size_t size() const { return tokens_.size(); }
    const Token& operator[](std::size_t i) const { return tokens_[i]; }
    std::string_view text(std::size_t i) const { return sql_.substr(tokens_[i].begin, length(i)); }
    // Of a word: in capitals; of a symbol: itself; else, and of kNone, empty.
    const std::string& word(std::size_t i) const { return i == kNone ? words_.back() : words_[i]; }
    bool is(std::size_t i, std::string_view word) const { return this->word(i) == word; }
    bool is_kind(std::size_t i, TokenKind kind) const { return i != kNone && tokens_[i].kind == kind; }
    // Do both stand side by side, with nothing between them?
    bool touch(std::size_t a, std::size_t b) const {
        return a != kNone && b != kNone && tokens_[a].end == tokens_[b].begin;
    }

    // The next one that is no space and no comment; kNone at either end, and of kNone.
    std::size_t before(std::size_t i) const { return i == kNone ? kNone : before_[i]; }
    std::size_t after(std::size_t i) const { return i == kNone ? kNone : after_[i]; }
    // The ( or [ that is open there; of ) and ] the one that it closes.
    std::size_t opener(std::size_t i) const { return i == kNone ? kNone : opener_[i]; }

private:
    std::size_t length(std::size_t i) const { return tokens_[i].end - tokens_[i].begin; }

    std::string_view sql_;
    std::vector<Token> tokens_;
    std::vector<std::string> words_;  // the last is empty
    std::vector<std::size_t> before_;
    std::vector<std::size_t> after_;
    std::vector<std::size_t> opener_;
};

}  // namespace kdeps::sql
