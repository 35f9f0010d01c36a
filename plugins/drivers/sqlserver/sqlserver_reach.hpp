// SPDX-License-Identifier: Apache-2.0
// Asks whether somebody listens at all.
#pragma once

#include <string>

#include "sqlserver_operation.hpp"

namespace kdeps::sqlserver {

// DB-Library looks at nothing while it resolves and connects, and tells little of what went wrong: a connection of our
// own goes before, which obeys the call.  Throws Error (UNAVAILABLE, TIMEOUT, CANCELLED).
void reach(Operation& operation, const std::string& host, int port);

}  // namespace kdeps::sqlserver
