// SPDX-License-Identifier: Apache-2.0
// Is a statement a query that has no effects and leaves nothing in its session?
#pragma once

#include <cstdint>
#include <string_view>

namespace kdeps::sql {

// One SELECT, VALUES, TABLE or WITH over tables, with calls, operators, casts and typed literals from closed lists, no
// variables, no locks; whatever is in doubt is none.  `sql`: as it is sent, so that what is left of @name or ? is no
// placeholder.  `lexis`: KDEPS_LEXIS_*.
//
// What a text does not show is not looked at: what lies behind a view, a rule or a policy, a function that is written
// as a column (PostgreSQL's t.f) or has the name of a built-in one, casts that users have defined, temporary tables.
// A driver that learns more of the statement has the last word.
bool is_plain_read(std::string_view sql, std::uint32_t lexis);

// One INSERT, UPDATE, DELETE, MERGE or REPLACE of the same kind: it asks its session for nothing, such as the last id
// that an earlier statement made.  What its triggers do is not looked at.
bool is_plain_change(std::string_view sql, std::uint32_t lexis);

}  // namespace kdeps::sql
