// SPDX-License-Identifier: Apache-2.0
// Bounds every wait for the server, and collects what the library and the server report meanwhile.
#pragma once

#include <chrono>
#include <kdeps/cpp/call.hpp>
#include <optional>
#include <vector>

#include "sqlserver_client.hpp"
#include "sqlserver_errors.hpp"

namespace kdeps::sqlserver {

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
// thread.
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
    // OK, or why the work was told to stop (TIMEOUT, CANCELLED).
    kdeps_status stopped() const { return stopped_; }

    // Tells the server to stop and waits for its answer; the connection is dead if none came within the grace.
    void interrupt(DBPROCESS* process);

    const Reports& reports() const { return reports_; }
    void forget() { reports_ = {}; }

    // The library's callbacks.
    void add(ServerMessage message) { reports_.messages.push_back(std::move(message)); }
    int on_error(int code, int system_code, const char* text);

private:
    kdeps_status why_stop() const;
    int on_timeout();

    const Call& call_;
    const Bell& bell_;
    Bound bound_;
    Clock::time_point end_;
    Operation* outer_;
    kdeps_status stopped_ = KDEPS_OK;
    bool is_interrupted_ = false;
    Reports reports_;
};

}  // namespace kdeps::sqlserver
