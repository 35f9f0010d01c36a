// SPDX-License-Identifier: Apache-2.0
// Unicode text: case and white space by utf8proc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kdeps::expr {

// Simple case mapping, one code point to one (ß stays ß).  Bytes that are not UTF-8 stay.
std::string map_case(std::string_view text, bool to_upper);
std::string trim_space(std::string_view text);
std::vector<std::string_view> code_points(std::string_view text);
std::size_t count_code_points(std::string_view text);

}  // namespace kdeps::expr
