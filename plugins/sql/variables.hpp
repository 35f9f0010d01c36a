// SPDX-License-Identifier: Apache-2.0
// Which @names of a text are variables of the session or of the text itself, and so no placeholders.
#pragma once

#include <vector>

#include "dialect.hpp"
#include "token_view.hpp"

namespace kdeps::sql {

// By token.  MySQL: what := , SET or INTO assigns.  T-SQL: what DECLARE names, the names of a procedure's arguments,
// and all of the body of a routine.
std::vector<bool> find_variables(const TokenView& tokens, const Dialect& dialect);

}  // namespace kdeps::sql
