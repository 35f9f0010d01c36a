// SPDX-License-Identifier: Apache-2.0
// The databases of a test program and workflows on them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

// Started when first asked for and seeded ('analytics', 'inventory'); they end with the program.  Main thread.
PostgresServer& postgres();
MariaDbServer& mariadb();

// A connection of each kind by the name of its driver; SQLite is a new file in `folder`.
std::map<std::string, std::string> urls_of_all(const TemporaryFolder& folder);

struct WorkflowText {
    std::string target;                              // actionId
    std::map<std::string, std::string> connections;  // name → flow map: {connection: "sqlite://…"}
    std::string resources;                           // YAML documents
    std::string routes = "[{path: /q}]";
    std::string settings = "";  // further lines, indented by two
};

// workflow.yaml in `folder`; returns the folder.
std::filesystem::path write_workflow(const TemporaryFolder& folder, const WorkflowText& text);

// {connection: "url"}, with what `pool` says.
std::string connection(const std::string& url, const std::string& pool = "");

// Creates or fills an SQLite file.
void sqlite_execute(const std::filesystem::path& file, const std::string& sql);

}  // namespace kdeps::testing
