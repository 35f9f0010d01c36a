// SPDX-License-Identifier: Apache-2.0
// Stands between a client and a server and counts how often the client sends: an upper bound of its round trips.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/descriptor.hpp"

namespace kdeps::testing {

// Any thread.
class Relay {
public:
    // Throws std::runtime_error if it cannot listen.
    explicit Relay(std::uint16_t server_port);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    std::uint16_t port() const { return port_; }
    int sends() const { return sends_; }  // pieces of up to 64 KiB

private:
    void accept_all();
    void pass(int from, int to, bool is_client);

    const std::uint16_t server_port_;
    std::uint16_t port_ = 0;
    Descriptor listener_;
    std::atomic<int> sends_{0};
    std::mutex mutex_;  // guards the rest
    bool is_ending_ = false;
    std::vector<Descriptor> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace kdeps::testing
