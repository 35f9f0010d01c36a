// SPDX-License-Identifier: Apache-2.0
// Cuts a T-SQL batch into tokens, and the tokens into statements.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/tds/value.hpp"

namespace kdeps::testing::tds {

struct Token {
    enum class Kind : std::uint8_t { word, name, text, number, binary, variable, symbol };
    Kind kind = Kind::symbol;
    std::string text;         // of a name, text or binary: what is between the delimiters
    std::string keyword;      // of a word: in capitals
    bool is_unicode = false;  // of a text: N'...'
    int line = 1;

    bool is(std::string_view word) const { return kind == Kind::word && keyword == word; }
    bool is_symbol(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
    bool is_name() const { return kind == Kind::word || kind == Kind::name; }
};

using Tokens = std::vector<Token>;

// Throws SqlError 105 for a text without its end, 113 for a comment.
Tokens tokenize(std::string_view sql);

// Each statement of a batch, without semicolons.  IF and ELSE are statements of their own here; what they decide on is
// the one after them.
std::vector<Tokens> split(const Tokens& batch);

// The parts between commas that stand in no parentheses.
std::vector<Tokens> split_list(const Tokens& tokens);

// The index of the parenthesis that closes the one at `open`, or the size.
std::size_t closing(const Tokens& tokens, std::size_t open);

// The tokens from one index to another.
Tokens part(const Tokens& tokens, std::size_t from, std::size_t to);

// The first token from `from` on that `is` and stands in no parentheses; the size if there is none.
std::size_t find_flat(const Tokens& tokens, std::size_t from, const std::function<bool(const Token&)>& is);

// Error 102 at a token, or at the end.
SqlError syntax_near(const Tokens& tokens, std::size_t i);

std::string lower(std::string_view text);

}  // namespace kdeps::testing::tds
