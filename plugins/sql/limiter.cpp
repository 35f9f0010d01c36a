// SPDX-License-Identifier: Apache-2.0
#include "limiter.hpp"

#include <algorithm>

#include "seconds_text.hpp"

namespace kdeps::sql {

Limiter::Place Limiter::enter(const Call& call, std::chrono::nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_++;
    queue_.push_back(ticket);
    const auto began = now_();
    while (queue_.front() != ticket || inside_.size() >= most_) {
        // A cancelled call is noticed here at the latest.
        constexpr std::chrono::nanoseconds kLook = std::chrono::milliseconds(50);
        const auto waited = now_() - began;
        const kdeps_status state = call.state();
        if (waited >= timeout || state != KDEPS_OK) {
            std::erase(queue_, ticket);
            changed_.notify_all();
            if (state == KDEPS_CANCELLED) call.check();
            Error error = full(call, waited);
            if (state == KDEPS_TIMEOUT) error.status = KDEPS_TIMEOUT;  // the step's own limit
            throw Error(std::move(error));
        }
        changed_.wait_for(lock, std::min({timeout - waited, call.remaining(), kLook}));
    }
    queue_.pop_front();
    inside_.push_back(now_());
    changed_.notify_all();
    return Place(*this, inside_.back());
}

std::size_t Limiter::waiting() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

void Limiter::leave(Clock::time_point since) {
    const std::lock_guard lock(mutex_);
    inside_.erase(std::find(inside_.begin(), inside_.end(), since));
    changed_.notify_all();
}

Error Limiter::full(const Call& call, std::chrono::nanoseconds waited) const {
    std::string text = "run.sql.pool of '" + std::string(call.resource()) +
                       "' is full: " + std::to_string(inside_.size()) + " of " + std::to_string(most_) +
                       " connections of '" + pool_ + "' in use, waited " + seconds_text(waited);
    if (!inside_.empty()) text += "; longest held for " + seconds_text(now_() - inside_.front());
    Error error(KDEPS_EXHAUSTED, std::move(text));
    error.retry = KDEPS_RETRY_FRESH;
    return error;
}

}  // namespace kdeps::sql
