// SPDX-License-Identifier: Apache-2.0
// Engines of workflows that are written down in short, with the executors echo and apiResponse.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/config/config.hpp"
#include "core/engine/engine.hpp"
#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::engine {

class Loaded {
public:
    // Resources as YAML documents; the target is `r`.
    explicit Loaded(std::string_view resources, std::string_view settings = "{}") {
        folder.write("workflow.yaml",
                     "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: test, version: 1.2.3, description: A "
                     "test, targetActionId: r}\nsettings: " +
                         std::string(settings) + "\n---\n" + std::string(resources) + "\n");
        workflow = workflow::read(folder.path(), {}, registry, host_names(), faults);
        engine = std::make_unique<Engine>(*workflow, registry, faults);
    }

    Outcome run(const Request& request = {}) const {
        EXPECT_FALSE(faults.has_errors()) << faults.text();
        const StopFlag never;
        return engine->run(request, never);
    }
    // The data as JSON, or "CODE status STATUS resource: message".
    std::string text(const Request& request = {}) const { return shown(run(request)); }
    // The report, the folder taken off.
    std::string report() const {
        std::string out = faults.text();
        const std::string prefix = folder.path().string() + "/";
        for (std::size_t at = 0; (at = out.find(prefix, at)) != std::string::npos;) out.erase(at, prefix.size());
        return out;
    }

    static std::string shown(const Outcome& outcome) {
        if (!outcome.error) return value::to_json(outcome.data);
        const ErrorCode code = error_code(*outcome.error);
        EXPECT_EQ(code.http_status, outcome.status);
        return std::string(code.code) + " " + std::to_string(code.http_status) + " " +
               std::string(status_name(outcome.error->status)) + " " + outcome.error->resource + ": " +
               outcome.error->message;
    }

    testing::TemporaryFolder folder;
    plugin::Registry registry{{KDEPS_TEST_PLUGINS, KDEPS_OWN_PLUGINS}};
    config::Diagnostics faults;
    std::unique_ptr<workflow::Workflow> workflow;
    std::unique_ptr<Engine> engine;
};

// What one resource with this action gives; `get` stands for any key of run in the flat spelling.
inline std::string run(std::string_view resources, const Request& request = {}) {
    return Loaded(resources).text(request);
}

// A request with a JSON body.
inline Request with_body(std::string_view json) {
    Request out;
    out.body = value::parse_json(json);
    out.has_body = true;
    return out;
}

}  // namespace kdeps::engine
