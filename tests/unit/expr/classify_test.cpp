// SPDX-License-Identifier: Apache-2.0
// Which strings of a workflow are evaluated (rules §3).
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

Reading read(std::string_view text, Mode mode = Mode::value) {
    static const Names kNames = Host::names();
    return classify(text, mode, kNames);
}

TEST(Classify, LeavesTextAlone) {
    for (const char* text : {"2024-01-01",
                             "a/b",
                             "Total: 5 - 3",
                             "max-age=3600",
                             "[draft]",
                             "",
                             " ",
                             "hello",
                             "Node.js",
                             "README.md",
                             "What is 2 + 2?",
                             "SELECT * FROM t",
                             "user.name",
                             "x > y",
                             "1+2",
                             "5",
                             "-5",
                             "true",
                             "'quoted'",
                             "5 -3",
                             "1.2.3",
                             "http://a/b?c=d",
                             "localhost:8080",
                             "application/json",
                             "budget(5)",
                             "get",
                             "get(",
                             "item",
                             "request",
                             "[1, 2]",
                             "{a: 1}",
                             "a == b",
                             "10:30",
                             "1,000",
                             "50 %",
                             "foo(1) + 2",
                             "outputs",
                             "- 5",
                             "#1",
                             "a ? b : c",
                             "50%",
                             "C++",
                             "(draft)",
                             "not",
                             "nil",
                             "1 .. 3 elements"}) {
        EXPECT_EQ(read(text), Reading::literal) << text;
    }
}

TEST(Classify, FindsCallsOfKnownFunctions) {
    for (const char* text : {"get('q')",
                             "get('q') + 1",
                             "len(get('q'))",
                             "upper('x')",
                             "output('a').b",
                             "item.current()",
                             "python.stdout('a')",
                             "info('now')",
                             "'a' + get('b')",
                             "[get('a'), 1]",
                             "{a: get('a')}",
                             "filter(get('q'), .price > 10)",
                             "get('q')[0].name",
                             "get('q') | len()",
                             "contains(get('a'), 'b')",
                             "matches(get('a'), 'b')",
                             "not get('a')",
                             "now()",
                             "generateUUID()",
                             "default(get('a'), 1)"}) {
        EXPECT_EQ(read(text), Reading::expression) << text;
    }
}

TEST(Classify, FindsMembersOfKnownObjects) {
    for (const char* text : {"request.method", "input.user.name", "outputs.a.b", "outputs['a']", "error.message",
                             "request?.body", "item.id + 1", "request.headers['X-Id'] ?? 'none'"}) {
        EXPECT_EQ(read(text), Reading::expression) << text;
    }
}

TEST(Classify, FindsArithmeticOfLiteralsWithSpaces) {
    for (const char* text : {"1 + 2", "(1 + 2) * 3", "'a' + 'b'", "1 < 2", "true and false", "-1 + 2", "2 ** 3",
                             "1 == 1 ? true : false"}) {
        EXPECT_EQ(read(text), Reading::expression) << text;
    }
}

TEST(Classify, FindsTemplates) {
    EXPECT_EQ(read("{{ 1 }}"), Reading::templ);
    EXPECT_EQ(read("a {{ b"), Reading::templ) << "so that the missing end is reported";
    EXPECT_EQ(read("a }} b"), Reading::literal);
}

TEST(Classify, FollowsTheMode) {
    EXPECT_EQ(read("get('q')", Mode::templates), Reading::literal);
    EXPECT_EQ(read("{{ get('q') }}", Mode::templates), Reading::templ);
    EXPECT_EQ(read("{{ get('q') }}", Mode::literal), Reading::literal);
    EXPECT_EQ(read("hello", Mode::expression), Reading::expression);
    EXPECT_EQ(read("{{ hello }}", Mode::expression), Reading::expression);
}

TEST(WithoutBraces, TakesOffOnePair) {
    std::size_t skipped = 0;
    EXPECT_EQ(without_braces("  {{ a }} ", skipped), " a ");
    EXPECT_EQ(skipped, 4U);
    EXPECT_EQ(without_braces("a == 'x'", skipped), "a == 'x'");
    EXPECT_EQ(skipped, 0U);
    EXPECT_EQ(without_braces("{{}}", skipped), "");
    EXPECT_EQ(without_braces("{{}", skipped), "{{}");
}

}  // namespace
}  // namespace kdeps::expr
