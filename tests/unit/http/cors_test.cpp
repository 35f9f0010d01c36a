// SPDX-License-Identifier: Apache-2.0
// Headers of answers to requests of other origins.
#include "core/http/cors.hpp"

#include <gtest/gtest.h>

namespace kdeps::http {
namespace {

std::string headers(const workflow::Cors& cors, std::string_view origin, bool is_preflight = false) {
    std::string out;
    for (const auto& [name, text] : cors_headers(cors, origin, is_preflight)) out += name + ": " + text + "\n";
    return out;
}

TEST(Cors, LetsEveryOriginInWithoutCredentials) {
    workflow::Cors cors;
    cors.allow_credentials = true;  // the reader refuses it; here it must not harm
    EXPECT_EQ(headers(cors, "https://a.example"), "Access-Control-Allow-Origin: *\n");
}

TEST(Cors, NamesTheOriginThatItKnows) {
    workflow::Cors cors;
    cors.allow_origins = {"https://a.example", "https://b.example"};
    cors.allow_credentials = true;
    cors.expose_headers = {"X-A", "X-B"};
    EXPECT_EQ(headers(cors, "https://b.example"),
              "Vary: Origin\nAccess-Control-Allow-Origin: https://b.example\nAccess-Control-Allow-Credentials: "
              "true\nAccess-Control-Expose-Headers: X-A, X-B\n");
    EXPECT_EQ(headers(cors, "https://evil.example"), "Vary: Origin\n");
    EXPECT_EQ(headers(cors, ""), "Vary: Origin\n");
}

TEST(Cors, AnswersAPreflight) {
    workflow::Cors cors;
    cors.allow_methods = {"GET", "POST"};
    cors.allow_headers = {"Content-Type"};
    cors.max_age = std::chrono::seconds(600);
    EXPECT_EQ(headers(cors, "https://a.example", true),
              "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: GET, POST\nAccess-Control-Allow-Headers: "
              "Content-Type\nAccess-Control-Max-Age: 600\n");
}

}  // namespace
}  // namespace kdeps::http
