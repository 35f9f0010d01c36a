// SPDX-License-Identifier: Apache-2.0
// file(): the only function that reads from disk, inside the workflow's folder only (rules §3).
#pragma once

#include <span>

#include "core/expr/expr.hpp"

namespace kdeps::engine {

// file(pattern [, selector [, selector]]).  A selector is 'first', 'last', 'count', 'all' or 'mime:image/png',
// 'mime:image/*'.  Throws Error.
value::Value file_function(expr::Environment& environment, std::span<const value::Value> arguments);

}  // namespace kdeps::engine
