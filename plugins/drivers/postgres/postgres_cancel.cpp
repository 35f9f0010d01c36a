// SPDX-License-Identifier: Apache-2.0
#include "postgres_cancel.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <kdeps/cpp/error.hpp>
#include <mutex>
#include <system_error>
#include <thread>

namespace kdeps::postgres {

Wake::Wake() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) {
        throw Error(KDEPS_EXHAUSTED,
                    "no file descriptor is left for a database connection; raise the limit of open files (ulimit -n)");
    }
}

Wake::~Wake() { close(fd_); }

void Wake::set() noexcept {
    const std::uint64_t one = 1;
    // A full counter is set already: nothing to do about a failure.
    [[maybe_unused]] const auto written = write(fd_, &one, sizeof(one));
    is_set_.store(true);  // last: who finds it finds the event too
}

bool Wake::take() noexcept {
    if (!is_set_.exchange(false)) return false;
    std::uint64_t count = 0;
    return read(fd_, &count, sizeof(count)) == sizeof(count);
}

struct CancelRequest::State {
    std::unique_ptr<PGcancel, FreeCancel> cancel;
    std::mutex mutex;  // guards is_over
    std::condition_variable changed;
    bool is_over = false;
};

CancelRequest::CancelRequest(PGconn* connection) : state_(std::make_shared<State>()) {
    state_->cancel.reset(PQgetCancel(connection));
    if (state_->cancel == nullptr) return;  // never over: the connection will be given up
    // The thread must not take the signals of the host.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread([state = state_] {
            std::array<char, 256> why;
            PQcancel(state->cancel.get(), why.data(), static_cast<int>(why.size()));
            const std::lock_guard lock(state->mutex);
            state->is_over = true;
            state->changed.notify_all();
        }).detach();
    } catch (const std::system_error&) {
        // No thread to be had: never over either.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool CancelRequest::wait_until(std::chrono::steady_clock::time_point end) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_until(lock, end, [this] { return state_->is_over; });
}

}  // namespace kdeps::postgres
