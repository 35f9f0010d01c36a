// SPDX-License-Identifier: Apache-2.0
#include "core/value/json.hpp"

#include <gtest/gtest.h>
#include <cmath>

#include "core/base/base.hpp"

namespace kdeps::value {
namespace {

std::string fault(std::string_view text) {
    try {
        parse_json(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.status, Status::bad_data);
        return error.message;
    }
    return "no error";
}

std::string text_of(const Value& value) {
    std::string out;
    append_text(value, out);
    return out;
}

TEST(Json, KeepsNumbersExact) {
    for (const char* text : {"9223372036854775807", "-9223372036854775808", "18446744073709551615",
                             "123456789012345678901234567890", "0.1", "-0.5"}) {
        EXPECT_EQ(to_json(parse_json(text)), text);
    }
    EXPECT_TRUE(parse_json("1").is_int());
    EXPECT_EQ(parse_json("1.0").kind(), Kind::floating);
    EXPECT_EQ(parse_json("18446744073709551615").kind(), Kind::decimal);
    EXPECT_EQ(to_json(Value::decimal("10.00")), "10.00");
}

TEST(Json, WritesWhatJsonDoesNotHave) {
    EXPECT_EQ(to_json(Value(std::nan(""))), "null");
    EXPECT_EQ(to_json(Value(HUGE_VAL)), "null");
    EXPECT_EQ(to_json(Value::bytes(std::string("\xff\x00", 2))), "\"/wA=\"");
    EXPECT_EQ(to_json(Value("a\xff")), "\"a\xEF\xBF\xBD\"");
    EXPECT_EQ(to_json(Value("tab\t\x01")), "\"tab\\t\\u0001\"");
}

TEST(Json, KeepsTheOrderOfKeysAndTheLastOfTwo) {
    EXPECT_EQ(to_json(parse_json(R"({"b":1,"a":2,"b":3})")), R"({"b":3,"a":2})");
}

TEST(Json, SaysWhereATextIsWrong) {
    EXPECT_EQ(fault("{\"a\":1,\n \"b\" 2}"),
              "not valid JSON at line 2, column 6: syntax error while parsing object separator - unexpected number "
              "literal; expected ':'");
    EXPECT_EQ(fault(std::string(600, '[')), "not valid JSON at line 1, column 1: nested deeper than 512 levels");
}

TEST(Json, WritesTextForTemplates) {
    EXPECT_EQ(text_of({}), "");
    EXPECT_EQ(text_of("a \"b\""), "a \"b\"");
    EXPECT_EQ(text_of(1000000.0), "1000000");
    EXPECT_EQ(text_of(1e21), "1e+21");
    EXPECT_EQ(text_of(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(text_of(Value::decimal("1.50")), "1.50");
    EXPECT_EQ(text_of(true), "true");
    EXPECT_EQ(text_of(parse_json(R"({"b":[1,"x"],"a":null})")), R"({"b":[1,"x"],"a":null})");
}

}  // namespace
}  // namespace kdeps::value
