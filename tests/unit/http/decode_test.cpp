// SPDX-License-Identifier: Apache-2.0
// Bodies of requests.
#include "core/http/decode.hpp"

#include <gtest/gtest.h>

namespace kdeps::http {
namespace {

std::string decode(std::string body, std::string_view type) {
    engine::Request request;
    try {
        decode_body(std::move(body), type, request);
    } catch (const Error& error) {
        return std::to_string(error.http_status) + " " + error.code + ": " + error.message;
    }
    return request.has_body ? value::to_json(request.body) : "none";
}

TEST(Decode, TakesJsonOfAnyType) {
    EXPECT_EQ(decode(R"({"a": 1})", "application/json"), R"({"a":1})");
    EXPECT_EQ(decode("[1]", "application/json; charset=utf-8"), "[1]");
    EXPECT_EQ(decode(" \"x\" ", "application/problem+json"), "\"x\"");
    EXPECT_EQ(decode("null", "Application/JSON"), "null");
    EXPECT_EQ(decode("18446744073709551615", "text/json"), "18446744073709551615");
}

TEST(Decode, TakesAnEmptyBodyForNone) {
    EXPECT_EQ(decode("", "application/json"), "none");
    EXPECT_EQ(decode(" \r\n", ""), "none");
}

TEST(Decode, TakesForms) {
    EXPECT_EQ(decode("a=1&b=x+y&a=2", "application/x-www-form-urlencoded"), R"({"a":"1","b":"x y"})");
}

TEST(Decode, TakesJsonOfAClientThatForgotTheType) {
    EXPECT_EQ(decode(R"({"a": "b=c"})", "application/x-www-form-urlencoded"), R"({"a":"b=c"})");
    EXPECT_EQ(decode("[1, 2]", ""), "[1,2]");
}

TEST(Decode, RefusesWhatCallsItselfJsonAndIsNone) {
    EXPECT_EQ(decode("{\"a\": }", "application/json").substr(0, 64),
              "400 BAD_REQUEST: the body is not valid JSON: not valid JSON at l");
    EXPECT_EQ(decode("a=1", "application/json").substr(0, 15), "400 BAD_REQUEST");
}

TEST(Decode, KeepsOtherTextAndBytes) {
    EXPECT_EQ(decode("{not json", "text/plain"), "\"{not json\"");
    EXPECT_EQ(decode("\xFF\xFE", "application/octet-stream"), "\"//4=\"");
}

}  // namespace
}  // namespace kdeps::http
