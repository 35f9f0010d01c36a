// SPDX-License-Identifier: Apache-2.0
// paramsBatch: many rows in few round trips, all of them or none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/e2e/relay.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

constexpr int kRows = 20'000;
constexpr std::chrono::milliseconds kLatency{1};

Json rows(int count) {
    Json out = Json::array();
    for (int i = 0; i < count; ++i)
        out.push_back({i, "name " + std::to_string(i), i % 7 == 0 ? Json() : Json(i * 0.5)});
    return Json{{"rows", out}};
}

class Batch : public ::testing::TestWithParam<const char*> {
protected:
    Batch() {
        const std::string sql =
            "DROP TABLE IF EXISTS batched; CREATE TABLE batched (id int PRIMARY KEY, name varchar(40), score double "
            "precision);";
        if (is("postgres")) {
            postgres().execute("analytics", "SET ROLE \"user\"; " + sql);
            relay_ = std::make_unique<Relay>(postgres().port(), kLatency);
            url_ = "postgres://user:pass@127.0.0.1:" + std::to_string(relay_->port()) + "/analytics";
        } else if (is("mysql")) {
            mariadb().execute("inventory", sql);
            relay_ = std::make_unique<Relay>(mariadb().port(), kLatency);
            url_ = "mysql://user:pass@127.0.0.1:" + std::to_string(relay_->port()) + "/inventory";
        } else {
            sqlite_execute(folder_.path() / "data.db", sql);
            url_ = urls_of_all(folder_).at("sqlite");
        }
    }

    bool is(std::string_view name) const { return name == GetParam(); }

    KdepsHost start(const std::string& more) const {
        return KdepsHost(
            write_workflow(folder_, {.target = "insert",
                                     .connections = {{"db", connection(url_)}},
                                     .resources = "actionId: insert\nsql:\n  connectionName: db\n"
                                                  "  query: INSERT INTO batched (id, name, score) VALUES ($1, $2, $3)\n"
                                                  "  paramsBatch: get('rows')\n" +
                                                  more}));
    }

    std::string scalar(const std::string& sql) const {
        if (is("postgres")) return postgres().scalar("analytics", sql);
        if (is("mysql")) return mariadb().scalar("inventory", sql);
        ProcessOptions options;
        options.input = sql;
        const std::string out = run({"sqlite3", (folder_.path() / "data.db").string()}, options).out;
        return out.substr(0, out.find('\n'));
    }

    const TemporaryFolder folder_;
    std::unique_ptr<Relay> relay_;  // none for SQLite, which has no round trips
    std::string url_;
};

TEST_P(Batch, TwentyThousandRowsTakeFewRoundTrips) {
    for (const char* more : {"  transaction: true\n", ""}) {
        const KdepsHost host = start(more);
        const auto began = std::chrono::steady_clock::now();
        const Json data = data_of(host.post("/q", rows(kRows).dump()));
        // A round trip for each row would take 20 s.
        EXPECT_LT(std::chrono::steady_clock::now() - began, kRows * kLatency / 4);
        EXPECT_EQ(data["rowsAffected"], kRows);
        EXPECT_EQ(data["batch"], Json(std::vector<int>(kRows, 1)));
        EXPECT_EQ(scalar("SELECT COUNT(*) FROM batched"), "20000");
        EXPECT_EQ(scalar("SELECT name FROM batched WHERE id = 19999"), "name 19999");
        EXPECT_EQ(scalar("SELECT COUNT(*) FROM batched WHERE score IS NULL"), "2858");
        if (is("sqlite")) sqlite_execute(folder_.path() / "data.db", "DELETE FROM batched;");
        if (is("postgres")) postgres().execute("analytics", "TRUNCATE batched");
        if (is("mysql")) mariadb().execute("inventory", "TRUNCATE TABLE batched");
    }
}

TEST_P(Batch, BadSetInATransactionLeavesNothing) {
    const KdepsHost host = start("  transaction: true\n");
    Json body = rows(kRows);
    body["rows"][12'345][0] = 7;
    const httplib::Response response = host.post("/q", body.dump());
    EXPECT_EQ(response.status, 409);
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr("resource 'insert': paramsBatch[12345]: "));
    EXPECT_EQ(scalar("SELECT COUNT(*) FROM batched"), "0");
    // The connection is as good as new.
    EXPECT_EQ(data_of(host.post("/q", rows(3).dump())).dump(), R"({"rowsAffected":3,"batch":[1,1,1]})");
}

TEST_P(Batch, BadSetWithoutATransactionKeepsTheChunksBefore) {
    const KdepsHost host = start("");
    Json body = rows(kRows);
    body["rows"][12'345][0] = 7;
    const httplib::Response response = host.post("/q", body.dump());
    EXPECT_EQ(response.status, 409);
    const std::string message = error_of(response)["message"];
    EXPECT_THAT(message, HasSubstr("paramsBatch[12345]: "));
    EXPECT_THAT(message, HasSubstr("; the first 10000 of 20000 sets are committed"));
    EXPECT_EQ(scalar("SELECT COUNT(*) FROM batched"), "10000");
}

TEST_P(Batch, SetOfAnotherSizeIsNamedBeforeAnythingIsSent) {
    const KdepsHost host = start("");
    Json body = rows(4);
    body["rows"][2] = {1, 2};
    const httplib::Response response = host.post("/q", body.dump());
    EXPECT_EQ(error_of(response)["message"],
              "resource 'insert': paramsBatch[2]: the query has 3 placeholders, the set has 2 values");
    EXPECT_EQ(scalar("SELECT COUNT(*) FROM batched"), "0");
}

INSTANTIATE_TEST_SUITE_P(Databases, Batch, ::testing::Values("postgres", "mysql", "sqlite"),
                         [](const auto& one) { return std::string(one.param); });

// What one database gives is written to another: a table is a batch.
TEST(BatchOfATable, CopiesFromOneDatabaseToAnother) {
    const TemporaryFolder folder;
    auto urls = urls_of_all(folder);
    sqlite_execute(folder.path() / "data.db", "CREATE TABLE copied (name TEXT, price NUMERIC);");
    const KdepsHost host(write_workflow(
        folder,
        {.target = "copy",
         .connections = {{"inventory", connection(urls["mysql"])}, {"cache", connection(urls["sqlite"])}},
         .resources =
             "actionId: products\nsql: {connectionName: inventory, query: \"SELECT name, price FROM products ORDER BY "
             "id\"}\n"
             "---\nactionId: copy\nrequires: [products]\nsql:\n  connectionName: cache\n  transaction: true\n"
             "  query: INSERT INTO copied (name, price) VALUES (:name, :price)\n  paramsBatch: get('products')\n"}));
    EXPECT_EQ(data_of(host.get("/q")).dump(), R"({"rowsAffected":5,"batch":[1,1,1,1,1]})");
    ProcessOptions options;
    options.input = "SELECT group_concat(name, ', ') FROM copied;";
    EXPECT_EQ(run({"sqlite3", (folder.path() / "data.db").string()}, options).out,
              "Anvil, Bellows, Crucible \"Größe 2\", Die, Emery\n");
}

}  // namespace
}  // namespace kdeps::testing
