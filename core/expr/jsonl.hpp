// SPDX-License-Identifier: Apache-2.0
// Evaluates expressions that come with their own variables: `kdeps eval`.
#pragma once

#include <string>
#include <string_view>

#include "core/value/value.hpp"

namespace kdeps::expr {

// The value of `source` where the entries of `variables` (a map, or null) are variables.  Throws CompileError or
// RunError.
value::Value evaluate_with(std::string_view source, const value::Value& variables);

// A line {"id", "expr", "env"} gives {"id", "result"} or {"id", "error": "compile"|"runtime", "message"} (rules §9).
// Values that JSON does not have are marked: {"$float": "NaN"}, {"$bytes": "ff00"}, {"$map": [[1, "a"], [true, "b"]]}.
std::string eval_jsonl_line(std::string_view line);

}  // namespace kdeps::expr
