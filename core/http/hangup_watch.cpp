// SPDX-License-Identifier: Apache-2.0
#include "core/http/hangup_watch.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

namespace kdeps::http {

namespace {

// What an event tells of: an event that was fetched before its client was forgotten must not hit the next one, which
// has the same socket.
std::uint64_t event_data(int socket, std::uint32_t client) {
    return std::uint64_t{client} << 32U | static_cast<std::uint32_t>(socket);
}

void raise(StopFlag* flag, StopReason reason) {
    if (flag != nullptr) flag->request(reason);
}

}  // namespace

HangupWatch::HangupWatch() : epoll_(epoll_create1(EPOLL_CLOEXEC)), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_ < 0 || event_ < 0) {
        throw Error(Status::exhausted, "too many open files: the server cannot watch its clients");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = event_data(event_, 0);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event);
    thread_ = std::thread([this] { work(); });
}

HangupWatch::~HangupWatch() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake();
    thread_.join();
    close(event_);
    close(epoll_);
}

HangupWatch::Guard::Guard(HangupWatch& watch, int socket, StopFlag& flag) : watch_(watch), socket_(socket) {
    const std::lock_guard lock(watch_.mutex_);
    const auto [client, is_new] = watch_.clients_.try_emplace(socket);
    client->second.flag = &flag;
    if (is_new) {
        client->second.number = ++watch_.last_number_;
        // Once for all requests of the connection: a system call for each would be felt.
        epoll_event event{};
        event.events = EPOLLRDHUP | EPOLLET;
        event.data.u64 = event_data(socket, client->second.number);
        epoll_ctl(watch_.epoll_, EPOLL_CTL_ADD, socket, &event);
    } else if (client->second.is_gone) {
        flag.request(StopReason::client_left);
    }
    if (watch_.are_all_stopped_) flag.request(StopReason::shutdown);
}

HangupWatch::Guard::~Guard() {
    const std::lock_guard lock(watch_.mutex_);
    watch_.clients_[socket_].flag = nullptr;
}

void HangupWatch::forget(int socket) {
    const std::lock_guard lock(mutex_);
    if (clients_.erase(socket) > 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
}

void HangupWatch::stop_all_at(Deadline deadline) {
    {
        const std::lock_guard lock(mutex_);
        deadline_ = earlier(deadline_, deadline);
    }
    wake();
}

void HangupWatch::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(event_, &one, sizeof(one));
}

void HangupWatch::work() {
    std::array<epoll_event, 64> events;
    while (true) {
        int timeout = -1;
        {
            const std::lock_guard lock(mutex_);
            if (is_ending_) return;
            constexpr std::int64_t kMillisecond = 1'000'000;
            if (!deadline_.is_never()) timeout = static_cast<int>(deadline_.remaining_ns() / kMillisecond) + 1;
        }
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
        const std::lock_guard lock(mutex_);
        for (int i = 0; i < count; ++i) {
            const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
            const auto socket = static_cast<int>(data & 0xFFFF'FFFFU);
            if (socket == event_) {
                std::uint64_t number = 0;
                [[maybe_unused]] const auto size = read(event_, &number, sizeof(number));
            } else if (const auto found = clients_.find(socket);
                       found != clients_.end() && event_data(socket, found->second.number) == data) {
                found->second.is_gone = true;
                raise(found->second.flag, StopReason::client_left);
            }
        }
        if (deadline_.has_passed()) {
            are_all_stopped_ = true;
            for (const auto& [socket, client] : clients_) raise(client.flag, StopReason::shutdown);
            deadline_ = Deadline();
        }
    }
}

}  // namespace kdeps::http
