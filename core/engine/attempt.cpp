// SPDX-License-Identifier: Apache-2.0
#include "core/engine/attempt.hpp"

#include <utility>

namespace kdeps::engine {

using value::Value;

Scheduler::Begun Attempt::begin() {
    try {
        prepare();
        kdeps_call_& call = make_call(*compiled_.action, started_);
        const kdeps_status status = call.state() == Status::ok ? compiled_.action->start(call) : KDEPS_UNSUPPORTED;
        if (status == KDEPS_OK) return Scheduler::Begun::under_way;
        started_.reset();
        return status == KDEPS_EXHAUSTED ? Scheduler::Begun::waits : Scheduler::Begun::not_begun;
    } catch (...) {
        failure_ = current_error();
        return Scheduler::Begun::not_begun;
    }
}

Value Attempt::finish() {
    if (failure_) throw Error(*std::exchange(failure_, std::nullopt));
    if (!has_acted_) act();
    const auto& expressions = compiled_.source->expr_after;
    for (; after_ < expressions.size(); ++after_) expressions[after_].evaluate(scope_);
    if (compiled_.response != nullptr) return run_step(*compiled_.response);
    if (output_) return *output_;
    value::Map status;
    status.set("status", "expressions_executed");
    return Value::map(std::move(status));
}

void Attempt::prepare() {
    for (const workflow::ConfigValue& expression : compiled_.source->expr_before) expression.evaluate(scope_);
    is_prepared_ = true;
}

void Attempt::act() {
    if (!std::exchange(is_prepared_, false)) {
        prepare();
        is_prepared_ = false;
    }
    if (compiled_.action != nullptr) {
        output_ = run_step(*compiled_.action);
        scope_.set_own_output(*output_);
    }
    has_acted_ = true;
}

kdeps_call_& Attempt::make_call(const Step& step, std::optional<kdeps_call_>& made) {
    Run& run = scope_.run();
    const Request& request = run.request();
    kdeps_call_& call = made.emplace(run.parts().plugins, compiled_.source->action_id, run.parts().folder);
    call.request_id = request.id;
    call.deadline =
        step.timeout().count() == 0 ? request.deadline : earlier(request.deadline, Deadline::after(step.timeout()));
    call.stop = &run.stop();
    call.context = &scope_;
    return call;
}

Value Attempt::run_step(Step& step) {
    if (started_ && &step == compiled_.action.get()) {
        // One try only: the next makes a call of its own.
        struct Ended {
            std::optional<kdeps_call_>& call;
            ~Ended() { call.reset(); }
        } const ended{started_};
        return step.run(*started_, scope_.run());
    }
    scope_.run().check();
    std::optional<kdeps_call_> made;
    return step.run(make_call(step, made), scope_.run());
}

}  // namespace kdeps::engine
