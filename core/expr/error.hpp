// SPDX-License-Identifier: Apache-2.0
// Errors of expressions: what a program's text says wrongly, and what fails while it runs.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/base.hpp"

namespace kdeps::expr {

// `offset` is a byte in the source of the expression.
class CompileError : public Error {
public:
    CompileError(std::string text, std::size_t at) : Error(Status::invalid_argument, std::move(text)), offset(at) {}
    std::size_t offset;
};

class RunError : public Error {
public:
    explicit RunError(std::string text) : Error(Status::invalid_argument, std::move(text)) {}

    // The innermost node that the error passes says where it happened.
    void place(std::size_t at) {
        if (!is_placed) {
            offset = at;
            is_placed = true;
        }
    }

    std::size_t offset = 0;  // a byte in the source of the expression
    bool is_placed = false;
};

}  // namespace kdeps::expr
