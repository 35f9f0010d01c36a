// SPDX-License-Identifier: Apache-2.0
// Two guards of the library's socket: for a request of several packets, and for an answer that does not end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "sqlserver_operation.hpp"

namespace kdeps::sqlserver {

// FreeTDS 1.3 writes into memory that it has freed when a connection breaks between two packets of one request
// (tds_write_packet), and looks at no time limit while it writes.  So while it sends more than one packet, its socket
// is one end of a pair that never breaks; a thread takes the request from the other end to the network, within the
// operation's limits, and drops what the network does not take.  The library meets the loss when it reads.
class Relay {
public:
    // Throws Error if the process lacks what it takes.
    Relay(Operation& operation, int socket);
    ~Relay();  // all is sent or dropped, and the library has its own socket again
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

private:
    void carry();

    Operation& operation_;
    const int socket_;  // the library's
    int network_ = -1;  // what it was
    int other_end_ = -1;
    std::thread thread_;
};

// Shuts the connection down when its time is over, whatever the library does with it.
class Watchdog {
public:
    Watchdog(int socket, std::chrono::nanoseconds time);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    const int socket_;  // our own
    std::mutex mutex_;  // guards is_over_
    std::condition_variable changed_;
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace kdeps::sqlserver
