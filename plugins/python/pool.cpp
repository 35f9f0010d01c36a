// SPDX-License-Identifier: Apache-2.0
#include "pool.hpp"

#include <algorithm>

namespace kdeps::python {

namespace {

constexpr auto kStartTimeout = std::chrono::seconds(30);

}  // namespace

void Activity::stop() {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
        if (worker_ != nullptr) worker_->kill();
        wake = wake_;
    }
    if (wake) wake();
}

bool Activity::enter(Worker& worker) {
    const std::lock_guard lock(mutex_);
    if (!is_stopped_) worker_ = &worker;
    return !is_stopped_;
}

void Activity::leave() {
    const std::lock_guard lock(mutex_);
    worker_ = nullptr;
}

bool Activity::is_stopped() {
    const std::lock_guard lock(mutex_);
    return is_stopped_;
}

Pool::Pool(const Host& host, PoolOptions options, std::function<Launch(const Call&, const std::atomic<bool>&)> prepare)
    : host_(host), options_(options), prepare_(std::move(prepare)), keeper_([this] { keep(); }) {}

Pool::~Pool() {
    stop_ = true;
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    work_.notify_all();
    keeper_.join();
    // All at once: each takes a while to end.
    for (const auto& worker : idle_) worker->kill();
}

void Pool::start() {
    {
        const std::lock_guard lock(mutex_);
        is_started_ = true;
        has_failed_ = false;
    }
    work_.notify_all();
}

void Pool::rest() {
    {
        const std::lock_guard lock(mutex_);
        for (auto& worker : idle_) condemned_.push_back(std::move(worker));
        idle_.clear();
    }
    work_.notify_all();
}

std::unique_ptr<Worker> Pool::acquire(const Call& call, Activity& activity) {
    std::unique_lock lock(mutex_);
    while (waiters_.empty() && !idle_.empty()) {
        std::unique_ptr<Worker> worker = std::move(idle_.back());
        idle_.pop_back();
        if (worker->is_alive()) {
            ++busy_;
            return worker;
        }
        condemned_.push_back(std::move(worker));
        work_.notify_all();
    }
    // Shared with whoever wakes it, perhaps after it has got what it waits for.
    const auto shared = std::make_shared<Waiter>();
    Waiter& waiter = *shared;
    waiters_.push_back(&waiter);
    has_failed_ = false;
    work_.notify_all();
    {
        const std::lock_guard with(activity.mutex_);
        activity.wake_ = [this, shared] {
            const std::lock_guard wake_lock(mutex_);
            shared->wake.notify_all();
        };
    }
    const auto is_over = [&] { return waiter.worker != nullptr || waiter.error || call.state() != KDEPS_OK; };
    while (!is_over()) {
        const nanoseconds left = call.remaining();
        if (left == nanoseconds::max()) {
            waiter.wake.wait(lock);
        } else {
            waiter.wake.wait_for(lock, left);
        }
    }
    waiters_.erase(std::remove(waiters_.begin(), waiters_.end(), &waiter), waiters_.end());
    const std::size_t busy = busy_;
    lock.unlock();
    {
        const std::lock_guard with(activity.mutex_);
        activity.wake_ = nullptr;
    }
    if (waiter.worker != nullptr) return std::move(waiter.worker);
    if (waiter.error) throw Error(*waiter.error);
    if (call.state() == KDEPS_CANCELLED) call.check();
    throw Error(KDEPS_TIMEOUT, busy >= options_.workers
                                   ? "all " + std::to_string(options_.workers) +
                                         " python workers were busy; settings.python.workers allows more"
                                   : "no python worker was ready");
}

void Pool::hand_over(std::unique_ptr<Worker> worker) {
    if (waiters_.empty()) {
        idle_.push_back(std::move(worker));
        return;
    }
    Waiter* first = waiters_.front();
    waiters_.pop_front();
    ++busy_;
    first->worker = std::move(worker);
    first->wake.notify_all();
}

void Pool::release(std::unique_ptr<Worker> worker, bool is_usable) {
    const bool is_worn = options_.max_calls > 0 && worker->calls >= options_.max_calls;
    bool needs_keeper = true;
    {
        const std::lock_guard lock(mutex_);
        --busy_;
        if (is_usable && !is_worn) {
            hand_over(std::move(worker));
            needs_keeper = false;
        } else {
            condemned_.push_back(std::move(worker));
            has_failed_ = false;
        }
    }
    if (needs_keeper) work_.notify_all();
}

std::size_t Pool::missing() const {
    if (has_failed_ || is_ending_) return 0;
    const std::size_t wanted = is_started_ ? options_.workers : std::min(options_.workers, busy_ + waiters_.size());
    const std::size_t present = idle_.size() + busy_ + starting_;
    return wanted > present ? wanted - present : 0;
}

void Pool::keep() {
    std::unique_lock lock(mutex_);
    while (true) {
        work_.wait(lock, [this] { return is_ending_ || !condemned_.empty() || missing() > 0; });
        // The replacement first: somebody may wait for it, and nobody for the end of the old one.
        if (const std::size_t count = missing(); count > 0) start_missing(lock, count);
        end_condemned(lock);
        if (is_ending_) return;
    }
}

void Pool::end_condemned(std::unique_lock<std::mutex>& lock) {
    std::vector<std::unique_ptr<Worker>> ending = std::move(condemned_);
    condemned_.clear();
    lock.unlock();
    for (const auto& worker : ending) worker->kill();
    ending.clear();
    lock.lock();
}

void Pool::start_missing(std::unique_lock<std::mutex>& lock, std::size_t count) {
    starting_ = count;
    lock.unlock();
    std::vector<std::unique_ptr<Worker>> started;
    std::optional<Error> failure;
    try {
        const BackgroundCall background(host_, "python", nanoseconds(0));
        const Launch launch = prepare_(background.call(), stop_);
        for (std::size_t i = 0; i < count; ++i) started.push_back(std::make_unique<Worker>(launch));
    } catch (const Error& error) {
        failure = error;
    } catch (const std::exception& error) {
        failure = Error(KDEPS_INTERNAL, error.what());
    }
    for (auto& worker : started) {
        try {
            worker->await_ready(kStartTimeout, stop_);
        } catch (const Error& error) {
            failure = error;
            worker.reset();
        }
        lock.lock();
        --starting_;
        if (worker != nullptr) hand_over(std::move(worker));
        lock.unlock();
    }
    lock.lock();
    starting_ = 0;
    if (!failure) return;
    has_failed_ = true;
    if (waiters_.empty() && !stop_) host_.log(KDEPS_LOG_WARNING, failure->message);
    // Whoever waits behind a busy worker gets that one.
    if (busy_ > 0) return;
    for (Waiter* waiter : waiters_) {
        waiter->error = failure;
        waiter->wake.notify_all();
    }
    waiters_.clear();
}

}  // namespace kdeps::python
