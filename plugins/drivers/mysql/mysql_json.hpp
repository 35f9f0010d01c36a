// SPDX-License-Identifier: Apache-2.0
// JSON that the server did not check, or by rules of its own: what is none leaves as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace kdeps::mysql {

// By RFC 8259.
bool is_json(std::string_view text);

// The text as a JSON string.
std::string as_json_string(std::string_view text);

}  // namespace kdeps::mysql
