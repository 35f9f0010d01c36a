// SPDX-License-Identifier: Apache-2.0
// A workflow loaded with everything that it needs to run.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/engine/engine.hpp"
#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"

namespace kdeps::cli {

struct LoadOptions {
    std::filesystem::path path = ".";
    std::map<std::string, std::string> connections;  // --connection name=url
    std::vector<std::filesystem::path> plugin_folders;
    std::string target;
    bool is_strict = false;
    bool is_locked = false;  // only plugins of kdeps.lock
};

// The folder of a workflow, given itself or by a file in it.
std::filesystem::path folder_of(const std::filesystem::path& workflow);

// Members are in the order of their dependence.  Immutable after load.
struct Host {
    explicit Host(const LoadOptions& options);

    config::Diagnostics faults;
    plugin::Registry plugins;
    std::unique_ptr<workflow::Workflow> workflow;
    std::unique_ptr<engine::Engine> engine;

    bool is_usable() const { return !faults.has_errors(); }
};

}  // namespace kdeps::cli
