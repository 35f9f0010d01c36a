// SPDX-License-Identifier: Apache-2.0
// What nobody waits for any more ends in the database within a second, whatever the database and whatever the reason.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <future>

#include "tests/e2e/backends.hpp"
#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/descriptor.hpp"

namespace kdeps::testing {
namespace {

using std::chrono::seconds;

// Fails after some work, so that a sibling is under way by then.
constexpr const char* kFailsLate =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 700000) SELECT json(CASE WHEN n = 700000 "
    "THEN 'x' ELSE '1' END) FROM c LIMIT 1 OFFSET 699999";

// A client that sends a request and does not wait.
Descriptor ask(const KdepsHost& host) {
    Descriptor out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(host.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const std::string request = "GET /q HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_EQ(send(out.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    return out;
}

class Cancel : public ::testing::TestWithParam<const char*> {
protected:
    std::filesystem::path workflow(const std::string& timeout = "30s") {
        return write_workflow(
            folder_, {.target = "both",
                      .connections = {{"db", connection(database_.url(database_.port()))},
                                      {"lite", connection("sqlite://:memory:")}},
                      .resources = "actionId: slow\nsql:\n  connectionName: db\n  timeout: " + timeout +
                                   "\n  query: \"" + database_.sleep(30) + " /* waits */\"\n" +
                                   "---\nactionId: bad\nvalidations: {skip: [\"get('fails') != 'yes'\"]}\n" +
                                   "sql: {connectionName: lite, query: \"" + kFailsLate + "\"}\n" +
                                   "---\nactionId: both\nrequires: [slow, bad]\napiResponse: {response: done}\n",
                      .settings = "  shutdownTimeout: 300ms\n"});
    }
    bool ends() const { return database_.has_ended("waits", seconds(1) * kPatience); }

    const Backend& database_ = backend(GetParam());
    TemporaryFolder folder_;
};

TEST_P(Cancel, AtItsTimeout) {
    const KdepsHost host(workflow("300ms"));
    auto answer = std::async(std::launch::async, [&] { return host.get("/q").status; });
    ASSERT_TRUE(database_.has_begun("waits"));
    EXPECT_EQ(answer.get(), 504);
    EXPECT_TRUE(ends());
}

TEST_P(Cancel, WhenTheClientHangsUp) {
    const KdepsHost host(workflow());
    Descriptor client = ask(host);
    ASSERT_TRUE(database_.has_begun("waits"));
    client = Descriptor();
    EXPECT_TRUE(ends());
    EXPECT_EQ(host.get("/health").status, 200);
}

TEST_P(Cancel, WhenASiblingFails) {
    const KdepsHost host(workflow());
    auto answer = std::async(std::launch::async, [&] { return host.get("/q?fails=yes"); });
    ASSERT_TRUE(database_.has_begun("waits"));
    const httplib::Response response = answer.get();
    EXPECT_EQ(error_of(response)["resourceId"], "bad") << response.body;
    EXPECT_TRUE(ends());
}

TEST_P(Cancel, WhenTheHostIsToldToEnd) {
    KdepsHost host(workflow());
    auto answer = std::async(std::launch::async, [&] { return host.get("/q").status; });
    ASSERT_TRUE(database_.has_begun("waits"));
    const auto began = std::chrono::steady_clock::now();
    host.signal(SIGTERM);
    EXPECT_EQ(answer.get(), 503);
    EXPECT_TRUE(ends());
    EXPECT_EQ(host.wait(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(4) * kPatience);
}

INSTANTIATE_TEST_SUITE_P(Servers, Cancel, ::testing::Values("postgres", "mysql", "sqlserver"),
                         [](const auto& test) { return std::string(test.param); });

// Its statements run in the host: one that went on would keep the only connection.
TEST(CancelSqlite, EndsTheStatement) {
    const std::string endless =
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c";
    const TemporaryFolder folder;
    KdepsHost host(write_workflow(
        folder,
        {.target = "answer",
         .connections = {{"lite", connection("sqlite://./data.db", "maxConnections: 1")}},
         .resources = "actionId: slow\nvalidations: {routes: [/q]}\nsql: {connectionName: lite, query: \"" + endless +
                      "\"}\n---\nactionId: fast\nvalidations: {routes: [/fast]}\nsql: {connectionName: "
                      "lite, query: SELECT 1 AS n}\n"
                      "---\nactionId: answer\nrequires: [slow, fast]\napiResponse: {response: "
                      "\"get('fast')\"}\n",
         .routes = "[{path: /q}, {path: /fast}]",
         .settings = "  shutdownTimeout: 300ms\n"}));
    const auto in_use = [&] { return metric(host, "kdeps_sql_pool_in_use{connection=\"lite\"}"); };
    {
        const Descriptor client = ask(host);
        EXPECT_TRUE(comes_true([&] { return in_use() == 1; }, kSoon));
    }
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(data_of(host.get("/fast")).dump(), R"([{"n":1}])");
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(1) * kPatience);
    const Descriptor client = ask(host);
    EXPECT_TRUE(comes_true([&] { return in_use() == 1; }, kSoon));
    EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace kdeps::testing
