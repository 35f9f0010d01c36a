// SPDX-License-Identifier: Apache-2.0
// Which route takes a path.
#include "core/http/router.hpp"

#include <gtest/gtest.h>

namespace kdeps::http {
namespace {

// "pattern name=value ...", or "405 Allow", or "404".
std::string find(const std::vector<workflow::Route>& routes, std::string_view method, std::string_view path) {
    const Router router(routes);
    const Router::Found found = router.find(method, path);
    if (found.route == nullptr) return found.allow.empty() ? "404" : "405 " + found.allow;
    std::string out = found.route->path;
    for (const auto& [name, text] : found.parameters) out += " " + name + "=" + text;
    return out;
}

std::vector<workflow::Route> routes(std::initializer_list<const char*> paths) {
    std::vector<workflow::Route> out;
    for (const char* path : paths) out.push_back({path, {"GET"}, {}});
    return out;
}

TEST(Router, TakesTheMostSpecificPattern) {
    const auto all = routes({"/*", "/users/*", "/users/:id", "/users/me", "/:a/:b", "/users/:id/posts"});
    EXPECT_EQ(find(all, "GET", "/users/me"), "/users/me");
    EXPECT_EQ(find(all, "GET", "/users/7"), "/users/:id id=7");
    EXPECT_EQ(find(all, "GET", "/users/7/posts"), "/users/:id/posts id=7");
    EXPECT_EQ(find(all, "GET", "/users/7/other"), "/users/*");
    EXPECT_EQ(find(all, "GET", "/x/y"), "/:a/:b a=x b=y");
    EXPECT_EQ(find(all, "GET", "/x/y/z"), "/*");
}

TEST(Router, WantsAParameterThatIsNotEmpty) {
    EXPECT_EQ(find(routes({"/users/:id"}), "GET", "/users/"), "404");
    EXPECT_EQ(find(routes({"/users"}), "GET", "/users/"), "404");
}

TEST(Router, DecodesParameters) {
    EXPECT_EQ(find(routes({"/users/:id"}), "GET", "/users/a%2Fb%20c+d"), "/users/:id id=a/b c+d");
    EXPECT_EQ(find(routes({"/größe"}), "GET", "/gr%C3%B6%C3%9Fe"), "/größe");
}

TEST(Router, TakesHeadWhereGetIs) {
    EXPECT_EQ(find(routes({"/a"}), "HEAD", "/a"), "/a");
    EXPECT_EQ(find({{"/a", {"POST"}, {}}}, "HEAD", "/a"), "405 POST");
}

TEST(Router, TellsWhichMethodsAPathTakes) {
    const std::vector<workflow::Route> all = {{"/a", {"GET", "POST"}, {}}, {"/:x", {"DELETE"}, {}}};
    EXPECT_EQ(find(all, "PUT", "/a"), "405 DELETE, GET, HEAD, POST");
    EXPECT_EQ(find(all, "DELETE", "/a"), "/:x x=a");
    EXPECT_EQ(find(all, "GET", "/b/c"), "404");
}

TEST(Percent, LeavesBadSequencesAsTheyAre) {
    EXPECT_EQ(decode_percent("a%20b%2", false), "a b%2");
    EXPECT_EQ(decode_percent("%zz+%41", true), "%zz A");
}

TEST(Query, KeepsOrderAndRepeats) {
    engine::Pairs pairs;
    parse_query("a=1&b=x+y%26&a=2&c&=d&&", pairs);
    const engine::Pairs expected = {{"a", "1"}, {"b", "x y&"}, {"a", "2"}, {"c", ""}, {"", "d"}};
    EXPECT_EQ(pairs, expected);
}

}  // namespace
}  // namespace kdeps::http
