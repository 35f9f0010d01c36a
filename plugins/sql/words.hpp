// SPDX-License-Identifier: Apache-2.0
// Words of SQL that tell what may stand beside them.
#pragma once

#include <string_view>

namespace kdeps::sql {

// A value may follow it, so that it is no operand itself: LIKE, AND, SELECT ...
bool is_before_value(std::string_view word);
// A name follows it, never a value: JOIN, INTO, TABLE ...
bool is_before_name(std::string_view word);
// A count of rows follows it: LIMIT, OFFSET, TOP ...
bool is_before_count(std::string_view word);
// A clause of a query or a change begins with it: WHERE, SET, LIMIT ...
bool is_clause(std::string_view word);
// T-SQL: a statement begins with it, also without a ; before it.
bool begins_statement(std::string_view word);

}  // namespace kdeps::sql
