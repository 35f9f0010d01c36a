// SPDX-License-Identifier: Apache-2.0
// The interpreter of a worker and the loop that serves the plugin.
#pragma once

#include <string>

namespace kdeps::python {

struct RunnerOptions {
    int socket = 3;                // to the plugin
    int supervisor = 0;            // process id
    std::string executable;        // of the interpreter whose packages are used
    std::string folder;            // relative paths start here
    std::size_t memory_limit = 0;  // bytes of address space; 0 = none
};

// Serves until the plugin closes the socket.  Returns the exit code of the process.
int serve(const RunnerOptions& options);

}  // namespace kdeps::python
