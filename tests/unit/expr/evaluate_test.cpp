// SPDX-License-Identifier: Apache-2.0
// The language itself is pinned by tests/conformance; here stands what a reader should find by name.
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

TEST(Precedence, BindsAsTheTableSays) {
    EXPECT_EQ(run("-2 ** 2"), "-4");
    EXPECT_EQ(run("2 ** 3 ** 2"), "512");
    EXPECT_EQ(run("1 + 2 * 3"), "7");
    EXPECT_EQ(run("(1 + 2) * 3"), "9");
    EXPECT_EQ(run("not true == false"), "true") << "(not true) == false";
    EXPECT_EQ(run("1 + 2 | string()"), R"("3")");
    EXPECT_EQ(run("1..2 + 1"), "[1,2,3]");
    EXPECT_EQ(run("true or false and false"), "true");
    EXPECT_EQ(run("1 < 2 < 3"), "true");
    EXPECT_EQ(run("3 > 2 > 2"), "false");
    EXPECT_EQ(run("1 + n ?? 5", R"({"n":null})"), "6") << "?? binds before +";
    EXPECT_EQ(run("false ? 1 : true ? 2 : 3"), "2");
    EXPECT_EQ(run("[3,1] | sort() | first() + 1"), "2");
}

TEST(Precedence, RefusesACoalesceThatIsMixed) {
    const Fault mixed = fault("n ?? 1 + 2", R"({"n":null})");
    EXPECT_EQ(mixed.text,
              "'?"
              "?' and '+' cannot be mixed without parentheses");
    EXPECT_EQ(mixed.offset, 7U);
}

TEST(Members, AreNullWhereAKeyIsMissing) {
    const char* env = R"({"o":{"a":{"b":[1,2,3]},"n":null}})";
    EXPECT_EQ(run("o.a.b[-1]", env), "3");
    EXPECT_EQ(run("o.x", env), "null");
    EXPECT_EQ(run("o.n?.x.y.z", env), "null");
    EXPECT_EQ(run("o?.a?.b?.[0]", env), "1");
    EXPECT_EQ(fault("o.n.x", env).text, "cannot fetch 'x' from nil");
    EXPECT_EQ(fault("(o.n?.x).y", env).text, "cannot fetch 'y' from nil") << "parentheses end the chain";
}

TEST(Slices, AreClamped) {
    EXPECT_EQ(run("[1,2,3][1:99]"), "[2,3]");
    EXPECT_EQ(run("[1,2,3][-2:]"), "[2,3]");
    EXPECT_EQ(run("[1,2,3][2:1]"), "[]");
    EXPECT_EQ(run("'hello'[1:3]"), R"("el")");
    EXPECT_EQ(run("[1][a:b]", R"({"a":-9223372036854775808,"b":9223372036854775807})"), "[1]");
}

TEST(Equality, IsByValueInListsAndStrictInMaps) {
    EXPECT_EQ(run("[1, [2]] == [1.0, [2.0]]"), "true");
    EXPECT_EQ(run("{a: 1} == {a: 1.0}"), "false");
    EXPECT_EQ(run("{a: 1, b: 2} == {b: 2, a: 1}"), "true");
    EXPECT_EQ(run("x == '1'", R"({"x":1})"), "false");
}

TEST(Integers, WrapAndStayExact) {
    EXPECT_EQ(run("9223372036854775807 + 1"), "-9223372036854775808");
    EXPECT_EQ(run("6 / 3"), "2");
    EXPECT_EQ(run("-7 % 3"), "-1");
    EXPECT_EQ(run("x % -1", R"({"x":-9223372036854775808})"), "0");
    EXPECT_EQ(run("x + 0", R"({"x":9007199254740993})"), "9007199254740993");
}

TEST(Predicates, SeeTheInnermostElement) {
    EXPECT_EQ(run("map([[1,2],[3]], map(#, # * 10))"), "[[10,20],[30]]");
    EXPECT_EQ(run("map([1,2], {let n = #; map([10], # + n)})"), "[[11],[12]]");
    EXPECT_EQ(run("map([5,6], #index)"), "[0,1]");
    EXPECT_EQ(run("reduce([1,2,3], #acc + #, 10)"), "16");
    EXPECT_EQ(run("findLast([1,2,3,4], # % 2 == 1)"), "3");
    EXPECT_EQ(run("filter([{a:1},{a:2}], .a > 1)"), R"([{"a":2}])");
    EXPECT_EQ(run("map([1], {{x: #}})"), R"([{"x":1}])");
}

TEST(Predicates, LeaveTheScopeAfterAnError) {
    EXPECT_EQ(fault("map([1], #.x)").text, "cannot fetch 'x' from int");
    EXPECT_EQ(run("map([1,2], all([3], # > 2) ? # : 0)"), "[1,2]");
}

TEST(Groups, KeepKeysOfEveryType) {
    EXPECT_EQ(run("groupBy([1,2,3], # % 2)[1]"), "[1,3]");
    EXPECT_EQ(run("groupBy([1,2,3], # % 2)"), R"({"1":[1,3],"0":[2]})") << "JSON has keys of text only";
    EXPECT_EQ(run("len(groupBy([1, 1.0, '1', nil, true], #))"), "5");
    EXPECT_EQ(run("groupBy([1], #)[7] == nil"), "true");
    EXPECT_EQ(run("len(groupBy([1], #)[7])"), "0");
    EXPECT_EQ(fault("groupBy([[1]], #)").text, "a key of groupBy() must be a scalar, not array");
}

TEST(Sorting, IsStable) {
    EXPECT_EQ(run("sortBy(map(0..30, {{k: # % 2, i: #}}), .k) | map(.i)"),
              "[0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,1,3,5,7,9,11,13,15,17,19,21,23,25,27,29]");
}

}  // namespace
}  // namespace kdeps::expr
