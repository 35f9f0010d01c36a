// SPDX-License-Identifier: Apache-2.0
// What kdeps adds to the language (rules §3).
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

TEST(Added, NullIsNil) {
    EXPECT_EQ(run("null == nil"), "true");
    EXPECT_EQ(run("null", R"({"null":1})"), "1") << "a variable of that name wins";
}

TEST(Added, InfixWordsAsCalls) {
    EXPECT_EQ(
        run("contains('abc', 'b') and startsWith('abc', 'a') && endsWith('abc', 'c') and matches('abc', '^a.c$')"),
        "true");
    EXPECT_EQ(run("contains([1, 2], 2)"), "true");
    EXPECT_EQ(run("not contains(s, 'z')", R"({"s":"abc"})"), "true");
    EXPECT_EQ(run("contains(n, 'z')", R"({"n":null})"), "false");
    EXPECT_EQ(fault("matches('a', '(')").offset, 13U);
}

TEST(Added, MethodsOfTextsAndLists) {
    EXPECT_EQ(run("' \xC3\x84rger '.trim().toLowerCase()"), "\"\xC3\xA4rger\"");
    EXPECT_EQ(run("s.toUpperCase().length", R"({"s":"h\u00e9"})"), "2");
    EXPECT_EQ(run("s.includes('é') and l.includes(2) and l.length == 3", R"({"s":"h\u00e9","l":[1,2,3]})"), "true");
    EXPECT_EQ(fault("s.includs('a')", R"({"s":"a"})").text,
              "cannot call .includs() on string (did you mean 'includes'?)");
    EXPECT_EQ(fault("s.trim(1)", R"({"s":"a"})").text, ".trim() takes 0 arguments, not 1");
}

TEST(Added, Functions) {
    EXPECT_EQ(run("typeof({})"), R"("map")");
    EXPECT_EQ(run("[bool('yes'), bool(0), bool(nil), bool('off')]"), "[true,false,false,false]");
    EXPECT_EQ(run("slice([1,2,3], 1)"), "[2,3]");
    EXPECT_EQ(run("substring('h\xC3\xA9llo', 1, 3)"), "\"\xC3\xA9l\"") << "by code points";
    EXPECT_EQ(run("[parseInt('42'), parseInt(' 12px'), parseInt('ff', 16), parseInt(7.9)]"), "[42,12,255,7]");
    EXPECT_EQ(fault("parseInt('x')").text, "parseInt() finds no integer at the start of the text");
    EXPECT_EQ(run("generateUUID() matches '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'"),
              "true");
    EXPECT_EQ(run("[default('', 1), default(nil, 2), default(0, 3), default([], 4), '' ?? 5]"), "[1,2,0,[],\"\"]");
    EXPECT_EQ(run("fromJSON(l)", R"({"l":[1]})"), "[1]") << "the result of a query is read already";
}

}  // namespace
}  // namespace kdeps::expr
