// SPDX-License-Identifier: Apache-2.0
// Takes one resource through its pipeline (rules §4) in one run.  One thread.
#pragma once

#include <optional>

#include "core/engine/scope.hpp"

namespace kdeps::engine {

class Run;

class ResourceRun {
public:
    ResourceRun(Run& run, std::size_t resource);

    // May begin() be asked for: is there an action to start, and nothing that repeats it?
    static bool can_begin(const CompiledResource& resource);

    enum class Begun {
        under_way,  // execute() must follow
        waits,      // execute() would first wait for a limit, such as a full pool
        not_begun,
    };
    // What comes before the action, then starts the action without waiting for it.  Never throws: execute() does.
    Begun begin();

    // All, or what begin() left.  Stores the output in the run; throws Error if the resource fails and its onError does
    // not take care of it.
    void execute();

private:
    bool is_restricted() const;
    bool is_skipped(Scope& scope) const;
    void check_request(Scope& scope) const;  // validation, then preflightCheck
    value::Value iterate(Scope& scope);
    void want_going_on() const;  // throws Error when the run should end
    value::List run_items(Scope& scope, const value::Value& items);
    value::List run_items_side_by_side(const value::Value& items);
    value::Value run_loop(Scope& scope);
    value::Value run_item(Scope& scope);  // the body, with onError around it; null if the item is skipped
    value::Value run_body(Scope& scope);  // exprBefore, action, expr, exprAfter, apiResponse
    value::Value run_step(Scope& scope, Step& step);
    value::Value handle(Scope& scope, const Error& error, int attempts);
    void pause(std::chrono::nanoseconds delay) const;       // ends early when the run should end
    bool concerns(Scope& scope, const Error& error) const;  // onError.when

    kdeps_call_& make_call(Scope& scope, Step& step, std::optional<kdeps_call_>& call) const;

    Run& run_;
    const std::size_t index_;
    CompiledResource& compiled_;
    const workflow::Resource& resource_;

    // What begin() has done.
    std::optional<Scope> scope_;
    std::optional<kdeps_call_> started_;  // the call of the action that is under way
    std::optional<Error> failure_;        // of a step before the action
    bool is_begun_ = false;
    bool is_skipped_ = false;
    bool has_prepared_ = false;  // exprBefore has run
};

}  // namespace kdeps::engine
