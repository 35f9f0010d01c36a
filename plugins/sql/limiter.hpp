// SPDX-License-Identifier: Apache-2.0
// Lets at most n runs of a step use connections at a time, in order: run.sql.pool narrows the pool for one resource.
#pragma once

#include <kdeps/cpp/call.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace kdeps::sql {

// Any thread.
class Limiter {
public:
    using Clock = std::chrono::steady_clock;
    using Now = std::function<Clock::time_point()>;

    // `pool`: the name of the one that is narrowed, for messages.
    Limiter(std::string pool, std::size_t most, Now now = Clock::now)
        : pool_(std::move(pool)), most_(most), now_(std::move(now)) {}

    // A place, held until it is destroyed.
    class Place {
    public:
        Place(Limiter& limiter, Clock::time_point since) : limiter_(&limiter), since_(since) {}
        Place(Place&& other) noexcept : limiter_(std::exchange(other.limiter_, nullptr)), since_(other.since_) {}
        ~Place() {
            if (limiter_ != nullptr) limiter_->leave(since_);
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        Limiter* limiter_;
        Clock::time_point since_;
    };

    // Waits at most `timeout`, and the call's time.  Throws Error: EXHAUSTED with how long the places have been held,
    // TIMEOUT, CANCELLED.
    Place enter(const Call& call, std::chrono::nanoseconds timeout);

    std::size_t waiting() const;

private:
    void leave(Clock::time_point since);
    Error full(const Call& call, std::chrono::nanoseconds waited) const;

    const std::string pool_;
    const std::size_t most_;
    const Now now_;
    mutable std::mutex mutex_;  // guards everything below
    std::condition_variable changed_;
    std::deque<std::uint64_t> queue_;
    std::uint64_t next_ = 0;
    std::deque<Clock::time_point> inside_;  // since when, in the order of entering
};

}  // namespace kdeps::sql
