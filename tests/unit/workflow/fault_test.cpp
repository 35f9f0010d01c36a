// SPDX-License-Identifier: Apache-2.0
// Faults of one document: all of them in one report, each with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::workflow {
namespace {

TEST(Fault, AllOfThemStandInOneReport) {
    const Loaded loaded = load(R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata:
  name: w
  targetActionId: r
settings:
  portNum: 70000
  execution: {mode: parralel}
---
actionId: r
requires: [quer]
sql:
  query: SELECT 1
  format: cvs
onError: {action: ignore}
---
actionId: query
sql: {query: SELECT 1}
after: "get('x' +"
)");
    EXPECT_EQ(
        loaded.report,
        "workflow.yaml:7:12: error: settings.portNum: '70000' must be between 1 and 65535\n"
        "  7 |   portNum: 70000\n"
        "    |            ^\n"
        "workflow.yaml:8:21: error: settings.execution.mode: 'parralel' is not accepted (did you mean 'parallel'?). "
        "Available options: [parallel, sequential]\n"
        "  8 |   execution: {mode: parralel}\n"
        "    |                     ^\n"
        "workflow.yaml:11:12: error: resource 'r' requires the unknown resource 'quer' (did you mean 'query'?)\n"
        "  11 | requires: [quer]\n"
        "     |            ^\n"
        "workflow.yaml:14:11: error: sql.format: 'cvs' is not accepted (did you mean 'csv'?). Available options: "
        "[json, csv, table]\n"
        "  14 |   format: cvs\n"
        "     |           ^\n"
        "workflow.yaml:15:19: error: onError.action: 'ignore' is not accepted. Available options: [continue, fail, "
        "retry]\n"
        "  15 | onError: {action: ignore}\n"
        "     |                   ^\n"
        "workflow.yaml:19:18: error: expression: unexpected end of the expression\n"
        "  19 | after: \"get('x' +\"\n"
        "     |                  ^\n"
        "6 errors\n");
}

struct Case {
    const char* resources;
    const char* settings;
    const char* report;
};

class OneFault : public ::testing::TestWithParam<Case> {};

TEST_P(OneFault, IsReportedInFull) {
    const std::string report = "\n" + load(with(GetParam().resources, GetParam().settings)).report;
    EXPECT_THAT(report, ::testing::HasSubstr("\n" + std::string(GetParam().report) + "\n"));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, OneFault,
    ::testing::Values(
        Case{"actionId: r\nafter: \"1\"\n", "{apiServerMode: true}",
             "workflow.yaml:4:12: error: settings.apiServer: routes is required when apiServerMode is true. Example: "
             "routes: [{path: /api/users, methods: [GET]}]"},
        Case{"actionId: r\nafter: \"1\"\n", "{apiServer: {routes: [{path: api}]}}",
             "workflow.yaml:4:40: error: settings.apiServer.routes[0].path: 'api' Must start with '/'. Example: "
             "'/api/users'"},
        Case{"actionId: r\nafter: \"1\"\n", "{apiServer: {routes: [{path: /a, methods: [GTE]}]}}",
             "workflow.yaml:4:54: error: settings.apiServer.routes[0].methods: 'GTE' is not accepted (did you mean "
             "'GET'?). Available options: [GET, POST, PUT, "
             "DELETE, PATCH, HEAD, OPTIONS]"},
        Case{"actionId: r\nafter: \"1\"\n", "{apiServer: {cors: {allowCredentials: true}}}",
             "workflow.yaml:4:31: error: settings.apiServer.cors.allowCredentials: cannot be true with allowOrigins "
             "'*'; name the origins"},
        Case{"actionId: r\nafter: \"1\"\n", "{session: {ttl: soon}}",
             "workflow.yaml:4:27: error: settings.session.ttl: 'soon' is not a duration. Example: 500ms, 30s, 1m30s, "
             "1h"},
        Case{"actionId: r\nafter: \"1\"\n", "{apiServerMode: maybe}",
             "workflow.yaml:4:27: error: settings.apiServerMode: 'maybe' is not accepted. Expected type: boolean"},
        Case{"actionId: r\nafter: \"1\"\n", "{sqlConections: {}}",
             "workflow.yaml:4:12: warning: unknown key 'settings.sqlConections' (did you mean 'sqlConnections'?)"},
        Case{"actionId: r\nafter: \"1\"\n", "{sqlConnections: {a: {}}}",
             "workflow.yaml:4:32: error: settings.sqlConnections.a: connection is required"},
        Case{"actionId: r\nafter: \"1\"\n", "{sqlConnections: {a: {connection: 5}}}",
             "workflow.yaml:4:45: error: settings.sqlConnections.a.connection: given integer '5'. Expected type: "
             "string"}));

INSTANTIATE_TEST_SUITE_P(
    Resources, OneFault,
    ::testing::Values(
        Case{"actionId: r\nsql: {query: 5}\n", "{}",
             "workflow.yaml:7:14: error: sql.query: given integer '5'. Expected type: string"},
        Case{"actionId: r\n", "{}",
             "workflow.yaml:6:1: error: resource 'r' must specify at least one execution type or an expression. "
             "Available options: [apiResponse, sql]"},
        Case{"actionId: r\nsql: {query: SELECT 1}\npython: {script: x}\n", "{}",
             "workflow.yaml:8:1: error: no executor for 'python'; install the package kdeps-executor-python, or set "
             "KDEPS_PLUGIN_PATH"},
        Case{"actionId: r\nmongo: {find: x}\n", "{}",
             "workflow.yaml:7:1: error: no executor for 'mongo'; install the plugin that brings it, or set "
             "KDEPS_PLUGIN_PATH"},
        Case{"actionId: r\nsqll: {query: SELECT 1}\n", "{}",
             "workflow.yaml:7:1: error: no executor for 'sqll' (did you mean 'sql'?); install the plugin that brings "
             "it, or set KDEPS_PLUGIN_PATH"},
        Case{"actionId: r\nafter: \"1\"\nrequire: [x]\n", "{}",
             "workflow.yaml:8:1: warning: unknown key 'require' (did you mean 'requires'?)"},
        Case{"actionId: r\nafter: lenn('x')\n", "{}",
             "workflow.yaml:7:8: error: expression: unknown function 'lenn' (did you mean 'len'?)"},
        Case{"actionId: r\nvalidations: {routes: [api]}\nafter: \"1\"\n", "{}",
             "workflow.yaml:7:24: error: validations.routes: 'api' Must start with '/'. Example: '/api/users'"},
        Case{"actionId: r\nvalidations: {check: \"true\", error: {code: 42}}\nafter: \"1\"\n", "{}",
             "workflow.yaml:7:44: error: validations.error.code: '42' must be between 100 and 599"},
        Case{"actionId: r\nvalidations: {rules: [{type: text}]}\nafter: \"1\"\n", "{}",
             "workflow.yaml:7:24: error: validations.rules[0]: field is required"},
        Case{"actionId: r\nvalidations: {fields: {age: {type: intger}}}\nafter: \"1\"\n", "{}",
             "workflow.yaml:7:36: error: validations.fields.age.type: 'intger' is not accepted (did you mean "
             "'integer'?). Available options: [string, integer, number, "
             "boolean, array, object, email, url, uuid, date]"},
        Case{"actionId: r\nitems: {a: 1}\nafter: \"1\"\n", "{}",
             "workflow.yaml:7:9: error: items: Expected type: array or string"},
        Case{"actionId: r\nonError: {maxRetries: many}\nafter: \"1\"\n", "{}",
             "workflow.yaml:7:23: error: onError.maxRetries: 'many' is not accepted. Expected type: integer"},
        Case{"kind: Resurce\nactionId: r\n", "{}",
             "workflow.yaml:6:7: error: kind: 'Resurce' is not accepted (did you mean 'Resource'?). Available options: "
             "[Workflow, Resource]"},
        Case{"metadata: {name: x}\nrun: {expr: \"1\"}\n", "{}",
             "workflow.yaml:6:12: error: metadata: actionId is required"},
        Case{"apiVersion: kdeps.io/v9\nactionId: r\nafter: \"1\"\n", "{}",
             "workflow.yaml:6:13: error: apiVersion: 'kdeps.io/v9' is not accepted (did you mean 'kdeps.io/v1'?). "
             "Available options: [kdeps.io/v1]"}));

TEST(Fault, ShowsNoPasswordOfAConnection) {
    const Loaded loaded = load(
        with("actionId: r\nafter: \"1\"\n", "{sqlConnections: {a: {connection: 'postgres://me:hidden@h/d', pol: 1}}}"));
    EXPECT_EQ(loaded.report,
              "workflow.yaml:4:73: warning: unknown key 'settings.sqlConnections.a.pol' (did you mean 'pool'?)\n"
              "  4 | settings: {sqlConnections: {a: {connection: 'postgres://me:***@h/d', pol: 1}}}\n"
              "    |                                                                      ^\n"
              "1 warning\n");
}

TEST(Fault, NamesAnExecutorThatCannotBeLoaded) {
    Folder folder;
    folder.catalog.break_executor("sql", "plugin library 'x.so' cannot be opened");
    EXPECT_EQ(folder.load_text(with("actionId: r\nsql: {query: SELECT 1}\n")).report,
              "workflow.yaml:7:1: error: executor 'sql': plugin library 'x.so' cannot be opened\n"
              "  7 | sql: {query: SELECT 1}\n"
              "    | ^\n"
              "1 error\n");
}

TEST(Fault, NamesThePackageOfTheConnections) {
    Folder folder;
    folder.catalog.settings.clear();
    EXPECT_EQ(folder.load_text(with("actionId: r\nafter: \"1\"\n", "{sqlConnections: {}}")).report,
              "workflow.yaml:4:28: error: settings.sqlConnections needs the sql executor, which is not installed; "
              "install the package kdeps, or set KDEPS_PLUGIN_PATH\n"
              "  4 | settings: {sqlConnections: {}}\n"
              "    |                            ^\n"
              "1 error\n");
}

TEST(Fault, TwoPrimaryActionsAreOneTooMany) {
    Folder folder;
    folder.catalog.executors["python"] = {};
    EXPECT_EQ(folder.load_text(with("actionId: r\nsql: {query: SELECT 1}\npython: {script: x}\n")).report,
              "workflow.yaml:8:1: error: resource can only specify one primary execution type; 'sql' and 'python' "
              "stand here\n"
              "  8 | python: {script: x}\n"
              "    | ^\n"
              "1 error\n");
}

}  // namespace
}  // namespace kdeps::workflow
