// SPDX-License-Identifier: Apache-2.0
// One run of a workflow: which resources are ready, what they gave, and how the run ends.  The thread that asked for
// the run works on it; while several resources are ready, other threads help.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "core/engine/parts.hpp"

namespace kdeps::engine {

class ResourceRun;

// Owned by shared_ptr: a helping thread may look at it after the run has ended.
class Run : public std::enable_shared_from_this<Run> {
public:
    Run(Parts& parts, const Request& request, const StopFlag& client_stop);
    ~Run();

    // Once, on the thread that asked.  Never throws.
    Outcome execute();

    // For the resources of this run; any thread.
    Parts& parts() { return parts_; }
    const Request& request() const { return request_; }
    const StopFlag& stop() const { return stop_; }
    const StopFlag& client_stop() const { return client_stop_; }
    Store& memory() { return memory_; }

    // Output of a resource that has run, by its index in the workflow.
    std::optional<value::Value> output(std::size_t resource) const;
    void set_output(std::size_t resource, value::Value output);

    // What a resource with items iterates over.
    std::optional<value::Value> items_of(std::size_t resource) const;
    void set_items(std::size_t resource, value::Value items);

    // Should work end, because something failed, the client left or the time is over?
    bool is_stopping() const {
        return stop_.is_requested() || client_stop_.is_requested() || request_.deadline.has_passed();
    }

    std::string session_id() const;

    // The store of this client's session, made on the first write; nullptr for reading when there is none.
    std::shared_ptr<Store> session(bool create);

    // An answer given before the target ran (onError.apiResponse); ends the run.
    void answer(Outcome outcome);

private:
    // A node that may run.
    struct Ready {
        std::size_t node;
        std::unique_ptr<ResourceRun> begun;  // null: nothing of it was done
        bool is_under_way = false;           // its action was started: it must be executed, also when the run is over
        bool waits = false;                  // for a limit that many runs share: one more thread would only wait too
    };

    void call_helpers(std::size_t count);
    void call_helper_if_needed();
    void work(bool is_owner);
    void begin_together(std::unique_lock<std::mutex>& lock);
    bool has_successor_of_its_own(std::size_t node) const;
    std::optional<Ready> take(bool is_owner);
    void end_node(std::size_t node);
    void run_node(Ready ready);
    Outcome outcome();

    Parts& parts_;
    const Request& request_;
    const StopFlag& client_stop_;
    StopFlag stop_;  // raised when a resource fails, for its siblings
    Store memory_;

    mutable std::mutex mutex_;  // guards everything below
    std::condition_variable changed_;
    std::vector<std::size_t> waiting_for_;  // per node: predecessors that have not ended
    std::vector<Ready> ready_;
    bool has_fresh_ = true;  // there are ready nodes that nobody has looked at
    std::size_t running_ = 0;
    std::size_t left_ = 0;  // nodes that have not ended
    bool is_over_ = false;  // no further node starts
    std::optional<Error> error_;
    std::optional<Outcome> answer_;
    std::vector<std::optional<value::Value>> outputs_;
    std::vector<std::pair<std::size_t, value::Value>> items_;
    std::shared_ptr<Store> session_;
    std::string new_session_id_;
};

}  // namespace kdeps::engine
