// SPDX-License-Identifier: Apache-2.0
#include "core/http/listener.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>

namespace kdeps::http {

namespace {

// Each open connection has a thread while it is served and, for a while, when it is kept alive.
constexpr std::size_t kMostThreads = 1024;
constexpr int kKeepAlive = 15'000;  // ms that a connection may be idle
constexpr int kLook = 250;          // ms between looks at whether the server ends; below a second
constexpr int kTransfer = 30'000;   // ms that a client may stall
constexpr std::size_t kBuffered = 64U << 10;

thread_local int served_socket = -1;

bool wait_for(int socket, short what, int milliseconds) {
    pollfd poll_on{socket, what, 0};
    int ready = 0;
    do {
        ready = poll(&poll_on, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

struct Address {
    std::string ip;
    int port = 0;
};

template <typename Get>
Address address_of(int socket, Get get) {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    if (get(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    if (getnameinfo(reinterpret_cast<sockaddr*>(&address), length, host.data(), host.size(), service.data(),
                    service.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return {};
    }
    return {host.data(), std::atoi(service.data())};
}

// Reads through a buffer; small writes are put together, so that head and body leave in one packet.
class SocketStream final : public httplib::Stream {
public:
    explicit SocketStream(int socket)
        : socket_(socket), remote_(address_of(socket, getpeername)), local_(address_of(socket, getsockname)) {
        const timeval look{0, kLook * 1000};
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look));
    }

    bool has_input() const { return at_ < size_; }
    bool is_readable() const override { return has_input() || wait_for(socket_, POLLIN, kTransfer); }
    bool is_writable() const override { return wait_for(socket_, POLLOUT, kTransfer); }

    enum class Input { there, none_yet, ended };
    // Waits for input for kLook.
    Input look() {
        const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
        at_ = 0;
        size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
        if (got > 0) return Input::there;
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? Input::none_yet : Input::ended;
    }

    ssize_t read(char* out, std::size_t wanted) override {
        Input input = has_input() ? Input::there : look();
        for (int waited = kLook; input == Input::none_yet; waited += kLook) {
            if (waited >= kTransfer) return -1;
            input = look();
        }
        if (input == Input::ended) return 0;
        const std::size_t count = std::min(wanted, size_ - at_);
        std::memcpy(out, buffer_.data() + at_, count);
        at_ += count;
        return static_cast<ssize_t>(count);
    }

    ssize_t write(const char* data, std::size_t size) override {
        if (out_.size() + size <= kBuffered) {
            out_.append(data, size);
            return static_cast<ssize_t>(size);
        }
        return flush() && send_all(data, size) ? static_cast<ssize_t>(size) : -1;
    }

    bool flush() {
        const bool is_sent = send_all(out_.data(), out_.size());
        out_.clear();
        return is_sent;
    }

    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip = remote_.ip;
        port = remote_.port;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip = local_.ip;
        port = local_.port;
    }
    socket_t socket() const override { return socket_; }

private:
    bool send_all(const char* data, std::size_t size) {
        while (size > 0) {
            const ssize_t sent = send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
                if (!wait_for(socket_, POLLOUT, kTransfer)) return false;
                continue;
            }
            if (sent < 0 && errno == EINTR) continue;
            if (sent <= 0) return false;
            data += sent;
            size -= static_cast<std::size_t>(sent);
        }
        return true;
    }

    const int socket_;
    const Address remote_;
    const Address local_;
    std::array<char, 16384> buffer_;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
    std::string out_;
};

class Threads final : public httplib::TaskQueue {
public:
    explicit Threads(std::function<void()> on_look) : on_look_(std::move(on_look)) {}

    // A server that clients never leave idle must end too.
    void enqueue(std::function<void()> task) override {
        {
            const std::lock_guard lock(mutex_);
            ++connections_;
        }
        const auto serve = [this, task = std::move(task)] {
            struct Served {
                Threads& threads;
                ~Served() {
                    const std::lock_guard lock(threads.mutex_);
                    --threads.connections_;
                    threads.served_.notify_all();
                }
            } const served{*this};
            task();
        };
        if (!workers_->submit(serve)) serve();  // no thread to be had: better late than never
        on_look_();
    }
    // Waits for every connection that was accepted: Workers drops what it has not begun, and the client would wait for
    // ever.
    void shutdown() override {
        std::unique_lock lock(mutex_);
        served_.wait(lock, [this] { return connections_ == 0; });
        lock.unlock();
        workers_.reset();
    }
    void on_idle() override { on_look_(); }

private:
    const std::function<void()> on_look_;
    std::mutex mutex_;  // guards connections_
    std::condition_variable served_;
    std::size_t connections_ = 0;
    std::unique_ptr<Workers> workers_ = std::make_unique<Workers>(kMostThreads);
};

}  // namespace

Listener::Listener(std::function<void(int)> on_close) : on_close_(std::move(on_close)) {
    new_task_queue = [this] {
        return new Threads([this] {
            if (is_ending_) leave();
        });
    };
    // Calls on_idle, so that end() is noticed when nobody comes.
    set_idle_interval(0, kLook * 1000);
    set_tcp_nodelay(true);
    // cpp-httplib would set SO_REUSEPORT, and a second host on the same port would take half of the requests instead of
    // failing.
    set_socket_options([](socket_t socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        fcntl(socket, F_SETFD, FD_CLOEXEC);
    });
    // What the Keep-Alive header tells clients.
    set_keep_alive_timeout(kKeepAlive / 1000);
    set_keep_alive_max_count(1'000'000);
}

// Without shutdown(), which would end the socket for whoever has kept it.  On the thread that listens.
void Listener::leave() {
    const socket_t socket = svr_sock_.exchange(INVALID_SOCKET);
    if (socket != INVALID_SOCKET) ::close(socket);
}

int Listener::keep_socket() const { return fcntl(svr_sock_, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }

int Listener::port() const {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    if (getsockname(svr_sock_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    return address.ss_family == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
                                         : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void Listener::widen_backlog() const { ::listen(svr_sock_, SOMAXCONN); }

int Listener::current_socket() { return served_socket; }

bool Listener::process_and_close_socket(socket_t socket) {
    fcntl(socket, F_SETFD, FD_CLOEXEC);  // cpp-httplib accepts without; children close what they are given besides
    served_socket = socket;
    SocketStream stream(socket);
    bool is_closing = false;
    while (!is_closing) {
        auto input = stream.has_input() ? SocketStream::Input::there : stream.look();
        for (int waited = kLook; input == SocketStream::Input::none_yet && !is_ending_ && waited < kKeepAlive;
             waited += kLook) {
            input = stream.look();
        }
        if (input != SocketStream::Input::there) break;
        bool is_closed = false;
        const bool is_served = process_request(stream, is_ending_, is_closed, nullptr);
        is_closing = !stream.flush() || !is_served || is_closed || is_ending_;
    }
    // What the client still sends is read, or its system would take the reset for the answer.
    ::shutdown(socket, SHUT_WR);
    std::array<char, 4096> rest;
    for (int i = 0; i < 64 && wait_for(socket, POLLIN, 50) && recv(socket, rest.data(), rest.size(), MSG_DONTWAIT) > 0;
         ++i) {
    }
    on_close_(socket);
    ::close(socket);
    served_socket = -1;
    return true;
}

}  // namespace kdeps::http
