// SPDX-License-Identifier: Apache-2.0
// Numbers that a double does not hold: 64-bit unsigned integers and decimals (rules §5).
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

constexpr std::string_view kIds =
    R"({"a":18446744073709551614,"b":18446744073709551615,"rows":[{"id":18446744073709551615},{"id":18446744073709551614}]})";

// Variables with decimals, as a numeric column gives them.
struct Exact : ::testing::Test {
    std::string run(std::string_view source) {
        value::Map variables;
        for (const auto& [name, digits] :
             std::vector<std::pair<std::string, std::string>>{{"tenth", "0.10"},
                                                              {"fifth", "0.20"},
                                                              {"price", "19.99"},
                                                              {"big", "12345678901234567890.12"},
                                                              {"odd", "9007199254740993"},
                                                              {"even", "9007199254740992"}}) {
            variables.set(name, value::Value::decimal(digits));
        }
        variables.set("odd_int", value::Value(9007199254740993));
        return value::to_json(evaluate_with(source, value::Value::map(variables)));
    }
};

TEST(ExactUnsigned, IsComparedExactly) {
    EXPECT_EQ(run("[a == b, a < b, a >= b, a in [b], b in [a, b], a != b]", kIds),
              "[false,true,false,false,true,true]");
    EXPECT_EQ(run("filter(rows, .id == a)", kIds), R"([{"id":18446744073709551614}])");
    EXPECT_EQ(run("[max(a, b), min(b, a), max([a, b])]", kIds),
              "[18446744073709551615,18446744073709551614,18446744073709551615]");
    EXPECT_EQ(run("map(sortBy(rows, .id), .id)", kIds), "[18446744073709551614,18446744073709551615]");
    EXPECT_EQ(run("sortBy(rows, .id, 'desc')[0].id", kIds), "18446744073709551615");
    EXPECT_EQ(run("sort([b, a])", kIds), "[18446744073709551614,18446744073709551615]");
    EXPECT_EQ(run("uniq([a, b, a, b])", kIds), "[18446744073709551614,18446744073709551615]");
    EXPECT_EQ(run("len(groupBy(rows, .id))", kIds), "2");
    EXPECT_EQ(run("groupBy(rows, .id)[b][0].id", kIds), "18446744073709551615");
    EXPECT_EQ(run("[findIndex(rows, .id == a), count(rows, .id > a), any(rows, .id < a)]", kIds), "[1,1,false]");
    EXPECT_EQ(run("[sum([a, b]), a + 1, b - a, sum(rows, .id)]", kIds),
              "[36893488147419103229,18446744073709551615,1,36893488147419103229]");
}

TEST_F(Exact, ComparesDecimalsWithAllNumbers) {
    EXPECT_EQ(
        run("[odd == even, odd == odd_int, even == odd_int, odd_int > even, odd_int in [even], odd_int in [odd]]"),
        "[false,true,false,true,false,true]");
    EXPECT_EQ(run("[price == 19.99, price > 19.98, price in [19.99], price < 20, 20 > price, price != 19.990001]"),
              "[true,true,true,true,true,true]");
    EXPECT_EQ(run("[tenth == 0.1, tenth + fifth == 0.3, 0.1 + 0.2 == tenth + fifth]"), "[true,true,false]");
    EXPECT_EQ(run("{'a': tenth} == {'a': 0.1}"), "true");
}

TEST_F(Exact, AddsAndMultipliesDecimals) {
    EXPECT_EQ(run("[tenth + fifth, price * 3, price - 20, -price, abs(-price), sum([tenth, fifth]), tenth * tenth]"),
              "[0.30,59.97,-0.01,-19.99,19.99,0.30,0.0100]");
    EXPECT_EQ(run("[big + 1, big * 10, int(big / big), int(odd)]"),
              "[12345678901234567891.12,123456789012345678901.20,1,9007199254740993]");
    EXPECT_EQ(run("[tenth / 2, price + 0.5, tenth ** 2 < 0.011, mean([tenth, fifth])]"), "[0.05,20.49,true,0.15]")
        << "with a double, or divided, it is a double";
    EXPECT_EQ(run("reduce([tenth, tenth, tenth], #acc + #)"), "0.30");
}

TEST_F(Exact, GroupsEqualDecimals) {
    EXPECT_EQ(run("uniq([tenth, 0.1, fifth, fifth + 0])"), "[0.10,0.20]");
    EXPECT_EQ(run("len(groupBy([tenth, fifth - tenth, 0.1], #))"), "1");
    EXPECT_EQ(run("uniq([odd, odd_int, even])"), "[9007199254740993,9007199254740992]");
}

TEST(ExactJson, KeepsTheDigitsOfARequest) {
    constexpr std::string_view kBody = R"({"a":9.87654321012345678901,"b":[0.1,1.5]})";
    EXPECT_EQ(run("a", kBody), "9.87654321012345678901");
    EXPECT_EQ(run("a + 1", kBody), "10.87654321012345678901");
    EXPECT_EQ(run("sum(b)", kBody), "1.6");
    EXPECT_EQ(run("fromJSON('[12345678901234567890.12]')[0]"), "12345678901234567890.12");
    EXPECT_EQ(run("string(a)", kBody), "\"9.87654321012345678901\"");
    EXPECT_EQ(run("[type(a), a > 9, int(a), round(a)]", kBody), R"(["float",true,9,10])");
}

}  // namespace
}  // namespace kdeps::expr
