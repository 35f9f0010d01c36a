// SPDX-License-Identifier: Apache-2.0
// What settings say of a pool and its statements reaches the server.  When exactly is shown by the clock of unit tests.
#include <gtest/gtest.h>

#include "tests/e2e/backends.hpp"
#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

struct PoolOptions : ::testing::Test {
    PoolOptions() { postgres().create_database("options"); }

    // `more`: keys of the connection.
    KdepsHost start(const std::string& more) {
        const auto resource = [](const std::string& name, const std::string& query) {
            return "actionId: " + name + "\nvalidations: {routes: [/" + name +
                   "]}\nsql: {connectionName: db, query: \"" + query + "\"}\n---\n";
        };
        return KdepsHost(write_workflow(
            folder_, {.target = "answer",
                      .connections = {{"db", "{connection: \"" + postgres().url("options") + "\", " + more + "}"}},
                      .resources = resource("one", "SELECT 1 AS one") + resource("two", "SELECT 2 AS two") +
                                   resource("pid", "SELECT pg_backend_pid() AS pid") +
                                   resource("prepared", "SELECT count(*) AS n FROM pg_prepared_statements") +
                                   "actionId: answer\nrequires: [one, two, pid, prepared]\n"
                                   "apiResponse: {response: {pid: \"get('pid')\", prepared: \"get('prepared')\"}}\n",
                      .routes = "[{path: /one}, {path: /two}, {path: /pid}, {path: /prepared}]"}));
    }
    static int connections() { return postgres().connections("options"); }
    // How many statements a connection has prepared after two others and with this one.
    int prepared(const std::string& more) {
        const KdepsHost host = start("pool: {maxConnections: 1}" + more);
        EXPECT_EQ(host.get("/one").status, 200);
        EXPECT_EQ(host.get("/two").status, 200);
        return data_of(host.get("/prepared"))["prepared"][0]["n"].get<int>();
    }

    const TemporaryFolder folder_;
};

TEST_F(PoolOptions, MaxIdleTimeClosesConnections) {
    const KdepsHost host = start("pool: {maxIdleTime: 100ms}");
    EXPECT_EQ(host.get("/one").status, 200);
    EXPECT_TRUE(comes_true([] { return connections() == 0; }, kSoon));
    EXPECT_EQ(metric(host, "kdeps_sql_pool_replaced{connection=\"db\"}"), 0);
}

TEST_F(PoolOptions, MaxLifetimeReplacesConnections) {
    const KdepsHost host = start("pool: {maxLifetime: 200ms, minConnections: 1, maxConnections: 1}");
    const auto pid = [&] { return data_of(host.get("/pid"))["pid"][0]["pid"].get<int>(); };
    const int first = pid();
    EXPECT_TRUE(comes_true([&] { return pid() != first; }, kSoon));
    EXPECT_GE(metric(host, "kdeps_sql_pool_replaced{connection=\"db\"}"), 1);
}

TEST_F(PoolOptions, StatementCacheBoundsWhatAConnectionKeepsPrepared) {
    EXPECT_EQ(prepared(""), 3);
    EXPECT_EQ(prepared(", statementCache: 2"), 2);
    EXPECT_EQ(prepared(", statementCache: 0"), 0);
}

}  // namespace
}  // namespace kdeps::testing
