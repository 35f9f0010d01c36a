// SPDX-License-Identifier: Apache-2.0
// Runs a program and reads what it writes, line by line.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace kdeps::python {

struct CommandResult {
    int exit_code = 0;   // 128 + n after signal n; -1: it could not be started
    std::string output;  // the last 64 KiB of stdout and stderr
};

// `argv[0]` is looked up in PATH.  `stop` ends the program.
CommandResult run_command(const std::vector<std::string>& argv, const std::atomic<bool>& stop,
                          const std::function<void(std::string_view)>& on_line);

}  // namespace kdeps::python
