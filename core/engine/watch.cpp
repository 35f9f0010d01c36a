// SPDX-License-Identifier: Apache-2.0
#include "core/engine/watch.hpp"

#include <algorithm>
#include <utility>

namespace kdeps::engine {

namespace {

constexpr auto kRepeat = std::chrono::milliseconds(100);
constexpr auto kPace = std::chrono::seconds(1);

}  // namespace

Watch::Guard::Guard(Watch& watch, Deadline deadline, std::function<bool()> should_stop, std::function<void()> cancel)
    : watch_(watch), should_stop_(std::move(should_stop)), cancel_(std::move(cancel)), next_cancel_(deadline.at()) {
    const std::lock_guard lock(watch_.mutex_);
    after_ = std::exchange(watch_.first_, this);
    if (after_ != nullptr) after_->before_ = this;
    // The thread looks by itself now and then; only a deadline before that needs a wake-up, which is rare.
    if (deadline.at() < watch_.sleeps_until_) {
        watch_.sleeps_until_ = deadline.at();
        watch_.wake_.notify_one();
    }
}

Watch::Guard::~Guard() {
    std::unique_lock lock(watch_.mutex_);
    watch_.cancelled_.wait(lock, [&] { return !is_cancelling_; });
    (before_ == nullptr ? watch_.first_ : before_->after_) = after_;
    if (after_ != nullptr) after_->before_ = before_;
}

Watch::Watch() : thread_([this] { work(); }) {}

Watch::~Watch() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Watch::notify() {
    {
        const std::lock_guard lock(mutex_);
        look_at_flags_ = true;
    }
    wake_.notify_one();
}

void Watch::cancel(Guard& guard, std::unique_lock<std::mutex>& lock) {
    guard.is_cancelling_ = true;
    lock.unlock();  // the plugin is called without a lock
    guard.cancel_();
    lock.lock();
    guard.is_cancelling_ = false;
    guard.next_cancel_ = Clock::now() + kRepeat;
    cancelled_.notify_all();
}

Watch::Guard* Watch::next_to_cancel() const {
    Guard* next = first_;
    for (Guard* guard = first_; guard != nullptr; guard = guard->after_) {
        if (guard->next_cancel_ < next->next_cancel_) next = guard;
    }
    return next;
}

void Watch::work() {
    bool is_idle = true;  // nothing was watched when the thread looked last
    std::unique_lock lock(mutex_);
    while (!is_ending_) {
        if (std::exchange(look_at_flags_, false)) {
            for (Guard* guard = first_; guard != nullptr; guard = guard->after_) {
                if (guard->should_stop_()) guard->next_cancel_ = Clock::time_point::min();
            }
        }
        const Clock::time_point now = Clock::now();
        Guard* next = next_to_cancel();
        if (next == nullptr && is_idle) {
            sleeps_until_ = Clock::time_point::max();
            wake_.wait(lock);
            is_idle = false;
        } else if (next == nullptr || next->next_cancel_ > now) {
            // While there is work, calls begin and end much more often than any reaches its deadline: the thread looks
            // at them at its own pace instead of being told of each.
            is_idle = next == nullptr;
            sleeps_until_ = next == nullptr ? now + kPace : std::min(next->next_cancel_, now + kPace);
            wake_.wait_until(lock, Clock::time_point(sleeps_until_));
        } else {
            cancel(*next, lock);
        }
    }
}

}  // namespace kdeps::engine
