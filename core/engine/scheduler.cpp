// SPDX-License-Identifier: Apache-2.0
#include "core/engine/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace kdeps::engine {

Scheduler::Scheduler(Work& work, std::vector<std::size_t> predecessors, bool is_one_at_a_time)
    : work_(work),
      is_one_at_a_time_(is_one_at_a_time),
      waiting_for_(std::move(predecessors)),
      left_(waiting_for_.size()) {
    ready_.reserve(waiting_for_.size());
    for (std::size_t node = 0; node < waiting_for_.size(); ++node) {
        if (waiting_for_[node] == 0) ready_.push_back({node});
    }
}

void Scheduler::run() {
    std::unique_lock lock(mutex_);
    work(lock, true);
    changed_.wait(lock, [&] { return inside_ == 0; });
    is_closed_ = true;
}

void Scheduler::help() {
    std::unique_lock lock(mutex_);
    --called_;
    if (is_closed_) return;
    ++inside_;
    work(lock, false);
    --inside_;
    changed_.notify_all();
}

void Scheduler::end() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
}

void Scheduler::work(std::unique_lock<std::mutex>& lock, bool is_owner) {
    while (true) {
        if (std::exchange(has_fresh_, false) && ready_.size() > 1 && !is_over_ && !is_one_at_a_time_)
            begin_together(lock);
        if (const auto ready = take(is_owner)) {
            run_one(lock, *ready);
        } else if (is_owner && (running_ > 0 || (!is_over_ && left_ > 0))) {
            changed_.wait(lock);
        } else {
            return;
        }
    }
}

// What to do next.  What is under way comes last for helpers, as it needs a thread least, and first for the owner: it
// holds a connection, and nobody who holds one may wait for another.
std::optional<Scheduler::Ready> Scheduler::take(bool is_owner) {
    const auto is_under_way = [](const Ready& ready) { return ready.begun == Begun::under_way; };
    auto found = std::find_if(ready_.begin(), ready_.end(), is_under_way);
    if (is_over_) {
        if (!is_owner) return std::nullopt;
    } else if (found == ready_.end() || !is_owner) {
        const auto other = std::find_if_not(ready_.begin(), ready_.end(), is_under_way);
        if (other != ready_.end()) found = other;
        if (is_one_at_a_time_ && running_ > 0) return std::nullopt;
    }
    if (found == ready_.end()) return std::nullopt;
    const Ready taken = *found;
    ready_.erase(found);
    return taken;
}

// Several nodes are ready: their actions are sent one after the other, so that one thread can wait for all of them.
// Only what could not be sent, or has successors that need not wait for the others, calls for more threads.
void Scheduler::begin_together(std::unique_lock<std::mutex>& lock) {
    std::vector<Ready> together;
    together.reserve(ready_.size());
    std::erase_if(ready_, [&](const Ready& ready) {
        const bool begins = ready.is_fresh && work_.can_begin(ready.node);
        if (begins) together.push_back(ready);
        return begins;
    });
    if (!together.empty()) {
        running_ += together.size();
        lock.unlock();
        for (Ready& ready : together) {
            ready.is_fresh = false;
            ready.begun = work_.begin(ready.node);
        }
        lock.lock();
        running_ -= together.size();
        ready_.insert(ready_.end(), together.begin(), together.end());
    }
    // This thread keeps all that is under way or waits, else one of the others.
    std::size_t others = 0;
    std::size_t kept = 0;
    for (const Ready& ready : ready_) {
        const bool is_kept = ready.begun != Begun::not_begun;
        others += !is_kept || (kept > 0 && has_successor_of_its_own(ready.node)) ? 1 : 0;
        kept += is_kept ? 1 : 0;
    }
    if (kept == 0 && others > 0) --others;
    call_helpers(others);
    if (running_ > 0 || is_over_) changed_.notify_all();
}

bool Scheduler::has_successor_of_its_own(std::size_t node) const {
    const auto successors = work_.successors(node);
    return std::any_of(successors.begin(), successors.end(), [&](std::size_t next) { return waiting_for_[next] == 1; });
}

void Scheduler::run_one(std::unique_lock<std::mutex>& lock, Ready ready) {
    ++running_;
    const bool others_wait =
        ready.begun == Begun::under_way &&
        std::any_of(ready_.begin(), ready_.end(), [](const Ready& r) { return r.begun == Begun::under_way; });
    lock.unlock();
    const bool goes_on = work_.run(ready.node, others_wait ? std::function<void()>([this] { relieve(); }) : nullptr);
    lock.lock();
    --running_;
    --left_;
    is_over_ = is_over_ || !goes_on;
    for (const std::size_t next : work_.successors(ready.node)) {
        if (--waiting_for_[next] == 0) {
            ready_.push_back({next});
            has_fresh_ = true;
        }
    }
    // Who waits (the owner) may take what is ready, or leave.
    if (!ready_.empty() || is_over_ || running_ == 0) changed_.notify_all();
}

// Those who were called and have not come will find the nodes too: no more threads than nodes are ready.
void Scheduler::call_helpers(std::size_t wanted) {
    while (called_ < wanted && !is_over_ && !is_one_at_a_time_) {
        ++called_;
        work_.call([self = shared_from_this()] { self->help(); });
    }
}

// What is under way holds a connection until somebody reads its result: a slow one before it must not keep it.
void Scheduler::relieve() {
    const std::lock_guard lock(mutex_);
    if (!ready_.empty()) call_helpers(called_ + (called_ < ready_.size() ? 1 : 0));
}

}  // namespace kdeps::engine
