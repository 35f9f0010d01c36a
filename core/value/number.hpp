// SPDX-License-Identifier: Apache-2.0
// Numbers of different kinds, exactly: 64-bit integers, doubles, and decimals of any length.
#pragma once

#include <compare>
#include <optional>
#include <string_view>

#include "core/value/value_type.hpp"

namespace kdeps::value {

// The order of two numbers by value; unordered with NaN.  A double with a fraction stands for the shortest decimal that
// reads as it, which is how it was written and how it is printed: 19.99 of a numeric column equals the 19.99 of an
// expression.  A double without one is that integer.  Only an int64 beside a double is compared as a double, as the
// expression language has it; but for those beyond 2^53, this is one order over all kinds.
std::partial_ordering compare_numbers(const Value& a, const Value& b);

// The same Value, but for its kind, for numbers that are equal: an integer if it is one of 64 bits, else a double if
// one is equal, else a decimal without superfluous digits.
Value uniform_number(const Value& number);

// a + b, a - b, a * b of decimals and integers, every digit of it; nothing if a double takes part, or the result would
// be longer than 100,000 digits (a product: 10,000).
std::optional<Value> add_decimals(const Value& a, const Value& b);
std::optional<Value> subtract_decimals(const Value& a, const Value& b);
std::optional<Value> multiply_decimals(const Value& a, const Value& b);
Value negate_decimal(const Value& decimal);

// Is the number, without its sign, at least 1?
bool is_above_one(std::string_view decimal);

// Without its fraction; nothing beyond 64 bits, and for NaN.
std::optional<std::int64_t> truncated(const Value& number);

// The value of a JSON number's text: int64 if it is an integer that fits, double if that prints as the same number,
// else decimal.
Value number_of_text(std::string_view text);

}  // namespace kdeps::value
