// SPDX-License-Identifier: Apache-2.0
// Ends calls that should end: at their deadline, or when a stop flag of theirs is raised, their plugin is asked to
// cancel, and asked again until the call returns (a cancel that comes before the statement has started would otherwise
// be lost).
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
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
        std::multimap<Clock::time_point, Guard*>::iterator place_;
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

    std::mutex mutex_;  // guards everything below
    std::condition_variable wake_;
    std::condition_variable cancelled_;
    std::multimap<Clock::time_point, Guard*> guards_;            // by the time of the next cancel
    Clock::time_point sleeps_until_ = Clock::time_point::max();  // when the thread looks next by itself
    bool look_at_flags_ = false;
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace kdeps::engine
