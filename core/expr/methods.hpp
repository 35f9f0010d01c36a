// SPDX-License-Identifier: Apache-2.0
// Methods of values: "text".trim(), list.includes(x) (rules §3).
#pragma once

#include <string>

#include "core/expr/ast.hpp"

namespace kdeps::expr {

value::Value method(const value::Value& object, const std::string& name, Arguments arguments);

}  // namespace kdeps::expr
