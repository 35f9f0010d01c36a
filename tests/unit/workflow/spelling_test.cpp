// SPDX-License-Identifier: Apache-2.0
// The two spellings of a resource give the same model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::workflow {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kLong = R"yaml(apiVersion: kdeps.io/v1
kind: Resource
metadata:
  actionId: r
  name: The query
  requires: [before]
items: ["1", "2"]
run:
  restrictToHttpMethods: [GET]
  restrictToRoutes: [/api]
  allowedHeaders: [X-A]
  allowedParams: [q]
  skipCondition: get('q') == ''
  preflightCheck:
    validations: ["get('q') != 'x'"]
    error: {code: 422, message: "no {{ get('q') }}"}
  validation:
    required: [q]
    rules: [{field: q, type: string, minLength: 2}]
    customRules: [{expr: "len(get('q')) > 1", message: short}]
  exprBefore: ["set('a', 1)"]
  sql: {query: SELECT 1, timeoutDuration: 5s}
  expr: ["set('b', 2)"]
  onError: {action: continue, fallback: []}
---
actionId: before
after: "1"
)yaml";

constexpr std::string_view kFlat = R"yaml(actionId: r
name: The query
requires: [before]
items: ["1", "2"]
validations:
  methods: [GET]
  routes: [/api]
  headers: [X-A]
  params: [q]
  skip: get('q') == ''
  check: ["get('q') != 'x'"]
  error: {code: 422, message: "no {{ get('q') }}"}
  required: [q]
  rules: [{field: q, type: string, minLength: 2}]
  expr: [{expr: "len(get('q')) > 1", message: short}]
before: ["set('a', 1)"]
sql: {query: SELECT 1, timeout: 5s}
after: ["set('b', 2)"]
onError: {action: continue, fallback: []}
---
actionId: before
after: "1"
)yaml";

// The model of resource r as text, places left out.
std::string model(std::string_view resources) {
    const Loaded loaded = load(with(resources));
    EXPECT_EQ(loaded.report, "");
    const Resource& r = loaded.resource("r");
    std::string out = r.action_id + "|" + r.name;
    const auto list = [&](const char* name, const std::vector<std::string>& values) {
        out += std::string("|") + name + ":";
        for (const std::string& one : values) out += " " + one;
    };
    const auto sources = [&](const char* name, const std::vector<ConfigValue>& values) {
        std::vector<std::string> texts;
        for (const ConfigValue& one : values) texts.push_back(one.source());
        list(name, texts);
    };
    list("requires", r.requires_ids);
    list("methods", r.methods);
    list("routes", r.routes);
    list("headers", r.allowed_headers.value_or(std::vector<std::string>{"all"}));
    list("params", r.allowed_params.value_or(std::vector<std::string>{"all"}));
    sources("skip", r.skip_condition);
    sources("check", r.preflight->validations);
    out += "|" + std::to_string(r.preflight->code) + " " + r.preflight->message->source();
    list("required", r.required_fields);
    out += "|" + r.field_rules.at(0).field + " " + r.field_rules.at(0).type + " " +
           std::to_string(r.field_rules.at(0).min_length.value());
    out += "|" + r.custom_rules.at(0).condition.source() + " " + r.custom_rules.at(0).message;
    sources("before", r.expr_before);
    sources("after", r.expr_after);
    out += "|" + r.action->run_key + " " + std::to_string(r.action->timeout.count()) + " " +
           r.action->config.find("query")->source();
    out += "|" + std::to_string(static_cast<int>(r.on_error->action)) + " " +
           std::to_string(r.on_error->fallback->size()) + "|" + std::to_string(r.items->size());
    return out;
}

TEST(Spelling, OfBothKindsGivesTheSameModel) {
    EXPECT_EQ(model(kLong), model(kFlat));
    EXPECT_EQ(model(kLong),
              "r|The query|requires: before|methods: GET|routes: /api|headers: X-A|params: q|skip: get('q') == "
              "''|check: get('q') != 'x'|"
              "422 no {{ get('q') }}|required: q|q string 2|len(get('q')) > 1 short|before: set('a', 1)|after: "
              "set('b', 2)|sql 5000000000 SELECT 1|1 0|2");
}

TEST(Spelling, RunsExprBeforeExprAfter) {
    const Loaded loaded =
        load(with("apiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: r}\nrun:\n  exprAfter: [\"2\"]\n  "
                  "expr: [\"1\"]\n"));
    EXPECT_EQ(loaded.report, "");
    EXPECT_THAT(loaded.resource("r").expr_after.at(0).source(), "1");
    EXPECT_THAT(loaded.resource("r").expr_after.at(1).source(), "2");
}

TEST(Spelling, TakesOnErrorBesideRunOrInIt) {
    for (const char* text : {"metadata: {actionId: r}\nrun: {sql: {query: SELECT 1}, onError: {action: continue}}\n",
                             "metadata: {actionId: r}\nrun: {sql: {query: SELECT 1}}\nonError: {action: continue}\n"}) {
        const Loaded loaded = load(with(text));
        EXPECT_EQ(loaded.report, "");
        EXPECT_EQ(loaded.resource("r").on_error->action, OnError::Action::carry_on);
    }
}

TEST(Spelling, TakesTheSeedsOnError) {
    const Loaded loaded =
        load(with("metadata: {actionId: r}\nrun:\n  sql: {query: SELECT 1}\n  onError:\n    apiResponse: {success: "
                  "false, response: {message: get('error')}}\n"));
    EXPECT_EQ(loaded.report, "");
    ASSERT_TRUE(loaded.resource("r").on_error->response.has_value());
    EXPECT_TRUE(loaded.resource("r").on_error->response->responds);
}

TEST(Spelling, TakesAnActionAndAResponseInOneResource) {
    const Loaded loaded = load(with("actionId: r\nsql: {query: SELECT 1}\napiResponse: {response: {}}\n"));
    EXPECT_EQ(loaded.report, "");
    EXPECT_TRUE(loaded.resource("r").action.has_value());
    EXPECT_TRUE(loaded.resource("r").response.has_value());
}

}  // namespace
}  // namespace kdeps::workflow
