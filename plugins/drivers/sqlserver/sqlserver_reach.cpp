// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_reach.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kdeps::sqlserver {

namespace {

struct CloseSocket {
    int number;
    ~CloseSocket() { ::close(number); }
};

// 0, or an errno.
int connect_to(Operation& operation, const addrinfo& address) {
    const CloseSocket socket{::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (socket.number < 0) return errno;
    if (::connect(socket.number, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!operation.wait_for(socket.number, POLLOUT)) return ETIMEDOUT;
    int failed = 0;
    socklen_t size = sizeof failed;
    return ::getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 ? failed : errno;
}

}  // namespace

void reach(Operation& operation, const std::string& host, int port) {
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
    for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
        failed = connect_to(operation, *address);
        if (failed == 0) return;
        if (operation.stopped() != KDEPS_OK)
            throw stop_failure(operation.stopped(), "connecting to " + host + ":" + std::to_string(port));
    }
    throw connect_failure(host + ":" + std::to_string(port),
                          failed == ECONNREFUSED ? "no server accepts connections there" : std::strerror(failed));
}

}  // namespace kdeps::sqlserver
