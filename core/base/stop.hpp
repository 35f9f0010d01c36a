// SPDX-License-Identifier: Apache-2.0
// The one way to ask running work to end: a flag that is raised once, with the reason, and tells whoever registered.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

#include "core/base/deadline.hpp"

namespace kdeps {

enum class StopReason : std::uint8_t {
    none,
    asked,           // by the caller, who says no more
    run_deadline,    // the time limit of the run was reached
    client_left,     // nobody reads the answer
    sibling_failed,  // another resource of the run failed
    answered,        // onError of another resource has answered for the whole run
    shutdown,        // the server ends
};

// Any thread.
class StopFlag {
public:
    StopFlag() = default;
    StopFlag(const StopFlag&) = delete;
    StopFlag& operator=(const StopFlag&) = delete;

    // The first reason stays.
    void request(StopReason reason = StopReason::asked);
    bool is_requested() const { return reason() != StopReason::none; }
    StopReason reason() const { return reason_.load(std::memory_order_acquire); }

    // Calls a function once, when the flag is raised: on the thread that raises it, or at once if that has happened.
    // From construction to destruction, which waits for a call that is running.  The function is short, does not throw,
    // and leaves the flag's callbacks as they are.
    class Callback {
    public:
        Callback(const StopFlag& flag, std::function<void()> call);
        ~Callback();
        Callback(const Callback&) = delete;
        Callback& operator=(const Callback&) = delete;

    private:
        friend class StopFlag;
        const StopFlag& flag_;
        const std::function<void()> call_;
        Callback* before_ = nullptr;  // neighbours among all callbacks
        Callback* after_ = nullptr;
    };

    // Waits until the flag is raised (true) or the time has come (false).
    bool wait_until(Deadline deadline) const;

private:
    std::atomic<StopReason> reason_{StopReason::none};
    mutable std::mutex mutex_;  // guards first_, and is held while callbacks run
    mutable Callback* first_ = nullptr;
};

}  // namespace kdeps
