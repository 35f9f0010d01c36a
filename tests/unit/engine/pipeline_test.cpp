// SPDX-License-Identifier: Apache-2.0
// The pipeline of one resource, in its order (rules §4).
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

TEST(Pipeline, GivesTheOutputOfTheTarget) {
    EXPECT_EQ(run("{actionId: r, echo: {value: [1, \"{{ 1 + 1 }}\"]}}"), "[1,2]");
}

TEST(Pipeline, RunsBeforeActionAfterInOrder) {
    EXPECT_EQ(run("actionId: r\nbefore: [\"set('s', 'before')\"]\necho: {value: \"{{ get('s') + ' action' "
                  "}}\"}\nafter: [\"set('s', get('r') + ' after')\"]\n"
                  "apiResponse: {response: \"get('s')\"}"),
              "\"before action after\"");
}

TEST(Pipeline, LetsTheResponseSeeTheOutputUnderItsOwnId) {
    EXPECT_EQ(run("actionId: r\necho: {value: 5}\napiResponse: {response: {out: get('r'), again: \"{{ output('r') + 1 "
                  "}}\"}}"),
              R"({"out":5,"again":6})");
}

TEST(Pipeline, TakesAResourceOfExpressions) {
    EXPECT_EQ(run("actionId: r\nafter: [\"set('a', 1)\"]"), R"({"status":"expressions_executed"})");
}

TEST(Pipeline, PassesOutputsOn) {
    EXPECT_EQ(run("{actionId: r, requires: [a], echo: {value: \"{{ get('a').name + '!' }}\"}}\n---\n{actionId: a, "
                  "echo: {name: x}}"),
              "\"x!\"");
}

TEST(Skip, GivesNullAndDependantsRun) {
    EXPECT_EQ(run("{actionId: r, requires: [a], echo: {value: \"{{ get('a') == nil }}\"}}\n---\n{actionId: a, "
                  "validations: {skip: ['false', '1 == 1']}, echo: {value: 5}}"),
              "true");
}

TEST(Skip, ComesBeforeValidation) {
    EXPECT_EQ(run("{actionId: r, validations: {skip: 'true', required: [q], check: 'false'}, echo: {value: 5}}"),
              "null");
}

TEST(Restriction, CountsForRequestsOfHttp) {
    const Loaded loaded("{actionId: r, validations: {methods: [POST], routes: [/api/*]}, echo: {value: 5}}");
    EXPECT_EQ(loaded.text(), "5");  // from the command line
    Request request;
    request.is_http = true;
    request.method = "POST";
    request.path = "/api/users";
    EXPECT_EQ(loaded.text(request), "5");
    request.method = "GET";
    EXPECT_EQ(loaded.text(request), "null");
    request.method = "POST";
    request.path = "/other";
    EXPECT_EQ(loaded.text(request), "null");
}

TEST(Restriction, TakesThePatternOfTheRoute) {
    Request request;
    request.is_http = true;
    request.path = "/users/7";
    request.route = "/users/:id";
    EXPECT_EQ(run("{actionId: r, validations: {routes: ['/users/:id']}, echo: {value: 5}}", request), "5");
    EXPECT_EQ(run("{actionId: r, validations: {routes: ['/users/:id/x']}, echo: {value: 5}}", request), "null");
}

TEST(Allowed, HidesOtherParametersAndHeaders) {
    Request request = with_body(R"({"c": 3, "d": 4})");
    request.query = {{"a", "1"}, {"b", "2"}};
    request.headers = {{"X-One", "1"}, {"x-two", "2"}};
    EXPECT_EQ(run("{actionId: r, validations: {params: [a, c], headers: [x-one]}, echo: {a: get('a'), b: get('b'), c: "
                  "get('c'), d: get('d'), one: get('X-ONE'), two: get('X-Two')}}",
                  request),
              R"({"a":"1","b":null,"c":3,"d":null,"one":"1","two":null})");
}

TEST(Preflight, FailsWithItsCodeAndMessage) {
    EXPECT_EQ(run("{actionId: r, validations: {check: [\"1 == 1\", \"get('q') != nil\"], error: {code: 422, message: "
                  "\"no {{ 'q' }}\"}}, echo: {value: 5}}"),
              "PREFLIGHT_FAILED 422 INVALID_ARGUMENT r: no q");
    EXPECT_EQ(run("{actionId: r, validations: {check: \"get('q') != nil\"}, echo: {value: 5}}"),
              "PREFLIGHT_FAILED 400 INVALID_ARGUMENT r: preflight validation failed: get('q') != nil");
}

TEST(Preflight, DoesNotReachOnError) {
    EXPECT_EQ(
        run("{actionId: r, validations: {check: 'false'}, echo: {value: 5}, onError: {action: continue, fallback: 7}}"),
        "PREFLIGHT_FAILED 400 INVALID_ARGUMENT r: preflight validation failed: false");
}

TEST(Response, SetsSuccessStatusHeadersAndMeta) {
    const Outcome outcome = Loaded(
                                "actionId: r\napiResponse: {success: false, response: {a: 1}, meta: {statusCode: 418, "
                                "headers: {X-A: b, X-N: 5}, model: m}}")
                                .run();
    EXPECT_FALSE(outcome.success);
    EXPECT_EQ(outcome.status, 418);
    EXPECT_EQ(value::to_json(outcome.data), R"({"a":1})");
    ASSERT_EQ(outcome.headers.size(), 2U);
    EXPECT_EQ(outcome.headers[1], (std::pair<std::string, std::string>("X-N", "5")));
    EXPECT_EQ(value::to_json(outcome.meta), R"({"model":"m"})");
    EXPECT_FALSE(outcome.error.has_value());
}

TEST(Error, NamesTheResourceThatFailed) {
    EXPECT_EQ(run("{actionId: r, requires: [a], echo: {}}\n---\n{actionId: a, echo: {fail: {status: 8, sqlstate: "
                  "'23514', message: refused}}}"),
              "UNPROCESSABLE 422 CONSTRAINT a: refused (SQLSTATE 23514)");
    EXPECT_EQ(run("{actionId: r, echo: {value: \"{{ len(get('n', 5)) }}\"}}").substr(0, 44),
              "INTERNAL_ERROR 500 INVALID_ARGUMENT r: expre");
}

TEST(Compile, ReportsWhatAnExecutorRefuses) {
    EXPECT_EQ(Loaded("actionId: r\necho: {refuse: this}").report(),
              "workflow.yaml:7:16: error: refused: this\n"
              "  7 | echo: {refuse: this}\n"
              "    |                ^\n"
              "1 error\n");
    EXPECT_EQ(Loaded("actionId: r\necho: {refuseSilently: this}").report(),
              "workflow.yaml:7:8: error: refused without a report\n"
              "  7 | echo: {refuseSilently: this}\n"
              "    |        ^\n"
              "1 error\n");
}

TEST(Compile, ReportsAnUnknownTimeZone) {
    EXPECT_EQ(Loaded("{actionId: r, echo: {}}", "{agentSettings: {timezone: Mars/Olympus}}").report(),
              "workflow.yaml: error: settings.agentSettings.timezone: time zone 'Mars/Olympus' is not known. Example: "
              "Europe/Berlin, Etc/UTC\n1 error\n");
}

}  // namespace
}  // namespace kdeps::engine
