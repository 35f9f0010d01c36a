// SPDX-License-Identifier: Apache-2.0
// What is too much is an error with a reason, not the end of the process.
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

TEST(Limits, OfTheSource) {
    EXPECT_EQ(fault(std::string(10'000'000, ' ') + "1").text, "the expression is longer than 256 KiB");
    EXPECT_EQ(fault(repeated("(", 100'000) + "1" + repeated(")", 100'000)).text,
              "the expression is nested deeper than 250 levels");
    EXPECT_EQ(fault(repeated("[", 100'000)).text, "the expression is nested deeper than 250 levels");
    EXPECT_EQ(fault(repeated("-", 100'000) + "1").text, "the expression is nested deeper than 250 levels");
    EXPECT_EQ(fault("[" + repeated("1,", 20'000) + "1]").text, "the expression has more than 10,000 parts");
    EXPECT_EQ(fault("1" + repeated("+1", 5'000)).text,
              "the expression is nested deeper than 1,000 levels; use parentheses or sum([...])");
    EXPECT_EQ(fault("a" + repeated(".a", 5'000), R"({"a":1})").text,
              "the expression is nested deeper than 1,000 levels; use parentheses or sum([...])");
}

TEST(Limits, LetSaneExpressionsPass) {
    EXPECT_EQ(run("len('" + std::string(200'000, 'x') + "')"), "200000");
    EXPECT_EQ(run(repeated("(", 100) + "1" + repeated(")", 100)), "1");
    EXPECT_EQ(run("1" + repeated(" + 1", 900)), "901");
    EXPECT_EQ(run("len([" + repeated("1,", 9'000) + "1])"), "9001");
    EXPECT_EQ(run("len(1..999999)"), "999999");
}

TEST(Limits, OfTheRun) {
    const std::string too_many = "the expression makes more than 1,000,000 elements; limit the data before";
    EXPECT_EQ(fault("1..9223372036854775807").text, too_many);
    EXPECT_EQ(fault("a..b", R"({"a":-9223372036854775808,"b":9223372036854775807})").text, too_many);
    EXPECT_EQ(fault("map(1..600000, #)").text, too_many);
    EXPECT_EQ(fault("repeat('ab', 900000)").text, too_many);
    EXPECT_EQ(fault("repeat('a', 1000001)").text, "the count of repeat() must be between 0 and 1000000, not 1000001");
    EXPECT_EQ(fault("repeat(s, 1000000)", "{\"s\":\"" + std::string(2'000'000, 'x') + "\"}").text, too_many);
}

TEST(Limits, OfTexts) {
    EXPECT_EQ(fault("let a = repeat('x', 500000); let b = join(map(1..1000, a)); b").text,
              "the text would be longer than 256 MiB");
    std::string doubling = "let a0 = repeat('x', 900000); ";
    for (int i = 1; i < 30; ++i) {
        doubling +=
            "let a" + std::to_string(i) + " = a" + std::to_string(i - 1) + " + a" + std::to_string(i - 1) + "; ";
    }
    EXPECT_EQ(fault(doubling + "len(a29)").text, "the text would be longer than 256 MiB");
}

// Texts and lists that functions make count where they are kept; what is only shared does not.
TEST(Limits, OfWhatIsKept) {
    const std::string too_large = "the expression makes more than 1 GiB; limit the data before";
    const std::string text = "let a = repeat('x', 900000); ";
    EXPECT_EQ(fault(text + "len(map(1..90000, a + 'x'))").text, too_large);
    EXPECT_EQ(fault("let r = 1..90000; len(map(1..90000, {{a: r[1:]}}))").text, too_large);
    EXPECT_EQ(run(text + "len(map(1..9000, a))"), "9000");
    EXPECT_EQ(run(text + "len(map(1..9000, [a, {k: a}][1].k))"), "9000") << "shared payloads are free";
}

TEST(Limits, OfNesting) {
    const std::string too_deep = "reduce() makes a value that is nested deeper than 1,000 levels";
    EXPECT_EQ(fault("reduce(1..400000, [#acc], 0)").text, too_deep);
    EXPECT_EQ(fault("reduce(1..200000, {{a: #acc}}, 0)").text, too_deep);
    EXPECT_EQ(fault("reduce(1..40000, groupBy([#acc], 1), 0)").text, too_deep);
    EXPECT_EQ(run("len(reduce(1..900, [#acc], 0))"), "1");
}

TEST(Limits, ComparisonChainsDoNotExplode) {
    std::string nested = "1";
    for (int i = 0; i < 60; ++i) nested = "0 < (" + nested + ") < 5";
    EXPECT_TRUE(fault(nested).is_compile_error);
}

TEST(Limits, UniqIsFastEnoughForLargeLists) { EXPECT_EQ(run("len(uniq(map(1..400000, # % 200000)))"), "200000"); }

}  // namespace
}  // namespace kdeps::expr
