// SPDX-License-Identifier: Apache-2.0
// statementCache: 0 behind pgbouncer in transaction mode: more clients than server connections, statements of every
// kind side by side, and no session keeps anything of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/pgbouncer.hpp"

namespace kdeps::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

constexpr int kClients = 8;
constexpr int kRounds = 20;
constexpr int kRows = 20'000;

constexpr const char* kTables =
    "SET ROLE \"user\"; DROP TABLE IF EXISTS pooled, counter; CREATE TABLE pooled (id int PRIMARY KEY, label text NOT "
    "NULL); CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);";

constexpr const char* kResources = R"yaml(actionId: param
validations: {routes: [/param]}
sql: {connectionName: db, query: "SELECT $1::int AS id, $2::text AS label", params: ["get('id')", "n{{ get('id') }}"]}
---
actionId: template
validations: {routes: [/template]}
sql: {connectionName: db, query: "SELECT {{ get('id') }}::int + 1 AS next, 'n{{ get('id') }}' AS label"}
---
actionId: batch
validations: {routes: [/batch]}
sql:
  connectionName: db
  query: INSERT INTO pooled (id, label) VALUES ($1, $2)
  paramsBatch: get('rows')
---
actionId: count
validations: {routes: [/count]}
sql:
  connectionName: db
  transaction: {isolation: repeatable read, retries: 100}
  queries:
    - query: UPDATE counter SET n = n + $1
      params: [1]
    - query: SELECT n > 0 AS counted, current_setting('transaction_isolation') AS isolation FROM counter
---
actionId: fail
validations: {routes: [/fail]}
sql: {connectionName: db, query: "SELECT 1 / $1::int AS v", params: [0]}
---
actionId: write
validations: {routes: [/write]}
sql: {connectionName: db, query: "UPDATE counter SET n = -1"}
---
actionId: slow
validations: {routes: [/slow]}
sql: {connectionName: db, query: "SELECT pg_sleep(60)::text AS slept", timeout: 300ms}
---
actionId: answer
requires: [param, template, batch, count, fail, write, slow]
apiResponse: {response: "get('param') ?? get('template') ?? get('batch') ?? get('count')"}
)yaml";

class Pooler : public ::testing::Test {
protected:
    Pooler() : pooler(postgres()) { postgres().execute("analytics", kTables); }

    std::filesystem::path workflow(const std::string& resources) const {
        return write_workflow(
            folder, {.target = "answer",
                     .connections = {{"db", "{connection: \"" + pooler.url("analytics") +
                                                "\", statementCache: 0, readOnlyOnGet: true, pool: {maxConnections: " +
                                                std::to_string(kClients) + ", connectionTimeout: 60s}}"}},
                     .resources = resources,
                     .routes = "[{path: /param}, {path: /template}, {path: /batch}, {path: /count}, {path: /fail}, "
                               "{path: /write}, {path: /slow}]"});
    }
    void expect_nothing_left() const {
        const std::map<int, int> counts = pooler.prepared_statements("analytics");
        EXPECT_THAT(counts, SizeIs(PgBouncer::kServerConnections));
        EXPECT_THAT(counts, Each(Pair(::testing::_, 0)));
    }

    const TemporaryFolder folder;
    const PgBouncer pooler;
};

Json rows_from(int first) {
    Json rows = Json::array();
    for (int i = first; i < first + kRows; ++i) rows.push_back({i, "item " + std::to_string(i)});
    return rows;
}

// What one client asks, one after the other.
void ask_everything(const KdepsHost& host, int client) {
    for (int round = 0; round < kRounds; ++round) {
        const std::string id = std::to_string(client * kRounds + round);
        // Each client begins elsewhere, so that statements of every kind are under way at once.
        switch ((round + client) % 5) {
            case 0:
                EXPECT_EQ(data_of(host.get("/param?id=" + id)).dump(),
                          R"([{"id":)" + id + R"(,"label":"n)" + id + R"("}])");
                break;
            case 1:
                EXPECT_EQ(data_of(host.post("/template", R"({"id": )" + id + "}")).dump(),
                          R"([{"next":)" + std::to_string(std::stoi(id) + 1) + R"(,"label":"n)" + id + R"("}])");
                break;
            case 2:
                EXPECT_EQ(data_of(host.post("/count", "")).dump(),
                          R"([{"rowsAffected":1,"lastInsertID":null,"success":true},)"
                          R"([{"counted":true,"isolation":"repeatable read"}]])");
                break;
            case 3: {
                const httplib::Response failed = host.post("/fail", "");
                EXPECT_THAT(error_of(failed)["message"].get<std::string>(), HasSubstr("division by zero"))
                    << failed.body;
                break;
            }
            default: EXPECT_EQ(host.get("/write").status, 403);
        }
    }
    const Json data = data_of(host.post("/batch", Json{{"rows", rows_from(client * kRows)}}.dump()));
    EXPECT_EQ(data["rowsAffected"], kRows);
}

TEST_F(Pooler, ManyClientsShareFewServerConnections) {
    const KdepsHost host(workflow(kResources));
    std::vector<std::thread> clients;
    for (int client = 0; client < kClients; ++client) {
        clients.emplace_back([&host, client] { ask_everything(host, client); });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(postgres().scalar("analytics", "SELECT n FROM counter"), std::to_string(kClients * kRounds / 5));
    EXPECT_EQ(postgres().scalar("analytics", "SELECT count(*) FROM pooled"), std::to_string(kClients * kRows));
    // COPY inserts the rows of a transaction, 10,000 here, as one command.
    EXPECT_EQ(postgres().scalar("analytics", "SELECT count(DISTINCT (xmin::text, cmin::text)) FROM pooled"),
              std::to_string(kClients * kRows / 10'000));
    EXPECT_EQ(postgres().connections("analytics"), PgBouncer::kServerConnections);
    expect_nothing_left();
}

TEST_F(Pooler, AStatementIsStoppedAtItsTimeLimit) {
    const KdepsHost host(workflow(kResources));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(host.get("/slow").status, 504);
        EXPECT_EQ(postgres().scalar("analytics", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"),
                  "0");
        EXPECT_EQ(host.get("/param?id=1").status, 200);
    }
    expect_nothing_left();
}

TEST_F(Pooler, ValidateLiveAsksThroughIt) {
    const Result result = kdeps({"validate", workflow(kResources).string(), "--live"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("param, on db\n  parameters: $1 int32, $2 text\n"),
                                  HasSubstr("batch, on db\n  parameters: $1 int32, $2 text\n")));
    const Result faulty =
        kdeps({"validate",
               workflow("actionId: answer\nsql: {connectionName: db, query: SELECT nothing FROM pooled}\n").string(),
               "--live"});
    EXPECT_EQ(faulty.exit_code, 2);
    EXPECT_THAT(faulty.err, HasSubstr("column \"nothing\" does not exist (SQLSTATE 42703)"));
    expect_nothing_left();
}

}  // namespace
}  // namespace kdeps::testing
