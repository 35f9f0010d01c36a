// SPDX-License-Identifier: Apache-2.0
// Timeouts, clients that hang up, SIGTERM: what nobody waits for any more also ends in the database.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <future>
#include <thread>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

// `mark` finds the statement in pg_stat_activity.
WorkflowText sleeping(const std::string& mark, const std::string& seconds, const std::string& more = "",
                      const std::string& settings = "") {
    return {.target = "slow",
            .connections = {{"pg", connection(postgres().url("analytics"))}},
            .resources = "actionId: slow\nsql:\n  connectionName: pg\n  query: \"SELECT pg_sleep(" + seconds +
                         ")::text AS slept /* " + mark + " */\"\n" + more,
            .settings = settings};
}

int running(const std::string& mark) {
    return std::stoi(postgres().scalar("analytics",
                                       "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> "
                                       "pg_backend_pid() AND query LIKE '%/* " +
                                           mark + " */%'"));
}

// True once so many such statements run.
bool comes_to(const std::string& mark, int count, std::chrono::milliseconds within = kSoon) {
    const auto until = Clock::now() + within;
    while (running(mark) != count) {
        if (Clock::now() > until) return false;
    }
    return true;
}

int connected(const KdepsHost& host) {
    const int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(host.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(out, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return out;
}

TEST(Stopping, TimeoutIs504AndEndsTheStatement) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, sleeping("timeout", "30", "  timeout: 300ms\n")));
    const auto began = Clock::now();
    const httplib::Response response = host.get("/q");
    EXPECT_LT(Clock::now() - began, std::chrono::seconds(2) * kPatience);
    EXPECT_EQ(response.status, 504) << response.body;
    const auto error = error_of(response);
    EXPECT_EQ(error["code"], "TIMEOUT");
    EXPECT_THAT(error["message"].get<std::string>(),
                HasSubstr("resource 'slow': the time limit of 300 ms was reached"));
    EXPECT_TRUE(comes_to("timeout", 0, std::chrono::seconds(1) * kPatience));
}

TEST(Stopping, MariaDbStatementEndsAtItsTimeoutToo) {
    const TemporaryFolder folder;
    WorkflowText text = sleeping("", "");
    text.connections = {{"my", connection(mariadb().url("inventory"))}};
    text.resources =
        "actionId: slow\nsql: {connectionName: my, timeout: 300ms, query: \"SELECT SLEEP(30) AS slept\"}\n";
    const KdepsHost host(write_workflow(folder, text));
    const httplib::Response response = host.get("/q");
    EXPECT_EQ(response.status, 504) << response.body << host.log();
    const auto until = Clock::now() + std::chrono::seconds(1) * kPatience;
    const auto sleeps = [] {
        return mariadb().scalar("",
                                "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'");
    };
    while (sleeps() != "0" && Clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(sleeps(), "0");
}

TEST(Stopping, OnceEndsAtItsTimeLimit) {
    const TemporaryFolder folder;
    const Result result =
        kdeps({"run", write_workflow(folder, sleeping("once", "30")).string(), "--once", "--timeout", "0.3"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(nlohmann::json::parse(result.out)["error"]["code"], "TIMEOUT") << result.out;
    EXPECT_TRUE(comes_to("once", 0, std::chrono::seconds(1) * kPatience));
}

TEST(Stopping, ClientThatHangsUpCancelsTheStatement) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, sleeping("hangup", "30")));
    const int client = connected(host);
    const std::string request = "GET /q HTTP/1.1\r\nHost: localhost\r\n\r\n";
    ASSERT_EQ(send(client, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    ASSERT_TRUE(comes_to("hangup", 1));
    close(client);
    EXPECT_TRUE(comes_to("hangup", 0, std::chrono::seconds(1) * kPatience));
    EXPECT_EQ(host.get("/health").status, 200);
}

TEST(Stopping, SigtermFinishesWhatRuns) {
    const TemporaryFolder folder;
    KdepsHost host(write_workflow(folder, sleeping("sigterm", "1")));
    auto answer = std::async(std::launch::async, [&] { return host.get("/q"); });
    ASSERT_TRUE(comes_to("sigterm", 1));
    host.signal(SIGTERM);
    EXPECT_TRUE(host.logs("shutting down; a second signal ends at once"));
    const httplib::Response response = answer.get();
    EXPECT_EQ(data_of(response).dump(), R"([{"slept":""}])");
    EXPECT_EQ(host.wait(), 0);
}

TEST(Stopping, SigtermEndsAServerThatIsNeverIdle) {
    const TemporaryFolder folder;
    KdepsHost host(write_workflow(
        folder,
        {.target = "answer", .connections = {}, .resources = "actionId: answer\napiResponse: {response: 1}\n"}));
    std::atomic<bool> is_over{false};
    std::atomic<int> wrong{0};
    std::thread clients([&] {
        while (!is_over) {
            if (const auto answer = host.client().Get("/q"); answer && answer->status != 200) ++wrong;
        }
    });
    const auto began = Clock::now();
    EXPECT_EQ(host.stop(), 0);
    EXPECT_LT(Clock::now() - began, std::chrono::seconds(5) * kPatience);
    is_over = true;
    clients.join();
    EXPECT_EQ(wrong, 0);
}

TEST(Stopping, SigtermCancelsWhatTakesTooLong) {
    const TemporaryFolder folder;
    KdepsHost host(write_workflow(folder, sleeping("cancelled", "30", "", "  shutdownTimeout: 500ms\n")));
    auto answer = std::async(std::launch::async, [&] { return host.get("/q"); });
    ASSERT_TRUE(comes_to("cancelled", 1));
    const auto began = Clock::now();
    EXPECT_EQ(host.stop(), 0);
    EXPECT_LT(Clock::now() - began, std::chrono::seconds(3) * kPatience);
    EXPECT_EQ(answer.get().status, 503);
    EXPECT_TRUE(comes_to("cancelled", 0, std::chrono::seconds(1) * kPatience));
}

TEST(Stopping, SigtermEndsARunOfTheCommandLine) {
    const TemporaryFolder folder;
    Process process({KDEPS_BINARY, "run", write_workflow(folder, sleeping("cli", "30")).string(), "--once"});
    ASSERT_TRUE(comes_to("cli", 1));
    process.signal(SIGINT);
    EXPECT_EQ(process.wait(kSoon), 1);
    EXPECT_THAT(process.out(), HasSubstr(R"("success":false)"));
    EXPECT_TRUE(comes_to("cli", 0, std::chrono::seconds(1) * kPatience));
}

}  // namespace
}  // namespace kdeps::testing
