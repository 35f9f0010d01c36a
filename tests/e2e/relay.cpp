// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/relay.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <array>
#include <stdexcept>

namespace kdeps::testing {

namespace {

sockaddr_in local(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool send_all(int socket, const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = send(socket, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

Relay::Relay(std::uint16_t server_port, std::chrono::microseconds latency)
    : server_port_(server_port), latency_(latency), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = local(0);
    socklen_t size = sizeof(address);
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_.get(), 64) != 0 ||
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the relay cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

Relay::~Relay() {
    shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
        for (const Descriptor& socket : sockets_) shutdown(socket.get(), SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
}

void Relay::accept_all() {
    const int one = 1;
    while (true) {
        Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client.is_open()) return;
        Descriptor server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = local(server_port_);
        if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) continue;
        setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        const std::lock_guard lock(mutex_);
        if (is_ending_) return;
        threads_.emplace_back(
            [this, from = client.get(), to = server.get()] { pass(from, to, std::chrono::microseconds(0)); });
        threads_.emplace_back([this, from = server.get(), to = client.get()] { pass(from, to, latency_); });
        sockets_.push_back(std::move(client));
        sockets_.push_back(std::move(server));
    }
}

void Relay::pass(int from, int to, std::chrono::microseconds latency) const {
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
        if (latency.count() > 0) std::this_thread::sleep_for(latency);  // this is the network, not a wait for an event
        if (got <= 0 || !send_all(to, buffer.data(), static_cast<std::size_t>(got))) break;
    }
    shutdown(to, SHUT_WR);
}

}  // namespace kdeps::testing
