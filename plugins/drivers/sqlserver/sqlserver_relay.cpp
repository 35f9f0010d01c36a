// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_relay.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace kdeps::sqlserver {

namespace {

Error lacking(const char* what) {
    return {KDEPS_EXHAUSTED,
            std::string(what) + " needs two more file descriptors: " + std::strerror(errno) + "; raise 'ulimit -n'"};
}

}  // namespace

Relay::Relay(Operation& operation, int socket) : operation_(operation), socket_(socket) {
    int pair[2] = {-1, -1};
    network_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (network_ < 0 || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        const int reason = errno;
        if (network_ >= 0) ::close(network_);
        errno = reason;
        throw lacking("a large request");
    }
    other_end_ = pair[1];
    if ((::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0) ::fcntl(pair[0], F_SETFL, O_NONBLOCK);
    ::dup3(pair[0], socket, O_CLOEXEC);
    ::close(pair[0]);
    operation_.set_sending(true);
    try {
        thread_ = std::thread([this] { carry(); });
    } catch (const std::exception&) {
        operation_.set_sending(false);
        ::dup3(network_, socket_, O_CLOEXEC);
        ::close(network_);
        ::close(other_end_);
        throw Error(KDEPS_EXHAUSTED, "a large request needs one more thread, which the system refuses");
    }
}

Relay::~Relay() {
    ::dup3(network_, socket_, O_CLOEXEC);  // the library's end of the pair is closed by it
    thread_.join();
    ::close(other_end_);
    ::close(network_);
    operation_.set_sending(false);
}

// The thread.  It uses nothing of the operation that the other thread writes meanwhile.
void Relay::carry() {
    std::array<char, 65536> buffer{};
    bool is_lost = false;
    for (;;) {
        const ssize_t got = ::read(other_end_, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        for (ssize_t sent = 0; sent < got && !is_lost;) {
            const ssize_t now = ::send(network_, buffer.data() + sent, static_cast<std::size_t>(got - sent),
                                       MSG_NOSIGNAL | MSG_DONTWAIT);
            if (now >= 0) {
                sent += now;
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                constexpr int kLook = 50;  // ms
                pollfd entry{network_, POLLOUT, 0};
                if (::poll(&entry, 1, kLook) == 0) is_lost = operation_.is_over();
            } else if (errno != EINTR) {
                is_lost = true;
            }
        }
        // A request that was cut cannot be gone on with.
        if (is_lost) ::shutdown(network_, SHUT_RDWR);
    }
}

Watchdog::Watchdog(int socket, std::chrono::nanoseconds time) : socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
    if (socket_ < 0) throw lacking("stopping a statement");
    try {
        thread_ = std::thread([this, time] {
            std::unique_lock lock(mutex_);
            if (!changed_.wait_for(lock, time, [this] { return is_over_; })) ::shutdown(socket_, SHUT_RDWR);
        });
    } catch (const std::exception&) {
        ::shutdown(socket_, SHUT_RDWR);  // without a limit there is no waiting
    }
}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
}

}  // namespace kdeps::sqlserver
