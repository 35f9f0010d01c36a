// SPDX-License-Identifier: Apache-2.0
#include "core/value/value_type.hpp"

#include <gtest/gtest.h>

#include "core/value/json.hpp"

namespace kdeps::value {
namespace {

TEST(Map, KeepsTheOrderOfInsertion) {
    Map map;
    for (const char* key : {"z", "a", "m"}) map.set(key, key);
    map.set("a", 1);  // replaced at its place
    EXPECT_EQ(to_json(Value::map(map)), R"({"z":"z","a":1,"m":"m"})");
}

TEST(Map, FindsKeysInLargeMapsToo) {
    Map map;
    for (int i = 0; i < 100; ++i) map.set("k" + std::to_string(i), i);
    map.set("k50", "new");
    EXPECT_EQ(map.size(), 100U);
    EXPECT_EQ(*map.find("k99"), Value(99));
    EXPECT_EQ(*map.find("k50"), Value("new"));
    EXPECT_EQ(map.index_of("k16"), 16U);
    EXPECT_EQ(map.find("k100"), nullptr);
}

TEST(Value, ComparesNumbersByValue) {
    EXPECT_EQ(Value(1), Value(1.0));
    EXPECT_EQ(Value::decimal("1.50"), Value(1.5));
    EXPECT_EQ(Value::decimal("18446744073709551615"), Value::decimal("18446744073709551615"));
    EXPECT_FALSE(Value(INT64_MAX) == Value(INT64_MAX - 1));
    EXPECT_FALSE(Value(1) == Value("1"));
    EXPECT_FALSE(Value(1) == Value(true));
}

TEST(Value, ComparesMapsWithoutRegardToOrder) {
    EXPECT_EQ(parse_json(R"({"a":1,"b":[1,{"c":2}]})"), parse_json(R"({"b":[1.0,{"c":2}],"a":1})"));
    EXPECT_FALSE(parse_json(R"({"a":1})") == parse_json(R"({"a":1,"b":null})"));
    EXPECT_FALSE(parse_json("[1,2]") == parse_json("[2,1]"));
}

TEST(Value, SharesItsPayload) {
    const Value a = Value::list({1, 2});
    const Value b = a;
    EXPECT_EQ(&a.list(), &b.list());
}

TEST(Value, IsNullAfterAMove) {
    Value a("text");
    const Value b = std::move(a);
    EXPECT_EQ(b.text(), "text");
    EXPECT_TRUE(a.is_null());  // NOLINT(bugprone-use-after-move): what a move leaves is promised
}

TEST(Value, KeepsTheFlavorOfAListThroughCopies) {
    const Value absent = Value::list({}, Flavor::absent);
    const Value copy = absent;
    EXPECT_EQ(copy.flavor(), Flavor::absent);
    EXPECT_EQ(to_json(copy), "[]");
    EXPECT_EQ(Value::list({}).flavor(), Flavor::plain);
}

}  // namespace
}  // namespace kdeps::value
