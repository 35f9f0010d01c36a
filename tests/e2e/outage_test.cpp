// SPDX-License-Identifier: Apache-2.0
// A database that goes away and comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

WorkflowText workflow(const std::string& url) {
    return {
        .target = "answer",
        .connections = {{"db", connection(url, "connectionTimeout: 2s")}, {"lite", connection("sqlite://:memory:")}},
        .resources =
            "actionId: asked\nvalidations: {routes: [/db]}\nsql: {connectionName: db, query: SELECT 42 AS n}\n"
            "---\nactionId: here\nvalidations: {routes: [/lite]}\nsql: {connectionName: lite, query: SELECT 7 AS n}\n"
            "---\nactionId: answer\nrequires: [asked, here]\napiResponse: {response: [\"get('asked')\", "
            "\"get('here')\"]}\n",
        .routes = "[{path: /db}, {path: /lite}]"};
}

void expect_unavailable(const KdepsHost& host) {
    const httplib::Response response = host.get("/db");
    EXPECT_EQ(response.status, 503) << response.body;
    EXPECT_EQ(response.get_header_value("Retry-After"), "1");
    const auto error = error_of(response);
    EXPECT_EQ(error["code"], "UNAVAILABLE");
    EXPECT_EQ(error["resourceId"], "asked");
}

const char* const kAnswer = R"([[{"n":42}],null])";

template <typename Server>
void goes_down_under_a_host(Server& server, const std::string& database) {
    const TemporaryFolder folder;
    KdepsHost host(write_workflow(folder, workflow(server.url(database))));
    EXPECT_EQ(data_of(host.get("/db")).dump(), kAnswer);
    EXPECT_EQ(host.get("/ready").status, 200);
    server.kill();
    for (int i = 0; i < 3; ++i) expect_unavailable(host);
    EXPECT_EQ(host.get("/ready").status, 503);
    EXPECT_EQ(host.get("/health").status, 200);
    EXPECT_EQ(data_of(host.get("/lite")).dump(), R"([null,[{"n":7}]])");
    server.start();
    EXPECT_EQ(data_of(host.get("/db")).dump(), kAnswer);
    EXPECT_EQ(host.get("/ready").status, 200);
    EXPECT_EQ(host.stop(), 0);
}

TEST(Outage, PostgresGoesDownUnderAHost) { goes_down_under_a_host(postgres(), "analytics"); }

TEST(Outage, MariaDbGoesDownUnderAHost) { goes_down_under_a_host(mariadb(), "inventory"); }

TEST(Outage, HostStartsWithTheDatabaseDown) {
    const TemporaryFolder folder;
    const std::string url = postgres().url("analytics");
    postgres().kill();
    KdepsHost host(write_workflow(folder, workflow(url)));
    expect_unavailable(host);
    EXPECT_THAT(error_of(host.get("/db"))["message"].get<std::string>(),
                HasSubstr("resource 'asked': connection 'db': "));
    EXPECT_EQ(data_of(host.get("/lite")).dump(), R"([null,[{"n":7}]])");
    postgres().start();
    EXPECT_EQ(data_of(host.get("/db")).dump(), kAnswer);
    EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace kdeps::testing
