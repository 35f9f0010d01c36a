// SPDX-License-Identifier: Apache-2.0
#include "core/base/stop.hpp"

#include <condition_variable>
#include <utility>

namespace kdeps {

void StopFlag::request(StopReason reason) {
    const std::lock_guard lock(mutex_);
    if (is_requested()) return;
    reason_.store(reason, std::memory_order_release);
    for (Callback* callback = first_; callback != nullptr; callback = callback->after_) callback->call_();
}

StopFlag::Callback::Callback(const StopFlag& flag, std::function<void()> call) : flag_(flag), call_(std::move(call)) {
    const std::lock_guard lock(flag_.mutex_);
    after_ = std::exchange(flag_.first_, this);
    if (after_ != nullptr) after_->before_ = this;
    if (flag_.is_requested()) call_();
}

StopFlag::Callback::~Callback() {
    const std::lock_guard lock(flag_.mutex_);
    (before_ == nullptr ? flag_.first_ : before_->after_) = after_;
    if (after_ != nullptr) after_->before_ = before_;
}

bool StopFlag::wait_until(Deadline deadline) const {
    std::mutex mutex;
    std::condition_variable wake;
    const Callback on_stop(*this, [&] {
        const std::lock_guard lock(mutex);
        wake.notify_all();
    });
    std::unique_lock lock(mutex);
    const auto is_raised = [this] { return is_requested(); };
    if (deadline.is_never()) {
        wake.wait(lock, is_raised);
        return true;
    }
    return wake.wait_until(lock, deadline.at(), is_raised);
}

}  // namespace kdeps
