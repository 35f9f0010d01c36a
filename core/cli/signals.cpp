// SPDX-License-Identifier: Apache-2.0
#include "core/cli/signals.hpp"

#include <pthread.h>
#include <signal.h>

namespace kdeps::cli {

namespace {

// Ends the waiting thread; nobody else sends it to this process.
constexpr int kEnd = SIGUSR2;

sigset_t signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, kEnd);
    return set;
}

}  // namespace

void block_signals() {
    const sigset_t set = signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

Signals::Signals(std::function<void(int)> on_signal) {
    thread_ = std::thread([on_signal = std::move(on_signal)] {
        const sigset_t waiting = signals();
        int received = 0;
        for (int number = 1; sigwait(&waiting, &received) == 0 && received != kEnd; ++number) {
            on_signal(number);
        }
    });
}

Signals::~Signals() {
    pthread_kill(thread_.native_handle(), kEnd);
    thread_.join();
}

}  // namespace kdeps::cli
