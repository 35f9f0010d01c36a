// SPDX-License-Identifier: Apache-2.0
#include "core/cli/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <system_error>

#include "core/cli/commands.hpp"

namespace kdeps::cli {

namespace {

constexpr std::array<int, 6> kKnown = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

sigset_t known_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : kKnown) {
        struct sigaction now {};
        sigaction(number, nullptr, &now);
        if (now.sa_handler != SIG_IGN) sigaddset(&set, number);
    }
    return set;
}

// Nothing that could wait: no log, no destructor.
[[noreturn]] void end_at_once() { _exit(kRunFailed); }

}  // namespace

Signals::Signals() : wake_(eventfd(0, EFD_CLOEXEC)) {
    signal(SIGPIPE, SIG_IGN);
    const sigset_t set = known_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    thread_ = std::thread([this] { work(); });
}

Signals::~Signals() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_, &one, sizeof(one));
    thread_.join();
    close(wake_);
    const sigset_t set = known_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Signals::work() {
    const sigset_t set = known_signals();
    const int signals = signalfd(-1, &set, SFD_CLOEXEC);
    while (true) {
        pollfd watched[] = {{signals, POLLIN, 0}, {wake_, POLLIN, 0}};
        if (poll(watched, 2, -1) < 0) continue;
        if (watched[0].revents != 0) {
            signalfd_siginfo received{};
            if (read(signals, &received, sizeof(received)) != sizeof(received)) continue;
            const auto number = static_cast<int>(received.ssi_signo);
            if (number == SIGUSR1 || number == SIGUSR2) continue;
            const std::lock_guard lock(mutex_);
            if (number == SIGQUIT || has_come_ || action_ == nullptr) end_at_once();
            has_come_ = true;
            action_->begin();
        } else if (watched[1].revents != 0) {
            break;
        }
    }
    close(signals);
}

Signals::Action::Action(Signals& signals, std::function<void()> act) : signals_(signals), act_(std::move(act)) {
    const std::lock_guard lock(signals_.mutex_);
    signals_.action_ = this;
}

Signals::Action::~Action() {
    std::thread ending;
    {
        const std::lock_guard lock(signals_.mutex_);
        signals_.action_ = nullptr;
        ending = std::move(thread_);
    }
    if (ending.joinable()) ending.join();
}

// The thread of the signals stays free for the second one.
void Signals::Action::begin() {
    try {
        thread_ = std::thread(act_);
    } catch (const std::system_error&) {
        end_at_once();  // nothing can be ended orderly without a thread
    }
}

}  // namespace kdeps::cli
