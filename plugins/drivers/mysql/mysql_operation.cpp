// SPDX-License-Identifier: Apache-2.0
#include "mysql_operation.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace kdeps::mysql {

namespace {

// The library's hook has no argument of the caller: the thread that waits is what tells one connection from another.
thread_local Operation* newest = nullptr;

// Over TLS the library waits for something to read when it cannot write: once in this time it tries again.
constexpr auto kRetryTime = std::chrono::seconds(1);

Clock::time_point after(std::chrono::nanoseconds time) {
    const Clock::time_point now = Clock::now();
    return time > Clock::time_point::max() - now ? Clock::time_point::max() : now + time;
}

// Rounded up, so that a wait does not spin through its last millisecond.
int milliseconds_until(Clock::time_point end) {
    constexpr std::int64_t kLongest = 60'000;
    const Clock::time_point now = Clock::now();
    if (end <= now) return 0;
    const auto left = std::min<std::int64_t>(kLongest, std::chrono::ceil<std::chrono::milliseconds>(end - now).count());
    return static_cast<int>(left);
}

}  // namespace

Bell::Bell() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) {
        throw Error(KDEPS_EXHAUSTED, "the process has no file descriptor left for a connection");
    }
}

Bell::~Bell() { ::close(descriptor_); }

void Bell::ring() const {
    ::eventfd_write(descriptor_, 1);
    is_rung_.store(true);  // last: who finds it finds the event too
}

void Bell::quiet() const {
    if (!is_rung_.exchange(false)) return;
    eventfd_t count = 0;
    ::eventfd_read(descriptor_, &count);
}

Operation::Operation(Limits limits) : limits_(std::move(limits)), end_(after(limits_.at_most)), outer_(newest) {
    if (limits_.bell != nullptr) limits_.bell->quiet();
    newest = this;
}

Operation::~Operation() { newest = outer_; }

void Operation::watch(MYSQL* client) {
    int (*hook)(my_socket, my_bool, int) = on_wait;
    mysql_optionsv(client, MARIADB_OPT_IO_WAIT, reinterpret_cast<void*>(hook));
}

// Without an Operation nothing would bound the wait: it fails instead.
int Operation::on_wait(my_socket socket, my_bool is_read, int /*timeout*/) {
    return newest == nullptr ? -1 : newest->wait(socket, is_read != 0);
}

void Operation::bound(int socket) {
    const timeval read_time{.tv_sec = 0, .tv_usec = 1000};
    const timeval write_time{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &read_time, sizeof(read_time));
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &write_time, sizeof(write_time));
}

kdeps_status Operation::why_stop() const {
    if (limits_.call != nullptr) {
        const kdeps_status state = limits_.call->state();
        if (state != KDEPS_OK) return state;
        if (limits_.call->remaining().count() <= 0) return KDEPS_TIMEOUT;
    }
    return Clock::now() >= end_ ? KDEPS_TIMEOUT : KDEPS_OK;
}

bool Operation::check() {
    if (stopped_ == KDEPS_OK) {
        if (const kdeps_status why = why_stop(); why != KDEPS_OK) stop(why);
    }
    return stopped_ != KDEPS_OK;
}

void Operation::stop(kdeps_status why) {
    stopped_ = why;
    end_ = limits_.on_stop == OnStop::give_up ? Clock::now() : after(kStopGrace);
    if (limits_.on_stop == OnStop::interrupt) {
        has_interrupted_ = true;
        limits_.interrupt(false);
    }
}

int Operation::break_off() {
    if (has_interrupted_) limits_.interrupt(true);
    errno = ETIMEDOUT;
    return 0;
}

// Of the greeting: three bytes of length, a number, 10, the server's version as text, 4 bytes of a number, 8 of a
// challenge, a zero, two bytes of capabilities.
bool Operation::offers_tls(int socket) {
    constexpr std::size_t kHead = 4;
    constexpr std::size_t kBetween = 4 + 8 + 1;
    constexpr auto kPause = std::chrono::milliseconds(1);
    std::array<unsigned char, 512> bytes{};
    while (wait(socket, true) == 1) {
        const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return false;  // gone
        const auto size = static_cast<std::size_t>(got);
        if (size >= kHead) {
            const std::size_t packet = kHead + (bytes[0] | static_cast<std::size_t>(bytes[1]) << 8U |
                                                static_cast<std::size_t>(bytes[2]) << 16U);
            const unsigned char* const end = bytes.data() + std::min(size, packet);
            const unsigned char* const version = bytes.data() + std::min(size, kHead + 1);
            const unsigned char* const version_end = std::find(version, end, std::uint8_t{0});
            if (end - version_end >= static_cast<std::ptrdiff_t>(1 + kBetween + 2)) {
                const unsigned char* capabilities = version_end + 1 + kBetween;
                return ((capabilities[0] | static_cast<unsigned int>(capabilities[1]) << 8U) & CLIENT_SSL) != 0;
            }
            if (size >= packet || size == bytes.size()) return false;  // an error in its place, or what is no greeting
        }
        if (check()) return false;
        ::poll(nullptr, 0, static_cast<int>(kPause.count()));  // the rest is on its way
    }
    return false;
}

// As poll: 1 ready, 0 the time is over, -1 failed.
int Operation::wait(int socket, bool is_read) {
    // The first wait of a connection, before its TLS begins, is one to write.
    if (!is_read) bound(socket);
    const Clock::time_point start = Clock::now();
    if (!silent_since_) silent_since_ = start;
    const Clock::time_point wait_end = limits_.per_wait == std::chrono::nanoseconds::max()
                                           ? Clock::time_point::max()
                                           : *silent_since_ + limits_.per_wait;
    while (true) {
        const bool is_stopped = check();
        const Clock::time_point now = Clock::now();
        if ((is_stopped && now >= end_) || now >= wait_end) {
            return break_off();
        }
        if (is_read && now >= start + kRetryTime) return 1;
        Clock::time_point end = std::min(end_, wait_end);
        if (is_read) end = std::min(end, start + kRetryTime);
        if (!is_stopped && limits_.call != nullptr) end = std::min(end, after(limits_.call->remaining()));

        std::array<pollfd, 2> sources{};
        sources[0] = {socket, static_cast<short>(is_read ? POLLIN : POLLOUT), 0};
        sources[1] = {limits_.bell == nullptr || is_stopped ? -1 : limits_.bell->descriptor(), POLLIN, 0};
        if (::poll(sources.data(), sources.size(), milliseconds_until(end)) < 0 && errno != EINTR) {
            return -1;
        }
        if (sources[0].revents != 0) {
            silent_since_.reset();
            const bool is_connected = !is_read && (sources[0].revents & (POLLERR | POLLHUP)) == 0;
            if (limits_.on_greeting && is_connected && greeted_ != socket) {
                greeted_ = socket;
                is_unwanted_ = !limits_.on_greeting(offers_tls(socket));
                if (is_unwanted_) return -1;
            }
            return 1;
        }
        // The loop looks at the call: a bell that was rung for an earlier call means nothing.
        if (sources[1].revents != 0) limits_.bell->quiet();
    }
}

}  // namespace kdeps::mysql
