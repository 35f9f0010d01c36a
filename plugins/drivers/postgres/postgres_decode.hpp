// SPDX-License-Identifier: Apache-2.0
// Reads values as the server sends them, in binary or in text, into cells; cells go into columns or into JSON.
#pragma once

#include <kdeps/cpp/error.hpp>
#include <kdeps/cpp/row_builder.hpp>

#include "postgres_types.hpp"

namespace kdeps::postgres {

// What `column_of(kind)` holds: integers, dates, times and booleans in `integer`, floats in `real`, the rest in `text`.
struct Cell {
    std::int64_t integer = 0;
    double real = 0;
    std::string_view text = {};       // points into the value or into the scratch
    bool is_unrepresentable = false;  // NaN or infinity: JSON has no number for it
};

// One value of a type that is neither an array nor (in binary) `other`.  Throws Error (BAD_DATA).
Cell decode_binary(Kind kind, std::string_view value, std::string& scratch);
Cell decode_text(Kind kind, std::string_view value, std::string& scratch);

// An array as a JSON list, nested if it has dimensions.  True if an element was unrepresentable (it is null in the
// list).
bool append_array_binary(Kind element, std::string_view value, std::string& out);
bool append_array_text(Kind element, std::string_view value, std::string& out);

// The cell as JSON.
void append_json(Kind kind, const Cell& cell, std::string& out);

// ISO 8601, as PostgreSQL writes it with IntervalStyle iso_8601.
void append_interval(std::int64_t months, std::int64_t days, std::int64_t microseconds, std::string& out);

[[noreturn]] void fail_decoding(std::string_view what);

}  // namespace kdeps::postgres
