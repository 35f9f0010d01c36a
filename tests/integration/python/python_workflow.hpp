// SPDX-License-Identifier: Apache-2.0
// A workflow with python resources, run in the process of the test with the built plugins.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/engine/engine.hpp"
#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

struct PythonOptions {
    std::string settings = {};                      // YAML lines of settings:, without indentation
    std::string resources = {};                     // further YAML documents
    std::string fields = {};                        // YAML lines of run.python beside the script
    std::string requires_ids = {};                  // of the script's resource
    std::map<std::string, std::string> files = {};  // beside the workflow
};

class PythonWorkflow {
public:
    // The script is resource 'main', the target.
    explicit PythonWorkflow(std::string_view script, const PythonOptions& options = {});
    ~PythonWorkflow();

    // The faults of the load, as a user sees them.
    std::string faults() const;
    const std::filesystem::path& folder() const { return folder_.path(); }

    engine::Outcome run(const engine::Pairs& query = {});
    // The data as JSON; a failure gives "<type>: <message>".
    std::string answer(const engine::Pairs& query = {});

private:
    TemporaryFolder folder_;
    std::unique_ptr<plugin::Registry> plugins_;
    std::unique_ptr<config::Diagnostics> faults_;
    std::unique_ptr<workflow::Workflow> workflow_;
    std::unique_ptr<engine::Engine> engine_;
};

// Processes below this one, all levels, with their command names.
std::vector<std::pair<int, std::string>> descendants();
// Waits until `done`, at most ten seconds; tells whether it came.
bool wait_until(const std::function<bool()>& done);

}  // namespace kdeps::testing
