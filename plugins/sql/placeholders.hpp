// SPDX-License-Identifier: Apache-2.0
// Which tokens of a text are placeholders, and which look like one: operators, casts, slices, variables, money.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dialect.hpp"
#include "token_view.hpp"

namespace kdeps::sql {

struct TextFault {
    std::size_t offset;
    std::string message;
};

struct Placeholders {
    std::vector<bool> are;       // by token
    std::vector<bool> left_out;  // by token: the second ? of ??, which is one in the operator ?
    std::optional<TextFault> fault;
};

// `has_named` tells that params is a map.
Placeholders find_placeholders(const TokenView& tokens, const Dialect& dialect, bool has_named);

// @p1 is position 0, where params is a list.
std::optional<std::size_t> at_position(std::string_view placeholder, bool has_named);

// Is the token the end of a value, so that an operator may follow and no value?  Of ? it tells that it is a
// placeholder.
bool is_operand(const TokenView& tokens, std::size_t i, const std::vector<bool>& placeholders);

}  // namespace kdeps::sql
