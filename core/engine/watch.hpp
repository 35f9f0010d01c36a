// SPDX-License-Identifier: Apache-2.0
// Ends calls that should end: at their deadline, or when a stop flag of theirs is raised, their plugin is asked to
// cancel, and asked again until the call returns (a cancel that comes before the statement has started would otherwise
// be lost).
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "core/base/base.hpp"

namespace kdeps::engine {

class Watch {
public:
    // One call under watch: from construction to destruction.  The destructor waits for a cancel that is running.
    class Guard {
    public:
        // `should_stop` tells whether a flag is raised; both functions are called from the watch's thread.
        Guard(Watch& watch, Deadline deadline, std::function<bool()> should_stop, std::function<void()> cancel);
        ~Guard();
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

    private:
        friend class Watch;
        Watch& watch_;
        std::function<bool()> should_stop_;
        std::function<void()> cancel_;
        bool is_cancelling_ = false;
        Clock::time_point next_cancel_;
        Guard* before_ = nullptr;  // neighbours among all guards: a call under watch costs no memory of its own
        Guard* after_ = nullptr;
    };

    Watch();
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Looks at all stop flags now.
    void notify();

private:
    void work();
    void cancel(Guard& guard, std::unique_lock<std::mutex>& lock);
    Guard* next_to_cancel() const;  // nullptr: nothing is watched

    std::mutex mutex_;  // guards everything below
    std::condition_variable wake_;
    std::condition_variable cancelled_;
    Guard* first_ = nullptr;
    Clock::time_point sleeps_until_ = Clock::time_point::max();  // when the thread looks next by itself
    bool look_at_flags_ = false;
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace kdeps::engine
