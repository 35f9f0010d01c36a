// SPDX-License-Identifier: Apache-2.0
// What a client sees: routes, bodies, status codes, headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/seed_databases.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Json = nlohmann::ordered_json;

const char* const kRoutes =
    "[{path: /echo}, {path: '/users/:id', methods: [GET]}, {path: '/users/:id/orders/:order', methods: [GET]}, {path: "
    "/users/me, methods: [GET]}, "
    "{path: '/files/*', methods: [GET]}, {path: /put, methods: [PUT, DELETE]}]";

// Answers with what it was asked.
class Echo : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = std::make_unique<TemporaryFolder>();
        const WorkflowText text{.target = "echo",
                                .connections = {},
                                .resources =
                                    "actionId: echo\napiResponse:\n  response:\n    id: get('id')\n    order: "
                                    "get('order')\n    q: get('q')\n"
                                    "    nested: get('user.name', 'body')\n    header: get('X-Given', 'header')\n    "
                                    "method: info('method')\n    path: info('path')\n"
                                    "    files: info('filecount')\n    file: get('upload')\n",
                                .routes = kRoutes,
                                .settings = ""};
        WorkflowText small = text;
        small.routes += "\n    maxBodyBytes: 1000";
        host_ = std::make_unique<KdepsHost>(write_workflow(*folder_, small));
    }
    static void TearDownTestSuite() {
        host_.reset();
        folder_.reset();
    }

    static std::unique_ptr<TemporaryFolder> folder_;
    static std::unique_ptr<KdepsHost> host_;
};

std::unique_ptr<TemporaryFolder> Echo::folder_;
std::unique_ptr<KdepsHost> Echo::host_;

TEST_F(Echo, UnknownPathIs404) {
    const httplib::Response response = host_->get("/nowhere", {{"X-Request-ID", "my-id"}});
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.get_header_value("X-Request-ID"), "my-id");
    EXPECT_THAT(
        response.body,
        MatchesRegex(
            R"(\{"success":false,"error":\{"code":"NOT_FOUND","message":"no route takes /nowhere"\},"meta":\{"requestID":"my-id",)"
            R"("timestamp":"[^"]*","path":"/nowhere","method":"GET"\}\})"));
}

TEST_F(Echo, OtherMethodIs405WithAllow) {
    const httplib::Response response = host_->post("/users/7", "{}");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.get_header_value("Allow"), "GET, HEAD");
    EXPECT_EQ(error_of(response)["code"], "METHOD_NOT_ALLOWED");
    EXPECT_EQ(error_of(response)["message"], "/users/7 takes GET, HEAD, not POST");
}

TEST_F(Echo, HeadAnswersLikeGetWithoutABody) {
    const auto head = host_->client().Head("/users/7");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 200);
    EXPECT_EQ(head->body, "");
    EXPECT_EQ(head->get_header_value("Content-Type"), "application/json");
    EXPECT_GT(std::stoi(head->get_header_value("Content-Length")), 100);
    EXPECT_EQ(host_->client().Head("/nowhere")->status, 404);
}

TEST_F(Echo, PathParametersAreDecoded) {
    EXPECT_EQ(data_of(host_->get("/users/a%20b%2Fc/orders/%C3%BC"))["id"], "a b/c");
    EXPECT_EQ(data_of(host_->get("/users/a%20b%2Fc/orders/%C3%BC"))["order"], "ü");
    EXPECT_EQ(data_of(host_->get("/users/me"))["id"], nullptr);  // the exact route wins
    EXPECT_EQ(data_of(host_->get("/users/7?id=8"))["id"], "7");  // before the query
    EXPECT_EQ(data_of(host_->get("/files/a/b/c.txt"))["path"], "/files/a/b/c.txt");
}

TEST_F(Echo, QueryAndHeadersAreRead) {
    const Json data = data_of(host_->get("/echo?q=a+b%26c&q=second", {{"x-given", "yes"}}));
    EXPECT_EQ(data["q"], "a b&c");
    EXPECT_EQ(data["header"], "yes");
    EXPECT_EQ(data["method"], "GET");
}

TEST_F(Echo, JsonBodiesOfAnyType) {
    EXPECT_EQ(
        data_of(host_->post("/echo", R"({"q": {"a": [1, 2.50]}, "user": {"name": "Ada"}})")).dump(),
        R"({"id":null,"order":null,"q":{"a":[1,2.5]},"nested":"Ada","header":null,"method":"POST","path":"/echo","files":0,"file":null})");
    for (const char* body : {"[1, 2]", "\"text\"", "17", "null", ""})
        EXPECT_EQ(host_->post("/echo", body).status, 200) << body;
}

TEST_F(Echo, MalformedJsonIs400) {
    const httplib::Response response = host_->post("/echo", "{\"q\": ");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(error_of(response)["code"], "BAD_REQUEST");
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr("the body is not valid JSON: "));
}

TEST_F(Echo, FormsAreRead) {
    const Json data = data_of(host_->post("/echo", "q=1+%2B+1&id=x", "application/x-www-form-urlencoded"));
    EXPECT_EQ(data["q"], "1 + 1");
    EXPECT_EQ(data["id"], "x");
}

TEST_F(Echo, MultipartFieldsAndFilesAreRead) {
    const httplib::MultipartFormDataItems items = {{"q", "from the form", "", ""},
                                                   {"upload", "file text", "notes.txt", "text/plain"}};
    const auto response = host_->client().Post("/echo", items);
    ASSERT_TRUE(response);
    const Json data = data_of(*response);
    EXPECT_EQ(data["q"], "from the form");
    EXPECT_EQ(data["files"], 1);
    EXPECT_EQ(data["file"], "file text");
}

TEST_F(Echo, LargeBodyIs413) {
    const httplib::Response response = host_->post("/echo", "\"" + std::string(2'000, 'x') + "\"");
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(error_of(response)["code"], "PAYLOAD_TOO_LARGE");
    EXPECT_EQ(error_of(response)["message"], "the body is larger than 1000 bytes (apiServer.maxBodyBytes)");
    EXPECT_EQ(host_->post("/echo", "\"" + std::string(900, 'x') + "\"").status, 200);
}

TEST_F(Echo, RequestIdIsTakenOverIfItIsSane) {
    EXPECT_EQ(host_->get("/echo", {{"X-Request-ID", "abc-123"}}).get_header_value("X-Request-ID"), "abc-123");
    EXPECT_EQ(Json::parse(host_->get("/echo", {{"X-Request-ID", "abc-123"}}).body)["meta"]["requestID"], "abc-123");
    EXPECT_THAT(host_->get("/echo", {{"X-Request-ID", "a b"}}).get_header_value("X-Request-ID"),
                MatchesRegex("[0-9a-f-]{36}"));
}

TEST_F(Echo, HealthReadyAndMetrics) {
    EXPECT_EQ(host_->get("/health").body,
              "{\"status\":\"ok\",\"workflow\":{\"name\":\"e2e\",\"version\":\"1.0.0\"}}\n");
    EXPECT_EQ(host_->get("/ready").body,
              "{\"status\":\"ok\",\"workflow\":{\"name\":\"e2e\",\"version\":\"1.0.0\"},\"connections\":[]}\n");
    const double before =
        std::max(0.0, metric(*host_, R"(kdeps_http_requests_total{method="PUT",route="/put",status="200"})"));
    EXPECT_EQ(host_->client().Put("/put", "{}", "application/json")->status, 200);
    EXPECT_EQ(metric(*host_, R"(kdeps_http_requests_total{method="PUT",route="/put",status="200"})"), before + 1);
    EXPECT_EQ(host_->get("/metrics").get_header_value("Content-Type"), "text/plain; version=0.0.4");
}

TEST(Http, StatusAndHeadersComeFromMeta) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(
        folder,
        {.target = "made",
         .connections = {},
         .resources =
             "actionId: made\napiResponse:\n  response: {id: 7}\n  meta:\n    statusCode: 201\n"
             "    headers: {Location: '/items/7', X-Given: \"{{ get('h') }}\", Cache-Control: max-age=3600}\n"}));
    const httplib::Response response = host.get("/q?h=given");
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.get_header_value("Location"), "/items/7");
    EXPECT_EQ(response.get_header_value("X-Given"), "given");
    EXPECT_EQ(response.get_header_value("Cache-Control"), "max-age=3600");
    const httplib::Response split = host.get("/q?h=a%0D%0ASet-Cookie:+x");
    EXPECT_EQ(split.status, 201);
    EXPECT_FALSE(split.has_header("X-Given"));
    EXPECT_FALSE(split.has_header("Set-Cookie"));
}

TEST(Http, SessionIsOfOneClient) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(
        folder,
        {.target = "kept",
         .connections = {},
         .resources = "actionId: kept\nbefore: [\"get('v') != null ? set('last', get('v'), 'session') : null\"]\n"
                      "apiResponse: {response: \"get('last', 'session')\"}\n"}));
    EXPECT_FALSE(host.get("/q").has_header("Set-Cookie"));
    const std::string cookie = host.get("/q?v=mine").get_header_value("Set-Cookie");
    EXPECT_THAT(cookie, MatchesRegex("kdeps_session_id=[0-9a-zA-Z_-]{22,}; Path=/; HttpOnly; SameSite=Lax"));
    EXPECT_EQ(data_of(host.get("/q", {{"Cookie", cookie.substr(0, cookie.find(';'))}})), "mine");
    EXPECT_EQ(data_of(host.get("/q")), nullptr);
    EXPECT_EQ(data_of(host.get("/q", {{"Cookie", "kdeps_session_id=invented"}})), nullptr);
}

// What the database refuses, by the query that the client chooses.
class Refused : public ::testing::Test {
protected:
    httplib::Response ask(const std::string& query) {
        const TemporaryFolder folder;
        const KdepsHost host(write_workflow(
            folder, {.target = "asked",
                     .connections = {{"pg", connection(postgres().url("analytics"))}},
                     .resources = "actionId: asked\nsql: {connectionName: pg, query: \"" + query + "\"}\n"}));
        httplib::Response response = host.get("/q");
        EXPECT_EQ(response.body.find("127.0.0.1"), std::string::npos) << response.body;
        EXPECT_EQ(response.body.find("INSERT"), std::string::npos) << response.body;
        return response;
    }
};

TEST_F(Refused, UniqueViolationIs409) {
    const httplib::Response response = ask("INSERT INTO users (id) VALUES (1)");
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(error_of(response)["code"], "CONFLICT");
    EXPECT_EQ(error_of(response)["resourceId"], "asked");
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr("(SQLSTATE 23505)"));
}

TEST_F(Refused, ForeignKeyIs422) {
    const httplib::Response response = ask("INSERT INTO orders (user_id) VALUES (4711)");
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(error_of(response)["code"], "UNPROCESSABLE");
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr("(SQLSTATE 23503)"));
}

TEST_F(Refused, MissingTableIs500) {
    const httplib::Response response = ask("SELECT * FROM nothing");
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(
        error_of(response).dump(),
        R"-({"code":"INTERNAL_ERROR","message":"resource 'asked': the statement could not be prepared: relation \"nothing\" does not exist (SQLSTATE 42P01)","resourceId":"asked"})-");
}

TEST(Http, ReadyNamesTheConnections) {
    const TemporaryFolder folder;
    const KdepsHost host(
        write_workflow(folder, {.target = "asked",
                                .connections = {{"pg", connection(postgres().url("analytics"))},
                                                {"down", connection("postgres://user:pass@127.0.0.1:1/x")}},
                                .resources = "actionId: asked\nsql: {connectionName: pg, query: SELECT 1 AS n}\n"}));
    const httplib::Response response = host.get("/ready");
    EXPECT_EQ(response.status, 503);
    const Json body = Json::parse(response.body);
    EXPECT_EQ(body["status"], "unavailable");
    ASSERT_EQ(body["connections"].size(), 2U);
    EXPECT_EQ(body["connections"][0]["name"], "down");
    EXPECT_EQ(body["connections"][0]["ok"], false);
    EXPECT_EQ(body["connections"][1]["ok"], true);
}

TEST(Http, CrossOriginRequestsAsConfigured) {
    const TemporaryFolder folder;
    const KdepsHost host(write_workflow(
        folder, {.target = "asked",
                 .connections = {},
                 .resources = "actionId: asked\napiResponse: {response: 1}\n",
                 .routes = "[{path: /q}]\n    cors: {allowOrigins: [\"https://a.example\"], allowMethods: [GET]}"}));
    EXPECT_EQ(host.get("/q", {{"Origin", "https://a.example"}}).get_header_value("Access-Control-Allow-Origin"),
              "https://a.example");
    const httplib::Response other = host.get("/q", {{"Origin", "https://b.example"}});
    EXPECT_FALSE(other.has_header("Access-Control-Allow-Origin"));
    EXPECT_EQ(other.get_header_value("Vary"), "Origin");
}

}  // namespace
}  // namespace kdeps::testing
