// SPDX-License-Identifier: Apache-2.0
// The clock of all time limits, and a limit as an absolute point in time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace kdeps {

using Clock = std::chrono::steady_clock;

// A point in time after which work should end, or never.
class Deadline {
public:
    Deadline() = default;  // never
    explicit Deadline(Clock::time_point at) : at_(at) {}

    // A span that reaches past the end of the clock is never.
    static Deadline after(std::chrono::nanoseconds span) {
        const Clock::time_point now = Clock::now();
        return span < Clock::time_point::max() - now ? Deadline(now + span) : Deadline();
    }

    bool is_never() const { return at_ == Clock::time_point::max(); }
    bool has_passed() const { return !is_never() && Clock::now() >= at_; }
    Clock::time_point at() const { return at_; }

    // Nanoseconds left: INT64_MAX for never, 0 once passed.
    std::int64_t remaining_ns() const {
        if (is_never()) {
            return std::numeric_limits<std::int64_t>::max();
        }
        const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(at_ - Clock::now()).count();
        return std::max<std::int64_t>(left, 0);
    }

    friend Deadline earlier(Deadline a, Deadline b) { return a.at_ <= b.at_ ? a : b; }

private:
    Clock::time_point at_ = Clock::time_point::max();
};

}  // namespace kdeps
