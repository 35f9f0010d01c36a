// SPDX-License-Identifier: Apache-2.0
// Who installs one driver gets one client library: the host links no database, each plugin only its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kClients = {"libpq.",    "libmariadb.", "libmysqlclient.", "libsqlite3.",
                                           "libsybdb.", "libodbc.",    "libpython"};

std::string libraries_of(const fs::path& file) {
    const Result result = run({"ldd", file.string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
}

void expect_clients(const fs::path& file, const std::string& allowed) {
    const std::string libraries = libraries_of(file);
    for (const std::string& client : kClients) {
        if (client == allowed) {
            EXPECT_THAT(libraries, HasSubstr(client)) << file;
        } else {
            EXPECT_THAT(libraries, Not(HasSubstr(client))) << file;
        }
    }
}

fs::path server_program() { return fs::path(KDEPS_PLUGIN_FOLDER).parent_path() / "kdeps-server"; }

TEST(Binary, HostLinksNoDatabaseAndNoPython) {
    expect_clients(KDEPS_BINARY, "");
    expect_clients(server_program(), "");
}

// Their loading takes longer than a run on SQLite.
TEST(Binary, ARunOnTheCommandLineLoadsNoHttpAndNoTls) {
    const std::string libraries = libraries_of(KDEPS_BINARY);
    for (const char* library : {"libcpp-httplib.", "libssl.", "libcrypto.", "libbrotli", "libsodium.", "libarchive."})
        EXPECT_THAT(libraries, Not(HasSubstr(library)));
    EXPECT_THAT(libraries_of(server_program()), HasSubstr("libcpp-httplib."));
}

TEST(Binary, EachDriverLinksItsOwnClientOnly) {
    const fs::path folder = KDEPS_PLUGIN_FOLDER;
    expect_clients(folder / "libkdeps-driver-postgres.so", "libpq.");
    expect_clients(folder / "libkdeps-driver-mysql.so", "libmariadb.");
    expect_clients(folder / "libkdeps-driver-sqlite.so", "libsqlite3.");
    expect_clients(folder / "libkdeps-sql.so", "");
    expect_clients(folder / "libkdeps-response.so", "");
}

TEST(Binary, PluginsShowTheirEntryOnly) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(KDEPS_PLUGIN_FOLDER)) {
        if (entry.path().extension() != ".so") continue;
        ++count;
        std::istringstream lines(run({"nm", "-D", "--defined-only", entry.path().string()}).out);
        std::vector<std::string> names;
        for (std::string line; std::getline(lines, line);) names.push_back(line.substr(line.rfind(' ') + 1));
        EXPECT_EQ(names, std::vector<std::string>{"kdeps_plugin_entry_v1"}) << entry.path();
    }
    EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace kdeps::testing
