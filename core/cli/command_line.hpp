// SPDX-License-Identifier: Apache-2.0
// Parts of the command line: who reads it is CLI11, what a command does is in commands.hpp.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <vector>

namespace kdeps::cli {

// --plugin-dir.
void add_plugin_folder(CLI::App& command, std::vector<std::filesystem::path>& folders);

// `kdeps plugins ...`; the exit code of the one that was run goes to `code`, which outlives `app`.
void add_plugin_commands(CLI::App& app, int& code);

// `kdeps new ...`, likewise.
void add_new_commands(CLI::App& app, int& code);

}  // namespace kdeps::cli
