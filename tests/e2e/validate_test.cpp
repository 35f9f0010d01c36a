// SPDX-License-Identifier: Apache-2.0
// `kdeps validate`: every fault of a workflow in one report, where it stands and what would be right.
#include <gtest/gtest.h>

#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

Result validate(const TemporaryFolder& folder, const Arguments& more = {}) {
    Arguments all = {"validate", "."};
    all.insert(all.end(), more.begin(), more.end());
    ProcessOptions options;
    options.folder = folder.path();
    return kdeps(all, options);
}

const char* const kFaulty = R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata:
  name: faulty
  version: "1.0.0"
  targetActionId: answer
settings:
  sqlConnections:
    analytics:
      connection: "postgres://user:pass@localhost:5432/analytics"
---
actionId: first
sql:
  connectionName: analytcs
  query: SELECT 1
---
actionId: second
requires: [frist]
sql:
  connectionName: analytics
  query: SELECT 1
  format: xml
---
actionId: third
sql:
  connectionName: analytics
  query: SELECT * FROM users WHERE id = $1 AND age > $2
  params: [1]
---
actionId: answer
requires: [first, second, third]
apiResponse:
  response:
    sum: "{{ len(get('first') }}"
)";

TEST(Validate, FiveFaultsAreOneReport) {
    const TemporaryFolder folder;
    folder.write("workflow.yaml", kFaulty);
    const Result result = validate(folder);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err,
              R"(workflow.yaml:14:19: error: connection 'analytcs' is not declared (did you mean 'analytics'?)
  14 |   connectionName: analytcs
     |                   ^
workflow.yaml:18:12: error: resource 'second' requires the unknown resource 'frist' (did you mean 'first'?)
  18 | requires: [frist]
     |            ^
workflow.yaml:22:11: error: sql.format: 'xml' is not accepted. Available options: [json, csv, table]
  22 |   format: xml
     |           ^
workflow.yaml:28:11: error: the query has 2 placeholders, params has 1 value
  28 |   params: [1]
     |           ^
workflow.yaml:34:30: error: expression: expected ')', found end of the expression
  34 |     sum: "{{ len(get('first') }}"
     |                              ^
5 errors
)");
}

TEST(Validate, ReportIsJsonForPrograms) {
    const TemporaryFolder folder;
    folder.write("workflow.yaml", kFaulty);
    const Result result = validate(folder, {"--format", "json"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err, "");
    const auto report = nlohmann::ordered_json::parse(result.out);
    ASSERT_EQ(report.size(), 5U);
    EXPECT_EQ(
        report[2].dump(),
        R"({"severity":"error","message":"sql.format: 'xml' is not accepted. Available options: [json, csv, table]",)"
        R"("file":"workflow.yaml","line":22,"column":11})");
}

TEST(Validate, FaultyWorkflowDoesNotRun) {
    const TemporaryFolder folder;
    folder.write("workflow.yaml", kFaulty);
    for (const char* command : {"run", "graph", "connections"}) {
        const Result result = kdeps({command, folder.path().string()});
        EXPECT_EQ(result.exit_code, 2) << command;
        EXPECT_NE(result.err.find("\n5 errors\n"), std::string::npos) << result.err;
        EXPECT_EQ(result.out, "") << command;
    }
}

TEST(Validate, CycleIsShownAsAPath) {
    const TemporaryFolder folder;
    folder.write("workflow.yaml", R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: circle, version: "1.0.0", targetActionId: a}
settings: {}
)");
    folder.write("resources/all.yaml", R"(actionId: a
requires: [b]
apiResponse: {response: 1}
---
actionId: b
requires: [c]
apiResponse: {response: 1}
---
actionId: c
requires: [a]
apiResponse: {response: 1}
)");
    const Result result = validate(folder);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err,
              "resources/all.yaml:1:11: error: dependency cycle: a → b → c → a\n  1 | actionId: a\n    |           "
              "^\n1 error\n");
}

TEST(Validate, WarningsAreErrorsWhenStrict) {
    const TemporaryFolder folder;
    folder.write("workflow.yaml", R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: w, version: "1.0.0", targetActionId: a}
settings: {portNumber: 1}
---
actionId: a
apiResponse: {response: "{{ get('x') }} is 5"}
)");
    const std::string place =
        "unknown key 'settings.portNumber' (did you mean 'portNum'?)\n  4 | settings: {portNumber: 1}\n    |           "
        " ^\n";
    const Result loose = validate(folder);
    EXPECT_EQ(loose.exit_code, 0);
    EXPECT_EQ(loose.out, "Validation successful: 1 resources, target 'a'\n");
    EXPECT_EQ(loose.err, "workflow.yaml:4:12: warning: " + place + "1 warning\n");
    const Result strict = validate(folder, {"--strict"});
    EXPECT_EQ(strict.exit_code, 2);
    EXPECT_EQ(strict.out, "");
    EXPECT_EQ(strict.err, "workflow.yaml:4:12: error: " + place + "1 error\n");
}

TEST(Validate, PoolOfAResourceOnlyNarrows) {
    const TemporaryFolder folder;
    folder.write("workflow.yaml", R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: narrow, version: "1.0.0", targetActionId: answer}
settings:
  sqlConnections:
    lite: {connection: "sqlite://:memory:", pool: {maxConnections: 4}}
    hasty: {connection: "sqlite://:memory:", pool: {connectionTimeout: 0s}}
---
actionId: answer
sql:
  connectionName: lite
  query: SELECT 1
  pool: {maxConnections: 8, connectionTimeout: 1m, minConnections: 1}
)");
    const Result result = validate(folder);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(
        result.err,
        R"(workflow.yaml:7:72: error: connectionTimeout must be longer than 0: it is the time to wait for a connection and to open it. Example: 5s
  7 |     hasty: {connection: "sqlite://:memory:", pool: {connectionTimeout: 0s}}
    |                                                                        ^
workflow.yaml:13:26: warning: run.sql.pool.maxConnections has no effect: connection 'lite' has 4, which a resource can only narrow
  13 |   pool: {maxConnections: 8, connectionTimeout: 1m, minConnections: 1}
     |                          ^
workflow.yaml:13:48: warning: run.sql.pool.connectionTimeout has no effect: connection 'lite' has 5.0 s, which a resource can only narrow
  13 |   pool: {maxConnections: 8, connectionTimeout: 1m, minConnections: 1}
     |                                                ^
workflow.yaml:13:68: warning: run.sql.pool.minConnections has no effect: all resources share the connections; write it in settings.sqlConnections.lite.pool
  13 |   pool: {maxConnections: 8, connectionTimeout: 1m, minConnections: 1}
     |                                                                    ^
1 error, 3 warnings
)");
}

TEST(Validate, ExplainTellsHowEachStringIsRead) {
    const TemporaryFolder folder;
    folder.write("workflow.yaml", R"-(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: w, version: "1.0.0", targetActionId: a}
settings: {}
---
actionId: a
apiResponse:
  response: ["{{ get('x') }} is 5", "get('x')", "2024-01-01", 5]
)-");
    const Result result = validate(folder, {"--explain"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, R"-(workflow.yaml:8:14: template   a.apiResponse.response[0]: "{{ get('x') }} is 5"
workflow.yaml:8:37: expression a.apiResponse.response[1]: "get('x')"
workflow.yaml:8:49: text       a.apiResponse.response[2]: "2024-01-01"
Validation successful: 1 resources, target 'a'
)-");
}

TEST(Validate, WhatIsNotThereIsNamed) {
    const TemporaryFolder folder;
    const Result missing = kdeps({"validate", (folder.path() / "nowhere").string()});
    EXPECT_EQ(missing.exit_code, 2);
    EXPECT_EQ(missing.err, "error: '" + (folder.path() / "nowhere").string() +
                               "' does not exist; give a workflow.yaml or the folder that holds it\n1 error\n");
    const Result empty = validate(folder);
    EXPECT_EQ(empty.exit_code, 2);
    EXPECT_EQ(empty.err, "error: folder '.' holds no workflow.yaml\n1 error\n");
}

}  // namespace
}  // namespace kdeps::testing
