// SPDX-License-Identifier: Apache-2.0
// The body of a resource, once: exprBefore, the action, expr and exprAfter, apiResponse (rules §4).  What has succeeded
// of it is kept: when a later part fails and the attempt is repeated, it goes on behind that, so that an action which
// has taken effect never runs twice.  One thread at a time.
#pragma once

#include <optional>

#include "core/engine/scope.hpp"

namespace kdeps::engine {

class Attempt {
public:
    // All references outlive the attempt.
    Attempt(Scope& scope, const CompiledResource& compiled) : scope_(scope), compiled_(compiled) {}

    // What comes before the action, then starts the action without waiting for it.  Never throws: finish() does.
    Scheduler::Begun begin();

    // All, or what is left.  Throws what failed; may then be called again.
    value::Value finish();

    // The action has taken effect, or there is none and exprBefore has run.
    bool has_acted() const { return has_acted_; }
    const CompiledResource& compiled() const { return compiled_; }
    Scope& scope() { return scope_; }

    // For a step of the same resource that stands beside the body (onError.apiResponse).
    value::Value run_step(Step& step);

private:
    void prepare();
    void act();
    kdeps_call_& make_call(const Step& step, std::optional<kdeps_call_>& made);

    Scope& scope_;
    const CompiledResource& compiled_;
    bool is_prepared_ = false;            // exprBefore has run for the next try of the action
    std::optional<kdeps_call_> started_;  // the call of the action that is under way
    std::optional<Error> failure_;        // of begin()
    bool has_acted_ = false;
    std::optional<value::Value> output_;  // of the action
    std::size_t after_ = 0;               // expressions behind the action that have run
};

}  // namespace kdeps::engine
