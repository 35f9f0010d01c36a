// SPDX-License-Identifier: Apache-2.0
// ${NAME} in settings, the .env file, and connections given from outside.
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::workflow {
namespace {

// A variable of the environment for the length of a test.
class Variable {
public:
    Variable(const char* name, const char* text) : name_(name) { setenv(name, text, 1); }
    ~Variable() { unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

std::string connection(const Loaded& loaded, const std::string& name) {
    for (const auto& [key, value] : loaded.workflow->settings.plugins) {
        if (key == "sqlConnections" && value.find(name) != nullptr)
            return value.find(name)->find("connection")->literal().text();
    }
    return "(none)";
}

constexpr const char* kResource = "{actionId: r, after: '1'}\n";

TEST(Settings, TakeVariablesDefaultsAndTheEnvFile) {
    const Variable variable("KDEPS_TEST_HOST", "db.example");
    const Folder folder;
    folder.files.write(".env",
                       "# secrets\nexport KDEPS_TEST_USER=me\nKDEPS_TEST_PASSWORD=\"p "
                       "w#1\"\nKDEPS_TEST_HOST=not-this\nKDEPS_TEST_DB=d # comment\n");
    const Loaded loaded = folder.load_text(
        with(kResource,
             "{sqlConnections: {a: {connection: "
             "'postgres://${KDEPS_TEST_USER}:${KDEPS_TEST_PASSWORD}@${KDEPS_TEST_HOST}:${KDEPS_TEST_PORT:-5432}/"
             "${KDEPS_TEST_DB}$${X}'}}}"));
    EXPECT_EQ(loaded.report, "");
    EXPECT_EQ(connection(loaded, "a"), "postgres://me:p w#1@db.example:5432/d${X}");
}

TEST(Settings, NameAllMissingVariablesInOneError) {
    const Loaded loaded =
        load(with(kResource,
                  "{hostIp: '${KDEPS_TEST_B}', sqlConnections: {a: {connection: '${KDEPS_TEST_A}/${KDEPS_TEST_B}'}}}"));
    EXPECT_EQ(loaded.report.substr(0, loaded.report.find('\n')),
              "workflow.yaml:4:12: error: settings use environment variables that are not set: KDEPS_TEST_A, "
              "KDEPS_TEST_B; set them, put them into a .env file beside the "
              "workflow, or write ${NAME:-default}");
}

TEST(Settings, LeaveOtherDollarsAlone) {
    const Loaded loaded = load(with(kResource, "{sqlConnections: {a: {connection: 'x$1${}${a-b}$'}}}"));
    EXPECT_EQ(loaded.report, "");
    EXPECT_EQ(connection(loaded, "a"), "x$1${}${a-b}$");
}

TEST(Connection, OfTheFlagWinsOverTheEnvironmentOverTheFile) {
    Folder folder;
    const std::string text = with(kResource, "{sqlConnections: {my-db: {connection: 'sqlite://file', pool: {}}}}");
    EXPECT_EQ(connection(folder.load_text(text), "my-db"), "sqlite://file");
    const Variable variable("KDEPS_CONNECTION_MY_DB", "sqlite://environment");
    const Loaded loaded = folder.load_text(text);
    EXPECT_EQ(connection(loaded, "my-db"), "sqlite://environment");
    EXPECT_NE(loaded.workflow->settings.plugins.at(0).second.find("my-db")->find("pool"), nullptr);
    folder.options.connections["my-db"] = "sqlite://flag";
    EXPECT_EQ(connection(folder.load_text(text), "my-db"), "sqlite://flag");
}

TEST(Connection, MayBeGivenOnlyFromOutside) {
    const Variable variable("KDEPS_CONNECTION_STOCK", "sqlite://environment");
    Folder folder;
    folder.options.connections["cache"] = "sqlite://flag";
    const Loaded loaded = folder.load_text(with(kResource, "{}"));
    EXPECT_EQ(loaded.report, "");
    EXPECT_EQ(connection(loaded, "stock"), "sqlite://environment");
    EXPECT_EQ(connection(loaded, "cache"), "sqlite://flag");
}

}  // namespace
}  // namespace kdeps::workflow
