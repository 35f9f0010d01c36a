// SPDX-License-Identifier: Apache-2.0
// readOnlyOnGet: the database itself refuses what a GET request would write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTable = "DROP TABLE IF EXISTS guarded; CREATE TABLE guarded (id int PRIMARY KEY);";
constexpr const char* kWhy = "connection 'db' has readOnlyOnGet, so a GET request may only read: write in a POST route";

WorkflowText guarded(const std::string& url, const std::string& insert = "INSERT INTO guarded VALUES ($1)") {
    return {.target = "answer",
            .connections = {{"db", "{connection: \"" + url + "\", readOnlyOnGet: true}"}},
            .resources =
                "actionId: write\nvalidations: {routes: [/write]}\n"
                "sql: {connectionName: db, query: \"" +
                insert +
                "\", params: [\"get('id')\"]}\n"
                "---\nactionId: list\nvalidations: {routes: [/list]}\nsql:\n  connectionName: db\n"
                "  queries: [{query: SELECT 1 AS one}, {query: INSERT INTO guarded VALUES (77)}]\n"
                "---\nactionId: read\nvalidations: {routes: [/read]}\n"
                "sql: {connectionName: db, query: SELECT id FROM guarded ORDER BY id}\n"
                "---\nactionId: answer\nrequires: [write, list, read]\n"
                "apiResponse: {response: \"get('read')\"}\n",
            .routes = "[{path: /write}, {path: /list}, {path: /read}]"};
}

void expect_refused(const httplib::Response& response, const std::string& resource) {
    EXPECT_EQ(response.status, 403) << response.body;
    const auto error = error_of(response);
    EXPECT_EQ(error["code"], "FORBIDDEN");
    EXPECT_EQ(error["resourceId"], resource);
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(kWhy));
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("25006"));
}

void only_reads_on_get(const std::string& url) {
    const TemporaryFolder folder;
    KdepsHost host(write_workflow(folder, guarded(url)));
    expect_refused(host.get("/write?id=1"), "write");
    expect_refused(host.get("/list"), "list");
    EXPECT_EQ(host.client().Head("/write?id=2")->status, 403);
    EXPECT_EQ(data_of(host.get("/read")).dump(), "[]");
    EXPECT_EQ(host.post("/write", R"({"id": 3})").status, 200);
    EXPECT_EQ(host.post("/list", "").status, 200);
    EXPECT_EQ(data_of(host.get("/read")).dump(), R"([{"id":3},{"id":77}])");
    EXPECT_EQ(host.stop(), 0);
}

TEST(ReadOnlyOnGet, Postgres) {
    postgres().execute("analytics", std::string("SET ROLE \"user\"; ") + kTable);
    only_reads_on_get(postgres().url("analytics"));
}

TEST(ReadOnlyOnGet, PostgresSeesThroughSelect) {
    postgres().execute("analytics",
                       std::string("SET ROLE \"user\"; ") + kTable +
                           "CREATE OR REPLACE FUNCTION sneak(n int) RETURNS int LANGUAGE sql AS 'INSERT INTO guarded "
                           "VALUES (n) RETURNING id'");
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, guarded(postgres().url("analytics"), "SELECT sneak(($1)::int) AS id")));
    expect_refused(host.get("/write?id=1"), "write");
    EXPECT_EQ(host.post("/write", R"({"id": 1})").status, 200);
}

TEST(ReadOnlyOnGet, MariaDb) {
    mariadb().execute("inventory", kTable);
    only_reads_on_get(mariadb().url("inventory"));
}

TEST(ReadOnlyOnGet, Sqlite) {
    const TemporaryFolder folder;
    sqlite_execute(folder.path() / "data.db", kTable);
    only_reads_on_get(urls_of_all(folder).at("sqlite"));
}

TEST(ReadOnlyOnGet, SqlServerHasNoSuchTransactions) {
    TdsServer server;
    server.create_database("app");
    server.execute("app", "CREATE TABLE guarded (id int)");
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, guarded(server.url("app"))));
    const httplib::Response response = host.get("/read");
    EXPECT_EQ(response.status, 500) << response.body;
    EXPECT_THAT(error_of(response)["message"].get<std::string>(),
                ::testing::AllOf(HasSubstr("SQL Server has no read-only transactions"), HasSubstr(kWhy)));
    EXPECT_EQ(host.post("/write", R"({"id": 3})").status, 200);
}

TEST(ReadOnlyOnGet, CountsForRequestsOnly) {
    const TemporaryFolder folder;
    sqlite_execute(folder.path() / "data.db", kTable);
    folder.write("workflow.yaml",
                 "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: batch, version: \"1.0.0\", targetActionId: "
                 "write}\nsettings:\n  sqlConnections:\n    db: {connection: \"sqlite://./data.db\", readOnlyOnGet: "
                 "\"true\"}\n---\nactionId: write\nsql: {connectionName: db, query: INSERT INTO guarded VALUES (5)}\n");
    const Result result = kdeps({"run", folder.path().string()});
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr(R"("rowsAffected":1)"));
}

}  // namespace
}  // namespace kdeps::testing
