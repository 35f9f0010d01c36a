// SPDX-License-Identifier: Apache-2.0
#include "core/base/base.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace kdeps {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsUnitsAloneAndTogether) {
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("1m30s"), 90s);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(Duration, RefusesEverythingElse) {
    for (const char* text : {"", "5", "s", "5 s", "-1s", "1d", "1s ", "1e3s", "99999999999999h"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Duration, IsWrittenInSecondsOrMilliseconds) {
    EXPECT_EQ(duration_text(4900ms), "4.9 s");
    EXPECT_EQ(duration_text(350ms), "350 ms");
}

TEST(Nearest, FindsATypingErrorAndNothingElse) {
    const std::vector<std::string> names = {"analytics", "inventory"};
    EXPECT_EQ(did_you_mean("analytcs", names), " (did you mean 'analytics'?)");
    EXPECT_EQ(did_you_mean("inventroy", names), " (did you mean 'inventory'?)");
    EXPECT_EQ(did_you_mean("orders", names), "");
    EXPECT_EQ(did_you_mean("x", std::vector<std::string>{"y", ""}), "");  // nothing in common
}

TEST(Redact, MasksThePasswordOfAUrl) {
    EXPECT_EQ(redact("cannot open postgres://user:pa55@host:5432/db now"),
              "cannot open postgres://user:***@host:5432/db now");
    EXPECT_EQ(redact("mysql://u:p@a/x, mysql://u:q@b/y"), "mysql://u:***@a/x, mysql://u:***@b/y");
}

TEST(Redact, MasksAPasswordThatWasNotEncoded) {
    EXPECT_EQ(redact("postgres://user:p/a?s#s@host/db"), "postgres://user:***@host/db");
    EXPECT_EQ(redact("postgres://user:p@ss@host/db"), "postgres://user:***@host/db");
}

TEST(Redact, MasksThePasswordOfAUrlWithoutItsColon) {
    EXPECT_EQ(redact("connection: postgres//user:pw@host/db"), "connection: postgres//user:***@host/db");
    EXPECT_EQ(redact("//user:pw@host"), "//user:***@host");
    EXPECT_EQ(redact("a // comment: with a colon"), "a // comment: with a colon");
}

TEST(Redact, MasksPasswordsInOptions) {
    EXPECT_EQ(redact("postgres://host/db?user=u&password=secret&sslmode=require"),
              "postgres://host/db?user=u&password=***&sslmode=require");
    EXPECT_EQ(redact("sqlserver://h?database=d;PWD=x"), "sqlserver://h?database=d;PWD=***");
}

TEST(Redact, LeavesOtherTextAlone) {
    for (const char* text : {"", "a://b", "http://host/path?x=1", "mail user@host", "sqlite://./cache.db"}) {
        EXPECT_EQ(redact(text), text);
    }
}

TEST(Utf8, TellsValidFromInvalid) {
    EXPECT_TRUE(is_valid_utf8("aé€😀"));
    EXPECT_FALSE(is_valid_utf8("\xc0\xaf"));
    EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));
    EXPECT_FALSE(is_valid_utf8("\xf5\x80\x80\x80"));
    EXPECT_FALSE(is_valid_utf8("a\xe2\x82"));
}

}  // namespace
}  // namespace kdeps
