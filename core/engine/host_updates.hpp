// SPDX-License-Identifier: Apache-2.0
// Changes of a store that no other change can come between (rules §3).
#pragma once

#include <span>

#include "core/expr/expr.hpp"

namespace kdeps::engine {

// increment(key [, by [, store]]) and append(key, value [, store]) give the new value, compareAndSet(key, old, new [,
// store]) whether it was set; what is not there equals null.  Throw Error.
value::Value increment_function(expr::Environment& environment, std::span<const value::Value> arguments);
value::Value append_function(expr::Environment& environment, std::span<const value::Value> arguments);
value::Value compare_and_set_function(expr::Environment& environment, std::span<const value::Value> arguments);

}  // namespace kdeps::engine
