// SPDX-License-Identifier: Apache-2.0
// Stands between a client and a server as a network of some latency, so that round trips can be told from work.
#pragma once

#include <chrono>
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
    Relay(std::uint16_t server_port, std::chrono::microseconds latency);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    std::uint16_t port() const { return port_; }

private:
    void accept_all();
    void pass(int from, int to, std::chrono::microseconds latency) const;

    const std::uint16_t server_port_;
    const std::chrono::microseconds latency_;  // of what the server says; pieces that come meanwhile travel together
    std::uint16_t port_ = 0;
    Descriptor listener_;
    std::mutex mutex_;  // guards the rest
    bool is_ending_ = false;
    std::vector<Descriptor> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace kdeps::testing
