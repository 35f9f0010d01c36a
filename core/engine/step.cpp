// SPDX-License-Identifier: Apache-2.0
#include "core/engine/parts.hpp"

#include <kdeps/live.h>

namespace kdeps::engine {

Step::Step(plugin::Registry& plugins, const workflow::Workflow& workflow, const workflow::Resource& resource,
           const workflow::Action& action, config::Diagnostics& faults)
    : run_key_(action.run_key), config_(plugin::make_handles(action.config)), timeout_(action.timeout) {
    // The reader has found the executor, so it is there.
    executor_ = plugins.bind<kdeps_executor>(KDEPS_EXECUTOR_ID, action.run_key).value();
    const std::string folder = workflow.folder.string();
    kdeps_call_ call(plugins, resource.action_id, folder);
    call.faults = &faults;
    const std::size_t before = faults.size();
    kdeps_step* step = nullptr;
    if (const kdeps_status status = executor_.table->compile(executor_.instance, &call, config_.get(), &step);
        status == KDEPS_OK) {
        step_ = step;
    } else if (faults.size() == before) {
        // A plugin that reported nothing has said what is wrong through fail.
        faults.error(call.failure(status, plugin_id()).message, action.config.position_of(0));
    }
}

Step::~Step() {
    if (step_ != nullptr) {
        executor_.table->destroy(step_);
    }
}

value::Value Step::run(kdeps_call_& call, Watch& watch) {
    std::optional<Watch::Guard> guard;
    if ((executor_.table->flags & plugin::kNoCancel) == 0) {
        guard.emplace(
            watch, call.deadline, [&call] { return call.state() == Status::cancelled; },
            [&] { executor_.table->cancel(step_, &call); });
    }
    call.error.reset();
    kdeps_value result = nullptr;
    if (const kdeps_status status = executor_.table->run(step_, &call, &result); status != KDEPS_OK) {
        Error error = call.failure(status, plugin_id());
        if (error.status == Status::timeout && call.deadline.has_passed() && timeout_.count() > 0) {
            error.message = "the time limit of " + duration_text(timeout_) + " was reached" +
                            (call.error ? " (" + error.message + ")" : "");
        }
        throw Error(std::move(error));
    }
    return call.take(result);
}

value::Value Step::check_live(kdeps_call_& call) const {
    const auto* live = static_cast<const kdeps_live*>(executor_.plugin->interface(KDEPS_LIVE_ID));
    if (live == nullptr || step_ == nullptr) return {};
    kdeps_value out = nullptr;
    if (const kdeps_status status = live->check(executor_.instance, &call, step_, &out); status != KDEPS_OK) {
        throw call.failure(status, plugin_id());
    }
    return call.take(out);
}

}  // namespace kdeps::engine
