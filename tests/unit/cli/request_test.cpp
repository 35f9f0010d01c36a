// SPDX-License-Identifier: Apache-2.0
// What the command line asks of a run.
#include <gtest/gtest.h>

#include "core/cli/run_once.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::cli {
namespace {

workflow::Workflow workflow_with(std::vector<workflow::Route> routes) {
    workflow::Workflow out;
    out.settings.api_server.routes = std::move(routes);
    return out;
}

const workflow::Workflow kTwo = workflow_with({{"/users/:id", {"GET", "POST"}, {}}, {"/other", {"PUT"}, {}}});

template <typename Work>
std::string error_of(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.message;
    }
    return "no error";
}

std::string route_error(const std::string& route) {
    RunOptions options;
    options.route = route;
    return error_of([&] { make_request(kTwo, options); });
}

TEST(Request, TakesTheRoute) {
    RunOptions options;
    options.route = "GET /users/a%20b?q=1";
    options.params = {"r=x=y"};
    options.headers = {"X-A:  b"};
    const engine::Request request = make_request(kTwo, options);
    EXPECT_TRUE(request.is_http);
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.path, "/users/a b");
    EXPECT_EQ(request.route, "/users/:id");
    EXPECT_EQ(request.path_parameters, (engine::Pairs{{"id", "a b"}}));
    EXPECT_EQ(request.query, (engine::Pairs{{"q", "1"}, {"r", "x=y"}}));
    EXPECT_EQ(request.headers, (engine::Pairs{{"X-A", "b"}}));
    EXPECT_FALSE(request.has_body);
}

TEST(Request, MeansTheOnlyRoute) {
    const workflow::Workflow one = workflow_with({{"/data", {"GET", "POST"}, {}}});
    RunOptions options;
    EXPECT_EQ(make_request(one, options).method, "GET");
    options.body = "{\"a\": 1}";
    const engine::Request request = make_request(one, options);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/data");
    EXPECT_EQ(value::to_json(request.body), R"({"a":1})");
    EXPECT_FALSE(make_request(kTwo, RunOptions()).is_http);
}

TEST(Request, ReadsTheBodyFromAFile) {
    const testing::TemporaryFolder folder;
    RunOptions options;
    options.body = "@" + folder.write("body.json", "[1, 2]").string();
    EXPECT_EQ(value::to_json(make_request(kTwo, options).body), "[1,2]");
    options.body = "@/nowhere/body.json";
    EXPECT_EQ(error_of([&] { make_request(kTwo, options); }), "--body: the file '/nowhere/body.json' cannot be read");
}

TEST(Request, SaysWhatIsWrong) {
    EXPECT_EQ(route_error("users"), "--route: 'users' must look like 'GET /path'");
    EXPECT_EQ(route_error("GET "), "--route: 'GET ' must look like 'GET /path'");
    EXPECT_EQ(route_error("PUT /users/1"),
              "--route: no route takes 'PUT /users/1'; the workflow has /users/:id, /other");
    RunOptions options;
    options.params = {"novalue"};
    EXPECT_EQ(error_of([&] { make_request(kTwo, options); }), "--param: 'novalue' must look like name=value");
    options = {};
    options.headers = {"none"};
    EXPECT_EQ(error_of([&] { make_request(kTwo, options); }), "--header: 'none' must look like 'Name: value'");
}

}  // namespace
}  // namespace kdeps::cli
