// SPDX-License-Identifier: Apache-2.0
// Asks whether somebody listens at all.
#pragma once

#include <string>

#include "sqlserver_operation.hpp"
#include "sqlserver_settings.hpp"

namespace kdeps::sqlserver {

// DB-Library looks at nothing while it resolves and connects, and tells little of what went wrong: a connection of our
// own goes before, which obeys the call.  Throws Error (UNAVAILABLE, TIMEOUT, CANCELLED).
void reach(Operation& operation, const std::string& host, int port);

// Why the library, which reached the server, made no connection with it: what it says of encryption.
std::string why_no_login(Operation& operation, const Settings& settings);

}  // namespace kdeps::sqlserver
