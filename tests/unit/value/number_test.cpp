// SPDX-License-Identifier: Apache-2.0
#include "core/value/number.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/value/json.hpp"

namespace kdeps::value {
namespace {

Value dec(std::string digits) { return Value::decimal(std::move(digits)); }

char order(const Value& a, const Value& b) {
    const auto found = compare_numbers(a, b);
    return found < 0 ? '<' : found > 0 ? '>' : found == 0 ? '=' : '?';
}

struct Pair {
    Value a;
    char expected;
    Value b;
};

TEST(Number, ComparesEveryKindExactly) {
    const double inf = INFINITY;
    const std::vector<Pair> pairs{
        {dec("18446744073709551614"), '<', dec("18446744073709551615")},
        {dec("9007199254740992"), '<', Value(9007199254740993)},
        {dec("9007199254740993"), '=', Value(9007199254740993)},
        {dec("9007199254740993"), '>', Value(9007199254740992.0)},
        {Value(9007199254740993), '=', Value(9007199254740992.0)},
        {Value(INT64_MIN), '=', Value(-9223372036854775808.0)},
        {dec("9223372036854775808"), '>', Value(INT64_MAX)},
        {dec("9223372036854775808"), '=', Value(9223372036854775808.0)},
        {dec("1.50"), '=', Value(1.5)},
        {dec("1.50"), '=', dec("1.5")},
        {dec("15e-1"), '=', dec("1.5000")},
        {dec("19.99"), '=', Value(19.99)},
        {dec("0.3"), '<', Value(0.1 + 0.2)},
        {dec("0.30000000000000001"), '>', Value(0.3)},
        {dec("-0.30000000000000001"), '<', Value(-0.3)},
        {dec("0.1000000000000000055511151231257827"), '>', dec("0.1")},
        {dec("0"), '=', Value(0)},
        {dec("-0.00"), '=', Value(-0.0)},
        {dec("0e5"), '=', dec("0.000")},
        {dec("-1"), '<', dec("0")},
        {dec("-2"), '<', dec("-1.99")},
        {dec("100"), '=', dec("1e2")},
        {dec("99.999"), '<', Value(100)},
        {dec("1e400"), '<', Value(inf)},
        {dec("-1e400"), '>', Value(-inf)},
        {dec("1e400"), '>', Value(1.7976931348623157e308)},
        {dec("1e400"), '<', dec("1.1e400")},
        {dec("1e-400"), '>', Value(0.0)},
        {dec("1e-400"), '<', Value(5e-324)},
        {dec("-1e-400"), '<', Value(0)},
        {dec("1e999999999999999999999"), '>', dec("1e400")},
        {dec("1"), '?', Value(NAN)},
        {Value(1), '?', Value(NAN)},
        {Value(1), '<', Value(1.5)},
        {Value(-1), '>', Value(-1.5)},
        {Value(2), '=', Value(2.0)},
    };
    for (const auto& [a, expected, b] : pairs) {
        EXPECT_EQ(order(a, b), expected) << to_json(a) << " and " << to_json(b);
        const char turned = expected == '<' ? '>' : expected == '>' ? '<' : expected;
        EXPECT_EQ(order(b, a), turned) << to_json(b) << " and " << to_json(a);
        EXPECT_EQ(a == b, expected == '=') << to_json(a) << " and " << to_json(b);
    }
}

// One order over all kinds: sorting needs it.
TEST(Number, IsOneOrder) {
    std::mt19937_64 random(7);
    std::vector<Value> all;
    for (int i = 0; i < 60; ++i) {
        const double base = std::ldexp(static_cast<double>(random() % 1000), static_cast<int>(random() % 80) - 20);
        all.emplace_back(base);
        all.emplace_back(std::nextafter(base, INFINITY));
        if (base < 9e15) all.push_back(number_of_text(to_json(Value(base))));
        all.push_back(dec(to_json(Value(std::trunc(base))) + ".0000000000000001"));
        if (base < 9e15) all.emplace_back(static_cast<std::int64_t>(base));
    }
    for (const Value& a : all) {
        for (const Value& b : all) {
            for (const Value& c : all) {
                if (compare_numbers(a, b) <= 0 && compare_numbers(b, c) <= 0) {
                    ASSERT_TRUE(compare_numbers(a, c) <= 0) << to_json(a) << ' ' << to_json(b) << ' ' << to_json(c);
                }
            }
        }
    }
}

TEST(Number, CalculatesWithEveryDigit) {
    const auto text = [](const std::optional<Value>& value) { return value ? to_json(*value) : "none"; };
    EXPECT_EQ(text(add_decimals(dec("0.10"), dec("0.20"))), "0.30");
    EXPECT_EQ(text(add_decimals(dec("18446744073709551615"), Value(1))), "18446744073709551616");
    EXPECT_EQ(text(add_decimals(dec("99.9"), dec("0.1"))), "100.0");
    EXPECT_EQ(text(add_decimals(dec("-5.5"), dec("5.50"))), "0.00");
    EXPECT_EQ(text(add_decimals(dec("1e3"), dec("0.001"))), "1000.001");
    EXPECT_EQ(text(add_decimals(dec("-1"), dec("0.25"))), "-0.75");
    EXPECT_EQ(text(subtract_decimals(dec("1"), dec("1.01"))), "-0.01");
    EXPECT_EQ(text(subtract_decimals(Value(0), dec("9223372036854775808"))), "-9223372036854775808");
    EXPECT_EQ(text(multiply_decimals(dec("0.10"), Value(3))), "0.30");
    EXPECT_EQ(text(multiply_decimals(dec("12345678901234567890.12"), dec("-1000000001.5"))),
              "-12345678919753086241971851835.180");
    EXPECT_EQ(text(multiply_decimals(dec("999999999999999999999"), dec("999999999999999999999"))),
              "999999999999999999998000000000000000000001");
    EXPECT_EQ(text(multiply_decimals(dec("0"), dec("-5"))), "0");
    EXPECT_EQ(text(add_decimals(dec("1"), Value(0.5))), "none") << "a double makes it one";
    EXPECT_EQ(text(add_decimals(dec("1e300000"), dec("1"))), "none");
    EXPECT_EQ(to_json(negate_decimal(dec("-1.50"))), "1.50");
}

TEST(Number, CutsFractionsOff) {
    EXPECT_EQ(truncated(dec("9007199254740993.99")), 9007199254740993);
    EXPECT_EQ(truncated(dec("-9223372036854775808.5")), INT64_MIN);
    EXPECT_EQ(truncated(dec("9223372036854775808")), std::nullopt);
    EXPECT_EQ(truncated(dec("0.9")), 0);
    EXPECT_EQ(truncated(dec("12e3")), 12000);
    EXPECT_EQ(truncated(Value(-1.9)), -1);
    EXPECT_EQ(truncated(Value(NAN)), std::nullopt);
    EXPECT_EQ(truncated(Value(1e300)), std::nullopt);
}

TEST(Number, EqualNumbersHaveOneForm) {
    for (const auto& [a, b] :
         std::vector<std::pair<Value, Value>>{{dec("1.0"), Value(1)},
                                              {Value(1.0), Value(1)},
                                              {dec("1.50"), Value(1.5)},
                                              {dec("9007199254740993.0"), Value(9007199254740993)},
                                              {dec("18446744073709551616"), Value(18446744073709551616.0)},
                                              {dec("1e400"), dec("10e399")},
                                              {dec("0.1000000000000000055"), dec("0.10000000000000000550")}}) {
        const Value x = uniform_number(a);
        const Value y = uniform_number(b);
        EXPECT_EQ(x.kind(), y.kind()) << to_json(a);
        EXPECT_EQ(to_json(x), to_json(y));
    }
    EXPECT_NE(to_json(uniform_number(dec("18446744073709551614"))),
              to_json(uniform_number(dec("18446744073709551615"))));
}

TEST(Number, KeepsTheDigitsOfText) {
    for (const std::string text :
         {"9.87654321012345678901", "12345678901234567890.12", "0.1000000000000000055511151231257827",
          "12345678901234567.0", "1e400", "1e-400", "18446744073709551616", "1.23456789012345678e-5"}) {
        EXPECT_EQ(number_of_text(text).kind(), Kind::decimal) << text;
        EXPECT_EQ(to_json(number_of_text(text)), text);
    }
    for (const std::string text : {"0.1", "1.50", "10.0", "1e22", "0.30000000000000004", "2.2250738585072014e-308",
                                   "0.0", "1.7976931348623157e308", "5e-324", "9007199254740993e0"}) {
        EXPECT_EQ(number_of_text(text).kind(), text == "9007199254740993e0" ? Kind::decimal : Kind::floating) << text;
    }
    EXPECT_EQ(number_of_text("9223372036854775807").kind(), Kind::integer);
    EXPECT_EQ(dec("1e400").floating(), INFINITY);
    EXPECT_EQ(dec("-1e400").floating(), -INFINITY);
    EXPECT_EQ(dec("1e-400").floating(), 0.0);
}

TEST(Number, KeepsTheDigitsOfJson) {
    const std::string json = R"({"a":9.87654321012345678901,"b":[12345678901234567890.12,0.1,18446744073709551615]})";
    EXPECT_EQ(to_json(parse_json(json)), json);
}

}  // namespace
}  // namespace kdeps::value
