// SPDX-License-Identifier: Apache-2.0
// Connection URLs.
#include <gtest/gtest.h>

#include <kdeps/cpp/url.hpp>

namespace kdeps {
namespace {

std::string fault_of(std::string_view text) {
    try {
        parse_url(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.status, KDEPS_INVALID_ARGUMENT);
        return error.message;
    }
    return "no fault";
}

TEST(Url, HasAllItsParts) {
    const Url url = parse_url("postgres://user:password@db.example:5433/shop?sslmode=require&application_name=a");
    EXPECT_EQ(url.scheme, "postgres");
    EXPECT_EQ(url.user, "user");
    EXPECT_EQ(url.password, "password");
    EXPECT_EQ(url.host, "db.example");
    EXPECT_EQ(url.port, 5433);
    EXPECT_EQ(url.path, "/shop");
    EXPECT_EQ(url.option("sslmode"), "require");
    EXPECT_EQ(url.option("application_name"), "a");
    EXPECT_EQ(url.option("other"), std::nullopt);
}

TEST(Url, LeavesOutWhatIsNotThere) {
    const Url url = parse_url("mysql://host");
    EXPECT_EQ(url.host, "host");
    EXPECT_EQ(url.user, "");
    EXPECT_EQ(url.password, "");
    EXPECT_EQ(url.port, 0);
    EXPECT_EQ(url.path, "");
    EXPECT_TRUE(url.options.empty());
}

TEST(Url, DecodesEveryPartAfterItIsCut) {
    const Url url = parse_url("mysql://a%40b:p%3a%2F%3F%40@host/d%20b?x%3D=1%262&empty=&flag");
    EXPECT_EQ(url.user, "a@b");
    EXPECT_EQ(url.password, "p:/?@");
    EXPECT_EQ(url.host, "host");
    EXPECT_EQ(url.path, "/d b");
    EXPECT_EQ(url.option("x="), "1&2");
    EXPECT_EQ(url.option("empty"), "");
    EXPECT_EQ(url.option("flag"), "");
}

TEST(Url, TakesTheLastAtSignForTheHost) {
    const Url url = parse_url("postgres://user:p@ss:word@host:1/db");
    EXPECT_EQ(url.user, "user");
    EXPECT_EQ(url.password, "p@ss:word");
    EXPECT_EQ(url.host, "host");
}

TEST(Url, ReadsIpv6Addresses) {
    const Url url = parse_url("postgres://u@[::1]:5432/db");
    EXPECT_EQ(url.host, "::1");
    EXPECT_EQ(url.port, 5432);
    EXPECT_EQ(parse_url("postgres://[fe80::1]/db").port, 0);
}

TEST(Url, ShowsNoPartOfItselfInItsErrors) {
    EXPECT_EQ(fault_of("secret"), "a connection URL must look like scheme://user:password@host:port/database");
    EXPECT_EQ(fault_of("://secret"), "a connection URL must look like scheme://user:password@host:port/database");
    EXPECT_EQ(fault_of("a://u:se%zzcret@h"),
              "the connection URL has a '%' that is not followed by two hexadecimal digits; write % as %25");
    EXPECT_EQ(fault_of("a://u:secret%4"), "the port of the connection URL must be between 1 and 65535");
    EXPECT_EQ(fault_of("a://h:0/"), "the port of the connection URL must be between 1 and 65535");
    EXPECT_EQ(fault_of("a://h:65536/"), "the port of the connection URL must be between 1 and 65535");
    EXPECT_EQ(fault_of("a://h:12x/"), "the port of the connection URL must be between 1 and 65535");
    EXPECT_EQ(fault_of("a://[::1/"), "the connection URL has an IPv6 address without its closing ']'");
    EXPECT_EQ(fault_of("a://[::1]x/"), "the connection URL has text between its IPv6 address and its port");
}

TEST(PercentDecode, ReadsBothCasesAndTheLastPlace) {
    EXPECT_EQ(percent_decode("%4a%4A%2f"), "JJ/");
    EXPECT_EQ(percent_decode(""), "");
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    for (const std::string_view text : {"%", "a%4", "%g0", "%0g"}) {
        EXPECT_THROW(percent_decode(text), Error) << text;
    }
}

}  // namespace
}  // namespace kdeps
