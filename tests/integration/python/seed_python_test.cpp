// SPDX-License-Identifier: Apache-2.0
// Step 4 of the seed tutorial, verbatim, with the data of PostgreSQL and MariaDB.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/python/python_workflow.hpp"
#include "tests/support/seed_databases.hpp"
#include "tests/support/seed_tutorial.hpp"

namespace kdeps::testing {
namespace {

// The resource as the tutorial has it, as the target of a workflow with its two queries.
std::string tutorial_workflow(const std::string& analytics, const std::string& inventory) {
    const auto query = [](const std::string& id, const std::string& connection, const std::string& sql) {
        return "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: " + id + ", name: " + id +
               "}\nrun:\n  sql:\n    connectionName: " + connection + "\n    query: \"" + sql + "\"\n";
    };
    return "sqlConnections:\n  analytics: {connection: \"" + analytics + "\"}\n  inventory: {connection: \"" +
           inventory + "\"}\n" + "\f" +
           query("analyticsQuery", "analytics",
                 "SELECT date, COUNT(*) AS users, AVG(age) AS average FROM users GROUP BY date ORDER BY date DESC") +
           query("inventoryQuery", "inventory", "SELECT name, quantity, price FROM products WHERE status = 'active'") +
           "---\n" + blocks_under("Step 4: Cross-Database Operations").at(0);
}

TEST(Seed, StepFourCombinesTwoDatabases) {
    PostgresServer postgres;
    seed_analytics(postgres);
    MariaDbServer mariadb;
    seed_inventory(mariadb);
    const std::string text = tutorial_workflow(postgres.url("analytics"), mariadb.url("inventory"));
    const std::size_t cut = text.find('\f');
    // What it gives is compared with what the queries give without Python.
    PythonWorkflow workflow(
        "c = get('combinedData')\nassert c['user_count'] == len(get('analyticsQuery')) > 0\nassert c['product_count'] "
        "== len(get('inventoryQuery')) > 0\n"
        "assert c['analytics'] == list(get('analyticsQuery')) and c['inventory'] == "
        "list(get('inventoryQuery'))\nreturn c",
        {.settings = text.substr(0, cut), .resources = text.substr(cut + 1), .requires_ids = "combinedData"});
    ASSERT_EQ(workflow.faults(), "");
    const std::string answer = workflow.answer();
    EXPECT_THAT(answer, ::testing::StartsWith("{\"user_count\":"));
    EXPECT_THAT(answer, ::testing::EndsWith(",\"inventory\":" + std::string(kActiveProductsJson) + "}"));
}

}  // namespace
}  // namespace kdeps::testing
