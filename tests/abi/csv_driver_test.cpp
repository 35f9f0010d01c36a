// SPDX-License-Identifier: Apache-2.0
// What examples/plugin_csv promises in its README, asked through workflows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <filesystem>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Csv : public ::testing::Test {
protected:
    Csv() {
        fs::create_directories(folder_.path() / "data");
        fs::copy(fs::path(KDEPS_CSV_DATA) / "products.csv", folder_.path() / "data/products.csv");
    }

    void file(const std::string& name, const std::string& text) const { folder_.write("data/" + name + ".csv", text); }

    Result run_query(const std::string& sql, const std::string& params = "[]",
                     const std::string& url = "csv://./data") const {
        folder_.write("workflow.yaml", R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: csv, version: "1.0.0", targetActionId: rows}
settings: {sqlConnections: {files: {connection: ")" +
                                           url + R"("}}}
---
apiVersion: kdeps.io/v1
kind: Resource
metadata: {actionId: rows, name: Rows}
run:
  sql:
    connectionName: files
    query: |-
      )" + sql + "\n    params: " + params +
                                           "\n");
        return run(
            {KDEPS_BINARY, "run", folder_.path().string(), "--once", "-q", "--plugin-dir", KDEPS_TODAYS_PLUGINS});
    }
    std::string rows(const std::string& sql, const std::string& params = "[]") const {
        const Result result = run_query(sql, params);
        EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
        return result.out;
    }
    std::string failure(const std::string& sql, const std::string& params = "[]") const {
        const Result result = run_query(sql, params);
        EXPECT_NE(result.exit_code, 0) << result.out;
        return result.out + result.err;
    }

    TemporaryFolder folder_;
};

TEST_F(Csv, ColumnsRowsAndTypes) {
    EXPECT_EQ(rows("SELECT * FROM products"), R"([{"id":1,"name":"lamp","price":39.95,"added":"2026-01-03"},)"
                                              R"({"id":2,"name":"desk, oak","price":249.5,"added":"2026-01-01"},)"
                                              R"({"id":3,"name":"chair","price":89,"added":"2026-01-02"},)"
                                              R"({"id":4,"name":"15\" shelf","price":null,"added":"2026-01-04"}])"
                                              "\n");
    EXPECT_EQ(rows("select \"name\" from products where id = 2;"), "[{\"name\":\"desk, oak\"}]\n");
    file("mixed", "a,b,c,d\n007,\"5\",,\"\"\r\n8,6,,x\n");
    EXPECT_EQ(rows("SELECT * FROM mixed"), R"([{"a":"007","b":"5","c":null,"d":""},{"a":"8","b":"6","c":null,"d":"x"}])"
                                           "\n");
}

TEST_F(Csv, ConditionsOrderAndLimit) {
    EXPECT_EQ(rows("SELECT id FROM products WHERE price > 50 AND added <> '2026-01-01'"), "[{\"id\":3}]\n");
    EXPECT_EQ(rows("SELECT id FROM products WHERE price IS NULL"), "[{\"id\":4}]\n");
    EXPECT_EQ(rows("SELECT id FROM products WHERE price IS NOT NULL ORDER BY price"),
              "[{\"id\":1},{\"id\":3},{\"id\":2}]\n");
    EXPECT_EQ(rows("SELECT id FROM products ORDER BY price DESC LIMIT 2"), "[{\"id\":2},{\"id\":3}]\n");
    EXPECT_EQ(rows("SELECT id FROM products ORDER BY price, id LIMIT 0"), "[]\n");
    file("pairs", "a,b\n2,1\n1,2\n1,1\n");
    EXPECT_EQ(rows("SELECT a, b FROM pairs ORDER BY a, b DESC"),
              "[{\"a\":1,\"b\":2},{\"a\":1,\"b\":1},{\"a\":2,\"b\":1}]\n");
}

TEST_F(Csv, PlaceholdersOfEveryStyle) {
    EXPECT_EQ(rows("SELECT id FROM products WHERE price >= ? AND price < ?", "[80, 200]"), "[{\"id\":3}]\n");
    EXPECT_EQ(rows("SELECT id FROM products WHERE name = $1", "[lamp]"), "[{\"id\":1}]\n");
    EXPECT_EQ(rows("SELECT id FROM products WHERE name = :n", "{n: lamp}"), "[{\"id\":1}]\n");
    EXPECT_EQ(rows("SELECT id FROM products WHERE id = ?", "['3']"), "[{\"id\":3}]\n");
    EXPECT_EQ(rows("SELECT id FROM products WHERE price = ?", "[null]"), "[]\n");
    // What is bound is never read as a statement.
    EXPECT_EQ(rows("SELECT id FROM products WHERE name = ?", "[\"x' OR 1=1 --\"]"), "[]\n");
    EXPECT_EQ(rows("SELECT ? AS v", "[2.5]"), "[{\"v\":2.5}]\n");
}

TEST_F(Csv, WhatItDoesNotKnowIsNamed) {
    const std::string only =
        "; the CSV driver knows only SELECT columns FROM table WHERE ... AND ... ORDER BY ... LIMIT ...";
    EXPECT_THAT(failure("DELETE FROM products"), HasSubstr("'DELETE' stands where SELECT is expected" + only));
    EXPECT_THAT(failure("SELECT id FROM products WHERE id = 1 OR id = 2"),
                HasSubstr("'OR' stands where the end of the statement is expected" + only));
    EXPECT_THAT(failure("SELECT count(id) FROM products"), HasSubstr("'(' stands where FROM is expected" + only));
    EXPECT_THAT(failure("SELECT id FROM"), HasSubstr("the statement ends where a table is expected" + only));
    EXPECT_THAT(failure("SELECT id FROM products WHERE name LIKE 'x'"),
                HasSubstr("'LIKE' stands where one of = <> < <= > >= IS is expected" + only));
    EXPECT_THAT(failure("SELECT nmae FROM products"),
                HasSubstr("there is no column 'nmae'. Available options: [id, name, price, added]"));
    EXPECT_THAT(failure("SELECT a FROM nothing"),
                HasSubstr("there is no table 'nothing': the folder has no file 'nothing.csv'"));
    EXPECT_THAT(failure("SELECT a FROM \"../data/products\""),
                HasSubstr("a table is a file of the folder: its name has no '/' and no '.' in front"));
    EXPECT_THAT(failure("SELECT id FROM products WHERE id = 'one'"),
                HasSubstr("the column 'id' holds numbers and is compared with a text"));
    EXPECT_THAT(failure("SELECT id FROM products WHERE name = 5"),
                HasSubstr("the column 'name' holds text and is compared with a number; write it as a text"));
}

TEST_F(Csv, ABrokenFileIsNamedWithItsLine) {
    file("short", "a,b\n1,2\n3\n");
    EXPECT_THAT(failure("SELECT a FROM short"), HasSubstr("'short.csv', line 3 has 1 fields, the first line has 2"));
    file("open", "a,b\n1,\"2\n");
    EXPECT_THAT(failure("SELECT a FROM open"), HasSubstr("'open.csv', line 3: a quoted field has no closing quote"));
    file("after", "a,b\n1,\"2\"x\n");
    EXPECT_THAT(failure("SELECT a FROM after"),
                HasSubstr("'after.csv', line 2: text follows the closing quote of a field"));
}

TEST_F(Csv, AUrlIsCheckedWhenTheWorkflowIsLoaded) {
    const Result options = run_query("SELECT id FROM products", "[]", "csv://./data?delimiter=;");
    EXPECT_EQ(options.exit_code, 2);
    EXPECT_THAT(options.err, HasSubstr("a csv:// URL has no options, but has 'delimiter'"));
    const Result host = run_query("SELECT id FROM products", "[]", "csv://host/data");
    EXPECT_EQ(host.exit_code, 2);
    EXPECT_THAT(host.err, HasSubstr("a csv:// URL must look like csv://./folder or csv:///folder"));
}

}  // namespace
}  // namespace kdeps::testing
