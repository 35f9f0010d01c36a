// SPDX-License-Identifier: Apache-2.0
// A mutex for whom may not wait for ever: until the end of a patience, and at most a few seconds.
#pragma once

#include <mutex>

#include "core/engine/store.hpp"

namespace kdeps::engine {

inline constexpr auto kLongestWait = std::chrono::seconds(5);

class Lease {
public:
    // Throws Error (UNAVAILABLE).
    Lease(std::timed_mutex& mutex, const Patience& patience) : lock_(mutex, std::try_to_lock) {
        constexpr auto kLook = std::chrono::milliseconds(20);
        const Deadline end = earlier(patience.deadline, Deadline::after(kLongestWait));
        while (!lock_.owns_lock()) {
            const bool is_stopped = patience.stop != nullptr && patience.stop->is_requested();
            if (is_stopped || end.has_passed())
                throw Error(Status::unavailable, "the session is in use by others, who take too long");
            if (lock_.try_lock_for(kLook)) break;
        }
    }

private:
    std::unique_lock<std::timed_mutex> lock_;
};

}  // namespace kdeps::engine
