// SPDX-License-Identifier: Apache-2.0
// Which node of a graph is next and which thread takes it.  Knows nodes and threads, nothing of requests or values.
//
// The thread that asks for the work (the owner) works too and is the last to leave: what the nodes use may be the
// owner's.  Other threads (helpers) are asked for while nodes are ready that would otherwise wait; they may come late
// or never.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace kdeps::engine {

// Any thread.  Owned by shared_ptr: a helper that comes late still looks at it.
class Scheduler : public std::enable_shared_from_this<Scheduler> {
public:
    enum class Begun {
        under_way,  // run() must follow, also when the work is over
        waits,      // run() would first wait for a limit that others share: one more thread would only wait too
        not_begun,
    };

    // What the nodes do.  The functions on nodes are called without a lock, on any thread, one at a time for each node.
    class Work {
    public:
        virtual ~Work() = default;
        virtual std::span<const std::size_t> successors(std::size_t node) const = 0;

        // May begin() be asked for?
        virtual bool can_begin(std::size_t node) const = 0;
        // Sends what run() will wait for.
        virtual Begun begin(std::size_t node) noexcept = 0;

        // `relief` is not empty where other nodes were begun and wait for this thread: to be called when this one takes
        // long, from any thread, any number of times, not after run() has returned.  False: no further node starts.
        virtual bool run(std::size_t node, const std::function<void()>& relief) noexcept = 0;

        // Asks for one more thread that calls `help`, now, later or never.  Called under the scheduler's lock.
        virtual void call(std::function<void()> help) noexcept = 0;
    };

    // `predecessors` is their number for each node.  One at a time: no helper is asked for, nothing begins together.
    Scheduler(Work& work, std::vector<std::size_t> predecessors, bool is_one_at_a_time);

    // Once, on the owner's thread.  Returns when every node has run, or no further one starts, and no helper is left
    // inside.
    void run();

    // No further node starts.
    void end();

private:
    struct Ready {
        std::size_t node;
        bool is_fresh = true;  // begin() was not asked for
        Begun begun = Begun::not_begun;
    };

    void help();
    void work(std::unique_lock<std::mutex>& lock, bool is_owner);
    void begin_together(std::unique_lock<std::mutex>& lock);
    void run_one(std::unique_lock<std::mutex>& lock, Ready ready);
    std::optional<Ready> take(bool is_owner);
    bool has_successor_of_its_own(std::size_t node) const;
    void call_helpers(std::size_t wanted);
    void relieve();

    Work& work_;
    const bool is_one_at_a_time_;

    std::mutex mutex_;  // guards everything below
    std::condition_variable changed_;
    std::vector<std::size_t> waiting_for_;  // per node: predecessors that have not ended
    std::vector<Ready> ready_;
    std::size_t running_ = 0;
    std::size_t left_;        // nodes that have not ended
    std::size_t called_ = 0;  // helpers that were asked for and have not come
    std::size_t inside_ = 0;  // helpers that are at work
    bool has_fresh_ = true;   // there are ready nodes that nobody has looked at
    bool is_over_ = false;
    bool is_closed_ = false;  // the owner has left: work_ may be gone
};

}  // namespace kdeps::engine
