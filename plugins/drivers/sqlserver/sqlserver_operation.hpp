// SPDX-License-Identifier: Apache-2.0
// Bounds every wait for the server, and collects what the library and the server report meanwhile.
#pragma once

#include <chrono>
#include <kdeps/cpp/call.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "sqlserver_client.hpp"
#include "sqlserver_errors.hpp"

namespace kdeps::sqlserver {

class Watchdog;

using Clock = std::chrono::steady_clock;

// How long a server that was told to stop may take to say so.
inline constexpr auto kStopGrace = std::chrono::seconds(2);

// Rung by cancel() to wake the thread that waits for the server.  Any thread.
class Bell {
public:
    Bell();  // throws Error if the process has no file descriptor left
    ~Bell();
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    void ring() const;
    void quiet() const;
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

// What bounds the work.
enum class Bound {
    call,   // the call's deadline and its cancel flag
    login,  // the same, while there is no session that could be told to stop
    grace,  // kStopGrace alone: for what has to be cleaned up after the call is over
};

// While it lives, the library's callbacks of this thread go to it; a newer one on the same thread goes before.  One
// thread, but for is_over.
class Operation {
public:
    Operation(const Call& call, const Bell& bell, Bound bound = Bound::call,
              std::chrono::nanoseconds at_most = std::chrono::nanoseconds::max());
    ~Operation();
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    // The newest of this thread; null if there is none.
    static Operation* current();

    // Waits until the socket can be read (or written); false if the work has to stop.
    bool wait_for(int socket, short events);
    // Looks without waiting: true if the work has to stop.
    bool has_to_stop();
    // The same, and nothing is remembered.  Any thread.
    bool is_over() const { return why_stop() != KDEPS_OK; }
    // OK, or why the work was told to stop (TIMEOUT, CANCELLED).
    kdeps_status stopped() const { return stopped_; }
    // Was the server told to stop?
    bool is_interrupted() const { return watchdog_ != nullptr; }

    // Tells the server to stop and waits for its answer; the connection is dead if none came within the grace.
    void interrupt(DBPROCESS* process);
    void set_of_user() { is_of_user_ = true; }
    // While a relay carries a request, whose thread looks at the limits.
    void set_sending(bool is_sending) { is_sending_ = is_sending; }

    const Reports& reports() const { return reports_; }
    void forget() { reports_ = {}; }
    void forget_client_error() { reports_.client.reset(); }

    // The library's callbacks.
    void add(ServerMessage message) { reports_.messages.push_back(std::move(message)); }
    void add_client_error(const char* text) {
        if (!reports_.client) reports_.client = ClientError{0, 0, text};
    }
    // What the server says beside its answer; only of statements of the user.
    void tell(std::string_view notice) const {
        if (is_of_user_) call_.log(KDEPS_LOG_INFO, notice);
    }
    int on_error(DBPROCESS* process, int code, int system_code, const char* text);

private:
    kdeps_status why_stop() const;
    void start_grace(DBPROCESS* process);
    int on_timeout(DBPROCESS* process);

    const Call& call_;
    const Bell& bell_;
    Bound bound_;
    Clock::time_point end_;
    Operation* outer_;
    kdeps_status stopped_ = KDEPS_OK;
    bool is_sending_ = false;
    bool is_of_user_ = false;
    std::unique_ptr<Watchdog> watchdog_;  // from the interruption on
    Reports reports_;
};

}  // namespace kdeps::sqlserver
