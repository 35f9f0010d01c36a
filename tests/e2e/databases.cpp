// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/databases.hpp"

#include <stdexcept>

#include "tests/support/process.hpp"
#include "tests/support/seed_databases.hpp"

namespace kdeps::testing {

PostgresServer& postgres() {
    static PostgresServer server;
    static const bool is_seeded = (seed_analytics(server), true);
    (void)is_seeded;
    return server;
}

MariaDbServer& mariadb() {
    static MariaDbServer server;
    static const bool is_seeded = (seed_inventory(server), true);
    (void)is_seeded;
    return server;
}

std::map<std::string, std::string> urls_of_all(const TemporaryFolder& folder) {
    return {{"postgres", postgres().url("analytics")},
            {"mysql", mariadb().url("inventory")},
            {"sqlite", "sqlite://" + (folder.path() / "data.db").string()}};
}

std::filesystem::path write_workflow(const TemporaryFolder& folder, const WorkflowText& text) {
    std::string yaml =
        "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: e2e, version: \"1.0.0\", targetActionId: " +
        text.target + "}\nsettings:\n  apiServerMode: true\n  apiServer:\n    routes: " + text.routes + "\n" +
        text.settings;
    if (!text.connections.empty()) yaml += "  sqlConnections:\n";
    for (const auto& [name, value] : text.connections) yaml += "    " + name + ": " + value + "\n";
    folder.write("workflow.yaml", yaml + "---\n" + text.resources);
    return folder.path();
}

std::string connection(const std::string& url, const std::string& pool) {
    return "{connection: \"" + url + "\"" + (pool.empty() ? "" : ", pool: {" + pool + "}") + "}";
}

void sqlite_execute(const std::filesystem::path& file, const std::string& sql) {
    ProcessOptions options;
    options.input = sql;
    const Result result = run({"sqlite3", "-bail", file.string()}, options);
    if (result.exit_code != 0) throw std::runtime_error("sqlite3: " + result.err);
}

}  // namespace kdeps::testing
