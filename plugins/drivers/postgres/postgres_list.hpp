// SPDX-License-Identifier: Apache-2.0
// A JSON list as the text of a PostgreSQL array.
#pragma once

#include <string>
#include <string_view>

#include "postgres_types.hpp"

namespace kdeps::postgres {

// [1,null,"a"] becomes {1,NULL,"a"}; lists in lists become dimensions; objects, and every element of a JSON array,
// become their JSON text.  False if `json` is not the text of a list.
bool append_array(std::string_view json, Kind element, std::string& out);

}  // namespace kdeps::postgres
