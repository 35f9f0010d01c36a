// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sql/host.hpp"

#include <stdexcept>

#include "core/config/config.hpp"
#include "core/engine/engine.hpp"
#include "core/http/envelope.hpp"
#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::bench {

struct Host::Loaded {
    testing::TemporaryFolder folder;
    plugin::Registry plugins{{KDEPS_PLUGIN_FOLDER}};
    config::Diagnostics faults;
    std::unique_ptr<workflow::Workflow> workflow;
    std::unique_ptr<engine::Engine> engine;
    StopFlag stop;
};

Host::Host(const std::string& url, const std::string& run) : loaded_(std::make_unique<Loaded>()) {
    loaded_->folder.write(
        "workflow.yaml",
        "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: bench, version: \"1\", targetActionId: main}\n"
        "settings:\n  apiServerMode: false\n  sqlConnections: {db: {connection: \"" +
            url +
            "\"}}\n"
            "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: main, name: main}\nrun:\n  sql:\n"
            "    connectionName: db\n" +
            run);
    loaded_->workflow =
        workflow::read(loaded_->folder.path(), {}, loaded_->plugins, engine::host_names(), loaded_->faults);
    loaded_->engine = std::make_unique<engine::Engine>(*loaded_->workflow, loaded_->plugins, loaded_->faults);
    if (loaded_->faults.has_errors()) throw std::runtime_error(loaded_->faults.text());
    loaded_->engine->start();
}

Host::~Host() = default;

std::string Host::run(const value::Value& body) {
    engine::Request request;
    request.body = body;
    request.has_body = !body.is_null();
    const engine::Outcome outcome = loaded_->engine->run(request, loaded_->stop);
    if (outcome.error) throw std::runtime_error(outcome.error->message);
    return http::envelope(outcome, request);
}

}  // namespace kdeps::bench
