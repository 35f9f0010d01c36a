// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_reach.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kdeps::sqlserver {

namespace {

class Socket {
public:
    explicit Socket(int descriptor = -1) : number(descriptor) {}
    ~Socket() {
        if (number >= 0) ::close(number);
    }
    Socket(Socket&& other) noexcept : number(std::exchange(other.number, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(number, other.number);
        return *this;
    }

    int number;
};

// 0, or an errno.
int connect_to(Operation& operation, const addrinfo& address, Socket& socket) {
    socket = Socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.number < 0) return errno;
    if (::connect(socket.number, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!operation.wait_for(socket.number, POLLOUT)) return ETIMEDOUT;
    int failed = 0;
    socklen_t size = sizeof failed;
    return ::getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 ? failed : errno;
}

}  // namespace

namespace {

Socket connected(Operation& operation, const std::string& host, int port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* raw = nullptr;
    if (const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw); failed != 0) {
        throw connect_failure(host + ":" + std::to_string(port),
                              std::string("its name cannot be resolved: ") + ::gai_strerror(failed));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, ::freeaddrinfo);
    int failed = 0;
    Socket socket;
    for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
        failed = connect_to(operation, *address, socket);
        if (failed == 0) return socket;
        if (operation.stopped() != KDEPS_OK)
            throw stop_failure(operation.stopped(), "connecting to " + host + ":" + std::to_string(port));
    }
    throw connect_failure(host + ":" + std::to_string(port),
                          failed == ECONNREFUSED ? "no server accepts connections there" : std::strerror(failed));
}

constexpr int kNoByte = -1;
constexpr int kNotSupported = 2;

// The server's answer to a PRELOGIN that asks for encryption ([MS-TDS] 2.2.6.5); kNoByte if it gives none.
int offered_encryption(Operation& operation, const Socket& socket) {
    // VERSION, ENCRYPTION (on), and the end of the list of options.
    constexpr std::array<unsigned char, 26> kRequest = {0x12, 0x01, 0,  26, 0, 0,    1, 0, 0x00, 0, 11, 0, 6,
                                                        0x01, 0,    17, 0,  1, 0xFF, 9, 0, 0,    0, 0,  0, 1};
    if (::send(socket.number, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kRequest.size()))
        return kNoByte;
    std::string answer;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(answer.at(at))); };
    constexpr std::size_t kHeader = 8;
    constexpr std::size_t kMost = 4096;
    while (answer.size() < kHeader || answer.size() < (byte(2) << 8U | byte(3))) {
        std::array<char, 512> part{};
        if (answer.size() > kMost || !operation.wait_for(socket.number, POLLIN)) return kNoByte;
        const ssize_t got = ::recv(socket.number, part.data(), part.size(), 0);
        if (got <= 0) return kNoByte;
        answer.append(part.data(), static_cast<std::size_t>(got));
    }
    for (std::size_t at = kHeader; at + 4 < answer.size() && byte(at) != 0xFF; at += 5) {
        const std::size_t value = kHeader + (byte(at + 1) << 8U | byte(at + 2));
        if (byte(at) == 1 && value < answer.size()) return static_cast<int>(byte(value));
    }
    return kNoByte;
}

}  // namespace

void reach(Operation& operation, const std::string& host, int port) { connected(operation, host, port); }

std::string why_no_login(Operation& operation, const Settings& settings) {
    int offered = kNoByte;
    try {
        const Socket socket = connected(operation, settings.host, settings.port);
        offered = offered_encryption(operation, socket);
    } catch (const Error&) {
        // What the library met is told instead.
    }
    if (offered == kNoByte) return "the server does not answer as SQL Server does";
    if (offered == kNotSupported) {
        return settings.demands_encryption() ? "the server offers no encryption, which the connection URL demands"
                                             : "the server does not answer as SQL Server does";
    }
    if (settings.ca_file.empty()) return "no encrypted connection could be made with the server";
    return "no encrypted connection could be made: the server's certificate must be signed by one of 'ca_file', be "
           "valid "
           "today" +
           (settings.checks_hostname
                ? " and name the host '" + settings.host +
                      "'; if it names another, write that one into the URL, or hostname_in_certificate_check=false"
                : std::string());
}

}  // namespace kdeps::sqlserver
