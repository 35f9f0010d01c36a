// SPDX-License-Identifier: Apache-2.0
// The bodies of answers, to the byte but for the time.
#include "core/http/envelope.hpp"

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace kdeps::http {
namespace {

engine::Request request() {
    engine::Request out;
    out.id = "id-1";
    out.path = "/a\"b";
    out.method = "POST";
    return out;
}

// The timestamp replaced by T.
std::string without_time(std::string body) {
    EXPECT_TRUE(RE2::Replace(&body, R"("timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")", R"("timestamp":"T")"))
        << body;
    return body;
}

TEST(Envelope, OfASuccess) {
    engine::Outcome outcome;
    outcome.data = value::parse_json(R"({"a": [1, "x"]})");
    EXPECT_EQ(without_time(envelope(outcome, request())),
              R"({"success":true,"data":{"a":[1,"x"]},"meta":{"requestID":"id-1","timestamp":"T"}})");
}

TEST(Envelope, OfAResponseThatIsNoSuccess) {
    engine::Outcome outcome;
    outcome.success = false;
    outcome.meta = value::parse_json(R"({"model": "m"})");
    EXPECT_EQ(without_time(envelope(outcome, request())),
              R"({"success":false,"data":null,"meta":{"requestID":"id-1","timestamp":"T","model":"m"}})");
}

TEST(Envelope, OfAnErrorNamesTheResource) {
    engine::Outcome outcome;
    outcome.error = Error(Status::conflict, "exists (SQLSTATE 23505)");
    outcome.error->resource = "query";
    outcome.error->detail = "INSERT INTO secret";
    EXPECT_EQ(
        without_time(envelope(outcome, request())),
        R"json({"success":false,"error":{"code":"CONFLICT","message":"resource 'query': exists (SQLSTATE 23505)","resourceId":"query"},)json"
        R"("meta":{"requestID":"id-1","timestamp":"T","path":"/a\"b","method":"POST"}})");
}

TEST(Envelope, OfAValidationErrorHasDetails) {
    engine::Outcome outcome;
    outcome.error = Error(Status::invalid_argument, "Input validation failed");
    outcome.error->resource = "r";
    outcome.error->code = "VALIDATION_ERROR";
    outcome.error->http_status = 400;
    outcome.error->details_json = R"({"errors":[]})";
    EXPECT_EQ(
        without_time(envelope(outcome, request())),
        R"({"success":false,"error":{"code":"VALIDATION_ERROR","message":"Input validation failed","resourceId":"r","details":{"errors":[]}},)"
        R"("meta":{"requestID":"id-1","timestamp":"T","path":"/a\"b","method":"POST"}})");
}

TEST(Envelope, ShowsNoPassword) {
    engine::Outcome outcome;
    outcome.error = Error(Status::unavailable, "cannot reach postgres://me:secret@h/db");
    const std::string body = envelope(outcome, request());
    EXPECT_NE(body.find("postgres://me:***@h/db"), std::string::npos) << body;
}

TEST(Envelope, OfARequestThatNeverRan) {
    EXPECT_EQ(
        without_time(error_envelope("NOT_FOUND", "no route takes /x", request())),
        R"({"success":false,"error":{"code":"NOT_FOUND","message":"no route takes /x"},"meta":{"requestID":"id-1","timestamp":"T","path":"/a\"b","method":"POST"}})");
}

}  // namespace
}  // namespace kdeps::http
