// SPDX-License-Identifier: Apache-2.0
// The tutorial does what it says: its YAML as it stands, only the connections are the test's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/seed_databases.hpp"
#include "tests/support/seed_tutorial.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Json = nlohmann::ordered_json;

const char* const kRfc3339 = R"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)";

// What the complete example answers, up to its own timestamp.
std::string complete_data() {
    return R"({"analytics":)" + Json(kUsersCsv).dump() + R"(,"inventory":)" + std::string(kActiveProductsJson) +
           R"(,"timestamp":")";
}

Arguments connections() {
    return {"--connection", "analytics=" + postgres().url("analytics"), "--connection",
            "inventory=" + mariadb().url("inventory")};
}

ProcessOptions connections_in_environment() {
    ProcessOptions options;
    options.env = {{"KDEPS_CONNECTION_ANALYTICS", postgres().url("analytics")},
                   {"KDEPS_CONNECTION_INVENTORY", mariadb().url("inventory")}};
    return options;
}

Result once(const TemporaryFolder& folder, const Arguments& more = {}) {
    Arguments all = {"run", folder.path().string(), "--once"};
    for (const auto& given : {connections(), more}) all.insert(all.end(), given.begin(), given.end());
    return kdeps(all);
}

std::string plain(const std::string& expected) {
    std::string out;
    for (const char c : expected) {
        if (std::string_view(".[]{}()*+?^$|\\").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

struct Complete : TemporaryFolder {
    Complete() { write("workflow.yaml", blocks_under("Complete Example").at(0)); }
};

// Steps of the tutorial that are resources, in the workflow of step 1.
struct Steps : TemporaryFolder {
    explicit Steps(const std::vector<std::string>& resources) {
        seed_analytics(postgres());
        seed_inventory(mariadb());
        write("workflow.yaml", blocks_under("Step 1: Configure Multiple Connections").at(0));
        for (std::size_t i = 0; i < resources.size(); ++i)
            write("resources/" + std::to_string(i) + ".yaml", resources[i]);
    }
};

// The resource that step 1 has as its target.
std::string results_of(const std::string& id) {
    return "actionId: results\nrequires: [" + id + "]\napiResponse: {response: \"get('" + id + "')\"}\n";
}

TEST(Seed, CompleteExampleAnswersOverHttp) {
    const Complete folder;
    KdepsHost host(folder.path(), connections());
    for (const std::string method : {"GET", "POST"}) {
        const httplib::Response response = method == "GET" ? host.get("/api/v1/data") : host.post("/api/v1/data", "{}");
        EXPECT_EQ(response.status, 200);
        EXPECT_EQ(response.get_header_value("Content-Type"), "application/json");
        EXPECT_THAT(response.body,
                    MatchesRegex(plain(R"({"success":true,"data":)" + complete_data()) + kRfc3339 +
                                 R"("\},"meta":\{"requestID":"[0-9a-f-]{36}","timestamp":")" + kRfc3339 + R"("\}\})"));
    }
    EXPECT_EQ(host.stop(), 0);
}

TEST(Seed, CompleteExampleRunsOnce) {
    const Complete folder;
    const Result result = once(folder);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, MatchesRegex(plain(complete_data()) + kRfc3339 + "\"\\}\n"));
}

TEST(Seed, ConnectionsComeFromTheEnvironment) {
    const Complete folder;
    const Result result = kdeps({"run", folder.path().string(), "--once"}, connections_in_environment());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr(complete_data()));
    KdepsHost host(folder.path(), {}, connections_in_environment());
    EXPECT_THAT(host.get("/api/v1/data").body, HasSubstr(complete_data()));
}

TEST(Seed, FlagWinsOverTheEnvironment) {
    const Complete folder;
    ProcessOptions options = connections_in_environment();
    options.env["KDEPS_CONNECTION_ANALYTICS"] = "postgres://user:pass@127.0.0.1:1/nowhere";
    const Result result = kdeps(
        {"run", folder.path().string(), "--once", "--connection", "analytics=" + postgres().url("analytics")}, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST(Seed, CompleteExampleValidates) {
    const Complete folder;
    const Result result = kdeps({"validate", folder.path().string(), "--strict"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "Validation successful: 3 resources, target 'results'\n");
    EXPECT_EQ(result.err, "");
}

TEST(Seed, Step2GivesCsvOfAggregates) {
    const Steps folder({blocks_under("Step 2: Using Named Connections").at(0), results_of("analyticsQuery")});
    const Result result = once(folder);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, kRecentUsersCsv);
}

TEST(Seed, Step3CombinesTwoDatabasesAndBindsTheDate) {
    const auto blocks = blocks_under("Step 3: Querying Multiple Databases");
    ASSERT_EQ(blocks.size(), 2U);
    const Steps folder({blocks[0], blocks[1]});
    Arguments arguments = connections();
    arguments.insert(arguments.end(), {"--target", "userData"});
    const std::string products =
        R"([{"id":1,"name":"Anvil","quantity":12,"price":10.10,"status":"active"},)"
        R"({"id":3,"name":"Crucible \"Größe 2\"","quantity":3,"price":1234567.89,"status":"active"},)"
        R"({"id":4,"name":"Die","quantity":250,"price":0.50,"status":"active"}])";
    const auto data = [&](const std::string& stats) {
        return R"({"analytics":)" + stats + R"(,"inventory":)" + products + "}";
    };
    const std::string second = data(R"([{"date":"2024-01-02","total_users":3,"note":"said \"hello\", then left"}])");

    const KdepsHost host(folder.path(), arguments);
    EXPECT_THAT(host.get("/api/v1/data?date=2024-01-02").body, HasSubstr(R"("data":)" + second + ","));
    EXPECT_THAT(host.get("/api/v1/data?date=2024-01-03").body,
                HasSubstr(R"({"date":"2024-01-03","total_users":4,"note":null})"));
    EXPECT_THAT(host.get("/api/v1/data?date=1999-01-01").body, HasSubstr(R"("analytics":[],)"));

    const Result result = once(folder, {"--param", "date=2024-01-02", "--target", "userData"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, second + "\n");
}

TEST(Seed, Step5UpdatesThreeUsersInOneTransaction) {
    const Steps folder({blocks_under("Step 5: Batch Operations Across Databases").at(0), results_of("batchUpdate")});
    KdepsHost host(folder.path(), connections());
    EXPECT_EQ(data_of(host.post("/api/v1/data", "")).dump(), R"({"rowsAffected":3,"batch":[1,1,1]})");
    const std::string state =
        "SELECT string_agg(id || ' ' || status || ' ' || (updated_at IS NOT NULL), ', ' ORDER BY id) FROM users WHERE "
        "updated_at IS NOT NULL";
    EXPECT_EQ(postgres().scalar("analytics", state), "123 active true, 456 inactive true, 789 pending true");
    const Result result = once(folder);
    EXPECT_EQ(result.out, "{\"rowsAffected\":3,\"batch\":[1,1,1]}\n") << result.err;
}

TEST(Seed, Step6InsertsAndUpdatesTogether) {
    const Steps folder({blocks_under("Step 6: Transaction Management").at(0), results_of("transactionalUpdate")});
    KdepsHost host(folder.path(), connections());
    const Json data = data_of(host.post("/api/v1/data", R"({"user_id": 5, "total": 12.34})"));
    EXPECT_EQ(
        data.dump(),
        R"([{"rowsAffected":1,"lastInsertID":null,"success":true},{"rowsAffected":1,"lastInsertID":null,"success":true}])");
    EXPECT_EQ(postgres().scalar("analytics", "SELECT user_id || ' ' || total FROM orders ORDER BY id DESC LIMIT 1"),
              "5 12.34");
    EXPECT_EQ(postgres().scalar("analytics", "SELECT last_order_at IS NOT NULL FROM users WHERE id = 5"), "t");
}

TEST(Seed, Step6LeavesNothingWhenTheSecondQueryFails) {
    const Steps folder({blocks_under("Step 6: Transaction Management").at(0), results_of("transactionalUpdate")});
    postgres().execute("analytics",
                       "ALTER TABLE users ADD CONSTRAINT nobody_orders CHECK (id <> 5 OR last_order_at IS NULL)");
    KdepsHost host(folder.path(), connections());
    const httplib::Response response = host.post("/api/v1/data", R"({"user_id": 5, "total": 12.34})");
    EXPECT_EQ(response.status, 422);
    const Json error = error_of(response);
    EXPECT_EQ(error["code"], "UNPROCESSABLE");
    EXPECT_EQ(error["resourceId"], "transactionalUpdate");
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("resource 'transactionalUpdate': query 1: "));
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("23514"));
    EXPECT_EQ(postgres().scalar("analytics", "SELECT count(*) FROM orders WHERE user_id = 5"), "0");
    seed_analytics(postgres());
}

TEST(Seed, ErrorHandlingAnswersWithTheMessage) {
    const std::string block = blocks_under("Error Handling").at(0);
    const Steps folder({"metadata: {actionId: user}\n" + block, results_of("user")});
    KdepsHost host(folder.path(), connections());
    EXPECT_EQ(data_of(host.get("/api/v1/data?user_id=1"))[0]["email"], "ada@example.com");
    EXPECT_EQ(data_of(host.get("/api/v1/data?user_id=99")).dump(), "[]");

    const httplib::Response response = host.get("/api/v1/data?user_id=seven");
    const Json body = Json::parse(response.body);
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_EQ(body["success"], false);
    EXPECT_EQ(body["data"]["error"], "Database query failed");
    EXPECT_EQ(body["data"]["message"],
              "the statement failed: parameter $1: invalid input syntax for type integer (SQLSTATE 22P02)")
        << response.body;

    postgres().execute("analytics", "ALTER TABLE users RENAME TO people");
    const httplib::Response missing = host.get("/api/v1/data?user_id=1");
    EXPECT_EQ(missing.status, 500);
    EXPECT_THAT(
        missing.body,
        HasSubstr(
            R"-({"success":false,"data":{"error":"Database query failed","message":"the statement could not be prepared: relation \"users\" does not exist (SQLSTATE 42P01)"})-"));
    postgres().execute("analytics", "ALTER TABLE people RENAME TO users");
}

}  // namespace
}  // namespace kdeps::testing
