// SPDX-License-Identifier: Apache-2.0
// Texts with {{ }} in them: which tokens make one literal, what its escapes mean, and what is written for it so that a
// parameter works as the literal would.
#pragma once

#include <string>
#include <vector>

#include "dialect.hpp"
#include "placeholders.hpp"
#include "token_view.hpp"

namespace kdeps::sql {

// Tokens that one parameter stands for: DATE '2024-{{ m }}-01', 'a' 'b{{ c }}'.
struct Literal {
    std::size_t first;        // its type's or, without one, its first text's
    std::size_t text;         // its first text
    std::size_t last;         // its last token
    std::string before = {};  // is written before the placeholder
    bool is_day = false;      // must begin with one: see is_day()
    std::string behind = {};  // and behind it
};

// Those with holes in them, in order.
std::vector<Literal> find_literals(const TokenView& tokens, std::string_view sql, const Dialect& dialect);

struct LiteralPiece {  // a text or a hole
    std::string text;
    std::size_t hole = 0;
    bool is_hole = false;
};

// MySQL's CAST makes NULL, with a warning, of a text for which DATE '…' and TIMESTAMP '…' are errors.  Is it a day of
// the calendar, as far as it is written as year, month and day?
bool is_day(std::string_view text);

// What its texts and holes are, put together, as the database would read it.  `holes`: where they stand.
std::vector<LiteralPiece> read_literal(const Literal& literal, const TokenView& tokens, std::string_view sql,
                                       const std::vector<Hole>& holes, const Dialect& dialect,
                                       std::vector<TextFault>& faults);

}  // namespace kdeps::sql
