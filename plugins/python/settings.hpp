// SPDX-License-Identifier: Apache-2.0
// settings.python and what of agentSettings concerns Python.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pool.hpp"

namespace kdeps::python {

// A Python that can run scripts: one for each worker program that is installed.
struct Interpreter {
    std::filesystem::path program;
    std::string version;     // "3.11.2"
    std::string executable;  // of the Python that it embeds
};

struct Settings {
    PoolOptions pool;
    std::size_t memory_limit = 0;  // bytes; 0 = none
    std::string memory_limit_text;
    bool is_strict = false;  // a version that is not installed is an error
    std::string version;     // wanted; empty = any
    Config version_at;
    std::vector<std::string> packages;
    std::string requirements_file;
    Config requirements_at;
    std::map<std::string, std::string> environment;
};

extern const char* const kSettingsSchema;

// Reports faults.
Settings read_settings(const Call& call, const Config& settings);

// Worker programs beside the plugins, or the one that KDEPS_PYTHON_WORKER names.
std::vector<Interpreter> find_interpreters();

// The wanted one, or the nearest with a warning (an error if strict).  Nothing if there is none at all, which is
// reported too.
std::optional<Interpreter> choose(const std::vector<Interpreter>& found, const Settings& settings, const Call& call);

}  // namespace kdeps::python
