// SPDX-License-Identifier: Apache-2.0
#include "core/engine/watch.hpp"

#include <algorithm>
#include <utility>

namespace kdeps::engine {

namespace {

constexpr auto kRepeat = std::chrono::milliseconds(100);
constexpr auto kPace = std::chrono::seconds(1);
constexpr std::size_t kMostCancellers = 256;

}  // namespace

Watch::Guard::Guard(Watch& watch, Deadline deadline, const StopFlag* stop, std::function<void()> cancel)
    : watch_(watch), cancel_(std::move(cancel)), next_cancel_(deadline.at()) {
    {
        const std::lock_guard lock(watch_.mutex_);
        after_ = std::exchange(watch_.first_, this);
        if (after_ != nullptr) after_->before_ = this;
        // The thread looks by itself now and then; only a deadline before that needs a wake-up, which is rare.
        if (deadline.at() < watch_.sleeps_until_) {
            watch_.sleeps_until_ = deadline.at();
            watch_.wake_.notify_one();
        }
    }
    if (stop != nullptr) on_stop_.emplace(*stop, [this] { watch_.hasten(*this); });
}

Watch::Guard::~Guard() {
    on_stop_.reset();  // without the watch's lock, which the flag's callback takes
    std::unique_lock lock(watch_.mutex_);
    if (state_ == State::queued) std::erase(watch_.due_, this);
    watch_.cancelled_.wait(lock, [&] { return state_ != State::cancelling; });
    (before_ == nullptr ? watch_.first_ : before_->after_) = after_;
    if (after_ != nullptr) after_->before_ = before_;
}

Watch::Watch() : thread_([this] { work(); }), cancellers_(kMostCancellers) {}

Watch::~Watch() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Watch::hasten(Guard& guard) {
    const std::lock_guard lock(mutex_);
    guard.next_cancel_ = Clock::time_point::min();
    has_hastened_ = true;
    wake_.notify_one();
}

Watch::Guard* Watch::next_to_cancel() const {
    Guard* next = nullptr;
    for (Guard* guard = first_; guard != nullptr; guard = guard->after_) {
        if (guard->state_ != Guard::State::watched) continue;
        if (next == nullptr || guard->next_cancel_ < next->next_cancel_) next = guard;
    }
    return next;
}

// One cancel, on a thread of its own.
void Watch::cancel_due() {
    std::unique_lock lock(mutex_);
    if (due_.empty()) return;  // its call has ended
    Guard& guard = *due_.front();
    due_.pop_front();
    guard.state_ = Guard::State::cancelling;
    lock.unlock();  // the plugin is called without a lock
    guard.cancel_();
    lock.lock();
    guard.state_ = Guard::State::watched;
    guard.next_cancel_ = Clock::now() + kRepeat;
    sleeps_until_ = std::min(sleeps_until_, guard.next_cancel_);
    has_hastened_ = true;
    wake_.notify_one();
    cancelled_.notify_all();
}

void Watch::work() {
    bool is_idle = true;  // nothing was watched when the thread looked last
    std::unique_lock lock(mutex_);
    while (!is_ending_) {
        has_hastened_ = false;
        const Clock::time_point now = Clock::now();
        Guard* next = next_to_cancel();
        if (next != nullptr && next->next_cancel_ <= now) {
            next->state_ = Guard::State::queued;
            due_.push_back(next);
            lock.unlock();
            if (!cancellers_.submit([this] { cancel_due(); })) cancel_due();
            lock.lock();
        } else if (next == nullptr && is_idle) {
            sleeps_until_ = Clock::time_point::max();
            wake_.wait(lock);
            is_idle = false;
        } else {
            // While there is work, calls begin and end much more often than any reaches its deadline: the thread looks
            // at them at its own pace instead of being told of each.
            is_idle = next == nullptr;
            sleeps_until_ = next == nullptr ? now + kPace : std::min(next->next_cancel_, now + kPace);
            if (!has_hastened_) wake_.wait_until(lock, Clock::time_point(sleeps_until_));
        }
    }
}

}  // namespace kdeps::engine
