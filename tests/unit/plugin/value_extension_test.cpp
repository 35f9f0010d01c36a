// SPDX-License-Identifier: Apache-2.0
// kdeps.value/1: plugins read and build values through handles.
#include <gtest/gtest.h>

#include "tests/unit/plugin/plugin_fixture.hpp"
#include "tests/unit/value/columns_fixture.hpp"

namespace kdeps::plugin {
namespace {

using value::Value;

struct ValueExtension : HostFixture {
    const kdeps_values& values = extension<kdeps_values>(KDEPS_VALUE_ID);

    kdeps_value from_json(std::string_view json) { return call.keep(value::parse_json(json)); }
    static std::string json(kdeps_value handle) { return value::to_json(kdeps_call_::take(handle)); }
    kdeps_value cell(kdeps_kind kind, std::string_view of) {
        kdeps_cell made{};
        made.kind = kind;
        made.as.s = to_str(of);
        return values.new_cell(&call, &made);
    }
};

TEST_F(ValueExtension, ReadsScalars) {
    kdeps_cell cell{};
    const kdeps_value list = from_json(R"([true, -5, 1.5, 18446744073709551615, "text", null])");
    const auto read = [&](std::size_t i) {
        EXPECT_EQ(values.cell(values.at(&call, list, i), &cell), KDEPS_OK);
        return cell.kind;
    };
    EXPECT_EQ(read(0), KDEPS_BOOL);
    EXPECT_EQ(cell.as.i, 1);
    EXPECT_EQ(read(1), KDEPS_INT);
    EXPECT_EQ(cell.as.i, -5);
    EXPECT_EQ(read(2), KDEPS_DOUBLE);
    EXPECT_EQ(cell.as.d, 1.5);
    EXPECT_EQ(read(3), KDEPS_DECIMAL);
    EXPECT_EQ(text(cell.as.s), "18446744073709551615");
    EXPECT_EQ(read(4), KDEPS_STRING);
    EXPECT_EQ(text(cell.as.s), "text");
    EXPECT_EQ(read(5), KDEPS_NULL);
    EXPECT_EQ(values.cell(list, &cell), KDEPS_INVALID_ARGUMENT);
}

TEST_F(ValueExtension, WalksListsAndMaps) {
    const kdeps_value map = from_json(R"({"a": [1, 2], "b": {"c": "d"}})");
    EXPECT_EQ(values.kind(map), KDEPS_MAP);
    EXPECT_EQ(values.size(map), 2U);
    EXPECT_EQ(text(values.key_at(map, 1)), "b");
    EXPECT_EQ(text(values.key_at(map, 2)), "");
    const kdeps_value list = values.find(&call, map, to_str("a"));
    EXPECT_EQ(values.kind(list), KDEPS_LIST);
    EXPECT_EQ(json(values.at(&call, list, 1)), "2");
    EXPECT_EQ(values.at(&call, list, 2), nullptr);
    EXPECT_EQ(values.find(&call, map, to_str("x")), nullptr);
    EXPECT_EQ(values.find(&call, list, to_str("x")), nullptr);
}

TEST_F(ValueExtension, TakesNullForNull) {
    EXPECT_EQ(values.kind(nullptr), KDEPS_NULL);
    EXPECT_EQ(values.size(nullptr), 0U);
    EXPECT_EQ(values.at(&call, nullptr, 0), nullptr);
    EXPECT_EQ(values.find(&call, nullptr, to_str("a")), nullptr);
    EXPECT_EQ(text(values.key_at(nullptr, 0)), "");
    EXPECT_EQ(json(nullptr), "null");
}

TEST_F(ValueExtension, BuildsListsAndMaps) {
    const kdeps_value map = values.new_map(&call);
    const kdeps_value list = values.new_list(&call);
    EXPECT_EQ(values.push(list, cell(KDEPS_STRING, "x")), KDEPS_OK);
    EXPECT_EQ(values.push(list, nullptr), KDEPS_OK);
    EXPECT_EQ(values.size(list), 2U);
    EXPECT_EQ(values.put(map, to_str("list"), list), KDEPS_OK);
    EXPECT_EQ(values.put(map, to_str("digits"), cell(KDEPS_DECIMAL, "1.50")), KDEPS_OK);
    EXPECT_EQ(values.put(map, to_str("no digits"), cell(KDEPS_DECIMAL, "1,5")), KDEPS_OK);
    EXPECT_EQ(json(map), R"({"list":["x",null],"digits":1.50,"no digits":"1,5"})");
}

TEST_F(ValueExtension, ClosesAContainerThatWasHandedOn) {
    const kdeps_value list = values.new_list(&call);
    EXPECT_EQ(json(list), "[]");
    EXPECT_EQ(values.push(list, nullptr), KDEPS_INVALID_STATE);
    EXPECT_EQ(values.push(from_json("[]"), nullptr), KDEPS_INVALID_STATE);
    EXPECT_EQ(values.put(from_json("{}"), to_str("a"), nullptr), KDEPS_INVALID_STATE);
    EXPECT_EQ(values.put(values.new_list(&call), to_str("a"), nullptr), KDEPS_INVALID_STATE);
}

TEST_F(ValueExtension, CopiesTheTextOfANewCell) {
    std::string source = "before";
    const kdeps_value made = cell(KDEPS_STRING, source);
    source = "after!";
    EXPECT_EQ(json(made), "\"before\"");
}

TEST_F(ValueExtension, MovesTables) {
    static int released = 0;  // the values of the call are released last
    ArrowArrayStream rows{};
    value::make_stream({{{1, "a"}, {2, std::nullopt}}, {{3, "c"}}}, &released, &rows);
    const value::TablePtr table = value::Table::from_stream(&rows);
    const kdeps_value handle = call.keep(Value::table(table));
    EXPECT_EQ(values.kind(handle), KDEPS_TABLE);
    EXPECT_EQ(values.size(handle), 3U);
    EXPECT_EQ(text(values.key_at(handle, 1)), "name");
    EXPECT_EQ(values.kind(values.at(&call, handle, 0)), KDEPS_MAP);
    ArrowArrayStream stream{};
    ASSERT_EQ(values.open_table(&call, handle, &stream), KDEPS_OK);
    kdeps_value again = nullptr;
    ASSERT_EQ(values.new_table(&call, &stream, &again), KDEPS_OK);
    EXPECT_EQ(stream.release, nullptr);
    EXPECT_EQ(json(again), R"([{"id":1,"name":"a"},{"id":2,"name":null},{"id":3,"name":"c"}])");
    EXPECT_EQ(json(values.at(&call, again, 2)), R"({"id":3,"name":"c"})");
}

TEST_F(ValueExtension, OpensAListOfListsAsATable) {
    ArrowArrayStream stream{};
    kdeps_value table = nullptr;
    const kdeps_value rows = from_json(
        R"([[1, "a", null, 1, true, 0.5], [2, "", null, "b", false, null], [null, "c", null, 2.5, null, 1e300]])");
    ASSERT_EQ(values.open_table(&call, rows, &stream), KDEPS_OK);
    ASSERT_EQ(values.new_table(&call, &stream, &table), KDEPS_OK);
    EXPECT_EQ(json(table), R"([{"1":1,"2":"a","3":null,"4":1,"5":true,"6":0.5},)"
                           R"({"1":2,"2":"","3":null,"4":"b","5":false,"6":null},)"
                           R"({"1":null,"2":"c","3":null,"4":2.5,"5":null,"6":1e+300}])");
    for (const char* other : {"[]", "[[]]", "[[1], [1, 2]]", "[[1], 2]", "[[[1]]]", "[[{}]]", "[{\"a\": 1}]"})
        EXPECT_EQ(values.open_table(&call, from_json(other), &stream), KDEPS_INVALID_ARGUMENT) << other;
}

TEST_F(ValueExtension, RefusesToOpenWhatIsNoTable) {
    ArrowArrayStream stream{};
    EXPECT_EQ(values.open_table(&call, from_json("[1]"), &stream), KDEPS_INVALID_ARGUMENT);
    EXPECT_EQ(call.failure(KDEPS_INVALID_ARGUMENT, "x").message, "the value is not a table");
}

}  // namespace
}  // namespace kdeps::plugin
