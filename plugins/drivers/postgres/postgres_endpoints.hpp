// SPDX-License-Identifier: Apache-2.0
// The servers that a URL means, one by one: libpq leaves the time limit of each to its caller when it must not block.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kdeps::postgres {

using Keywords = std::vector<std::pair<std::string, std::string>>;  // of libpq, with their values

// One entry for each host of a list and for each address of a name, in libpq's order; with prefer-standby the standbys
// come first, and then all.  Resolves names.
std::vector<Keywords> endpoints_of(const Keywords& keywords);

}  // namespace kdeps::postgres
