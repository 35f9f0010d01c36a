// SPDX-License-Identifier: Apache-2.0
// The server over a socket: what it refuses, what it hands on, what it answers.
#include <gmock/gmock.h>

#include "tests/unit/http/server_fixture.hpp"

namespace kdeps::http {
namespace {

using ::testing::HasSubstr;

using ServerTest = ServerFixture;

TEST_F(ServerTest, AnswersWithTheEnvelope) {
    answer([](const engine::Request&, engine::Outcome& out) { out.data = value::Value(5); });
    start();
    const auto response = client().Get("/data");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->get_header_value("Content-Type"), "application/json");
    EXPECT_THAT(response->body, ::testing::StartsWith(R"({"success":true,"data":5,"meta":{"requestID":")"));
    EXPECT_EQ(response->get_header_value("X-Request-ID").size(), 36U);
}

TEST_F(ServerTest, HandsTheRequestOn) {
    engine::Request seen;
    answer([&](const engine::Request& request, engine::Outcome&) { seen = request; });
    start();
    ASSERT_TRUE(client().Delete("/users/a%20b?q=1&q=2",
                                {{"X-Some", "text"}, {"Cookie", "other=1; kdeps_session_id=abc"}}, R"({"n": 1})",
                                "application/json"));
    EXPECT_TRUE(seen.is_http);
    EXPECT_EQ(seen.method, "DELETE");
    EXPECT_EQ(seen.path, "/users/a b");
    EXPECT_EQ(seen.route, "/users/:id");
    EXPECT_EQ(seen.path_parameters, (engine::Pairs{{"id", "a b"}}));
    EXPECT_EQ(seen.query, (engine::Pairs{{"q", "1"}, {"q", "2"}}));
    EXPECT_EQ(seen.session_id, "abc");
    EXPECT_EQ(seen.client_ip, "127.0.0.1");
    EXPECT_EQ(value::to_json(seen.body), R"({"n":1})");
    const auto has = [&](const char* name) {
        return std::any_of(seen.headers.begin(), seen.headers.end(),
                           [&](const auto& pair) { return pair.first == name; });
    };
    EXPECT_TRUE(has("X-Some"));
    EXPECT_FALSE(has("REMOTE_ADDR"));
}

TEST_F(ServerTest, TakesMultipartForms) {
    engine::Request seen;
    answer([&](const engine::Request& request, engine::Outcome&) { seen = request; });
    start();
    ASSERT_TRUE(client().Post("/data", httplib::MultipartFormDataItems{{"note", "hello", "", ""},
                                                                       {"doc", "content", "a.txt", "text/plain"}}));
    EXPECT_EQ(value::to_json(seen.body), R"({"note":"hello"})");
    ASSERT_EQ(seen.files.size(), 1U);
    EXPECT_EQ(seen.files[0].field, "doc");
    EXPECT_EQ(seen.files[0].name, "a.txt");
    EXPECT_EQ(seen.files[0].type, "text/plain");
    EXPECT_EQ(seen.files[0].content, "content");
}

TEST_F(ServerTest, RefusesAnUnknownPath) {
    start();
    const auto response = client().Get("/nothing");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 404);
    EXPECT_THAT(response->body,
                ::testing::StartsWith(
                    R"({"success":false,"error":{"code":"NOT_FOUND","message":"no route takes /nothing"},"meta":{)"));
    EXPECT_EQ(client().Post("/nothing", "{}", "application/json")->status, 404);
}

TEST_F(ServerTest, TellsWhichMethodsAPathTakes) {
    start();
    const auto response = client().Put("/data", "{}", "application/json");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 405);
    EXPECT_EQ(response->get_header_value("Allow"), "GET, HEAD, POST");
    EXPECT_THAT(response->body,
                HasSubstr(R"("code":"METHOD_NOT_ALLOWED","message":"/data takes GET, HEAD, POST, not PUT")"));
}

TEST_F(ServerTest, RefusesABodyThatIsTooLarge) {
    start();
    const auto response = client().Post("/data", std::string(2000, 'x'), "text/plain");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 413);
    EXPECT_THAT(
        response->body,
        HasSubstr(
            R"json("code":"PAYLOAD_TOO_LARGE","message":"the body is larger than 1000 bytes (apiServer.maxBodyBytes)")json"));
}

TEST_F(ServerTest, RefusesAChunkedBodyThatIsTooLarge) {
    start();
    std::size_t left = 20;
    const auto response = client().Post(
        "/data",
        [&](std::size_t, httplib::DataSink& sink) {
            const std::string chunk(100, 'x');
            if (left-- == 0) {
                sink.done();
            } else {
                sink.write(chunk.data(), chunk.size());
            }
            return true;
        },
        "text/plain");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 413);
}

TEST_F(ServerTest, RefusesABodyThatIsNoJson) {
    start();
    const auto response = client().Post("/data", "{\"a\":", "application/json");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 400);
    EXPECT_THAT(response->body, HasSubstr(R"("code":"BAD_REQUEST","message":"the body is not valid JSON: )"));
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
    answer([](const engine::Request& request, engine::Outcome& out) { out.data = value::Value(request.method); });
    start();
    const auto response = client().Head("/data");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "");
    EXPECT_NE(response->get_header_value("Content-Length"), "0");
}

TEST_F(ServerTest, TakesOverASaneRequestId) {
    start();
    EXPECT_EQ(client().Get("/data", {{"X-Request-ID", "abc-123"}})->get_header_value("X-Request-ID"), "abc-123");
    EXPECT_EQ(client().Get("/data", {{"X-Request-ID", std::string(200, 'x')}})->get_header_value("X-Request-ID").size(),
              36U);
}

TEST_F(ServerTest, SetsACookieWhenASessionWasWritten) {
    answer([](const engine::Request& request, engine::Outcome& out) {
        out.session_id = request.query.empty() ? "" : "0123";
    });
    options.api.trusted_proxies = {"127.0.0.1"};
    start();
    EXPECT_FALSE(client().Get("/data")->has_header("Set-Cookie"));
    EXPECT_EQ(client().Get("/data?s")->get_header_value("Set-Cookie"),
              "kdeps_session_id=0123; Path=/; HttpOnly; SameSite=Lax");
    EXPECT_EQ(client().Get("/data?s", {{"X-Forwarded-Proto", "https"}})->get_header_value("Set-Cookie"),
              "kdeps_session_id=0123; Path=/; HttpOnly; SameSite=Lax; Secure");
}

TEST_F(ServerTest, GivesTextOfAnotherTypeAsItIs) {
    answer([](const engine::Request&, engine::Outcome& out) {
        out.data = value::Value("a,b\n1,2\n");
        out.headers = {{"Content-Type", "text/csv"}, {"X-More", "yes"}, {"X-Bad", "a\r\nSet-Cookie: x"}};
        out.status = 201;
    });
    start();
    const auto response = client().Get("/data");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->body, "a,b\n1,2\n");
    EXPECT_EQ(response->get_header_value("Content-Type"), "text/csv");
    EXPECT_EQ(response->get_header_value("X-More"), "yes");
    EXPECT_FALSE(response->has_header("X-Bad"));
    EXPECT_FALSE(response->has_header("Set-Cookie"));
}

TEST_F(ServerTest, SaysWhenToComeBack) {
    answer([](const engine::Request&, engine::Outcome& out) {
        out.error = Error(Status::exhausted, "pool 'a' is full");
        out.success = false;
        out.status = 503;
    });
    start();
    const auto response = client().Get("/data");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->get_header_value("Retry-After"), "1");
    EXPECT_THAT(response->body, HasSubstr(R"("error":{"code":"UNAVAILABLE","message":"pool 'a' is full"})"));
}

TEST_F(ServerTest, AnswersCorsOnlyIfItIsTold) {
    start();
    EXPECT_FALSE(client().Get("/data", {{"Origin", "https://a.example"}})->has_header("Access-Control-Allow-Origin"));
    EXPECT_EQ(
        client().Options("/data", {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "POST"}})->status,
        405);
}

TEST_F(ServerTest, AnswersAPreflight) {
    options.api.cors.emplace();
    start();
    const auto response =
        client().Options("/data", {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "POST"}});
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 204);
    EXPECT_EQ(response->body, "");
    EXPECT_EQ(response->get_header_value("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(
        client().Get("/nothing", {{"Origin", "https://a.example"}})->get_header_value("Access-Control-Allow-Origin"),
        "*");
}

TEST_F(ServerTest, TellsItsHealth) {
    service.health_answer = value::parse_json(R"([{"name": "main", "ok": true, "latencyMs": 1, "error": "secret"}])");
    start();
    EXPECT_EQ(client().Get("/health")->body,
              "{\"status\":\"ok\",\"workflow\":{\"name\":\"fake\",\"version\":\"1.0\"}}\n");
    EXPECT_EQ(client().Get("/ready")->body,
              "{\"status\":\"ok\",\"workflow\":{\"name\":\"fake\",\"version\":\"1.0\"},\"connections\":[{\"name\":"
              "\"main\",\"ok\":true,\"latencyMs\":1}]}\n");
    service.health_answer = value::parse_json(R"([{"name": "main", "ok": false, "error": "secret"}])");
    const auto response = client().Get("/ready");
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->body,
              "{\"status\":\"unavailable\",\"workflow\":{\"name\":\"fake\",\"version\":\"1.0\"},\"connections\":[{"
              "\"name\":\"main\",\"ok\":false}]}\n");
}

TEST_F(ServerTest, CountsRequests) {
    start();
    client().Get("/users/1");
    client().Get("/users/2");
    const auto response = client().Get("/metrics");
    ASSERT_TRUE(response);
    EXPECT_THAT(response->body,
                HasSubstr("kdeps_http_requests_total{method=\"GET\",route=\"/users/:id\",status=\"200\"} 2"));
}

TEST(Server, RefusesProxiesThatAreNone) {
    FakeService service;
    Metrics metrics;
    ServerOptions options;
    options.api.trusted_proxies = {"nowhere"};
    EXPECT_THROW(Server(service, metrics, options), Error);
}

TEST_F(ServerTest, SaysThatAPortIsTaken) {
    start();
    ServerOptions same = options;
    same.api.port = port;
    Server second(service, metrics, same);
    try {
        second.bind();
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.status, Status::unavailable);
        EXPECT_EQ(error.message, "cannot listen on 127.0.0.1:" + std::to_string(port) +
                                     ": Address already in use; choose another port with --port, or end what uses it");
    }
}

}  // namespace
}  // namespace kdeps::http
