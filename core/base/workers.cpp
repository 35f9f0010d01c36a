// SPDX-License-Identifier: Apache-2.0
#include "core/base/workers.hpp"

#include <chrono>
#include <system_error>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace kdeps {

namespace {

constexpr auto kIdleTime = std::chrono::seconds(30);

}  // namespace

Workers::~Workers() {
    std::unique_lock lock(mutex_);
    is_ending_ = true;
    tasks_.clear();
    wake_.notify_all();
    ended_.wait(lock, [&] { return threads_ == 0; });
}

bool Workers::submit(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (is_ending_) {
        return false;
    }
    tasks_.push_back(std::move(task));
    if (idle_ >= tasks_.size()) {
        wake_.notify_one();
    } else if (threads_ < limit_) {
        try {
            std::thread([this] { work(); }).detach();
            ++threads_;
        } catch (const std::system_error& error) {  // the system gives no more threads: those that are there do it
            if (threads_ == 0) {
                tasks_.pop_back();
                log::warning(std::string("no further thread: ") + error.what());
                return false;
            }
        }
    }
    return true;
}

void Workers::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        if (tasks_.empty()) {
            if (is_ending_) {
                break;
            }
            ++idle_;
            const bool has_work = wake_.wait_for(lock, kIdleTime, [&] { return is_ending_ || !tasks_.empty(); });
            --idle_;
            if (!has_work) {
                break;
            }
            continue;
        }
        std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        try {
            task();
        } catch (...) {  // a fault of ours: a task reports its own failures
            const Error error = current_error();
            log::error("a task of a worker thread failed: " + error.message, {{"detail", error.detail}});
        }
        task = nullptr;  // what it holds is released outside of the lock
        lock.lock();
    }
    --threads_;
    ended_.notify_all();  // under the lock: the destructor may free this object as soon as it is gone
}

}  // namespace kdeps
