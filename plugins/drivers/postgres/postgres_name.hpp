// SPDX-License-Identifier: Apache-2.0
// The name of a prepared statement, made of nothing but its text and the types that are declared for its parameters:
// who finds the name in a session, a pooler's or its own, finds that statement and no other.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>
#include <vector>

namespace kdeps::postgres {

// "kdeps_" and half of the SHA-256.
std::string statement_name(std::string_view sql, const std::vector<Oid>& declared);

}  // namespace kdeps::postgres
