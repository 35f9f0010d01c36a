// SPDX-License-Identifier: Apache-2.0
// What an Engine holds and every run reads: the plan, the compiled steps, the stores that outlive runs, the threads.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "core/engine/clock.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/store.hpp"
#include "core/engine/validator.hpp"
#include "core/engine/watch.hpp"
#include "core/plan/plan.hpp"
#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"

namespace kdeps::engine {

class Run;

// One action of a resource, compiled by its executor.  Immutable; any thread.
class Step {
public:
    // Reports the faults of the configuration; `is_usable` tells whether the step may run.
    Step(plugin::Registry& plugins, const workflow::Workflow& workflow, const workflow::Resource& resource,
         const workflow::Action& action, config::Diagnostics& faults);
    ~Step();
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

    bool is_usable() const { return step_ != nullptr; }
    bool responds() const { return (executor_.table->flags & KDEPS_EXECUTOR_RESPONDS) != 0; }
    std::string_view plugin_id() const { return executor_.plugin->manifest().id; }
    bool can_start() const { return (executor_.table->flags & plugin::kNoStart) == 0; }

    // Sends what run will wait for.  OK: run with the same call must follow; EXHAUSTED: run would wait for a limit
    // first.  Never throws: run meets every error again.
    kdeps_status start(kdeps_call_& call) const { return executor_.table->start(step_, &call); }

    // Runs under the watch, which has the plugin cancel the call at its end.  Throws Error, which names the limit that
    // ended it.
    value::Value run(kdeps_call_& call, Run& run);
    std::chrono::nanoseconds timeout() const { return timeout_; }  // 0 = none
    // What its plugin finds where the step would work (kdeps.live/1); null if the plugin cannot look.
    value::Value check_live(kdeps_call_& call) const;
    const std::string& run_key() const { return run_key_; }

private:
    std::string run_key_;
    plugin::Bound<kdeps_executor> executor_;
    std::unique_ptr<kdeps_value_> config_;
    kdeps_step* step_ = nullptr;
    std::chrono::nanoseconds timeout_{0};
};

struct CompiledResource {
    const workflow::Resource* source = nullptr;
    std::unique_ptr<Validator> validator;
    std::unique_ptr<Step> action;             // the primary action, if any
    std::unique_ptr<Step> response;           // apiResponse, if any
    std::unique_ptr<Step> on_error_response;  // onError.apiResponse, if any

    bool responds() const { return response != nullptr; }
    bool has_items() const { return source->items.has_value(); }
};

struct Parts {
    Parts(const workflow::Workflow& workflow_read, plugin::Registry& registry, config::Diagnostics& faults);

    const workflow::Workflow& workflow;
    plugin::Registry& plugins;
    std::string folder;
    std::unique_ptr<ZonedClock> clock;
    plan::Plan plan;
    std::size_t target = 0;  // index of the resource
    bool is_sequential = false;
    std::vector<plugin::Bound<kdeps_settings>> settings;
    std::deque<workflow::ConfigValue>
        with_agent;  // settings of plugins that see agentSettings too; behind settings_values
    std::vector<std::unique_ptr<kdeps_value_>> settings_values;
    std::vector<CompiledResource> resources;  // as in the workflow
    Store app;
    Sessions sessions;
    Watch watch;
    Workers workers;  // last: its threads end before anything that they use

private:
    void configure(config::Diagnostics& faults);
};

}  // namespace kdeps::engine
