// SPDX-License-Identifier: Apache-2.0
// JSON text in and out (RFC 8259).
#pragma once

#include <string>
#include <string_view>

#include "core/value/value_type.hpp"

namespace kdeps::value {

// Compact; keys in order of insertion; exact integers and decimals; NaN and infinity are null; bytes are base64.
void append_json(const Value& value, std::string& out);
std::string to_json(const Value& value);

// The text of a value in a template: null is empty, lists, maps and tables are compact JSON, numbers plain decimal
// (rules §3).
void append_text(const Value& value, std::string& out);

// Numbers keep their digits: integers that fit are int64, others double if that prints as the same number, else
// decimal. Throws Error (BAD_DATA) with line and column; nesting beyond 512 levels is an error.
Value parse_json(std::string_view text);

// Objects of the expression language replaced by what JSON has for them, through lists and maps.
Value to_plain(const Value& value);

// Is this the text of a JSON number?
bool is_number_text(std::string_view text);

}  // namespace kdeps::value
