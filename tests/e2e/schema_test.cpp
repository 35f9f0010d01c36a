// SPDX-License-Identifier: Apache-2.0
// `kdeps schema`: a JSON Schema engine, as an editor's YAML language server has one, takes every example and refuses
// what is broken, at the place where `kdeps validate --strict` refuses it too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fstream>
#include <iterator>

#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SchemaTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder();
        const Result result = kdeps({"schema", "--plugin-dir", KDEPS_TODAYS_PLUGINS, "--output", schema().string()});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(result.err, "");
    }
    static void TearDownTestSuite() {
        delete folder_;
        folder_ = nullptr;
    }
    static fs::path schema() { return folder_->path() / "kdeps.schema.json"; }

    // The faults that the engine finds, one a line, without the names of the files.
    static std::string faults(const std::vector<fs::path>& files) {
        std::vector<std::string> argv = {KDEPS_PYTHON, KDEPS_CHECK_SCHEMA, schema().string()};
        for (const fs::path& file : files) argv.push_back(file.string());
        const Result result = run(argv);
        EXPECT_THAT(result.err, IsEmpty());
        std::string out = result.out;
        for (const fs::path& file : files) {
            const std::string prefix = file.string() + ": ";
            for (std::size_t at = out.find(prefix); at != std::string::npos; at = out.find(prefix))
                out.erase(at, prefix.size());
        }
        return out;
    }

    static inline TemporaryFolder* folder_ = nullptr;
};

TEST_F(SchemaTest, EveryExampleIsTaken) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(KDEPS_EXAMPLES)) {
        // Its executor is built by the test of the SDK only.
        if (entry.path().filename() == "plugin_cpp") continue;
        if (fs::exists(entry.path() / "workflow.yaml")) files.push_back(entry.path() / "workflow.yaml");
    }
    EXPECT_GE(files.size(), 14U);
    EXPECT_EQ(faults(files), "");
}

TEST_F(SchemaTest, AnExecutorThatIsNotInstalledIsNamed) {
    EXPECT_EQ(faults({fs::path(KDEPS_EXAMPLES) / "plugin_cpp/workflow.yaml"}),
              "run: Additional properties are not allowed ('greeting' was unexpected)\n");
}

TEST_F(SchemaTest, IsPrintedWithoutAFile) {
    const Result result = kdeps({"schema", "--plugin-dir", KDEPS_TODAYS_PLUGINS});
    std::ifstream stream(schema());
    EXPECT_EQ(result.out, std::string(std::istreambuf_iterator<char>(stream), {}));
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json["$schema"], "http://json-schema.org/draft-07/schema#");
    EXPECT_TRUE(json["definitions"].contains("executor-slug"));
    EXPECT_TRUE(json["definitions"].contains("settings-sqlConnections"));
    EXPECT_THAT(result.out, ::testing::Not(HasSubstr("x-kdeps-")));
}

TEST_F(SchemaTest, APluginThatCannotBeAskedIsNamedAndTheRestIsThere) {
    const TemporaryFolder broken;
    broken.write("bad.plugin.json", R"({"id": "com.example.bad", "version": "1", "abi": "1.0", "library": "libbad.so",
        "provides": [{"interface": "kdeps.executor/1", "names": ["bad"]}], "sha256": "00"})");
    const Result result = kdeps({"schema", "--plugin-dir", broken.path().string()});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "warning: executor 'bad' is not in the schema: plugin library '" +
                              (broken.path() / "libbad.so").string() + "' cannot be opened: the file does not exist\n");
    EXPECT_THAT(result.out, HasSubstr("\"executor-sql\""));
}

// What is read in more ways than JSON Schema knows.
TEST_F(SchemaTest, WhatTheHostReadsIsTaken) {
    const TemporaryFolder folder;
    const fs::path file = folder.write("workflow.yaml", R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: x, version: 1.0, targetActionId: a}
settings:
  apiServerMode: "yes"
  portNum: ${PORT:-3000}
  apiServer: {portNum: "8080", routes: [{path: /a}], cors: {enableCors: on}}
  sqlConnections:
    main: {connection: "${DATABASE}", pool: {maxConnections: "5", maxIdleTime: 30m}}
---
actionId: a
requires: []
items: get('list')
sql: {connectionName: main, query: SELECT 1, maxRows: "5", timeout: 1m30s, params: "{{ get('p') }}"}
onError: {action: continue, fallback: []}
validations: {methods: [GET], skip: get('x') == 1, expr: [a > 1, {expr: b, message: c}]}
---
kind: Resource
apiVersion: kdeps.io/v1
metadata: {actionId: b}
run:
  apiResponse: {success: "{{ get('ok') }}", response: [1, {a: b}], meta: {statusCode: get('code')}}
  onError: {apiResponse: {success: false, response: 1}}
---
kind: Resource
apiVersion: kdeps.io/v1
metadata: {actionId: c}
run: {expr: ["set('a', 1) "]
}
)");
    EXPECT_EQ(faults({file}), "");
}

struct Broken {
    std::string name;
    std::string settings;  // of the workflow, flow style
    std::string run;       // of its resource, flow style
    std::string told;      // by the engine: the path, and what is wrong
};

class BrokenFile : public SchemaTest, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenFile, IsRefusedByTheEngineAndByTheHost) {
    const TemporaryFolder folder;
    const fs::path file = folder.write("workflow.yaml", R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: x, version: "1.0.0", targetActionId: a}
settings: )" + GetParam().settings + R"(
---
kind: Resource
apiVersion: kdeps.io/v1
metadata: {actionId: a, name: A}
run: )" + GetParam().run + "\n");
    EXPECT_THAT(faults({file}), HasSubstr(GetParam().told));
    const Result host = kdeps({"validate", file.string(), "--strict"});
    EXPECT_EQ(host.exit_code, 2) << host.out;
}

const std::string kResponse = "{apiResponse: {response: 1}}";
const std::string kConnection = "{sqlConnections: {m: {connection: 'sqlite://:memory:'}}}";

INSTANTIATE_TEST_SUITE_P(
    Of, BrokenFile,
    ::testing::Values(
        Broken{"AnUnknownKey", "{portNumber: 1}", kResponse,
               "settings: Additional properties are not allowed ('portNumber'"},
        Broken{"APort", "{portNum: 70000}", kResponse, "settings.portNum: 70000 is greater than the maximum of 65535"},
        Broken{"ARoute", "{apiServer: {routes: [{path: users}]}}", kResponse,
               "settings.apiServer.routes.0.path: 'users' does not match '^/'"},
        Broken{"AMethod", "{apiServer: {routes: [{path: /u, methods: [FETCH]}]}}", kResponse,
               "settings.apiServer.routes.0.methods.0: 'FETCH' is not one of"},
        Broken{"NoRoutes", "{apiServerMode: true}", kResponse, "settings: 'apiServer' is a required property"},
        Broken{"AMode", "{execution: {mode: fast}}", kResponse, "settings.execution.mode: 'fast' is not one of"},
        Broken{"AScheme", "{sqlConnections: {m: {connection: 'oracle://x'}}}", kResponse,
               "settings.sqlConnections.m.connection: 'oracle://x' does not match"},
        Broken{"NoUrl", "{sqlConnections: {m: {}}}", kResponse,
               "settings.sqlConnections.m: 'connection' is a required property"},
        Broken{"APool", "{sqlConnections: {m: {connection: 'sqlite://:memory:', pool: {maxConnections: 0}}}}",
               kResponse, "settings.sqlConnections.m.pool.maxConnections: 0 is less than the minimum of 1"},
        Broken{"NothingToDo", "{}", "{}", "run: {} does not have enough properties"},
        Broken{"AnExecutor", "{}", "{sqll: {query: SELECT 1}}", "run: Additional properties are not allowed ('sqll'"},
        Broken{"AFormat", kConnection, "{sql: {connectionName: m, query: SELECT 1, format: xml}}",
               "run.sql.format: 'xml' is not one of ['json', 'csv', 'table']"},
        Broken{"AQuery", kConnection, "{sql: {connectionName: m, query: 5}}",
               "run.sql.query: 5 is not of type 'string'"},
        Broken{"AKeyOfAnExecutor", kConnection, "{sql: {connectionName: m, qurey: SELECT 1}}",
               "run.sql: Additional properties are not allowed ('qurey'"},
        Broken{"ADuration", kConnection, "{sql: {connectionName: m, query: SELECT 1, timeout: soon}}",
               "run.sql.timeout: 'soon' does not match"},
        Broken{"AStatus", "{}", "{apiResponse: {response: 1, meta: {statusCode: 1000}}}",
               "run.apiResponse.meta.statusCode: 1000 is greater than the maximum of 599"},
        Broken{"AnAction", "{}", "{apiResponse: {response: 1}, onError: {action: ignore}}",
               "run.onError.action: 'ignore' is not one of ['continue', 'fail', 'retry']"},
        Broken{"ARule", "{}", "{apiResponse: {response: 1}, validation: {rules: [{type: email}]}}",
               "run.validation.rules.0: 'field' is a required property"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace kdeps::testing
