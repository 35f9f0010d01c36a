// SPDX-License-Identifier: Apache-2.0
// The body of a resource as long as a condition holds.
#pragma once

#include "core/engine/scope.hpp"

namespace kdeps::engine {

// No iteration gives [], one its value, several a list.  Each iteration sees the output of the one before under the
// resource's own id.  Throws Error.
value::Value run_loop(Scope& scope, const CompiledResource& compiled);

}  // namespace kdeps::engine
