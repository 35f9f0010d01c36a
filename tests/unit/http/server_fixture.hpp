// SPDX-License-Identifier: Apache-2.0
// A server on a free port in front of a service that a test writes down, and a client for it.
#pragma once

#include <httplib.h>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "core/http/server.hpp"

namespace kdeps::http {

class FakeService : public Service {
public:
    using Handler = std::function<engine::Outcome(const engine::Request&, const StopFlag&)>;

    engine::Outcome run(const engine::Request& request, const StopFlag& stop) override {
        return handler(request, stop);
    }
    value::Value health(std::chrono::nanoseconds) override { return health_answer; }
    std::string_view name() const override { return "fake"; }
    std::string_view version() const override { return "1.0"; }

    // Waits until the flag is raised.
    static void wait_for(const StopFlag& stop) { stop.wait_until(Deadline()); }
    // One more is inside; waits until there are `count`.
    void meet(int count) {
        std::unique_lock lock(mutex);
        ++inside;
        changed.notify_all();
        changed.wait(lock, [&] { return inside >= count; });
    }

    Handler handler = [](const engine::Request&, const StopFlag&) { return engine::Outcome(); };
    value::Value health_answer = value::Value::list({});
    std::mutex mutex;  // guards inside
    std::condition_variable changed;
    int inside = 0;
};

struct ServerFixture : ::testing::Test {
    ServerFixture() {
        options.api.port = 0;
        options.api.max_body_bytes = 1000;
        options.api.routes = {{"/data", {"GET", "POST"}, {}}, {"/users/:id", {"GET", "DELETE"}, {}}};
    }
    ~ServerFixture() override { stop(); }

    // Once, after the options are set.
    void start() {
        server = std::make_unique<Server>(service, metrics, options);
        port = server->bind();
        thread = std::thread([this] { server->serve(); });
    }
    void stop() {
        if (thread.joinable()) {
            server->stop();
            thread.join();
        }
    }
    httplib::Client client() const {
        httplib::Client out("127.0.0.1", port);
        out.set_read_timeout(60);
        return out;
    }
    // A service that answers with what `write` puts into the outcome.
    void answer(const std::function<void(const engine::Request&, engine::Outcome&)>& write) {
        service.handler = [write](const engine::Request& request, const StopFlag&) {
            engine::Outcome out;
            write(request, out);
            return out;
        };
    }

    FakeService service;
    Metrics metrics;
    ServerOptions options;
    std::unique_ptr<Server> server;
    int port = 0;
    std::thread thread;
};

}  // namespace kdeps::http
