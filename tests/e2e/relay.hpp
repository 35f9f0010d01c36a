// SPDX-License-Identifier: Apache-2.0
// Stands between a client and a server as a network of some latency, so that round trips can be told from work, and as
// one that fails where a test says.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/descriptor.hpp"

namespace kdeps::testing {

// Any thread.
class Relay {
public:
    // Throws std::runtime_error if it cannot listen.
    explicit Relay(std::uint16_t server_port, std::chrono::microseconds latency = {});
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    std::uint16_t port() const { return port_; }

    // What happens to the next request of a client that holds `text`, once.
    enum class Fault {
        cut_before,   // it does not reach the server; both sides see the connection end
        cut_after,    // the server answers, then both sides see the connection end without the answer
        lose_answer,  // the answer is lost, the connection stays
        half_answer   // half of the answer comes, the connection stays
    };
    void on_request(std::string text, Fault fault);
    bool has_failed() const;  // that request came

    // Nothing passes between the two, nor does a new connection reach the server; clients can still connect and send.
    void stall();
    void resume();
    void cut();  // all connections end

private:
    struct Link {
        std::atomic<std::optional<Fault>> fault;  // of the answer
        int client = -1;
        int server = -1;
    };

    void accept_all();
    void pass_requests(const std::shared_ptr<Link>& link);
    void pass_answers(const std::shared_ptr<Link>& link);
    std::optional<Fault> take_fault(std::string_view request);
    void wait_while_stalled();

    const std::uint16_t server_port_;
    const std::chrono::microseconds latency_;  // of what the server says; pieces that come meanwhile travel together
    std::uint16_t port_ = 0;
    Descriptor listener_;
    mutable std::mutex mutex_;  // guards the rest
    std::condition_variable changed_;
    bool is_ending_ = false;
    bool is_stalled_ = false;
    std::optional<std::pair<std::string, Fault>> order_;
    std::vector<Descriptor> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace kdeps::testing
