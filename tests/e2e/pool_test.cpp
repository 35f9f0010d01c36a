// SPDX-License-Identifier: Apache-2.0
// A pool keeps its size, serves in order, and says who holds it when it is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using ::testing::MatchesRegex;

WorkflowText sleeping(const std::string& database, const std::string& pool) {
    postgres().create_database(database);
    return {.target = "report",
            .connections = {{"pg", connection(postgres().url(database), pool)}},
            .resources =
                "actionId: report\nsql: {connectionName: pg, query: \"SELECT pg_sleep({{ get('s') }}::float8)::text AS "
                "slept\"}\n"};
}

struct Answers {
    std::mutex mutex;
    std::vector<httplib::Response> all;

    void add(httplib::Response response) {
        const std::lock_guard lock(mutex);
        all.push_back(std::move(response));
    }
};

// Sends `count` requests at once and returns when all are answered; meanwhile asks the server for its clients.
int most_connections(const KdepsHost& host, const std::string& database, int count, const std::string& seconds,
                     Answers& answers) {
    std::vector<std::thread> threads;
    std::atomic<int> left{count};
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            answers.add(host.get("/q?s=" + seconds));
            --left;
        });
    }
    int most = 0;
    while (left > 0) most = std::max(most, postgres().connections(database));
    for (std::thread& thread : threads) thread.join();
    return most;
}

TEST(Pool, NeverOpensMoreThanMaxConnections) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, sleeping("pool_of_two", "maxConnections: 2")));
    Answers answers;
    EXPECT_EQ(most_connections(host, "pool_of_two", 8, "0.1", answers), 2);
    for (const auto& response : answers.all) EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(answers.all.size(), 8U);
    EXPECT_EQ(postgres().connections("pool_of_two"), 2);
}

TEST(Pool, WhoWaitsTooLongIsToldWhoHoldsIt) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(
        folder, sleeping("pool_is_full", "maxConnections: 2, minConnections: 2, connectionTimeout: 300ms")));
    // What connecting takes is not counted as held.
    const auto until = std::chrono::steady_clock::now() + kSoon;
    while (postgres().connections("pool_is_full") < 2 && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    Answers answers;
    EXPECT_EQ(most_connections(host, "pool_is_full", 8, "1", answers), 2);
    int served = 0;
    for (const auto& response : answers.all) {
        if (response.status == 200) {
            ++served;
            continue;
        }
        EXPECT_EQ(response.status, 503);
        EXPECT_EQ(response.get_header_value("Retry-After"), "1");
        const auto error = error_of(response);
        EXPECT_EQ(error["code"], "UNAVAILABLE");
        EXPECT_THAT(error["message"].get<std::string>(),
                    MatchesRegex("resource 'report': pool 'pg' is full: 2 of 2 connections in use, waited 0\\.[3-5] s; "
                                 "longest held by 'report' for 0\\.[2-6] s"));
    }
    EXPECT_EQ(served, 2);
}

TEST(Pool, MinConnectionsAreOpenBeforeTheFirstRequest) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, sleeping("pool_ready", "maxConnections: 5, minConnections: 3")));
    const auto until = std::chrono::steady_clock::now() + kSoon;
    while (postgres().connections("pool_ready") < 3 && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    EXPECT_EQ(postgres().connections("pool_ready"), 3);
}

}  // namespace
}  // namespace kdeps::testing
