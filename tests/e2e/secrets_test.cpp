// SPDX-License-Identifier: Apache-2.0
// No password leaves: not in logs, not on the screen, not over HTTP; whatever fails and however it is asked.
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

// A wrong password for a server that runs, and one for a server that does not; in the forms in which users write them.
const char* const kSecret = "S3cr3tZebra";

class Secrets : public ::testing::Test {
protected:
    static std::map<std::string, std::string> failing_urls() {
        const std::string secret = kSecret;
        return {{"wrong_pg", postgres().url("analytics", "user", secret)},
                {"wrong_my", mariadb().url("inventory", "user", secret)},
                {"down_pg", "postgres://user:" + secret + "@127.0.0.1:1/x?connect_timeout=2"},
                {"down_my", "mysql://user:" + secret + "@127.0.0.1:1/x"},
                {"option_pg",
                 "postgres://user@127.0.0.1:" + std::to_string(postgres().port()) + "/analytics?password=" + secret},
                {"host_pg", "postgres://user:" + secret + "@no-such-host.invalid/x"}};
    }

    static std::string resources(const std::string& name) {
        return "actionId: asked\nsql: {connectionName: " + name +
               ", query: SELECT 1 AS n}\nonError: {action: continue, fallback: \"get('error')\"}\n"
               "---\nactionId: direct\nsql: {connection: \"{{ get('url') }}\", query: SELECT 1 AS n}\n"
               "---\nactionId: answer\nrequires: [asked, direct]\napiResponse: {response: \"get('asked')\"}\n";
    }

    static void expect_clean(const std::string& text, const std::string& where) {
        EXPECT_EQ(text.find(kSecret), std::string::npos) << where << ":\n" << text;
    }

    static void expect_clean(const Result& result, const std::string& where) {
        expect_clean(result.out, where + " stdout");
        expect_clean(result.err, where + " stderr");
    }
};

TEST_F(Secrets, ServerKeepsThem) {
    for (const auto& [name, url] : failing_urls()) {
        const TemporaryFolder folder;
        KdepsHost host(write_workflow(folder, {.target = "answer",
                                               .connections = {{name, connection(url, "minConnections: 1")}},
                                               .resources = resources(name)}),
                       {"-v"});
        for (const char* target : {"/q", "/ready", "/metrics", "/health"})
            expect_clean(host.get(target).body, name + target);
        const httplib::Response direct = host.post("/q", nlohmann::json{{"url", url}}.dump());
        EXPECT_GE(direct.status, 500) << name << direct.body;
        expect_clean(direct.body, name + " direct");
        EXPECT_EQ(host.stop(), 0);
        expect_clean(host.log(), name + " log");
    }
}

TEST_F(Secrets, CommandsKeepThem) {
    const std::string file = "postgres://user:${E2E_PASSWORD}@127.0.0.1:1/x";
    ProcessOptions options;
    options.env = {{"E2E_PASSWORD", kSecret}};
    for (const auto& [name, url] : failing_urls()) {
        const TemporaryFolder folder;
        const std::string path =
            write_workflow(folder,
                           {.target = "asked", .connections = {{name, connection(file)}}, .resources = resources(name)})
                .string();
        const std::string given = name + "=" + url;
        for (const Arguments& command :
             {Arguments{"run", path, "--once", "-v"}, Arguments{"run", path, "--once", "--log-format", "json", "-v"},
              Arguments{"connections", path}, Arguments{"validate", path, "--explain"},
              Arguments{"validate", path, "--format", "json"}, Arguments{"graph", path}}) {
            expect_clean(kdeps(command, options), name + " " + command[0]);
            Arguments with_flag = command;
            with_flag.insert(with_flag.end(), {"--connection", given});
            expect_clean(kdeps(with_flag), name + " " + command[0] + " --connection");
        }
    }
}

TEST_F(Secrets, FaultsInUrlsKeepThem) {
    const std::string secret = kSecret;
    for (const std::string& url : {"postgres://user:" + secret + "@127.0.0.1:1/x?no_such_option=1",
                                   "oracle://user:" + secret + "@h/x", "postgres://user:p/" + secret + "@h/x",
                                   "mysql://user:" + secret + "@h:port/x", "postgres://user:" + secret + "%zz@h/x"}) {
        const TemporaryFolder folder;
        const std::string path =
            write_workflow(folder, {.target = "asked",
                                    .connections = {{"db", connection(url)}},
                                    .resources = "actionId: asked\nsql: {connectionName: db, query: SELECT 1}\n"})
                .string();
        for (const Arguments& command : {Arguments{"validate", path}, Arguments{"validate", path, "--format", "json"},
                                         Arguments{"run", path, "--once"}}) {
            const Result result = kdeps(command);
            EXPECT_EQ(result.exit_code, 2) << url << result.err;
            expect_clean(result, url);
        }
        expect_clean(kdeps({"run", path, "--once", "--connection", "db=" + url}), url + " --connection");
    }
}

TEST_F(Secrets, ParametersAreNotInErrors) {
    const TemporaryFolder folder;
    KdepsHost host(write_workflow(folder, {.target = "asked",
                                           .connections = {{"pg", connection(postgres().url("analytics"))}},
                                           .resources = "actionId: asked\nsql: {connectionName: pg, query: \"INSERT "
                                                        "INTO users (id, email) VALUES (1, {{ get('q') }})\"}\n"}));
    const httplib::Response response = host.get(std::string("/q?q=") + kSecret);
    EXPECT_EQ(response.status, 409);
    expect_clean(response.body, "body");
}

}  // namespace
}  // namespace kdeps::testing
