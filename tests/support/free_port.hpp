// SPDX-License-Identifier: Apache-2.0
// Ports for servers in tests.
#pragma once

#include <cstdint>

namespace kdeps::testing {

// A TCP port of 127.0.0.1 on which nobody listens; never the same twice in one program.
std::uint16_t free_port();

}  // namespace kdeps::testing
