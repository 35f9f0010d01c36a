// SPDX-License-Identifier: Apache-2.0
// Finds at load what no value of the variables could make right: "a" - 1, [1].x, filter(rows, 5).
#pragma once

#include "core/expr/parser.hpp"

namespace kdeps::expr {

// Throws CompileError.
void check_types(const Parsed& parsed, const Names& names);

}  // namespace kdeps::expr
