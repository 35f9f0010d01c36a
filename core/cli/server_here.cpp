// SPDX-License-Identifier: Apache-2.0
// Linked into kdeps-server alone.
#include "core/cli/server_program.hpp"

namespace kdeps::cli {

void enter_server_program() {}

}  // namespace kdeps::cli
