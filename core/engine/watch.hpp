// SPDX-License-Identifier: Apache-2.0
// Ends calls that should end: at their deadline, or when the stop flag of their run is raised, their plugin is asked to
// cancel, and asked again until the call returns (a cancel that comes before the statement has started would otherwise
// be lost).  One thread knows the time; each cancel has a thread of its own, as a slow one must delay no other.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "core/base/base.hpp"

namespace kdeps::engine {

class Watch {
public:
    // One call under watch: from construction to destruction.  The destructor waits for a cancel that is running.
    class Guard {
    public:
        // `cancel` is called from a thread of the watch, soon after the deadline or after `stop` was raised, also if
        // that was before.  `stop` may be null and outlives the guard.
        Guard(Watch& watch, Deadline deadline, const StopFlag* stop, std::function<void()> cancel);
        ~Guard();
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

    private:
        friend class Watch;
        enum class State { watched, queued, cancelling };

        Watch& watch_;
        const std::function<void()> cancel_;
        State state_ = State::watched;  // this and the rest are guarded by the watch's mutex
        Clock::time_point next_cancel_;
        Guard* before_ = nullptr;  // neighbours among all guards: a call under watch costs no memory of its own
        Guard* after_ = nullptr;
        std::optional<StopFlag::Callback> on_stop_;
    };

    Watch();
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

private:
    void work();
    void cancel_due();
    void hasten(Guard& guard);
    Guard* next_to_cancel() const;  // nullptr: nothing is watched

    std::mutex mutex_;  // guards everything below
    std::condition_variable wake_;
    std::condition_variable cancelled_;
    Guard* first_ = nullptr;
    std::deque<Guard*> due_;                                     // queued, in order
    Clock::time_point sleeps_until_ = Clock::time_point::max();  // when the thread looks next by itself
    bool has_hastened_ = false;
    bool is_ending_ = false;
    std::thread thread_;
    Workers cancellers_;
};

}  // namespace kdeps::engine
