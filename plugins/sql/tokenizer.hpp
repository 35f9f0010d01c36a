// SPDX-License-Identifier: Apache-2.0
// Splits SQL into tokens as far as placeholders need it: strings, quoted names, comments, words, and everything else
// byte by byte. The tokens of a text, put together, are the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kdeps::sql {

enum class TokenKind {
    space,
    comment,
    string,  // 'text', E'text', N'text', $tag$text$tag$, "text" where the dialect says so
    name,    // "name", `name`, [name]
    word,    // keyword or bare name
    number,
    symbol,      // one byte
    dollar,      // $1
    question,    // ?
    colon_name,  // :name
    at_name,     // @name
    hole,        // {{ expression }}
};

struct Token {
    TokenKind kind;
    std::size_t begin;
    std::size_t end;
    std::size_t hole = 0;    // index of the first one at or behind its beginning
    bool has_holes = false;  // of a string, name or comment: holes stand inside
    std::size_t prefix = 0;  // of a string: bytes before its opening quote (E, N, X, U& ...)
    bool is_closed = true;   // of a string, name or comment
};

// A part of the text that is an expression, braces included.
struct Hole {
    std::size_t begin;
    std::size_t end;
};

// `lexis`: KDEPS_LEXIS_* of the driver.  `holes`: in order, not overlapping.
std::vector<Token> tokenize(std::string_view sql, std::uint32_t lexis, const std::vector<Hole>& holes);

}  // namespace kdeps::sql
