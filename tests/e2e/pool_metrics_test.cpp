// SPDX-License-Identifier: Apache-2.0
// What /metrics tells of a pool while it is used, waited for, and loses its connections.
#include <gtest/gtest.h>
#include <future>

#include "tests/e2e/backends.hpp"
#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

class PoolMetrics : public ::testing::TestWithParam<const char*> {
protected:
    PoolMetrics()
        : database_(backend(GetParam())),
          host_(write_workflow(
              folder_, {.target = "answer",
                        .connections = {{"db", connection(database_.url(database_.port()), "maxConnections: 2")}},
                        .resources = resource("short", database_.sleep(1)) + "---\n" +
                                     resource("long", database_.sleep(30) + " /* long */") + "---\n" +
                                     resource("read", "SELECT 1 AS one") +
                                     "---\nactionId: answer\nrequires: [short, long, read]\napiResponse: {response: "
                                     "done}\n",
                        .routes = "[{path: /short}, {path: /long}, {path: /read}]",
                        .settings = "  shutdownTimeout: 300ms\n"})) {}

    static std::string resource(const std::string& name, const std::string& query) {
        return "actionId: " + name + "\nvalidations: {routes: [/" + name +
               "]}\nsql: {connectionName: db, timeout: 90s, query: \"" + query + "\"}\n";
    }
    // Gauges are written each second.
    void expect(const std::string& name, double value) {
        const std::string line = "kdeps_sql_pool_" + name + "{connection=\"db\"}";
        EXPECT_TRUE(comes_true([&] { return metric(host_, line) == value; }, kSoon))
            << line << " is " << metric(host_, line) << " instead of " << value;
    }
    std::vector<std::future<int>> ask(const std::string& route, int count) {
        std::vector<std::future<int>> out;
        for (int i = 0; i < count; ++i) {
            out.push_back(std::async(std::launch::async, [this, route] { return host_.get(route).status; }));
        }
        return out;
    }

    const Backend& database_;
    const TemporaryFolder folder_;
    KdepsHost host_;
};

TEST_P(PoolMetrics, TellTheLifeOfAPool) {
    for (const char* name : {"open", "idle", "in_use", "waiting", "waited", "replaced"}) expect(name, 0);

    auto served = ask("/short", 3);
    for (auto& status : served) EXPECT_EQ(status.get(), 200);
    expect("waited", 1);
    expect("wait_seconds_count", 1);
    EXPECT_GT(metric(host_, "kdeps_sql_pool_wait_seconds_sum{connection=\"db\"}"), 0.1);
    expect("open", 2);
    expect("idle", 2);
    expect("in_use", 0);
    expect("replaced", 0);

    auto ended = ask("/long", 2);
    expect("in_use", 2);
    expect("idle", 0);
    EXPECT_TRUE(comes_true([&] { return database_.connections() == 2; }, kSoon));
    EXPECT_TRUE(database_.has_begun("long"));
    database_.end_sessions();
    for (auto& status : ended) EXPECT_EQ(status.get(), 503);
    expect("replaced", 2);
    expect("open", 0);
    expect("in_use", 0);

    EXPECT_EQ(host_.get("/read").status, 200);
    expect("idle", 1);
    database_.end_sessions();
    EXPECT_EQ(host_.get("/read").status, 200);
    expect("replaced", 3);
    expect("open", 1);
    expect("waiting", 0);
    EXPECT_EQ(metric(host_, "kdeps_sql_pool_waited{connection=\"db\"}"), 1);
}

TEST_P(PoolMetrics, TellWhoWaits) {
    auto asked = ask("/long", 3);
    expect("waiting", 1);
    expect("in_use", 2);
    expect("waited", 1);
    EXPECT_EQ(host_.stop(), 0);
    for (auto& status : asked) EXPECT_EQ(status.get(), 503);
}

INSTANTIATE_TEST_SUITE_P(Servers, PoolMetrics, ::testing::Values("postgres", "mysql", "sqlserver"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kdeps::testing
