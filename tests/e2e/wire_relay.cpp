// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/wire_relay.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/support/patience.hpp"

namespace kdeps::testing {

using Side = WireFault::Side;
using Kind = WireFault::Kind;

namespace {

constexpr std::size_t kIncomplete = 0;
constexpr auto kSettleTime = std::chrono::seconds(20) * kPatience;

std::uint32_t big_endian(std::string_view data, std::size_t at, int bytes) {
    std::uint32_t out = 0;
    for (int i = 0; i < bytes; ++i) out = out << 8 | static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]);
    return out;
}

sockaddr_in local(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool send_all(int socket, std::string_view data) {
    while (!data.empty()) {
        const ssize_t sent = send(socket, data.data(), data.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}  // namespace

std::string to_string(const WireFault& fault) {
    static constexpr std::array kKinds = {"cut", "cut after", "silence", "delay"};
    return std::string(kKinds[static_cast<std::size_t>(fault.kind)]) + " at message " + std::to_string(fault.message) +
           (fault.side == Side::request ? " of the client" : " of the server");
}

struct WireRelay::Link {
    Descriptor client;
    Descriptor server;
    std::thread requests;
    std::thread answers;
    std::atomic<int> running{2};
    // PostgreSQL: messages before the start have no letter, and a question about TLS gets an answer of one byte.
    std::atomic<bool> has_started{false};
    std::atomic<int> one_byte_answers{0};
    // Guarded by mutex_.
    bool is_silent = false;
    bool has_failed = false;
    bool is_late = false;  // something is under way
};

struct WireRelay::Passage {
    std::size_t size = 0;  // of what passes now
    bool is_late = false;  // after the delay
    enum class Then { go_on, cut, fall_silent } then = Then::go_on;
};

WireRelay::WireRelay(Protocol protocol, std::uint16_t server_port, std::chrono::milliseconds delay)
    : protocol_(protocol),
      server_port_(server_port),
      delay_(delay),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = local(0);
    socklen_t size = sizeof(address);
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_.get(), 64) != 0 ||
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the relay cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

WireRelay::~WireRelay() {
    shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
        for (const auto& link : links_) {
            shutdown(link->client.get(), SHUT_RDWR);
            shutdown(link->server.get(), SHUT_RDWR);
        }
    }
    changed_.notify_all();
    for (const auto& link : links_) {
        link->requests.join();
        link->answers.join();
    }
}

void WireRelay::arm(std::optional<WireFault> fault) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    has_struck_ = false;
    counts_ = {};
}

WireRelay::Counts WireRelay::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

bool WireRelay::settle() {
    std::unique_lock lock(mutex_);
    fault_.reset();
    changed_.wait_for(lock, kSettleTime, [this] {
        return std::none_of(links_.begin(), links_.end(), [](const auto& link) { return link->is_late; });
    });
    for (const auto& link : links_) {
        if (!link->has_failed) continue;
        shutdown(link->client.get(), SHUT_RDWR);
        shutdown(link->server.get(), SHUT_WR);  // what was passed on is read first
    }
    const bool is_settled = changed_.wait_for(lock, kSettleTime, [this] {
        return std::all_of(links_.begin(), links_.end(),
                           [](const auto& link) { return !link->has_failed || link->running == 0; });
    });
    const bool has_struck = has_struck_;
    lock.unlock();
    if (!is_settled) throw std::runtime_error("a session goes on after its connection has ended");
    forget_ended();
    return has_struck;
}

void WireRelay::forget_ended() {
    std::vector<std::shared_ptr<Link>> ended;
    {
        const std::lock_guard lock(mutex_);
        const auto first =
            std::stable_partition(links_.begin(), links_.end(), [](const auto& link) { return link->running != 0; });
        ended.assign(first, links_.end());
        links_.erase(first, links_.end());
    }
    for (const auto& link : ended) {
        link->requests.join();
        link->answers.join();
    }
}

void WireRelay::accept_all() {
    const int one = 1;
    while (true) {
        Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client.is_open()) return;
        Descriptor server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = local(server_port_);
        if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) continue;
        setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        const auto link = std::make_shared<Link>();
        link->client = std::move(client);
        link->server = std::move(server);
        const std::lock_guard lock(mutex_);
        if (is_ending_) return;
        link->requests = std::thread([this, link] { pass(link, Side::request); });
        link->answers = std::thread([this, link] { pass(link, Side::answer); });
        links_.push_back(link);
    }
}

std::size_t WireRelay::message_size(Link& link, Side side, std::string_view data) const {
    const auto whole = [&](std::size_t size) { return data.size() < size ? kIncomplete : size; };
    if (data.empty()) return kIncomplete;
    switch (protocol_) {
        case Protocol::postgres: {
            constexpr std::uint32_t kAskTls = 80877103;
            constexpr std::uint32_t kAskGss = 80877104;
            if (side == Side::answer && link.one_byte_answers > 0) {
                --link.one_byte_answers;
                return 1;
            }
            if (side == Side::request && !link.has_started) {
                if (data.size() < 8) return kIncomplete;
                const std::size_t size = whole(big_endian(data, 0, 4));
                if (size == kIncomplete) return kIncomplete;
                const std::uint32_t code = big_endian(data, 4, 4);
                if (code == kAskTls || code == kAskGss) {
                    ++link.one_byte_answers;
                } else {
                    link.has_started = true;
                }
                return size;
            }
            return data.size() < 5 ? kIncomplete : whole(1 + big_endian(data, 1, 4));
        }
        case Protocol::mysql:
            if (data.size() < 4) return kIncomplete;
            return whole(4 + (big_endian(data, 0, 1) | big_endian(data, 1, 1) << 8 | big_endian(data, 2, 1) << 16));
        case Protocol::tds: {
            constexpr unsigned char kTlsRecord = 0x17;
            if (data.size() < 8) return kIncomplete;
            return whole(static_cast<unsigned char>(data[0]) == kTlsRecord ? 5 + big_endian(data, 3, 2)
                                                                           : big_endian(data, 2, 2));
        }
    }
    return kIncomplete;
}

WireRelay::Passage WireRelay::next(Link& link, Side side, std::string_view data) {
    Passage out;
    const std::lock_guard lock(mutex_);
    int& count = side == Side::request ? counts_.requests : counts_.answers;
    while (const std::size_t size = message_size(link, side, data.substr(out.size))) {
        ++count;
        if (fault_ && !has_struck_ && fault_->side == side && fault_->message == count) {
            if (fault_->kind == Kind::delay && out.size > 0) {  // what came before is not late
                --count;
                return out;
            }
            has_struck_ = true;
            link.has_failed = true;
            link.is_late = fault_->kind == Kind::delay;
            if (fault_->kind == Kind::cut_after || fault_->kind == Kind::delay) out.size += size;
            out.is_late = fault_->kind == Kind::delay;
            out.then = fault_->kind == Kind::delay     ? Passage::Then::go_on
                       : fault_->kind == Kind::silence ? Passage::Then::fall_silent
                                                       : Passage::Then::cut;
            return out;
        }
        out.size += size;
    }
    return out;
}

void WireRelay::pass(const std::shared_ptr<Link>& link, Side side) {
    const bool asks = side == Side::request;
    const int from = asks ? link->client.get() : link->server.get();
    const int to = asks ? link->server.get() : link->client.get();
    std::array<char, 65536> buffer;
    std::string held;
    bool goes_on = true;
    while (goes_on) {
        const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        held.append(buffer.data(), static_cast<std::size_t>(got));
        while (goes_on) {
            {
                const std::lock_guard lock(mutex_);
                if (link->is_silent) {
                    held.clear();
                    break;
                }
            }
            const Passage passage = next(*link, side, held);
            // This is the network, not a wait for an event.
            if (passage.is_late) std::this_thread::sleep_for(delay_);
            goes_on = send_all(to, std::string_view(held).substr(0, passage.size)) || !asks;
            held.erase(0, passage.size);
            if (passage.is_late) {
                const std::lock_guard lock(mutex_);
                link->is_late = false;
                changed_.notify_all();
            }
            if (passage.then == Passage::Then::cut) {
                shutdown(link->client.get(), SHUT_RDWR);
                shutdown(link->server.get(), SHUT_WR);
                held.clear();
                if (asks) goes_on = false;
                break;
            }
            if (passage.then == Passage::Then::fall_silent) {
                const std::lock_guard lock(mutex_);
                link->is_silent = true;
                held.clear();
                break;
            }
            if (passage.size == 0) break;
        }
    }
    if (asks) {
        // A link that is silent tells the server of no end: settle() does.
        const std::lock_guard lock(mutex_);
        if (!link->is_silent) shutdown(to, SHUT_WR);
    } else {
        shutdown(to, SHUT_RDWR);
        shutdown(from, SHUT_RDWR);
    }
    --link->running;
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
}

}  // namespace kdeps::testing
