// SPDX-License-Identifier: Apache-2.0
// Rewrites of calls whose result is only partly looked at, so that the rest is never computed.
#pragma once

#include "core/expr/ast.hpp"

namespace kdeps::expr {

// The node, or what takes its place: len(filter(a, p)) counts, first(filter(a, p)) and filter(a, p)[0] stop at the first
// match, count(a, p) > 2 stops at the third, sum(1..n) is computed.
NodePtr shorten(NodePtr node);

}  // namespace kdeps::expr
