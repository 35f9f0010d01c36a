// SPDX-License-Identifier: Apache-2.0
// One run of a workflow: what its resources gave, how it is stopped, and how it ends.  The scheduler says which of them
// is next.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/engine/parts.hpp"
#include "core/engine/scheduler.hpp"

namespace kdeps::engine {

class ResourceRun;

// The thread that asked for the run owns it and leaves last.
class Run final : private Scheduler::Work {
public:
    // `stop` is the caller's; raised, it ends the run.
    Run(Parts& parts, const Request& request, const StopFlag& stop);
    ~Run() override;
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Once, on the thread that asked.
    Outcome execute();

    // For the resources of this run; any thread.
    Parts& parts() { return parts_; }
    const Request& request() const { return request_; }
    Store& memory() { return memory_; }

    // The run's one token, which the caller's stop, a failed sibling and the deadline raise.
    const StopFlag& stop() const { return stop_; }
    // Should work end, and why?  Looks at the clock too.
    StopReason stop_reason();
    bool is_stopping() { return stop_reason() != StopReason::none; }
    // Throws Error when the run should end.
    void check();
    // What to say of the end of the run for this reason.
    Error stopped(StopReason reason) const;

    // Output of a resource that has run, by its index in the workflow.
    std::optional<value::Value> output(std::size_t resource) const;
    void set_output(std::size_t resource, value::Value output);

    // What a resource with items iterates over.
    std::optional<value::Value> items_of(std::size_t resource) const;
    void set_items(std::size_t resource, value::Value items);

    std::string session_id();
    Patience patience() const { return {request_.deadline, &stop_}; }

    // The store of this client's session, made on the first write; nullptr for reading when there is none.
    std::shared_ptr<Store> session(bool create);

    // An answer given before the target ran (onError.apiResponse); ends the run.
    void answer(Outcome outcome);

    // What ends the run: the first error counts.
    void fail(Error error);

private:
    std::span<const std::size_t> successors(std::size_t node) const override;
    bool can_begin(std::size_t node) const override;
    Scheduler::Begun begin(std::size_t node) noexcept override;
    bool run(std::size_t node, const std::function<void()>& relief) noexcept override;
    void call(std::function<void()> help) noexcept override;

    ResourceRun& resource_of(std::size_t node);
    void fail_node(std::size_t node, Error error);
    Outcome outcome();

    Parts& parts_;
    const Request& request_;
    StopFlag stop_;
    Store memory_;
    std::vector<std::unique_ptr<ResourceRun>> begun_;  // per node; null until something of it was done
    std::shared_ptr<Scheduler> scheduler_;

    mutable std::mutex mutex_;  // guards everything below
    std::optional<Error> error_;
    std::optional<Outcome> answer_;
    std::vector<std::optional<value::Value>> outputs_;
    std::vector<std::pair<std::size_t, value::Value>> items_;

    mutable std::mutex session_mutex_;  // guards what follows: a session's file may keep who asks waiting
    bool has_asked_for_session_ = false;
    std::shared_ptr<Store> session_;
    std::string new_session_id_;

    const StopFlag::Callback on_caller_stop_;  // last: nothing of the run is told before it is there
};

}  // namespace kdeps::engine
