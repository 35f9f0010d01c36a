// SPDX-License-Identifier: Apache-2.0
// What the functions of the language take, as far as it is wrong to write anything else.
#pragma once

#include "core/expr/ast.hpp"
#include "core/expr/static_type.hpp"

namespace kdeps::expr {

// Throws CompileError for an argument that can only fail.  `types` are those of the arguments, in order.
void check_arguments(const Node& call, const std::vector<StaticType>& types);

}  // namespace kdeps::expr
