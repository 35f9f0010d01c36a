// SPDX-License-Identifier: Apache-2.0
// The command line: what it takes, what it prints, how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/free_port.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Cli : public ::testing::Test {
protected:
    // Runs a workflow once that answers with what it was asked.
    Result asks(const Arguments& more, const std::string& input = "") const {
        write_workflow(folder_, {.target = "answer",
                                 .connections = {},
                                 .resources = "actionId: answer\napiResponse:\n  response: {a: \"get('a')\", q: "
                                              "\"get('q')\", h: \"get('X-H', 'header')\", id: \"get('id')\", "
                                              "method: \"info('method')\", path: \"info('path')\"}\n---\nactionId: "
                                              "other\napiResponse: {response: other}\n",
                                 .routes = "[{path: /one}, {path: '/users/:id', methods: [PUT]}]"});
        Arguments all = {"run", ".", "--once"};
        all.insert(all.end(), more.begin(), more.end());
        ProcessOptions options;
        options.folder = folder_.path();
        options.input = input;
        return kdeps(all, options);
    }

    // Four queries of which one is not needed and one waits for what another sets.
    std::string graph_workflow() const {
        return write_workflow(
                   folder_,
                   {.target = "answer",
                    .connections = {{"lite", connection("sqlite://:memory:")}},
                    .resources =
                        "actionId: one\nsql: {connectionName: lite, query: SELECT 1 AS n}\n"
                        "---\nactionId: keeps\nbefore: [\"set('k', 1)\"]\nsql: {connectionName: lite, query: SELECT 2 "
                        "AS n}\n"
                        "---\nactionId: reads\nsql: {connectionName: lite, query: \"SELECT {{ get('k') }} AS n\"}\n"
                        "---\nactionId: unused\nsql: {connectionName: lite, query: SELECT 3 AS n}\n"
                        "---\nactionId: answer\nrequires: [one, keeps, reads]\napiResponse: {response: "
                        "\"get('reads')\"}\n"})
            .string();
    }

    const TemporaryFolder folder_;
};

TEST_F(Cli, ParametersAndHeadersAreAsInARequest) {
    const Result result = asks({"--param", "q=1=2", "--param", "a=x", "--header", "X-H: hi: there"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out,
              "{\"a\":\"x\",\"q\":\"1=2\",\"h\":\"hi: there\",\"id\":null,\"method\":\"GET\",\"path\":\"/\"}\n");
}

TEST_F(Cli, BodyComesAsTextFromAFileOrFromStandardInput) {
    folder_.write("body.json", R"({"a": [1, 2]})");
    for (const auto& [body, input] :
         {std::pair("{\"a\": [1, 2]}", ""), std::pair("@body.json", ""), std::pair("-", "{\"a\": [1, 2]}\n")}) {
        const Result result = asks({"--body", body}, input);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_THAT(result.out, HasSubstr("{\"a\":[1,2],"));
    }
    const Result malformed = asks({"--body", "{\"a\""});
    EXPECT_EQ(malformed.exit_code, 2);
    EXPECT_THAT(malformed.err, HasSubstr("error: --body: not valid JSON at line 1, column 5: "));
    const Result missing = asks({"--body", "@none"});
    EXPECT_EQ(missing.exit_code, 2);
    EXPECT_EQ(missing.err, "error: --body: the file 'none' cannot be read\n");
}

TEST_F(Cli, RouteIsLookedUp) {
    const Result result = asks({"--route", "PUT /users/a%20b?q=7"});
    EXPECT_EQ(result.out,
              "{\"a\":null,\"q\":\"7\",\"h\":null,\"id\":\"a b\",\"method\":\"PUT\",\"path\":\"/users/a b\"}\n");
    const Result wrong = asks({"--route", "DELETE /users/7"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_EQ(wrong.err, "error: --route: no route takes 'DELETE /users/7'; the workflow has /one, /users/:id\n");
    EXPECT_EQ(asks({"--route", "users"}).err, "error: --route: 'users' must look like 'GET /path'\n");
}

TEST_F(Cli, EnvelopeIsTheWholeAnswer) {
    EXPECT_THAT(
        asks({"--output", "envelope", "--target", "other"}).out,
        MatchesRegex(R"(\{"success":true,"data":"other","meta":\{"requestID":"[0-9a-f-]{36}","timestamp":"[^"]*"\}\})"
                     "\n"));
    EXPECT_EQ(asks({"--target", "other"}).out, "other\n");
    const Result unknown = asks({"--target", "othr"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("target action 'othr' not found in resources (did you mean 'other'?)"));
}

TEST_F(Cli, WrongArgumentsEndWithTwo) {
    EXPECT_EQ(asks({"--param", "nothing"}).err, "error: --param: 'nothing' must look like name=value\n");
    EXPECT_EQ(asks({"--connection", "a=b"}).err,
              "error: --connection must look like name=url. Example: --connection "
              "analytics=postgres://user:***@host:5432/db\n");
    for (const Arguments& arguments :
         {Arguments{}, Arguments{"nonsense"}, Arguments{"validate", "--nope"}, Arguments{"run", ".", "--port", "70000"},
          Arguments{"graph", ".", "--format", "png"}, Arguments{"eval"}, Arguments{"plugins"}}) {
        const Result result = kdeps(arguments);
        EXPECT_EQ(result.exit_code, 2) << ::testing::PrintToString(arguments);
        EXPECT_EQ(result.out, "");
        EXPECT_NE(result.err, "");
    }
}

TEST_F(Cli, FailedRunEndsWithOneAndTheErrorEnvelope) {
    write_workflow(folder_,
                   {.target = "asked",
                    .connections = {{"lite", connection("sqlite://:memory:")}},
                    .resources = "actionId: asked\nsql: {connectionName: lite, query: SELECT * FROM missing}\n"});
    const Result result = kdeps({"run", folder_.path().string(), "--once"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out,
                HasSubstr(R"({"success":false,"error":{"code":"INTERNAL_ERROR","message":"resource 'asked': )"));
    EXPECT_THAT(result.err, HasSubstr("no such table: missing"));
}

TEST_F(Cli, QuietLogsErrorsOnlyAndJsonLogsAreJson) {
    graph_workflow();
    EXPECT_EQ(kdeps({"run", folder_.path().string(), "--once", "-q"}).err, "");
    Process host({KDEPS_BINARY, "run", folder_.path().string(), "--port", "0", "--log-format", "json"});
    ASSERT_TRUE(host.wait_for_err("route GET,POST /q\"", kSoon)) << host.err();
    const std::string log = host.err();
    EXPECT_THAT(nlohmann::json::parse(log.substr(0, log.find('\n'))).dump(),
                HasSubstr("serving 'e2e' on http://127.0.0.1:"));
}

TEST_F(Cli, PortThatIsTakenIsNamed) {
    graph_workflow();
    const KdepsHost host(folder_.path());
    const std::string port = std::to_string(host.port());
    const Result second = kdeps({"run", folder_.path().string(), "--port", port});
    EXPECT_EQ(second.exit_code, 2);
    EXPECT_EQ(second.err, "error: cannot listen on 127.0.0.1:" + port +
                              ": Address already in use; choose another port with --port, or end what uses it\n");
}

TEST_F(Cli, DevReloadsWhatHasChangedIfItIsRight) {
    const auto answers = [&](const std::string& answer) {
        write_workflow(folder_, {.target = "answer",
                                 .connections = {},
                                 .resources = "actionId: answer\napiResponse: {response: " + answer + "}\n"});
    };
    answers("before");
    KdepsHost host(folder_.path(), {"--port", std::to_string(free_port()), "--dev"});
    EXPECT_EQ(data_of(host.get("/q")), "before");
    answers("\"{{ len( }}\"");
    ASSERT_TRUE(host.logs("the change is not used: it has errors"));
    EXPECT_EQ(data_of(host.get("/q")), "before");
    answers("after");
    ASSERT_TRUE(host.logs("the workflow has changed: reloading"));
    // What comes while one server hands over to the next waits for a moment.
    const auto until = std::chrono::steady_clock::now() + kSoon;
    httplib::Result answer = host.client().Get("/q");
    while ((!answer || answer->body.find("before") != std::string::npos) && std::chrono::steady_clock::now() < until)
        answer = host.client().Get("/q");
    ASSERT_TRUE(answer) << host.log();
    EXPECT_EQ(data_of(*answer), "after");
    EXPECT_EQ(host.stop(), 0);
}

TEST_F(Cli, GraphHasThreeForms) {
    const std::string path = graph_workflow();
    EXPECT_EQ(kdeps({"graph", path}).out, R"-(flowchart TD
    r0["one (sql)"]
    r1["keeps (sql)"]
    r2["reads (sql)"]
    r3["unused (sql)"]
    r4(["answer (apiResponse)"])
    r0 --> r4
    r1 --> r4
    r2 --> r4
    r1 -. "k" .-> r2
    style r3 stroke-dasharray: 4
)-");
    EXPECT_EQ(kdeps({"graph", path, "--format", "dot"}).out, R"-(digraph workflow {
    "one" [label="one (sql)"];
    "keeps" [label="keeps (sql)"];
    "reads" [label="reads (sql)"];
    "unused" [label="unused (sql)", style=dashed];
    "answer" [label="answer (apiResponse)", peripheries=2];
    "one" -> "answer";
    "keeps" -> "answer";
    "reads" -> "answer";
    "keeps" -> "reads" [style=dotted, label="k"];
}
)-");
    const auto json = nlohmann::ordered_json::parse(kdeps({"graph", path, "--format", "json"}).out);
    EXPECT_EQ(json["nodes"][3].dump(), R"({"id":"unused","kind":"sql","target":false,"runs":false})");
    EXPECT_EQ(json["edges"][3].dump(), R"({"from":"keeps","to":"reads","cause":"data","key":"k"})");
}

TEST_F(Cli, ConnectionsTellsWhatAnswers) {
    write_workflow(folder_, {.target = "asked",
                             .connections = {{"down", connection("postgres://user:pass@127.0.0.1:1/x")},
                                             {"lite", connection("sqlite://:memory:")}},
                             .resources = "actionId: asked\nsql: {connectionName: lite, query: SELECT 1 AS n}\n"});
    const Result result = kdeps({"connections", folder_.path().string()});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out,
                MatchesRegex("NAME                 DRIVER     SERVER                          LATENCY     POOL  STATE\n"
                             "down                 postgres   +-     0/10  connection 'down': [^\n]*\n"
                             "lite                 sqlite     SQLite 3[0-9.]* +[0-9.]+ ms     1/10  ok\n"));
    graph_workflow();
    EXPECT_EQ(kdeps({"connections", folder_.path().string()}).exit_code, 0);
}

TEST_F(Cli, PluginsAreListedAndDescribed) {
    const Result list = kdeps({"plugins", "list"});
    EXPECT_EQ(list.exit_code, 0);
    for (const char* line : {"kdeps.driver.mysql ", "kdeps.driver.postgres ", "kdeps.driver.sqlite ",
                             "kdeps.executor.response ", "kdeps.executor.sql "}) {
        EXPECT_THAT(list.out, HasSubstr(std::string("\n") + line));
    }
    const auto json = nlohmann::json::parse(kdeps({"plugins", "list", "--json"}).out);
    EXPECT_GE(json.size(), 5U);
    const Result info = kdeps({"plugins", "info", "postgres"});
    EXPECT_EQ(info.exit_code, 0);
    EXPECT_THAT(info.out, HasSubstr("id        kdeps.driver.postgres\n"));
    EXPECT_THAT(info.out, HasSubstr("package   kdeps-driver-postgres\n"));
    EXPECT_THAT(info.out, HasSubstr("\nstate     loads\n"));
    const Result unknown = kdeps({"plugins", "info", "postgre"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_EQ(unknown.err, "error: no plugin 'postgre' (did you mean 'postgres'?)\n");
}

TEST_F(Cli, MissingDriverIsNamedWithItsPackage) {
    const TemporaryFolder plugins;  // without the driver for PostgreSQL
    for (const char* file : {"libkdeps-sql.so", "sql.plugin.json", "libkdeps-response.so", "response.plugin.json"}) {
        std::filesystem::copy(std::filesystem::path(KDEPS_PLUGIN_FOLDER) / file, plugins.path() / file);
    }
    std::filesystem::create_directories(plugins.path() / "bin");
    std::filesystem::copy(KDEPS_BINARY, plugins.path() / "bin/kdeps");
    write_workflow(folder_, {.target = "asked",
                             .connections = {{"pg", connection("postgres://user:pass@127.0.0.1/x")}},
                             .resources = "actionId: asked\nsql: {connectionName: pg, query: SELECT 1 AS n}\n"});
    const Result result = run({(plugins.path() / "bin/kdeps").string(), "validate", folder_.path().string(),
                               "--plugin-dir", plugins.path().string()});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("connection 'pg': no driver for postgres://; install the package "
                                      "kdeps-driver-postgres, or set KDEPS_PLUGIN_PATH\n"));
}

TEST_F(Cli, EvalComputesAnExpression) {
    EXPECT_EQ(kdeps({"eval", "sum([1, 2, 3]) * 2"}).out, "12\n");
    const auto file = folder_.write("data.json", R"({"rows": [{"price": 5}, {"price": 12.50}]})");
    EXPECT_EQ(kdeps({"eval", "filter(rows, .price > 10)", "--env", file.string()}).out, "[{\"price\":12.5}]\n");
    const Result malformed = kdeps({"eval", "1 +"});
    EXPECT_EQ(malformed.exit_code, 2);
    EXPECT_EQ(malformed.err, "error: unexpected end of the expression\n  1 +\n     ^\n");
    ProcessOptions options;
    options.input = "{\"id\": 1, \"expr\": \"a + 1\", \"env\": {\"a\": 2}}\n\n{\"id\": 2, \"expr\": \"(\"}\n";
    const Result lines = kdeps({"eval", "--jsonl"}, options);
    EXPECT_THAT(
        lines.out,
        MatchesRegex("\\{\"id\":1,\"result\":3\\}\n\\{\"id\":2,\"error\":\"compile\",\"message\":\"[^\n]*\"\\}\n"));
}

TEST_F(Cli, VersionIsShown) {
    EXPECT_THAT(kdeps({"version"}).out, MatchesRegex("kdeps [0-9]+\\.[0-9]+\\.[0-9]+\n"));
    EXPECT_EQ(kdeps({"--version"}).out, kdeps({"version"}).out);
}

TEST_F(Cli, HelpOfEachCommandHasAnExampleOfIt) {
    for (const Arguments& command : {Arguments{"run"},
                                     Arguments{"validate"},
                                     Arguments{"graph"},
                                     Arguments{"connections"},
                                     Arguments{"plugins"},
                                     Arguments{"plugins", "list"},
                                     Arguments{"plugins", "info"},
                                     Arguments{"plugins", "install"},
                                     Arguments{"plugins", "remove"},
                                     Arguments{"plugins", "verify"},
                                     Arguments{"plugins", "lock"},
                                     Arguments{"plugins", "keygen"},
                                     Arguments{"plugins", "sign"},
                                     Arguments{"plugins", "test"},
                                     Arguments{"new"},
                                     Arguments{"new", "workflow"},
                                     Arguments{"new", "executor"},
                                     Arguments{"new", "driver"},
                                     Arguments{"schema"},
                                     Arguments{"eval"},
                                     Arguments{"version"}}) {
        std::string example = "\n  kdeps";
        for (const std::string& word : command) example += " " + word;
        Arguments asked = command;
        asked.push_back("--help");
        const Result result = kdeps(asked);
        EXPECT_EQ(result.exit_code, 0);
        EXPECT_THAT(result.out, HasSubstr("Example"));
        EXPECT_THAT(result.out, HasSubstr(example));
    }
    EXPECT_THAT(kdeps({"--help"}).out,
                HasSubstr("Exit codes: 0 success, 1 the run failed, 2 the workflow or the command is wrong."));
}

}  // namespace
}  // namespace kdeps::testing
