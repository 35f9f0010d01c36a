// SPDX-License-Identifier: Apache-2.0
// After a failure the answer tells what is committed, and nothing that is, or may be, is done a second time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

constexpr const char* kRetry = "onError: {action: retry, maxRetries: 2, retryDelay: 10ms}\n";

class Committed : public ::testing::TestWithParam<const char*> {
protected:
    Committed() {
        execute("DROP TABLE IF EXISTS committed");
        execute("CREATE TABLE committed (id int, v text)");
    }

    bool is(std::string_view name) const { return name == GetParam(); }

    void execute(const std::string& sql) const {
        if (is("postgres")) postgres().execute("analytics", "SET ROLE \"user\"; " + sql);
        if (is("mysql")) mariadb().execute("inventory", sql);
        if (is("sqlite")) sqlite_execute(folder_.path() / "data.db", sql + ";");
    }

    std::string scalar(const std::string& sql) const {
        if (is("postgres")) return postgres().scalar("analytics", sql);
        if (is("mysql")) return mariadb().scalar("inventory", sql);
        ProcessOptions options;
        options.input = sql;
        const std::string out = run({"sqlite3", (folder_.path() / "data.db").string()}, options).out;
        return out.substr(0, out.find('\n'));
    }
    std::string rows() const { return scalar("SELECT COUNT(*) FROM committed"); }

    // `sql`: the keys under run.sql, each line indented by two.
    KdepsHost start(const std::string& sql, const std::string& more = "") const {
        return KdepsHost(write_workflow(
            folder_, {.target = "step",
                      .connections = {{"db", connection(urls_of_all(folder_).at(GetParam()), "maxConnections: 1")}},
                      .resources = "actionId: step\nsql:\n  connectionName: db\n" + sql + more}));
    }
    std::string message(const KdepsHost& host) const {
        return error_of(host.post("/q", "{}"))["message"].get<std::string>();
    }

    const TemporaryFolder folder_;
};

TEST_P(Committed, AWriteWhoseResultCannotBeDeliveredIsNotRepeated) {
    const std::string value = is("sqlite") ? "hex(zeroblob(5000))" : "repeat('x', 5000)";
    const KdepsHost host = start(
        "  query: INSERT INTO committed VALUES (1, " + value + ") RETURNING id, v\n  maxResultBytes: 1000\n", kRetry);
    EXPECT_THAT(message(host), HasSubstr("the result is larger than maxResultBytes (1000)"));
    EXPECT_EQ(rows(), "1");
    EXPECT_THAT(message(host), HasSubstr("; what it wrote is committed"));
    EXPECT_EQ(rows(), "2");
}

TEST_P(Committed, WithinATransactionItIsUndone) {
    const std::string value = is("sqlite") ? "hex(zeroblob(5000))" : "repeat('x', 5000)";
    const KdepsHost host = start("  query: INSERT INTO committed VALUES (1, " + value +
                                 ") RETURNING id, v\n  maxResultBytes: 1000\n  transaction: true\n");
    EXPECT_THAT(message(host), Not(HasSubstr("committed")));
    EXPECT_EQ(rows(), "0");
}

TEST_P(Committed, QueriesBeforeTheOneThatFailsAreNotRepeated) {
    const KdepsHost host = start(
        "  queries:\n"
        "    - query: INSERT INTO committed VALUES (1, 'a')\n"
        "    - query: INSERT INTO committed VALUES (2, 'b'), (3)\n",
        kRetry);
    const std::string told = message(host);
    EXPECT_THAT(told, HasSubstr("query 1: "));
    EXPECT_THAT(told, HasSubstr("; the queries before it are committed"));
    EXPECT_EQ(rows(), "1");
}

TEST_P(Committed, ABatchTakesPartInTheStepsOwnTransaction) {
    const KdepsHost host = start(
        "  queries:\n"
        "    - query: BEGIN\n"
        "    - query: INSERT INTO committed VALUES (1, 'a')\n"
        "    - query: INSERT INTO committed VALUES (?, 'b')\n"
        "      paramsBatch: [[2], [3], [4], [5]]\n"
        "    - query: ROLLBACK\n");
    const Json data = data_of(host.post("/q", "{}"));
    EXPECT_EQ(data[2]["rowsAffected"], 4) << data;
    EXPECT_EQ(rows(), "0");
}

TEST_P(Committed, ATransactionThatAStepLeavesOpenIsUndoneAndTold) {
    KdepsHost host = start(
        "  queries:\n"
        "    - query: BEGIN\n"
        "    - query: INSERT INTO committed VALUES (1, 'a')\n");
    data_of(host.post("/q", "{}"));
    EXPECT_TRUE(host.logs("the step ended with a transaction open, which is rolled back"));
    EXPECT_EQ(rows(), "0");
}

// One limit, one header, one list over all chunks; every set is written.
TEST_P(Committed, TheRowsOfAllChunksAreOneResult) {
    const std::string sets =
        "  query: INSERT INTO committed VALUES (?, 'v') RETURNING id\n"
        "  paramsBatch: \"{{ map(1..25000, [#]) }}\"\n";
    {
        const KdepsHost host = start(sets + "  maxRows: 5\n");
        EXPECT_EQ(data_of(host.post("/q", "{}")).dump(), R"([{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}])");
        EXPECT_EQ(rows(), "25000");
    }
    {
        const KdepsHost host = start(sets);
        const Json data = data_of(host.post("/q", "{}"));
        ASSERT_EQ(data.size(), 25'000U);
        EXPECT_EQ(data[24'999]["id"], 25'000);
    }
    {
        const KdepsHost host = start(sets + "  format: csv\n");
        const std::string text = data_of(host.post("/q", "{}")).get<std::string>();
        EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 25'001);
        EXPECT_EQ(text.rfind("id\n"), 0U);
    }
}

TEST_P(Committed, TheRowsOfABatchHaveTheirLimit) {
    const std::string value = is("sqlite") ? "hex(zeroblob(5000))" : "repeat('x', 10000)";
    const KdepsHost host = start("  query: INSERT INTO committed VALUES (?, 'v') RETURNING " + value +
                                 "\n  paramsBatch: \"{{ map(1..600, [#]) }}\"\n  maxResultBytes: 100000\n");
    EXPECT_THAT(message(host), HasSubstr("larger than maxResultBytes (100000)"));
    EXPECT_EQ(rows(), "0");
}

INSTANTIATE_TEST_SUITE_P(Databases, Committed, ::testing::Values("postgres", "mysql", "sqlite"),
                         [](const auto& one) { return std::string(one.param); });

// The second chunk loses its connection once: the first is committed, and a retry would double it.
TEST(CommittedPostgres, ChunksThatAreCommittedAreNotRepeated) {
    postgres().execute("analytics",
                       "SET ROLE \"user\"; DROP TABLE IF EXISTS chunks; CREATE TABLE chunks (id int); "
                       "DROP TABLE IF EXISTS ended; CREATE TABLE ended (n int)");
    postgres().execute(
        "analytics",
        "CREATE OR REPLACE FUNCTION end_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.id = 15000 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$; "
        "CREATE TRIGGER ends BEFORE INSERT ON chunks FOR EACH ROW EXECUTE FUNCTION end_once()");
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(
        folder, {.target = "step",
                 .connections = {{"db", connection(urls_of_all(folder).at("postgres"))}},
                 .resources =
                     std::string("actionId: step\nsql:\n  connectionName: db\n  query: INSERT INTO chunks VALUES ($1)\n"
                                 "  paramsBatch: \"{{ map(1..20000, [#]) }}\"\n") +
                     kRetry}));
    const std::string message = error_of(host.post("/q", "{}"))["message"].get<std::string>();
    EXPECT_THAT(message, HasSubstr("; the first 10000 of 20000 sets are committed"));
    EXPECT_EQ(postgres().scalar("analytics", "SELECT COUNT(*) FROM chunks"), "10000");
}

// Errors that a driver may take for its own: a text with a zone that a column refuses, a statement that is not known.
TEST(CommittedMariaDb, AProcedureIsNeverRunTwice) {
    mariadb().execute("inventory", "CREATE TABLE twice_log (n int); CREATE TABLE twice (x datetime)");
    mariadb().execute("inventory",
                      "CREATE PROCEDURE twice_zone(x VARCHAR(60)) BEGIN INSERT INTO twice_log VALUES (1); "
                      "INSERT INTO twice VALUES (x); END");
    mariadb().execute("inventory",
                      "CREATE PROCEDURE twice_unknown() BEGIN INSERT INTO twice_log VALUES (2); EXECUTE nosuch; END");
    const TemporaryFolder folder;
    const auto call = [&](const std::string& sql) {
        const KdepsHost host(
            write_workflow(folder, {.target = "step",
                                    .connections = {{"db", connection(urls_of_all(folder).at("mysql"))}},
                                    .resources = "actionId: step\nsql:\n  connectionName: db\n" + sql + kRetry}));
        host.post("/q", "{}");
    };
    call("  query: CALL twice_zone(?)\n  params: [\"2024-01-01T10:00:00Z\"]\n");
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT count(*) FROM twice_log WHERE n = 1"), "1");
    mariadb().execute("inventory", "CREATE TABLE twice_kept (n int CHECK (n < 10)) ENGINE=MyISAM");
    call("  query: INSERT INTO twice_kept VALUES (1), (2), (100)\n");
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT count(*) FROM twice_kept"), "2");
    call("  query: CALL twice_unknown()\n");
    EXPECT_EQ(mariadb().scalar("inventory", "SELECT count(*) FROM twice_log WHERE n = 2"), "1");
}

}  // namespace
}  // namespace kdeps::testing
