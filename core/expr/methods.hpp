// SPDX-License-Identifier: Apache-2.0
// Methods of values: "text".trim(), list.includes(x) (rules §3); those of times and durations stand with their types.
#pragma once

#include <string>
#include <string_view>

#include "core/expr/ast.hpp"
#include "core/expr/error.hpp"

namespace kdeps::expr {

value::Value method(const value::Value& object, const std::string& name, Arguments arguments);

// Throws RunError unless there are `count`.
void want_arguments(std::string_view method, Arguments arguments, std::size_t count);
RunError unknown_method(std::string_view name, std::string_view type);

// Does the type (as type(x) calls it) have a method of that name?  `arguments` gets how many it takes.
bool has_method(std::string_view type, std::string_view name, std::size_t& arguments);

// Does any type have a method of that name?
bool is_method_name(std::string_view name);

}  // namespace kdeps::expr
