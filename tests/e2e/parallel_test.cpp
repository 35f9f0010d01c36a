// SPDX-License-Identifier: Apache-2.0
// Resources that need not wait for each other run side by side; runs that happen side by side see nothing of each
// other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

// Of each of two queries, in seconds; what the host itself takes is small beside it.
constexpr double kSleep = 0.5 * kPatience;

WorkflowText two_sleeps(const std::string& settings) {
    return {.target = "both",
            .connections = {{"pg", connection(postgres().url("analytics"))},
                            {"my", connection(mariadb().url("inventory"))}},
            .resources = "actionId: first\nsql: {connectionName: pg, query: \"SELECT pg_sleep(" +
                         std::to_string(kSleep) +
                         ")::text AS slept\"}\n"
                         "---\nactionId: second\nsql: {connectionName: my, query: \"SELECT SLEEP(" +
                         std::to_string(kSleep) +
                         ") AS slept\"}\n"
                         "---\nactionId: both\nrequires: [first, second]\napiResponse: {response: [\"get('first')\", "
                         "\"get('second')\"]}\n",
            .settings = settings};
}

TEST(Parallel, IndependentQueriesRunSideBySide) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, two_sleeps("")));
    host.get("/q");  // connects
    const auto began = Clock::now();
    const Json data = data_of(host.get("/q"));
    EXPECT_LT(seconds_since(began), 1.6 * kSleep);
    EXPECT_EQ(data.dump(), R"([[{"slept":""}],[{"slept":0}]])");
}

TEST(Parallel, AQuickQueryGivesItsConnectionBackWhileASlowOneRuns) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(
        folder,
        {.target = "both",
         .connections = {{"pg", connection(postgres().url("analytics"))},
                         {"my", connection(mariadb().url("inventory"), "maxConnections: 1, connectionTimeout: 500ms")}},
         .resources =
             "actionId: slow\nskipCondition: [\"get('s') == '0'\"]\n"
             "sql: {connectionName: pg, query: \"SELECT pg_sleep({{ get('s') }})::text AS slept /* slow one */\"}\n"
             "---\nactionId: quick\nsql: {connectionName: my, query: \"SELECT 1 AS one\"}\n"
             "---\nactionId: both\nrequires: [slow, quick]\napiResponse: {response: \"get('quick')\"}\n"}));
    data_of(host.get("/q?s=0.01"));  // connects and prepares
    std::thread slow([&host] { data_of(host.get("/q?s=1.5")); });
    while (postgres().scalar("analytics",
                             "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
                             "AND query LIKE '%/* slow one */%'") == "0") {
    }
    EXPECT_EQ(data_of(host.get("/q?s=0")).dump(), R"([{"one":1}])");
    slow.join();
}

TEST(Parallel, SequentialModeRunsOneAfterTheOther) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, two_sleeps("  execution: {mode: sequential}\n")));
    const auto began = Clock::now();
    data_of(host.get("/q"));
    EXPECT_GE(seconds_since(began), 2 * kSleep);
}

TEST(Parallel, FourHundredRequestsSeeOnlyTheirOwnValues) {
    const TemporaryFolder folder;
    auto urls = urls_of_all(folder);
    WorkflowText text{.target = "answer",
                      .connections = {{"pg", connection(urls["postgres"], "connectionTimeout: 20s")},
                                      {"my", connection(urls["mysql"], "connectionTimeout: 20s")},
                                      {"lite", connection(urls["sqlite"], "connectionTimeout: 20s")}},
                      .resources =
                          "actionId: keep\nbefore: [\"set('mine', get('v'))\", \"set('twice', get('v') + get('v'))\"]\n"
                          "sql: {connectionName: pg, query: \"SELECT {{ get('mine') }} AS v\"}\n"
                          "---\nactionId: second\nrequires: [keep]\nsql: {connectionName: my, query: \"SELECT {{ "
                          "get('mine') }} AS v\"}\n"
                          "---\nactionId: third\nrequires: [keep]\nsql: {connectionName: lite, query: \"SELECT 'is {{ "
                          "get('mine') }}' AS v\"}\n"
                          "---\nactionId: answer\nrequires: [keep, second, third]\n"
                          "apiResponse:\n  response: [\"get('v')\", \"get('mine')\", \"get('twice')\", "
                          "\"get('keep')[0].v\", \"get('second')[0].v\", \"get('third')[0].v\"]\n"};
    const KdepsHost host(write_workflow(folder, text));
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 400; ++i) {
        threads.emplace_back([&host, &wrong, i] {
            const std::string v = "v" + std::to_string(i);
            const Json expected = {v, v, v + v, v, v, "is " + v};
            try {
                const httplib::Response response =
                    i % 2 == 0 ? host.get("/q?v=" + v) : host.post("/q", Json{{"v", v}}.dump());
                if (response.status == 200 && Json::parse(response.body)["data"] == expected) return;
                ADD_FAILURE() << response.body;
            } catch (const std::exception& error) {
                ADD_FAILURE() << error.what();
            }
            ++wrong;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace kdeps::testing
