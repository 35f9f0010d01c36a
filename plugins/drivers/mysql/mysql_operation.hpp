// SPDX-License-Identifier: Apache-2.0
// Bounds every wait that the client library does for a socket, and stops a statement whose call is over.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <kdeps/cpp/call.hpp>
#include <optional>

#include "mysql_client.hpp"

namespace kdeps::mysql {

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
    bool is_rung() const { return is_rung_.load(); }
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
    mutable std::atomic<bool> is_rung_{false};  // spares the system call of a bell that is quiet
};

// What a wait does when the call is over.
enum class OnStop {
    give_up,    // break the connection
    wait,       // kStopGrace more, then break the connection
    interrupt,  // tell the server to stop, kStopGrace more, then break the connection
};

struct Limits {
    const Call* call = nullptr;  // null: only `at_most` counts
    std::chrono::nanoseconds at_most = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds per_wait = std::chrono::nanoseconds::max();
    OnStop on_stop = OnStop::give_up;
    const Bell* bell = nullptr;
    // While connecting: told what the greeting of the server offers, before a login is sent; false gives up.
    std::function<bool(bool offers_tls)> on_greeting = nullptr;
    // Tells the server: with false to stop the statement, with true to end the session.  Must not throw.
    std::function<void(bool ends_session)> interrupt = nullptr;
};

// While it lives, the waits of this thread obey its limits; a newer one on the same thread goes before.  One thread.
class Operation {
public:
    explicit Operation(Limits limits);
    ~Operation();
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    // Makes the library ask the newest Operation of the thread before it blocks.
    static void watch(MYSQL* client);
    // The same over TLS, where the library reads and writes the socket without asking first: such a call returns soon,
    // and then it asks.
    static void bound(int socket);

    // OK, or why the work was told to end (TIMEOUT, CANCELLED).
    kdeps_status stopped() const { return stopped_; }
    bool has_interrupted() const { return has_interrupted_; }
    // on_greeting gave up.
    bool is_unwanted() const { return is_unwanted_; }

    // Looks at the limits without waiting: true if the work was, or now is, told to end.
    bool check();

private:
    static int on_wait(my_socket socket, my_bool is_read, int timeout);
    int wait(int socket, bool is_read);
    kdeps_status why_stop() const;
    void stop(kdeps_status why);
    int break_off();
    // Waits for the greeting of a socket that has just been connected, and leaves it there.
    bool offers_tls(int socket);

    Limits limits_;
    Clock::time_point end_;  // of the work; after stop(), of the grace
    Operation* outer_;
    kdeps_status stopped_ = KDEPS_OK;
    bool has_interrupted_ = false;
    bool is_unwanted_ = false;
    int greeted_ = -1;                               // the socket whose greeting was looked at
    std::optional<Clock::time_point> silent_since_;  // of the answer that is waited for
};

}  // namespace kdeps::mysql
