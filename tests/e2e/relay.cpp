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
    resume();
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
        for (const Descriptor& socket : sockets_) shutdown(socket.get(), SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
}

void Relay::on_request(std::string text, Fault fault) {
    const std::lock_guard lock(mutex_);
    order_.emplace(std::move(text), fault);
}

bool Relay::has_failed() const {
    const std::lock_guard lock(mutex_);
    return !order_;
}

void Relay::stall() {
    const std::lock_guard lock(mutex_);
    is_stalled_ = true;
}

void Relay::resume() {
    {
        const std::lock_guard lock(mutex_);
        is_stalled_ = false;
    }
    changed_.notify_all();
}

void Relay::cut() {
    const std::lock_guard lock(mutex_);
    for (const Descriptor& socket : sockets_) shutdown(socket.get(), SHUT_RDWR);
}

void Relay::accept_all() {
    const int one = 1;
    while (true) {
        Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client.is_open()) return;
        wait_while_stalled();
        Descriptor server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = local(server_port_);
        if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) continue;
        setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        const std::lock_guard lock(mutex_);
        if (is_ending_) return;
        const auto link = std::make_shared<Link>();
        link->client = client.get();
        link->server = server.get();
        threads_.emplace_back([this, link] { pass_requests(link); });
        threads_.emplace_back([this, link] { pass_answers(link); });
        sockets_.push_back(std::move(client));
        sockets_.push_back(std::move(server));
    }
}

std::optional<Relay::Fault> Relay::take_fault(std::string_view request) {
    const std::lock_guard lock(mutex_);
    if (!order_ || request.find(order_->first) == std::string_view::npos) return std::nullopt;
    const Fault fault = order_->second;
    order_.reset();
    return fault;
}

void Relay::wait_while_stalled() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !is_stalled_; });
}

void Relay::pass_requests(const std::shared_ptr<Link>& link) {
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t got = recv(link->client, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        const std::string_view request(buffer.data(), static_cast<std::size_t>(got));
        if (const auto fault = take_fault(request)) {
            if (*fault == Fault::cut_before) {
                shutdown(link->client, SHUT_RDWR);
                break;
            }
            link->fault = fault;
        }
        wait_while_stalled();
        if (!send_all(link->server, request.data(), request.size())) break;
    }
    shutdown(link->server, SHUT_WR);
}

void Relay::pass_answers(const std::shared_ptr<Link>& link) {
    std::array<char, 65536> buffer;
    bool is_lost = false;
    while (true) {
        const ssize_t got = recv(link->server, buffer.data(), buffer.size(), 0);
        // This is the network, not a wait for an event.
        if (latency_.count() > 0) std::this_thread::sleep_for(latency_);
        if (got <= 0) break;
        auto size = static_cast<std::size_t>(got);
        wait_while_stalled();
        if (const auto fault = link->fault.exchange(std::nullopt)) {
            if (*fault == Fault::cut_after) {
                shutdown(link->server, SHUT_RDWR);
                break;
            }
            size = *fault == Fault::half_answer ? size / 2 : 0;
            is_lost = send_all(link->client, buffer.data(), size);
        }
        if (!is_lost && !send_all(link->client, buffer.data(), size)) break;
    }
    shutdown(link->client, SHUT_WR);
}

}  // namespace kdeps::testing
