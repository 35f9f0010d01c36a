// SPDX-License-Identifier: Apache-2.0
// `kdeps validate --live`: what a database says of statements that it does not run, each fault at its place in the
// YAML.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kThings =
    "DROP TABLE IF EXISTS things; CREATE TABLE things (id int PRIMARY KEY, label varchar(40), price decimal(10,2));";

std::string workflow(const std::vector<std::pair<std::string, std::string>>& urls, const std::string& resources) {
    std::string out =
        "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: live, version: \"1.0.0\", targetActionId: all}\n"
        "settings:\n  sqlConnections:\n";
    for (const auto& [name, url] : urls)
        out += "    " + name + ": {connection: \"" + url + "\", pool: {connectionTimeout: 1s}}\n";
    return out + resources;
}

// Three good and two bad statements, one of them below a {{ }} that becomes a placeholder.
constexpr const char* kResources = R"yaml(---
actionId: good
sql: {connectionName: db, query: "SELECT id, label, price FROM things WHERE id = $1", params: ["get('id')"]}
---
actionId: table
sql:
  connectionName: db
  query: |
    SELECT id
    FROM   nosuch WHERE id = :id
  params: {id: 1}
---
actionId: column
sql:
  connectionName: db
  queries:
    - query: DELETE FROM things
    - name: second
      query: "SELECT id FROM things WHERE id = {{ get('a long expression') }} AND labl = 'x'"
---
actionId: named
sql: {connectionName: db, query: "SELECT * FROM {{ identifier(get('t')) }}"}
---
actionId: all
requires: [good, table, column, named]
apiResponse: {response: 1}
)yaml";

// "workflow.yaml:12:7" of a text in the workflow.
std::string place(const std::string& yaml, const std::string& text) {
    const std::size_t at = yaml.find(text);
    const std::size_t line =
        static_cast<std::size_t>(std::count(yaml.begin(), yaml.begin() + static_cast<long>(at), '\n'));
    return "workflow.yaml:" + std::to_string(line + 1) + ":" + std::to_string(at - yaml.rfind('\n', at));
}

Result validate(const TemporaryFolder& folder, const std::string& yaml, const Arguments& more = {}) {
    folder.write("workflow.yaml", yaml);
    Arguments all = {"validate", folder.path().string(), "--live"};
    all.insert(all.end(), more.begin(), more.end());
    return kdeps(all);
}

void finds_the_faults(const std::string& url, const std::string& parameter, const std::string& columns,
                      const std::string& table_fault, const std::string& column_fault) {
    const TemporaryFolder folder;
    const std::string yaml = workflow({{"db", url}}, kResources);
    const Result result = validate(folder, yaml);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err,
                AllOf(HasSubstr(place(yaml, "nosuch") + ": error: "), HasSubstr(table_fault),
                      HasSubstr(place(yaml, "labl") + ": error: "), HasSubstr(column_fault), HasSubstr("2 errors")));
    EXPECT_THAT(result.out, HasSubstr("good, on db\n  parameters: " + parameter + "\n  columns:    " + columns + "\n"));
    EXPECT_THAT(result.out,
                HasSubstr("named, on db\n  nothing is known of it: a name in it is known only when it runs\n"));
    EXPECT_THAT(result.out, Not(HasSubstr("Validation successful")));
}

TEST(Live, Postgres) {
    postgres().execute("analytics", std::string("SET ROLE \"user\"; ") + kThings + "INSERT INTO things VALUES (1)");
    finds_the_faults(postgres().url("analytics"), "$1 int32", "id int32, label text, price decimal",
                     "relation \"nosuch\" does not exist (SQLSTATE 42P01)",
                     "column \"labl\" does not exist (SQLSTATE 42703)");
    EXPECT_EQ(postgres().scalar("analytics", "SELECT count(*) FROM things"), "1");  // the DELETE did not run
}

TEST(Live, MariaDb) {
    mariadb().execute("inventory", std::string(kThings) + "INSERT INTO things (id) VALUES (1)");
    finds_the_faults(mariadb().url("inventory"), "1 any", "id int32, label text, price decimal",
                     "Table 'nosuch' doesn't exist (SQLSTATE 42S02)", "Unknown column 'labl' in ");
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT COUNT(*) FROM things"), "1");
}

TEST(Live, Sqlite) {
    const TemporaryFolder data;
    sqlite_execute(data.path() / "data.db", kThings);
    finds_the_faults(urls_of_all(data).at("sqlite"), "1 any", "id int64, label text, price any",
                     "no such table: nosuch (SQLSTATE 42P01)", "no such column: labl (SQLSTATE 42703)");
}

TEST(Live, SqlServer) {
    TdsServer server;
    server.create_database("shop");
    server.execute("shop",
                   "CREATE TABLE things (id int PRIMARY KEY, label varchar(40), price decimal(10,2))\n"
                   "INSERT INTO things (id) VALUES (1)");
    finds_the_faults(server.url("shop"), "@p1 int32", "id int32, label text, price decimal",
                     "Invalid object name 'nosuch' (SQLSTATE 42S02)", "Invalid column name 'labl' (SQLSTATE 42S22)");
    EXPECT_EQ(server.scalar("shop", "SELECT COUNT(*) FROM things"), "1");
    EXPECT_EQ(server.log().count(tds::Event::Kind::batch, "DELETE"), 0);
}

TEST(Live, LiteralsAreHeldAgainstTheTypesOfParameters) {
    postgres().execute("analytics", std::string("SET ROLE \"user\"; ") + kThings);
    const TemporaryFolder folder;
    const std::string yaml =
        workflow({{"db", postgres().url("analytics")}},
                 "---\nactionId: all\nsql:\n  connectionName: db\n  query: SELECT id FROM things "
                 "WHERE id = $1 AND label = $2 AND price < $3\n  params: [seven, true, \"12.5\"]\n");
    const Result result = validate(folder, yaml);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err,
                HasSubstr(place(yaml, "seven") + ": error: parameter 1 of the query: this text is no int32"));
    EXPECT_THAT(result.err, HasSubstr("1 error\n"));
}

TEST(Live, ADatabaseThatIsDownIsReportedOnceAndTheRestIsChecked) {
    const TemporaryFolder data;
    sqlite_execute(data.path() / "data.db", kThings);
    const TemporaryFolder folder;
    const std::string yaml =
        workflow({{"down", "postgres://user:pass@127.0.0.1:1/none"}, {"lite", urls_of_all(data).at("sqlite")}},
                 "---\nactionId: first\nsql: {connectionName: down, query: SELECT 1}\n"
                 "---\nactionId: other\nsql: {connectionName: down, query: SELECT 2}\n"
                 "---\nactionId: all\nrequires: [first, other]\nsql: {connectionName: lite, query: "
                 "SELECT absent FROM things}\n");
    const Result result = validate(folder, yaml, {"--format", "json"});
    EXPECT_EQ(result.exit_code, 2);
    const auto told = nlohmann::json::parse(result.out);
    ASSERT_EQ(told["faults"].size(), 2U) << result.out;
    EXPECT_THAT(told["faults"][0]["message"].get<std::string>(),
                AllOf(HasSubstr("connection 'down': cannot connect"), HasSubstr("statements on it were not checked")));
    EXPECT_THAT(told["faults"][1]["message"].get<std::string>(), HasSubstr("no such column: absent"));
    ASSERT_EQ(told["statements"].size(), 3U);
    EXPECT_EQ(told["statements"][1]["resource"], "other");
    EXPECT_EQ(told["statements"][1]["note"], "its database does not answer");
    EXPECT_THAT(result.out, Not(HasSubstr("pass@")));
}

TEST(Live, WhatTheWorkflowCreatesMayBeMissing) {
    const TemporaryFolder folder;
    const Result result = validate(
        folder, workflow({{"db", "sqlite://:memory:"}},
                         "---\nactionId: make\nsql: {connectionName: db, query: CREATE TABLE notes (id int)}\n"
                         "---\nactionId: all\nrequires: [make]\nsql: {connectionName: db, query: SELECT id FROM "
                         "notes}\n"));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err,
                HasSubstr("note: the statement cannot be prepared: no such table: notes (SQLSTATE 42P01); a "
                          "statement of the workflow creates it"));
    EXPECT_THAT(result.out, HasSubstr("Validation successful"));
}

}  // namespace
}  // namespace kdeps::testing
