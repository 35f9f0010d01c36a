// SPDX-License-Identifier: Apache-2.0
// What a step leaves behind on a connection does not reach the next one that is lent it.
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

struct Words {
    const char* driver;
    const char* set;  // changes a setting of the session
    const char* show;
};

class SessionState : public ::testing::TestWithParam<Words> {
protected:
    // One connection, so that every request gets the same.
    KdepsHost start() {
        const auto resource = [](const std::string& name, const std::string& queries) {
            return "---\nactionId: " + name + "\nvalidations: {routes: [/" + name +
                   "]}\nsql:\n  connectionName: db\n  queries: [" + queries + "]\n";
        };
        std::string create =
            resource("create", "{query: DROP TABLE IF EXISTS left_open}, {query: CREATE TABLE left_open (n int)}");
        return KdepsHost(write_workflow(
            folder_,
            {.target = "answer",
             .connections = {{"db", connection(urls_of_all(folder_).at(GetParam().driver), "maxConnections: 1")}},
             .resources =
                 create.substr(4) + resource("begin", "{query: BEGIN}, {query: INSERT INTO left_open VALUES (1)}") +
                 resource("whole",
                          "{query: /* a note */ begin}, {query: INSERT INTO left_open VALUES (2)}, {query: COMMIT}") +
                 resource("set", "{query: \"" + std::string(GetParam().set) + "\"}") +
                 resource("show", "{query: \"" + std::string(GetParam().show) + "\"}") +
                 resource("read", "{query: SELECT n FROM left_open}") +
                 "---\nactionId: answer\nrequires: [create, begin, whole, set, show, read]\n"
                 "apiResponse: {response: {show: \"get('show')\", read: \"get('read')\"}}\n",
             .routes =
                 "[{path: /create}, {path: /begin}, {path: /whole}, {path: /set}, {path: /show}, {path: /read}]"}));
    }

    const TemporaryFolder folder_;
};

TEST_P(SessionState, OpenTransactionEndsWithItsStep) {
    const KdepsHost host = start();
    EXPECT_EQ(host.get("/create").status, 200);
    EXPECT_EQ(host.get("/begin").status, 200);
    EXPECT_EQ(data_of(host.get("/read"))["read"].dump(), "[[]]");
    EXPECT_EQ(host.get("/whole").status, 200);
    EXPECT_EQ(host.get("/begin").status, 200);
    EXPECT_EQ(data_of(host.get("/read"))["read"].dump(), R"([[{"n":2}]])");
}

class SessionSetting : public SessionState {};

TEST_P(SessionSetting, EndsWithItsStep) {
    const KdepsHost host = start();
    const std::string before = data_of(host.get("/show"))["show"].dump();
    EXPECT_EQ(host.get("/set").status, 200);
    EXPECT_EQ(data_of(host.get("/show"))["show"].dump(), before);
}

const Words kPostgres{"postgres", "SET search_path TO nowhere", "SHOW search_path"};
const Words kMariaDb{"mysql", "SET SESSION group_concat_max_len = 77", "SELECT @@group_concat_max_len AS n"};
const Words kSqlite{"sqlite", "SELECT 1", "SELECT 1"};  // has no settings of a session but pragmas

std::string name(const ::testing::TestParamInfo<Words>& test) { return test.param.driver; }

INSTANTIATE_TEST_SUITE_P(Databases, SessionState, ::testing::Values(kPostgres, kMariaDb, kSqlite), name);
INSTANTIATE_TEST_SUITE_P(Databases, SessionSetting, ::testing::Values(kPostgres, kMariaDb), name);

}  // namespace
}  // namespace kdeps::testing
