// SPDX-License-Identifier: Apache-2.0
// Takes one resource through its pipeline (rules §4) in one run: may it run at all, is the request right, then its body
// once, for each item, or in a loop.  One thread at a time.
#pragma once

#include <optional>

#include "core/engine/attempt.hpp"

namespace kdeps::engine {

class ResourceRun {
public:
    ResourceRun(Run& run, std::size_t resource);

    // May begin() be asked for: is there an action to start, and nothing that repeats it?
    static bool can_begin(const CompiledResource& resource);

    // What comes before the action, then starts the action without waiting for it.  Never throws: execute() does.
    Scheduler::Begun begin();

    // All, or what begin() left.  Stores the output in the run; throws Error if the resource fails and its onError does
    // not take care of it.
    void execute();

private:
    void admit();
    bool is_restricted() const;
    bool is_skipped(Scope& scope) const;
    void check_request();  // validation, then preflightCheck
    value::Value output();

    Run& run_;
    const std::size_t index_;
    const CompiledResource& compiled_;
    const workflow::Resource& resource_;
    Scope scope_;

    bool is_admitted_ = false;  // was looked at
    bool is_left_out_ = false;  // restricted or skipped
    std::optional<Error> refusal_;
    std::optional<Attempt> attempt_;  // that begin() has begun
};

}  // namespace kdeps::engine
