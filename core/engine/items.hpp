// SPDX-License-Identifier: Apache-2.0
// The body of a resource once for each item.  Every item has a scope, a store and an attempt of its own, in sequence as
// side by side.
#pragma once

#include <functional>

#include "core/engine/scope.hpp"

namespace kdeps::config {
class Diagnostics;
}

namespace kdeps::engine {

// What the resource iterates over.  Throws Error.
value::Value list_items(Scope& scope);

// Is the item skipped, by the conditions that read it?
using IsSkipped = std::function<bool(Scope&)>;

// The results in order, null for a skipped item.  Throws the first error.
value::Value run_items(Run& run, const CompiledResource& compiled, const value::Value& items,
                       const IsSkipped& is_skipped);

// Reports what would mean something else side by side than in sequence (itemsConcurrency).
void check_side_by_side(const workflow::Resource& resource, config::Diagnostics& faults);

}  // namespace kdeps::engine
