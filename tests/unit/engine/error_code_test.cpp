// SPDX-License-Identifier: Apache-2.0
// The table from the category of an error to HTTP (rules §8).
#include <gtest/gtest.h>

#include "core/engine/engine.hpp"

namespace kdeps::engine {
namespace {

std::string code(Status status, const std::string& sqlstate = "") {
    Error error(status, "");
    error.sqlstate = sqlstate;
    const ErrorCode found = error_code(error);
    return std::to_string(found.http_status) + " " + std::string(found.code);
}

TEST(ErrorCode, FollowsTheCategory) {
    EXPECT_EQ(code(Status::not_found), "404 NOT_FOUND");
    EXPECT_EQ(code(Status::forbidden), "403 FORBIDDEN");
    EXPECT_EQ(code(Status::conflict), "409 CONFLICT");
    EXPECT_EQ(code(Status::already_exists), "409 CONFLICT");
    EXPECT_EQ(code(Status::constraint), "422 UNPROCESSABLE");
    EXPECT_EQ(code(Status::unavailable), "503 UNAVAILABLE");
    EXPECT_EQ(code(Status::exhausted), "503 UNAVAILABLE");
    EXPECT_EQ(code(Status::cancelled), "503 UNAVAILABLE");
    EXPECT_EQ(code(Status::timeout), "504 TIMEOUT");
    EXPECT_EQ(code(Status::invalid_state), "500 INTERNAL_ERROR");
    EXPECT_EQ(code(Status::unsupported), "500 INTERNAL_ERROR");
    EXPECT_EQ(code(Status::unauthenticated), "500 INTERNAL_ERROR");
    EXPECT_EQ(code(Status::internal), "500 INTERNAL_ERROR");
}

TEST(ErrorCode, BlamesTheClientOnlyForItsValues) {
    EXPECT_EQ(code(Status::invalid_argument), "500 INTERNAL_ERROR");
    EXPECT_EQ(code(Status::bad_data), "500 INTERNAL_ERROR");
    EXPECT_EQ(code(Status::invalid_argument, "22P02"), "400 BAD_REQUEST");
    EXPECT_EQ(code(Status::bad_data, "22003"), "400 BAD_REQUEST");
    EXPECT_EQ(code(Status::exhausted, "54000"), "400 BAD_REQUEST");  // larger than the database takes
}

TEST(ErrorCode, TakesWhatTheErrorSays) {
    Error error(Status::invalid_argument, "");
    error.code = "PREFLIGHT_FAILED";
    error.http_status = 401;
    EXPECT_EQ(error_code(error).http_status, 401);
    EXPECT_EQ(error_code(error).code, "PREFLIGHT_FAILED");
}

}  // namespace
}  // namespace kdeps::engine
