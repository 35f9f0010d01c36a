// SPDX-License-Identifier: Apache-2.0
// cpp-httplib's server with what this project needs of its sockets: threads as they are needed, answers in one write,
// and the socket of the request that a thread serves.
#pragma once

#include <httplib.h>
#include <functional>

#include "core/base/base.hpp"

namespace kdeps::http {

class Listener final : public httplib::Server {
public:
    // `on_close` is called with each socket before it is closed.
    explicit Listener(std::function<void(int)> on_close);

    // Ends listening soon, also if it has not begun; requests that run are finished.  Any thread.
    void end() { is_ending_ = true; }

    // Lets the system hold as many new connections as it can; cpp-httplib asks for five, and a burst loses the rest.
    // Once it is bound.
    void widen_backlog() const;

    // The socket that listens, for the server that comes after this one: meanwhile the system holds new connections.
    int keep_socket() const;
    void adopt(int socket) { svr_sock_ = socket; }
    int port() const;  // of that socket

    // Socket of the request that this thread serves.
    static int current_socket();

private:
    void leave();
    bool process_and_close_socket(socket_t socket) override;

    const std::function<void(int)> on_close_;
    std::atomic<bool> is_ending_{false};
};

}  // namespace kdeps::http
