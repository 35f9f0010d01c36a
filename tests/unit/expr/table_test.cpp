// SPDX-License-Identifier: Apache-2.0
// Result sets in expressions: lists of maps that are read where they lie.
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"
#include "tests/unit/value/columns_fixture.hpp"

namespace kdeps::expr {
namespace {

class TableExpressions : public testing::Test {
protected:
    TableExpressions() {
        ArrowArrayStream stream;
        value::make_stream({{{1, "Ada"}, {2, std::nullopt}}, {{3, "Bob"}, {4, "Ada"}}}, &released_, &stream);
        variables_.set("rows", value::Value::table(value::Table::from_stream(&stream)));
    }

    value::Value evaluate(std::string_view source) { return evaluate_with(source, value::Value::map(variables_)); }
    std::string json(std::string_view source) { return value::to_json(evaluate(source)); }

    int released_ = 0;
    value::Map variables_;
};

TEST_F(TableExpressions, AreListsOfMaps) {
    EXPECT_EQ(json("len(rows)"), "4");
    EXPECT_EQ(json("rows[0].name"), R"("Ada")");
    EXPECT_EQ(json("rows[-1].id"), "4");
    EXPECT_EQ(json("rows[1].nope"), "null");
    EXPECT_EQ(json("type(rows) + type(rows[0])"), R"("arraymap")");
    EXPECT_EQ(json("rows[0] == {name: 'Ada', id: 1}"), "true");
    EXPECT_EQ(json("{id: 3, name: 'Bob'} in rows"), "true");
    EXPECT_EQ(json("keys(rows[0])"), R"(["id","name"])");
    EXPECT_EQ(json("'name' in rows[0]"), "true");
    EXPECT_EQ(json("sum(rows, .id)"), "10");
    EXPECT_EQ(json("map(rows, .name ?? 'none')"), R"(["Ada","none","Bob","Ada"])");
    EXPECT_EQ(json("groupBy(rows, .name).Ada | map(.id)"), "[1,4]");
    EXPECT_EQ(json("sortBy(rows, .id, 'desc')[0]"), R"({"id":4,"name":"Ada"})");
    EXPECT_EQ(json("rows | len()"), "4");
    EXPECT_EQ(json("rows.length"), "4");
    EXPECT_EQ(json("string(rows[0])"), R"("map[id:1 name:Ada]")");
}

TEST_F(TableExpressions, AreNotCopied) {
    EXPECT_EQ(evaluate("rows").kind(), value::Kind::table);
    EXPECT_TRUE(evaluate("rows[2]").is_row());
    const value::Value filtered = evaluate("filter(rows, .id > 1)");
    ASSERT_EQ(filtered.size(), 3U);
    for (const value::Value& row : filtered.list()) {
        EXPECT_TRUE(row.is_row());
        EXPECT_EQ(row.table(), variables_.find("rows")->table());
    }
    EXPECT_TRUE(evaluate("rows[1:3]").at(0).is_row());
    EXPECT_TRUE(evaluate("reverse(rows)").at(0).is_row());
    EXPECT_TRUE(evaluate("find(rows, .id == 3)").is_row());
    EXPECT_TRUE(evaluate("last(rows)").is_row());
    EXPECT_EQ(evaluate("{data: rows}").find("data")->kind(), value::Kind::table);
    EXPECT_EQ(evaluate("(rows ?? [])").kind(), value::Kind::table);
    EXPECT_EQ(evaluate("true ? rows : []").kind(), value::Kind::table);
}

TEST_F(TableExpressions, KeepTheirBuffersAsLongAsARowIsHeld) {
    const value::Value row = evaluate("rows[3]");
    variables_ = {};
    EXPECT_EQ(released_, 0);
    EXPECT_EQ(value::to_json(row), R"({"id":4,"name":"Ada"})");
}

}  // namespace
}  // namespace kdeps::expr
