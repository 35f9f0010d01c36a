// SPDX-License-Identifier: Apache-2.0
#include "core/engine/watch.hpp"

#include <vector>

namespace kdeps::engine {

namespace {

constexpr auto kRepeat = std::chrono::milliseconds(100);

}  // namespace

Watch::Guard::Guard(Watch& watch, Deadline deadline, std::function<bool()> should_stop, std::function<void()> cancel)
    : watch_(watch), should_stop_(std::move(should_stop)), cancel_(std::move(cancel)) {
    const std::lock_guard lock(watch_.mutex_);
    place_ = watch_.guards_.emplace(deadline.at(), this);
    // The thread sleeps until the earliest deadline it knew; a later one needs no wake-up, which is the usual case.
    if (place_ == watch_.guards_.begin() && !deadline.is_never()) {
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
        if (guards_.empty() || guards_.begin()->first == Clock::time_point::max()) {
            wake_.wait(lock);
        } else if (guards_.begin()->first > Clock::now()) {
            const Clock::time_point until = guards_.begin()->first;  // the entry may be gone while we sleep
            wake_.wait_until(lock, until);
        } else {
            cancel(*guards_.begin()->second, lock);
        }
    }
}

}  // namespace kdeps::engine
