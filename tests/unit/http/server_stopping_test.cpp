// SPDX-License-Identifier: Apache-2.0
// Many requests at once, clients that go away, and the end of a server.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <future>

#include "tests/support/descriptor.hpp"
#include "tests/unit/http/server_fixture.hpp"

namespace kdeps::http {
namespace {

using ServerStopping = ServerFixture;

TEST_F(ServerStopping, ServesManySlowRequestsAtOnce) {
    constexpr int kMany = 64;
    service.handler = [this](const engine::Request&, const StopFlag&) {
        service.meet(kMany);  // none is answered before all are inside
        return engine::Outcome();
    };
    start();
    std::vector<std::thread> clients;
    std::atomic<int> answered = 0;
    for (int i = 0; i < kMany; ++i) {
        clients.emplace_back([&] {
            const auto response = client().Get("/data");
            answered += response && response->status == 200 ? 1 : 0;
        });
    }
    for (std::thread& one : clients) one.join();
    EXPECT_EQ(answered, kMany);
}

TEST_F(ServerStopping, RaisesTheFlagOfAClientThatHangsUp) {
    std::promise<void> inside;
    std::promise<void> stopped;
    service.handler = [&](const engine::Request&, const StopFlag& stop) {
        inside.set_value();
        service.wait_for(stop);
        stopped.set_value();
        return engine::Outcome();
    };
    start();
    {
        const testing::Descriptor connection(socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(connect(connection.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
        const std::string request = "GET /data HTTP/1.1\r\nHost: a\r\n\r\n";
        ASSERT_EQ(send(connection.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
        inside.get_future().wait();
    }
    stopped.get_future().wait();
}

// The system gives the socket of a client that left to the next one: what is told of the first is not for the other.
TEST_F(ServerStopping, AClientThatLeavesStopsNoOther) {
    constexpr int kClients = 8;
    constexpr int kConnections = 100;
    std::atomic<int> stopped = 0;
    service.handler = [&](const engine::Request&, const StopFlag& stop) {
        for (int i = 0; i < 20; ++i) std::this_thread::yield();
        stopped += stop.is_requested() ? 1 : 0;
        return engine::Outcome();
    };
    start();
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
        clients.emplace_back([&] {
            for (int k = 0; k < kConnections; ++k) EXPECT_TRUE(client().Get("/data"));
        });
    }
    for (std::thread& one : clients) one.join();
    EXPECT_EQ(stopped, 0);
}

TEST_F(ServerStopping, FinishesWhatRunsBeforeItEnds) {
    std::promise<void> inside;
    std::promise<void> let_go;
    service.handler = [&](const engine::Request&, const StopFlag& stop) {
        inside.set_value();
        let_go.get_future().wait();
        engine::Outcome out;
        out.data = value::Value(stop.is_requested());
        return out;
    };
    start();
    std::promise<int> status;
    std::thread one([&] {
        const auto response = client().Get("/data");
        status.set_value(response ? response->status : -1);
    });
    inside.get_future().wait();
    server->stop();
    let_go.set_value();
    EXPECT_EQ(status.get_future().get(), 200);
    one.join();
    stop();
    EXPECT_FALSE(client().Get("/data"));  // it listens no longer
}

TEST_F(ServerStopping, CancelsWhatRunsLongerThanItsTime) {
    options.shutdown_timeout = std::chrono::milliseconds(20);
    std::promise<void> inside;
    service.handler = [&](const engine::Request&, const StopFlag& stop) {
        inside.set_value();
        service.wait_for(stop);
        engine::Outcome out;
        out.error = Error(Status::cancelled, "the run was cancelled");
        out.success = false;
        out.status = 503;
        return out;
    };
    start();
    std::promise<int> status;
    std::thread one([&] {
        const auto response = client().Get("/data");
        status.set_value(response ? response->status : -1);
    });
    inside.get_future().wait();
    stop();
    EXPECT_EQ(status.get_future().get(), 503);
    one.join();
}

TEST_F(ServerStopping, EndsAlsoIfItNeverServed) {
    Server unused(service, metrics, options);
    unused.bind();
    unused.stop();
    unused.serve();
}

}  // namespace
}  // namespace kdeps::http
