// SPDX-License-Identifier: Apache-2.0
#include "core/engine/watch.hpp"

#include <vector>

namespace kdeps::engine {

namespace {

constexpr auto kRepeat = std::chrono::milliseconds(100);
constexpr auto kPace = std::chrono::seconds(1);

}  // namespace

Watch::Guard::Guard(Watch& watch, Deadline deadline, std::function<bool()> should_stop, std::function<void()> cancel)
    : watch_(watch), should_stop_(std::move(should_stop)), cancel_(std::move(cancel)) {
    const std::lock_guard lock(watch_.mutex_);
    place_ = watch_.guards_.emplace(deadline.at(), this);
    // The thread looks by itself now and then; only a deadline before that needs a wake-up, which is rare.
    if (deadline.at() < watch_.sleeps_until_) {
        watch_.sleeps_until_ = deadline.at();
        watch_.wake_.notify_one();
    }
}

Watch::Guard::~Guard() {
    std::unique_lock lock(watch_.mutex_);
    watch_.cancelled_.wait(lock, [&] { return !is_cancelling_; });
    watch_.guards_.erase(place_);
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
    auto node = guards_.extract(guard.place_);
    node.key() = Clock::now() + kRepeat;
    guard.place_ = guards_.insert(std::move(node));
    cancelled_.notify_all();
}

void Watch::work() {
    bool is_idle = true;  // nothing was watched when the thread looked last
    std::unique_lock lock(mutex_);
    while (!is_ending_) {
        if (look_at_flags_) {
            look_at_flags_ = false;
            std::vector<Guard*> stopped;
            for (const auto& [time, guard] : guards_) {
                if (guard->should_stop_()) {
                    // Moved to the front of the queue: cancelled below, one at a time, as guards may end meanwhile.
                    stopped.push_back(guard);
                }
            }
            for (Guard* guard : stopped) {
                auto node = guards_.extract(guard->place_);
                node.key() = Clock::time_point::min();
                guard->place_ = guards_.insert(std::move(node));
            }
        }
        const Clock::time_point now = Clock::now();
        if (guards_.empty() && is_idle) {
            sleeps_until_ = Clock::time_point::max();
            wake_.wait(lock);
            is_idle = false;
        } else if (guards_.empty() || guards_.begin()->first > now) {
            // While there is work, calls begin and end much more often than any reaches its deadline: the thread looks
            // at them at its own pace instead of being told of each.
            is_idle = guards_.empty();
            sleeps_until_ = guards_.empty() ? now + kPace : std::min(guards_.begin()->first, now + kPace);
            wake_.wait_until(lock, Clock::time_point(sleeps_until_));
        } else {
            cancel(*guards_.begin()->second, lock);
        }
    }
}

}  // namespace kdeps::engine
