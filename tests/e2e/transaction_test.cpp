// SPDX-License-Identifier: Apache-2.0
// Transactions of real servers that meet each other: isolation, and who loses tries again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <future>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRetries = "kdeps_sql_transaction_retries{connection=\"db\"}";

// Two runs at once; their statuses, the smaller first.
std::pair<int, int> both(const KdepsHost& host, const std::string& first, const std::string& second) {
    auto other = std::async(std::launch::async, [&] { return host.post(second, "").status; });
    const int one = host.post(first, "").status;
    const int two = other.get();
    return std::minmax(one, two);
}

// Two read the sum and add it as a row; as if one after the other, the second sum would be another.
WorkflowText skewed(const std::string& retries) {
    return {.target = "add",
            .connections = {{"db", connection(postgres().url("analytics"))}},
            .resources =
                "actionId: add\nsql:\n  connectionName: db\n"
                "  transaction: {isolation: serializable, retries: " +
                retries +
                "}\n"
                "  queries:\n"
                "    - query: SELECT sum(n) AS sum FROM skew\n"
                "    - query: SELECT pg_sleep(0.2)::text\n"
                "    - {name: add, query: INSERT INTO skew SELECT sum(n) FROM skew}\n"};
}

void make_skew() {
    postgres().execute("analytics",
                       "SET ROLE \"user\"; DROP TABLE IF EXISTS skew; CREATE TABLE skew (n int); INSERT "
                       "INTO skew VALUES (1)");
}

TEST(Transaction, SerializationFailureIsTriedAgain) {
    make_skew();
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, skewed("5")));
    EXPECT_EQ(both(host, "/q", "/q"), std::pair(200, 200)) << host.log();
    EXPECT_EQ(postgres().scalar("analytics", "SELECT string_agg(n::text, ',' ORDER BY n) FROM skew"), "1,1,2");
    EXPECT_GE(metric(host, kRetries), 1);
}

TEST(Transaction, SerializationFailureWithoutRetriesIsAConflict) {
    make_skew();
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, skewed("0")));
    EXPECT_EQ(both(host, "/q", "/q"), std::pair(200, 409)) << host.log();
    EXPECT_EQ(postgres().scalar("analytics", "SELECT string_agg(n::text, ',' ORDER BY n) FROM skew"), "1,1");
}

// Two runs take two rows in opposite orders.
WorkflowText crossing(const std::string& url, const std::string& sleep, int retries) {
    const std::string resource =
        "sql:\n  connectionName: db\n  transaction: {retries: " + std::to_string(retries) +
        "}\n  queries:\n    - {query: UPDATE crossed SET n = n + 1 WHERE id = $1, params: [FIRST]}\n    - query: " +
        sleep + "\n    - {query: UPDATE crossed SET n = n + 1 WHERE id = $1, params: [SECOND]}\n";
    const auto with = [&](const std::string& first, const std::string& second) {
        std::string out = resource;
        out.replace(out.find("FIRST"), 5, first);
        out.replace(out.find("SECOND"), 6, second);
        return out;
    };
    return {.target = "answer",
            .connections = {{"db", connection(url)}},
            .resources = "actionId: up\nvalidations: {routes: [/up]}\n" + with("1", "2") +
                         "---\nactionId: down\nvalidations: {routes: [/down]}\n" + with("2", "1") +
                         "---\nactionId: answer\nrequires: [up, down]\napiResponse: {response: done}\n",
            .routes = "[{path: /up}, {path: /down}]"};
}

constexpr const char* kCrossed =
    "DROP TABLE IF EXISTS crossed; CREATE TABLE crossed (id int PRIMARY KEY, n int); INSERT INTO crossed VALUES (1, "
    "0), "
    "(2, 0);";

TEST(Transaction, PostgresDeadlockIsTriedAgain) {
    postgres().create_database("crossing");
    postgres().execute("postgres", "ALTER DATABASE crossing SET deadlock_timeout = '100ms'");
    postgres().execute("crossing", std::string("SET ROLE \"user\"; ") + kCrossed);
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, crossing(postgres().url("crossing"), "SELECT pg_sleep(0.2)::text", 3)));
    EXPECT_EQ(both(host, "/up", "/down"), std::pair(200, 200)) << host.log();
    EXPECT_EQ(postgres().scalar("crossing", "SELECT string_agg(n::text, ',') FROM crossed"), "2,2");
    EXPECT_GE(metric(host, kRetries), 1);
}

TEST(Transaction, MariaDbDeadlockIsTriedAgain) {
    mariadb().execute("inventory", kCrossed);
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, crossing(mariadb().url("inventory"), "SELECT SLEEP(0.2)", 3)));
    EXPECT_EQ(both(host, "/up", "/down"), std::pair(200, 200)) << host.log();
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT GROUP_CONCAT(n) FROM crossed"), "2,2");
    EXPECT_GE(metric(host, kRetries), 1);
}

TEST(Transaction, DeadlockWithoutRetriesIsAConflict) {
    mariadb().execute("inventory", kCrossed);
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(folder, crossing(mariadb().url("inventory"), "SELECT SLEEP(0.2)", 0)));
    EXPECT_EQ(both(host, "/up", "/down"), std::pair(200, 409)) << host.log();
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT GROUP_CONCAT(n) FROM crossed"), "1,1");
}

// One holds a row for longer than the other may wait for it (1205).
TEST(Transaction, LockTimeoutIsTriedAgain) {
    mariadb().execute("inventory", kCrossed);
    const TemporaryFolder folder;
    const KdepsHost host(
        write_workflow(folder, crossing(mariadb().url("inventory") + "?init-command=SET%20innodb_lock_wait_timeout%3D1",
                                        "SELECT SLEEP(1.3)", 3)));
    EXPECT_EQ(both(host, "/up", "/up"), std::pair(200, 200)) << host.log();
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT GROUP_CONCAT(n) FROM crossed"), "2,2");
    EXPECT_GE(metric(host, kRetries), 1);
}

TEST(Transaction, SaysHowOftenItWasTried) {
    mariadb().execute("inventory", std::string(kCrossed) +
                                       "CREATE OR REPLACE PROCEDURE lose() SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = "
                                       "1213, MESSAGE_TEXT = 'as ordered'");
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(
        folder,
        {.target = "lose",
         .connections = {{"db", connection(mariadb().url("inventory"))}},
         .resources = "actionId: lose\nsql: {connectionName: db, transaction: {retries: 2}, query: CALL lose()}\n"}));
    const httplib::Response response = host.post("/q", "");
    EXPECT_EQ(response.status, 409) << response.body;
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr("as ordered; tried 3 times"));
    EXPECT_EQ(metric(host, kRetries), 2);
}

WorkflowText asking(const std::string& url, const std::string& options, const std::string& query) {
    return {.target = "asked",
            .connections = {{"db", connection(url)}},
            .resources = "actionId: asked\nsql:\n  connectionName: db\n  transaction: {" + options +
                         "}\n  query: " + query + "\n"};
}

TEST(Transaction, HasTheIsolationThatWasAskedFor) {
    // Only a transaction that has touched a table is listed, in a list that is a tenth of a second old.
    const std::string level_of_mariadb =
        "SELECT LOWER(trx_isolation_level) AS level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = "
        "CONNECTION_ID()";
    for (const std::string level : {"read committed", "repeatable read", "serializable"}) {
        for (const auto& [url, query] :
             {std::pair(postgres().url("analytics"),
                        std::string("SELECT current_setting('transaction_isolation') AS level")),
              std::pair(mariadb().url("inventory"), level_of_mariadb)}) {
            const TemporaryFolder folder;
            WorkflowText text = asking(url, "isolation: " + level, "x");
            text.resources =
                "actionId: asked\nsql:\n  connectionName: db\n  transaction: {isolation: " + level +
                "}\n  queries: [{query: SELECT 1 AS touched FROM " +
                (query == level_of_mariadb ? "products LIMIT 1}, {query: SELECT SLEEP(0.15)" : "users LIMIT 1") +
                "}, {query: \"" + query + "\"}]\n";
            const Result result = kdeps({"run", write_workflow(folder, text).string(), "--once"});
            EXPECT_EQ(nlohmann::json::parse(result.out).back().dump(), R"([{"level":")" + level + "\"}]") << result.err;
        }
    }
}

TEST(Transaction, ReadOnlyRefusesToWrite) {
    postgres().execute("analytics", std::string("SET ROLE \"user\"; ") + kCrossed);
    mariadb().execute("inventory", kCrossed);
    const TemporaryFolder data;
    sqlite_execute(data.path() / "data.db", kCrossed);
    for (const auto& [name, url] : urls_of_all(data)) {
        const TemporaryFolder folder;
        const Result result = kdeps(
            {"run", write_workflow(folder, asking(url, "readOnly: true", "DELETE FROM crossed")).string(), "--once"});
        EXPECT_EQ(result.exit_code, 1) << name;
        const auto error = nlohmann::json::parse(result.out)["error"];
        EXPECT_EQ(error["code"], "FORBIDDEN") << result.out;
        EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("SQLSTATE 25006"));
    }
    EXPECT_EQ(postgres().scalar("analytics", "SELECT count(*) FROM crossed"), "2");
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT COUNT(*) FROM crossed"), "2");
}

}  // namespace
}  // namespace kdeps::testing
