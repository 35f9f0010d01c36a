// SPDX-License-Identifier: Apache-2.0
// The HTTP server of a workflow.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/engine/engine.hpp"
#include "core/workflow/workflow.hpp"

namespace kdeps::http {

// What the server asks of the engine; tests have their own.
class Service {
public:
    virtual ~Service() = default;
    virtual engine::Outcome run(const engine::Request& request, const StopFlag& stop) = 0;
    virtual value::Value health(std::chrono::nanoseconds timeout) = 0;
    virtual std::string_view name() const = 0;
    virtual std::string_view version() const = 0;
};

struct ServerOptions {
    workflow::ApiServer api;  // port 0 takes a free one
    std::chrono::nanoseconds shutdown_timeout = std::chrono::seconds(10);
};

class Server {
public:
    // The engine and the metrics outlive the server.  Throws Error for options that are wrong.
    Server(engine::Engine& engine, Metrics& metrics, ServerOptions options);
    Server(Service& service, Metrics& metrics, ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // The port.  Throws Error (UNAVAILABLE) if it is taken.
    int bind();
    // Takes over the socket of a server that is about to end, which keep_socket() gave.  The port.
    int adopt(int socket);
    int keep_socket() const;  // -1: there is none

    // Serves until stop(); then finishes what runs within the shutdown timeout, cancels the rest, and returns.
    void serve();

    // Any thread.
    void stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace kdeps::http
