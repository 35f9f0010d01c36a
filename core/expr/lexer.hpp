// SPDX-License-Identifier: Apache-2.0
// Source text into tokens.  Offsets are bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/value/value.hpp"

namespace kdeps::expr {

enum class TokenKind { number, text, bytes, name, op, bracket, end };

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text;     // of a name, an operator, a bracket; a number's source text; a string's value
    value::Value number;  // of a number
    std::size_t offset = 0;
    std::size_t end = 0;

    bool is(TokenKind wanted, std::string_view wanted_text) const { return kind == wanted && text == wanted_text; }
};

// Throws CompileError.  The last token is `end`.  Word operators (and, or, in, ...) come as `op`, except after a dot.
std::vector<Token> tokenize(std::string_view source);

// Skips one string literal that starts at `at`; gives the place after it, or npos if it does not end.
std::size_t skip_string(std::string_view source, std::size_t at);

}  // namespace kdeps::expr
