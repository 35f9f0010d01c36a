// SPDX-License-Identifier: Apache-2.0
// Which parameters of a statement are compared with a number that has no column behind it: count(*) > ?, n * 2 = ?.
//
// SQLite converts a text that is compared with a column as the column's affinity tells.  An expression has none, so
// that a text is never equal to it and always greater (sqlite.org/datatype3.html, 4.2), also the "2" of a query string.
// As text beside number can mean nothing there, such a parameter gets the affinity that a numeric column would give it.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

namespace kdeps::sqlite {

// Has the column, of whichever table that the statement reads, numeric affinity?  False if it reads no such column.
enum class ColumnKind { unknown, number, other };
using ColumnKinds = std::function<ColumnKind(std::string_view column)>;

// For each parameter, by position.  What is not sure to be a number is not one.
std::vector<bool> compared_with_numbers(std::string_view sql, const ColumnKinds& kind_of);

}  // namespace kdeps::sqlite
