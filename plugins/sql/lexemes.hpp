// SPDX-License-Identifier: Apache-2.0
// The tokens of a statement that mean something, for whoever judges it: no spaces, no comments, words in capitals.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer.hpp"

namespace kdeps::sql {

// ASCII letters in capitals; the rest as it is.
std::string upper(std::string_view text);

struct Lexeme {
    TokenKind kind;
    std::size_t begin;
    std::size_t end;
    std::string word;  // of a word: in capitals; of a symbol: itself; else empty

    bool is(std::string_view what) const { return word == what; }
    bool is_word() const { return kind == TokenKind::word; }
};

std::vector<Lexeme> lexemes(std::string_view sql, const std::vector<Token>& tokens);

}  // namespace kdeps::sql
