// SPDX-License-Identifier: Apache-2.0
// Is a text JSON?  What a column declared JSON holds is handed on unread, so it must be.
#pragma once

#include <string_view>

namespace kdeps::sqlite {

// RFC 8259, in UTF-8, at most 500 levels deep.
bool is_json(std::string_view text);

}  // namespace kdeps::sqlite
