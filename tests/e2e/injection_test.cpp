// SPDX-License-Identifier: Apache-2.0
// Whatever a client sends is a value: on every database, in the open and inside a literal.
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

const std::vector<std::string> kHostile = {"'",
                                           "''",
                                           "\"",
                                           "`",
                                           ";",
                                           "\\",
                                           "\\' OR 1=1 -- ",
                                           "a\nb",
                                           "a\r\nb\tc",
                                           "' OR 1=1 --",
                                           "'; DROP TABLE injected; --",
                                           "x') UNION SELECT 'y' --",
                                           "/* c */ #",
                                           "$1 ? :name @p1 $$",
                                           "%_",
                                           "{{ 1 + 1 }}",
                                           "get('x')",
                                           "Grüße, 東京 🚀",
                                           ""};

class Injection : public ::testing::TestWithParam<const char*> {
protected:
    // One statement with the value in the open and one inside a literal; the table counts what a statement of its own
    // would change.
    std::filesystem::path workflow(const TemporaryFolder& folder) const {
        const std::string scheme = GetParam();
        const std::string concat =
            scheme == "mysql" ? "CONCAT('<', {{ get('q') }}, '>')" : "'<' || {{ get('q') }} || '>'";
        return write_workflow(
            folder,
            {.target = "q",
             .connections = {{"db", connection(urls_of_all(folder).at(scheme))}},
             .resources = "actionId: q\nsql:\n  connectionName: db\n  query: |\n"
                          "    SELECT " +
                          concat +
                          " AS open, '%{{ get('q') }}%' AS inside, 'it''s {{ get('q') }}' AS quoted,\n"
                          "           COUNT(*) AS n FROM injected WHERE v = {{ get('q') }} OR v = '{{ get('q') }}'\n"});
    }

    void fill(const TemporaryFolder& folder) const {
        const std::string sql =
            "DROP TABLE IF EXISTS injected; CREATE TABLE injected (v varchar(100)); INSERT INTO injected VALUES "
            "('one'), ('two');";
        const std::string scheme = GetParam();
        if (scheme == "postgres") postgres().execute("analytics", "SET ROLE \"user\"; " + sql);
        if (scheme == "mysql") mariadb().execute("inventory", sql);
        if (scheme == "sqlite") sqlite_execute(folder.path() / "data.db", sql);
    }
};

TEST_P(Injection, OnlyTheValueChanges) {
    const TemporaryFolder folder;
    fill(folder);
    const KdepsHost host(workflow(folder));
    for (const std::string& text : kHostile) {
        const nlohmann::ordered_json body = {{"q", text}};
        const auto data = data_of(host.post("/q", body.dump()));
        ASSERT_EQ(data.size(), 1U) << text;
        EXPECT_EQ(data[0]["open"], "<" + text + ">");
        EXPECT_EQ(data[0]["inside"], "%" + text + "%");
        EXPECT_EQ(data[0]["quoted"], "it's " + text);
        EXPECT_EQ(data[0]["n"], 0) << text;
    }
    EXPECT_EQ(data_of(host.get("/q?q=%27+OR+1%3D1+--"))[0]["open"], "<' OR 1=1 -->");
    EXPECT_EQ(data_of(host.get("/q?q=one"))[0]["n"], 1);  // the table is still there
}

TEST_P(Injection, NamesAreQuoted) {
    const TemporaryFolder folder;
    fill(folder);
    const KdepsHost host(write_workflow(
        folder,
        {.target = "q",
         .connections = {{"db", connection(urls_of_all(folder).at(GetParam()))}},
         .resources = "actionId: q\nsql: {connectionName: db, query: \"SELECT 1 AS {{ identifier(get('q')) }}\"}\n"}));
    for (const std::string name : {"select", "a b", "it's", "\"", "`", "a\"; DROP TABLE injected; --",
                                   "a`; DROP TABLE injected; --", "größe", "$1", "?"}) {
        const auto data = data_of(host.post("/q", nlohmann::json{{"q", name}}.dump()));
        ASSERT_EQ(data.size(), 1U) << name;
        EXPECT_EQ(data[0].begin().key(), name);
    }
    EXPECT_EQ(error_of(host.get("/q?q="))["message"],
              "resource 'q': identifier() needs the name of a table or column, a text that is not empty");
}

TEST_P(Injection, ParametersAreValuesToo) {
    const TemporaryFolder folder;
    fill(folder);
    const KdepsHost host(
        write_workflow(folder, {.target = "q",
                                .connections = {{"db", connection(urls_of_all(folder).at(GetParam()))}},
                                .resources = "actionId: q\nsql: {connectionName: db, query: \"SELECT COUNT(*) AS n "
                                             "FROM injected WHERE v = :v\", params: {v: \"get('q')\"}}\n"}));
    for (const std::string& text : kHostile)
        EXPECT_EQ(data_of(host.post("/q", nlohmann::json{{"q", text}}.dump()))[0]["n"], 0) << text;
    EXPECT_EQ(data_of(host.get("/q?q=two"))[0]["n"], 1);
}

INSTANTIATE_TEST_SUITE_P(Databases, Injection, ::testing::Values("postgres", "mysql", "sqlite"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace kdeps::testing
