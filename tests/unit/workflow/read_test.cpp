// SPDX-License-Identifier: Apache-2.0
// What is read: the seed's complete example, settings, resource files in order, timeouts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/seed_tutorial.hpp"
#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::workflow {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;

TEST(Read, TakesTheSeedsCompleteExample) {
    const Loaded loaded = load(testing::blocks_under("Complete Example").at(0));
    EXPECT_EQ(loaded.report, "");
    const Workflow& workflow = *loaded.workflow;
    EXPECT_EQ(workflow.name, "multi-database-demo");
    EXPECT_EQ(workflow.version, "1.0.0");
    EXPECT_EQ(workflow.target, "results");
    EXPECT_TRUE(workflow.settings.api_server_mode);
    EXPECT_EQ(workflow.settings.api_server.port, 3000);
    ASSERT_EQ(workflow.settings.api_server.routes.size(), 1U);
    EXPECT_EQ(workflow.settings.api_server.routes[0].path, "/api/v1/data");
    EXPECT_THAT(workflow.settings.api_server.routes[0].methods, ElementsAre("GET", "POST"));
    ASSERT_EQ(workflow.resources.size(), 3U);
    EXPECT_EQ(workflow.target_index, 2U);
    const Resource& results = loaded.resource("results");
    EXPECT_THAT(results.requires_ids, ElementsAre("analyticsQuery", "inventoryQuery"));
    EXPECT_THAT(results.predecessors, ElementsAre(0U, 1U));
    ASSERT_TRUE(results.response.has_value());
    const ConfigValue* response = results.response->config.find("response");
    ASSERT_NE(response, nullptr);
    EXPECT_EQ(response->find("analytics")->kind(), ConfigValue::Kind::expression);
    const Resource& query = loaded.resource("analyticsQuery");
    EXPECT_EQ(query.name, "Analytics Query");
    EXPECT_EQ(query.action->run_key, "sql");
    EXPECT_EQ(query.action->timeout, seconds(30));
    EXPECT_EQ(query.action->config.find("query")->kind(), ConfigValue::Kind::literal);
    EXPECT_EQ(query.action->config.find("format")->literal(), value::Value("csv"));
    ASSERT_EQ(workflow.settings.plugins.size(), 1U);
    EXPECT_EQ(workflow.settings.plugins[0].first, "sqlConnections");
}

TEST(Read, HasDefaultsForWhatIsNotSaid) {
    const Loaded loaded = load(with("actionId: r\nexpr: \"1\"\nafter: [\"1 + 1\"]\n"));
    const Settings& settings = loaded.workflow->settings;
    EXPECT_FALSE(settings.api_server_mode);
    EXPECT_EQ(settings.api_server.host, "127.0.0.1");
    EXPECT_EQ(settings.api_server.port, 3000);
    EXPECT_EQ(settings.api_server.max_body_bytes, 10U << 20);
    EXPECT_FALSE(settings.api_server.cors.has_value());
    EXPECT_EQ(settings.timezone, "Etc/UTC");
    EXPECT_EQ(settings.session_ttl, minutes(30));
    EXPECT_EQ(settings.shutdown_timeout, seconds(10));
    EXPECT_FALSE(settings.is_sequential);
}

TEST(Read, TakesEverySetting) {
    const Loaded loaded = load(with("actionId: r\nafter: [\"1\"]\n", R"(
  apiServerMode: "true"
  hostIp: 0.0.0.0
  portNum: "8080"
  shutdownTimeout: 2s
  apiServer:
    trustedProxies: [10.0.0.0/8]
    maxBodyBytes: 1024
    routes: [{path: /a}, {path: "/b/:id", methods: [DELETE]}]
    cors: {allowOrigins: [https://a.example], allowCredentials: yes, maxAge: 1h}
  agentSettings: {timezone: Europe/Berlin, env: {A: b}}
  session: {ttl: 500ms}
  execution: {mode: sequential}
)"));
    EXPECT_EQ(loaded.report, "");
    const Settings& settings = loaded.workflow->settings;
    EXPECT_TRUE(settings.api_server_mode);
    EXPECT_EQ(settings.api_server.host, "0.0.0.0");
    EXPECT_EQ(settings.api_server.port, 8080);
    EXPECT_EQ(settings.shutdown_timeout, seconds(2));
    EXPECT_THAT(settings.api_server.trusted_proxies, ElementsAre("10.0.0.0/8"));
    EXPECT_EQ(settings.api_server.max_body_bytes, 1024U);
    EXPECT_THAT(settings.api_server.routes.at(0).methods, ElementsAre("GET", "POST"));
    EXPECT_THAT(settings.api_server.routes.at(1).methods, ElementsAre("DELETE"));
    EXPECT_TRUE(settings.api_server.cors->allow_credentials);
    EXPECT_EQ(settings.api_server.cors->max_age, seconds(3600));
    EXPECT_EQ(settings.timezone, "Europe/Berlin");
    EXPECT_EQ(settings.env.at("A"), "b");
    EXPECT_EQ(settings.session_ttl, milliseconds(500));
    EXPECT_TRUE(settings.is_sequential);
}

TEST(Read, TakesDurationsAsTheDocumentsWriteThem) {
    const Loaded loaded =
        load(with("actionId: r\nsql: {query: SELECT 1, timeout: 1m30s}\n---\nactionId: b\nsql: {query: SELECT 1, "
                  "timeoutDuration: 500ms}\n"
                  "onError: {action: retry, retryDelay: 250ms, maxRetries: \"5\", retryBackoff: fixed}\n"));
    EXPECT_EQ(loaded.report, "");
    EXPECT_EQ(loaded.resource("r").action->timeout, seconds(90));
    EXPECT_EQ(loaded.resource("b").action->timeout, milliseconds(500));
    EXPECT_EQ(loaded.resource("b").on_error->retry_delay, milliseconds(250));
    EXPECT_EQ(loaded.resource("b").on_error->max_retries, 5);
    EXPECT_TRUE(loaded.resource("b").on_error->is_fixed_delay);
    EXPECT_EQ(loaded.resource("b").action->config.find("timeoutDuration"), nullptr);
}

TEST(Read, ReadsResourceFilesByTheOrderOfTheirNames) {
    Folder folder;
    folder.files.write("workflow.yaml",
                       "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: w, targetActionId: r}\nsettings: "
                       "{}\nresources:\n- {actionId: inline, after: \"1\"}\n");
    folder.files.write("resources/b.yaml", "actionId: r\nafter: \"1\"\n---\nactionId: b2\nafter: \"1\"\n");
    folder.files.write("resources/Z.yml", "actionId: z\nafter: \"1\"\n");
    folder.files.write("resources/a.yaml", "actionId: a\nafter: \"1\"\n");
    folder.files.write("resources/notes.txt", "not: [yaml");
    const Loaded loaded = folder.load(folder.files.path());
    EXPECT_EQ(loaded.report, "");
    std::vector<std::string> ids;
    for (const Resource& resource : loaded.workflow->resources) ids.push_back(resource.action_id);
    EXPECT_THAT(ids, ElementsAre("inline", "z", "a", "r", "b2"));
    EXPECT_EQ(loaded.workflow->files.size(), 4U);
    EXPECT_EQ(loaded.workflow->folder, folder.files.path());
}

TEST(Read, TakesAnotherTargetThanTheFiles) {
    Folder folder;
    folder.options.target = "other";
    const Loaded loaded = folder.load_text(with("actionId: r\nafter: \"1\"\n---\nactionId: other\nafter: \"1\"\n"));
    EXPECT_EQ(loaded.report, "");
    EXPECT_EQ(loaded.workflow->target_index, 1U);
}

TEST(Read, SaysWhenThereIsNothingToRead) {
    Folder folder;
    EXPECT_EQ(folder.load(folder.files.path() / "none.yaml").report,
              "error: 'none.yaml' does not exist; give a workflow.yaml or the folder that holds it\n1 error\n");
    EXPECT_EQ(folder.load(folder.files.path()).report,
              "error: folder '" + folder.files.path().string() + "' holds no workflow.yaml\n1 error\n");
    EXPECT_EQ(folder.load_text("actionId: r\nafter: \"1\"\n").report,
              "workflow.yaml: error: no document has 'kind: Workflow'\n1 error\n");
}

TEST(Read, NotesWhatHasNoUseHere) {
    const Loaded loaded = load(
        with("actionId: r\nafter: \"1\"\n", "{agentSettings: {models: [x], baseOS: alpine}, webServerMode: true}"));
    EXPECT_EQ(loaded.report,
              "workflow.yaml:4:36: note: settings.agentSettings.models has no effect here: it concerns LLMs or images\n"
              "  4 | settings: {agentSettings: {models: [x], baseOS: alpine}, webServerMode: true}\n"
              "    |                                    ^\n"
              "workflow.yaml:4:73: note: settings.webServerMode is not supported and ignored\n"
              "  4 | settings: {agentSettings: {models: [x], baseOS: alpine}, webServerMode: true}\n"
              "    |                                                                         ^\n");
}

}  // namespace
}  // namespace kdeps::workflow
