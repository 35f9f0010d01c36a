// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_operation.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sqlserver_relay.hpp"

namespace kdeps::sqlserver {

namespace {

thread_local Operation* newest = nullptr;

Clock::time_point after(std::chrono::nanoseconds time) {
    const auto now = Clock::now();
    return time >= Clock::time_point::max() - now ? Clock::time_point::max() : now + time;
}

}  // namespace

Bell::Bell() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) {
        throw Error(KDEPS_EXHAUSTED, std::string("a connection needs one more file descriptor: ") +
                                         std::strerror(errno) + "; raise 'ulimit -n'");
    }
}

Bell::~Bell() { ::close(descriptor_); }

void Bell::ring() const { ::eventfd_write(descriptor_, 1); }

void Bell::quiet() const {
    eventfd_t ignored = 0;
    ::eventfd_read(descriptor_, &ignored);
}

Operation::Operation(const Call& call, const Bell& bell, Bound bound, std::chrono::nanoseconds at_most)
    : call_(call),
      bell_(bell),
      bound_(bound),
      end_(after(bound == Bound::grace ? std::chrono::nanoseconds(kStopGrace) : std::min(call.remaining(), at_most))),
      outer_(newest) {
    newest = this;
}

Operation::~Operation() { newest = outer_; }

Operation* Operation::current() { return newest; }

kdeps_status Operation::why_stop() const {
    if (bound_ != Bound::grace && call_.state() != KDEPS_OK) return call_.state();
    return Clock::now() >= end_ ? KDEPS_TIMEOUT : KDEPS_OK;
}

bool Operation::has_to_stop() {
    if (stopped_ == KDEPS_OK) stopped_ = why_stop();
    return stopped_ != KDEPS_OK;
}

bool Operation::wait_for(int socket, short events) {
    while (!has_to_stop()) {
        pollfd entries[2] = {{socket, events, 0}, {bell_.descriptor(), POLLIN, 0}};
        // A cancel rings; a minute is a wait without a deadline.
        const auto rest = std::min<Clock::duration>(end_ - Clock::now(), std::chrono::minutes(1));
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(rest).count();
        const int ready = ::poll(entries, 2, static_cast<int>(std::max<std::int64_t>(ms, 0)));
        if (ready < 0 && errno != EINTR) return true;  // the library meets the same error and reports it
        if (ready > 0 && entries[0].revents != 0) return true;
        if (ready > 0 && entries[1].revents != 0) bell_.quiet();
    }
    return false;
}

void Operation::start_grace(DBPROCESS* process) {
    end_ = Clock::now() + kStopGrace;
    watchdog_ = std::make_unique<Watchdog>(dbiordesc(process), kStopGrace);
}

void Operation::interrupt(DBPROCESS* process) {
    if (dbdead(process) != 0) return;
    start_grace(process);
    dbcancel(process);
}

// The library asks each second of a wait (DBSETTIME).
int Operation::on_timeout(DBPROCESS* process) {
    if (is_sending_) return INT_CONTINUE;
    // It would wait for ever for a socket that it has closed.
    if (process != nullptr && dbdead(process) != 0) return INT_CANCEL;
    if (is_interrupted()) return Clock::now() < end_ ? INT_CONTINUE : INT_CANCEL;
    if (!has_to_stop()) return INT_CONTINUE;
    if (bound_ == Bound::login || process == nullptr) return INT_CANCEL;
    start_grace(process);
    return INT_TIMEOUT;
}

int Operation::on_error(DBPROCESS* process, int code, int system_code, const char* text) {
    if (code == SYBETIME) return on_timeout(process);
    // "Check messages from the SQL Server": they are here already.
    if (code != SYBESMSG && !reports_.client)
        reports_.client = ClientError{code, system_code, text == nullptr ? "" : text};
    return INT_CANCEL;
}

}  // namespace kdeps::sqlserver
