// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/seed_http/load.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <thread>
#include <vector>

namespace kdeps::bench {

namespace {

using Clock = std::chrono::steady_clock;

class Client {
public:
    Client(std::uint16_t port, const std::string& path)
        : request_("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
            close(socket_);
            throw std::runtime_error("cannot connect to port " + std::to_string(port));
        }
        const int on = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    ~Client() { close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Sends the request and reads the whole answer; gives its status.
    int ask() {
        if (send(socket_, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size())) {
            throw std::runtime_error("the server closed the connection");
        }
        answer_.clear();
        std::size_t head = std::string::npos;
        std::size_t whole = std::string::npos;
        std::array<char, 65536> buffer;
        while (answer_.size() < whole) {
            const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
            if (got <= 0) throw std::runtime_error("the answer broke off");
            answer_.append(buffer.data(), static_cast<std::size_t>(got));
            if (head == std::string::npos && (head = answer_.find("\r\n\r\n")) != std::string::npos) {
                whole = head + 4 + content_length(head);
            }
        }
        body_ = head + 4;
        return std::stoi(answer_.substr(9, 3));
    }
    std::string body() const { return answer_.substr(body_); }

private:
    std::size_t content_length(std::size_t head) const {
        std::string lower = answer_.substr(0, head);
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const std::size_t at = lower.find("content-length:");
        if (at == std::string::npos) throw std::runtime_error("the answer has no Content-Length");
        return std::stoul(lower.substr(at + 15));
    }

    const std::string request_;
    int socket_ = -1;
    std::string answer_;
    std::size_t body_ = 0;
};

double percentile(const std::vector<double>& sorted, double part) {
    return sorted.empty() ? 0
                          : sorted[std::min(sorted.size() - 1,
                                            static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

std::string fetch(std::uint16_t port, const std::string& path) {
    Client client(port, path);
    client.ask();
    return client.body();
}

Load run_load(std::uint16_t port, const std::string& path, int connections, std::chrono::milliseconds time) {
    const auto end = Clock::now() + time;
    std::vector<std::vector<double>> times(static_cast<std::size_t>(connections));
    std::vector<std::uint64_t> failures(static_cast<std::size_t>(connections));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < times.size(); ++i) {
        threads.emplace_back([&, i] {
            Client client(port, path);
            while (true) {
                const auto began = Clock::now();
                if (began >= end) return;
                failures[i] += client.ask() == 200 ? 0 : 1;
                times[i].push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    Load out;
    std::vector<double> all;
    for (std::size_t i = 0; i < times.size(); ++i) {
        all.insert(all.end(), times[i].begin(), times[i].end());
        out.failures += failures[i];
    }
    std::sort(all.begin(), all.end());
    out.requests_per_second = static_cast<double>(all.size()) / std::chrono::duration<double>(time).count();
    out.p50_ms = percentile(all, 0.50);
    out.p99_ms = percentile(all, 0.99);
    return out;
}

}  // namespace kdeps::bench
