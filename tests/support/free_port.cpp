// SPDX-License-Identifier: Apache-2.0
#include "tests/support/free_port.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>

#include "tests/support/descriptor.hpp"

namespace kdeps::testing {

namespace {

// Below the ports that the kernel gives to outgoing connections: one of those must not take the place of a server that
// is down for a moment.
constexpr int kFirst = 20000;
constexpr int kLast = 31999;

bool is_free(std::uint16_t port) {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::uint16_t free_port() {
    static std::mutex mutex;  // guards given
    static std::set<int> given;
    const std::lock_guard lock(mutex);
    std::random_device random;  // several test programs run at once: each starts elsewhere
    std::uniform_int_distribution<int> any(kFirst, kLast);
    for (int attempt = 0; attempt < 1000; ++attempt) {
        const int port = any(random);
        if (!given.contains(port) && is_free(static_cast<std::uint16_t>(port))) {
            given.insert(port);
            return static_cast<std::uint16_t>(port);
        }
    }
    throw std::runtime_error("no free port between 20000 and 31999 on 127.0.0.1; end the programs that listen there");
}

}  // namespace kdeps::testing
