// SPDX-License-Identifier: Apache-2.0
// Lists as the text of a PostgreSQL array, or of JSON.
#pragma once

#include <kdeps/types.h>

#include <string>
#include <string_view>

#include "postgres_types.hpp"

namespace kdeps::postgres {

// [1,null,"a"] becomes {1,NULL,"a"}; lists in lists become dimensions; objects, and every element of a JSON array,
// become their JSON text.  False if `json` is not the text of a list.
bool append_array(std::string_view json, Kind element, std::string& out);

// A cell of kind LIST in the same way.  False if an element cannot be one of the array: bytes where it has none.
bool append_array(const kdeps_cell& list, Kind element, std::string& out);

// The JSON of a list or of an element of one, with the digits that its numbers have.  A text in a list is a JSON
// string, whatever it holds: lists with maps in them come as JSON text.
void append_json(const kdeps_cell& cell, std::string& out);

// Is the text a JSON object or array, as a whole?
bool is_json_container(std::string_view text);

// As PostgreSQL and JSON's readers of numbers write it; NaN and Infinity by name.
void append_double(double value, std::string& out);

}  // namespace kdeps::postgres
