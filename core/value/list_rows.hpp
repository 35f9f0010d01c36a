// SPDX-License-Identifier: Apache-2.0
// A list of lists of scalars as Arrow columns.
#pragma once

#include "core/value/value_type.hpp"

struct ArrowArrayStream;

namespace kdeps::value {

// One batch; columns are named 1, 2, …, and a column whose cells differ in type is a dense union.  False, with nothing
// given, unless every element is a list of the same, positive number of scalars, and the texts are below 1 GiB.
bool export_list_rows(const List& rows, ArrowArrayStream* out);

}  // namespace kdeps::value
