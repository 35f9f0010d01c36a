// SPDX-License-Identifier: Apache-2.0
// Tokens into a tree.  Unknown names are errors here, with a suggestion.
#pragma once

#include <string_view>

#include "core/expr/ast.hpp"

namespace kdeps::expr {

struct Parsed {
    NodePtr root;
    std::size_t locals = 0;  // slots that let needs
};

// Throws CompileError.
Parsed parse(std::string_view source, const Names& names);

}  // namespace kdeps::expr
