// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run.hpp"

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

namespace {

// Which limit ended the call: a plugin knows only that one did.  Its own words stay, as they may say what was done.
void name_the_limit(Error& error, const kdeps_call_& call, std::chrono::nanoseconds timeout, Run& run) {
    if (error.status != Status::timeout && error.status != Status::cancelled) return;
    const std::string own =
        call.error && error.message != "the time limit was reached" && error.message != "the run was cancelled"
            ? " (" + error.message + ")"
            : "";
    if (const StopReason reason = run.stop_reason(); reason != StopReason::none) {
        Error stopped = run.stopped(reason);
        error.status = stopped.status;
        error.message = stopped.message + own;
    } else if (error.status == Status::timeout && timeout.count() > 0 && call.deadline.has_passed()) {
        error.message = "the time limit of " + duration_text(timeout) + " was reached" + own;
    }
}

}  // namespace

value::Value Step::run(kdeps_call_& call, Run& run) {
    std::optional<Watch::Guard> guard;
    if ((executor_.table->flags & plugin::kNoCancel) == 0) {
        guard.emplace(run.parts().watch, call.deadline, call.stop, [&] { executor_.table->cancel(step_, &call); });
    }
    call.error.reset();
    kdeps_value result = nullptr;
    if (const kdeps_status status = executor_.table->run(step_, &call, &result); status != KDEPS_OK) {
        Error error = call.failure(status, plugin_id());
        name_the_limit(error, call, timeout_, run);
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
