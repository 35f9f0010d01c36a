// SPDX-License-Identifier: Apache-2.0
// Starts a program: the part of Process between fork and exec.
#pragma once

#include <sys/types.h>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace kdeps::testing {

struct LaunchedProgram {
    pid_t pid = -1;
    Descriptor in;  // none without options.input
    Descriptor out;
    Descriptor err;
};

// The program is the leader of a new process group.  Throws std::runtime_error that says which step failed.
LaunchedProgram launch(const std::vector<std::string>& argv, const ProcessOptions& options);

}  // namespace kdeps::testing
