// SPDX-License-Identifier: Apache-2.0
// Lets at most n through at a time, in order.
#pragma once

#include <kdeps/cpp/call.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace kdeps::sql {

// Any thread.
class Limiter {
public:
    explicit Limiter(std::size_t most) : most_(most) {}

    // A place, held until it is destroyed.
    class Place {
    public:
        explicit Place(Limiter* limiter) : limiter_(limiter) {}
        ~Place() {
            if (limiter_ != nullptr) limiter_->leave();
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        Limiter* limiter_;
    };

    // False if there was no place within the timeout, or the call should end.
    bool enter(const Call& call, std::chrono::nanoseconds timeout) {
        std::unique_lock lock(mutex_);
        const std::uint64_t ticket = next_++;
        queue_.push_back(ticket);
        const auto until = std::chrono::steady_clock::now() + std::min(timeout, call.remaining());
        while (queue_.front() != ticket || inside_ >= most_) {
            // A cancelled call is noticed here at the latest.
            constexpr auto kLook = std::chrono::milliseconds(50);
            const auto now = std::chrono::steady_clock::now();
            if (now >= until || call.state() != KDEPS_OK) {
                std::erase(queue_, ticket);
                changed_.notify_all();
                return false;
            }
            changed_.wait_until(lock, std::min(until, now + kLook));
        }
        queue_.pop_front();
        ++inside_;
        changed_.notify_all();
        return true;
    }

private:
    void leave() {
        const std::lock_guard lock(mutex_);
        --inside_;
        changed_.notify_all();
    }

    const std::size_t most_;
    std::mutex mutex_;  // guards everything below
    std::condition_variable changed_;
    std::deque<std::uint64_t> queue_;
    std::uint64_t next_ = 0;
    std::size_t inside_ = 0;
};

}  // namespace kdeps::sql
