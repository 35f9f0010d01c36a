// SPDX-License-Identifier: Apache-2.0
// Stands between a client and a server, knows where the messages of their protocol end, and fails at one of them.
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

enum class Protocol { postgres, mysql, tds };

struct WireFault {
    enum class Side { request, answer };  // whose messages count
    enum class Kind {
        cut,        // the message does not pass; both see the connection end
        cut_after,  // it passes, then both see the connection end
        silence,    // from it on nothing passes, either way, and nobody sees an end
        delay       // it and what follows pass late
    };
    Side side = Side::request;
    int message = 1;  // counted from arm(), over all connections
    Kind kind = Kind::cut;
};

std::string to_string(const WireFault& fault);

// Any thread.
class WireRelay {
public:
    // Throws std::runtime_error if it cannot listen.
    WireRelay(Protocol protocol, std::uint16_t server_port, std::chrono::milliseconds delay);
    ~WireRelay();
    WireRelay(const WireRelay&) = delete;
    WireRelay& operator=(const WireRelay&) = delete;

    std::uint16_t port() const { return port_; }

    struct Counts {
        int requests = 0;
        int answers = 0;
    };
    void arm(std::optional<WireFault> fault);  // and counts anew
    Counts counts() const;
    // No fault will happen any more.  Ends the connections that failed and returns once the server has ended their
    // sessions, so that whatever they were told is done or undone.  True if the fault happened.
    bool settle();

private:
    struct Link;
    struct Passage;

    void accept_all();
    void pass(const std::shared_ptr<Link>& link, WireFault::Side side);
    // How many bytes of `data` may pass at once, whole messages up to the one that fails.
    Passage next(Link& link, WireFault::Side side, std::string_view data);
    std::size_t message_size(Link& link, WireFault::Side side, std::string_view data) const;
    void forget_ended();

    const Protocol protocol_;
    const std::uint16_t server_port_;
    const std::chrono::milliseconds delay_;
    std::uint16_t port_ = 0;
    Descriptor listener_;
    mutable std::mutex mutex_;  // guards the rest
    std::condition_variable changed_;
    bool is_ending_ = false;
    std::optional<WireFault> fault_;
    bool has_struck_ = false;
    Counts counts_;
    std::vector<std::shared_ptr<Link>> links_;
    std::thread acceptor_;
};

}  // namespace kdeps::testing
