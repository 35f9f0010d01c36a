// SPDX-License-Identifier: Apache-2.0
// The workers of one environment: started ahead, kept warm, replaced when they die.  Calls beyond their number wait in
// order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <kdeps/cpp/call.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "worker.hpp"

namespace kdeps::python {

// What a call is doing, so that it can be stopped.  Any thread.
class Activity {
public:
    // Ends what the call waits for; asked again, it does it again.
    void stop();
    // False if the call was stopped before.
    bool enter(Worker& worker);
    void leave();
    bool is_stopped();

private:
    friend class Pool;
    std::mutex mutex_;  // guards the rest
    Worker* worker_ = nullptr;
    bool is_stopped_ = false;
    std::function<void()> wake_;
};

struct PoolOptions {
    std::size_t workers = 2;
    std::int64_t max_calls = 0;  // of a worker, which is then replaced; 0 = no limit
};

// Any thread.
class Pool {
public:
    // `prepare` gives what workers are started with; it may take long (it installs packages), runs on the pool's own
    // thread, ends early when its flag is set, and throws Error.
    Pool(const Host& host, PoolOptions options, std::function<Launch(const Call&, const std::atomic<bool>&)> prepare);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Starts all workers and from now on replaces each that ends.
    void start();
    // Ends the workers that nobody uses.
    void rest();

    // Waits for a worker within the call's limits.  Throws Error.
    std::unique_ptr<Worker> acquire(const Call& call, Activity& activity);
    void release(std::unique_ptr<Worker> worker, bool is_usable);

private:
    struct Waiter {
        std::condition_variable wake;
        std::unique_ptr<Worker> worker;
        std::optional<Error> error;
    };

    void keep();
    void end_condemned(std::unique_lock<std::mutex>& lock);
    void start_missing(std::unique_lock<std::mutex>& lock, std::size_t count);
    std::size_t missing() const;
    void hand_over(std::unique_ptr<Worker> worker);

    const Host& host_;
    const PoolOptions options_;
    const std::function<Launch(const Call&, const std::atomic<bool>&)> prepare_;

    std::atomic<bool> stop_{false};  // ends a preparation
    std::mutex mutex_;               // guards everything below
    std::condition_variable work_;
    std::vector<std::unique_ptr<Worker>> idle_;
    std::vector<std::unique_ptr<Worker>> condemned_;
    std::deque<Waiter*> waiters_;
    std::size_t busy_ = 0;
    std::size_t starting_ = 0;
    bool is_started_ = false;
    bool has_failed_ = false;  // workers cannot be started: not tried again before somebody asks
    bool is_ending_ = false;
    std::thread keeper_;  // starts and ends workers, so that no call does
};

}  // namespace kdeps::python
