// SPDX-License-Identifier: Apache-2.0
// Each choice of packages in a root of its own: what is installed runs, what is not is named with its package.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "tests/packaging/clean_root.hpp"
#include "tests/packaging/packages.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

const HostPackages& host_packages() {
    static const HostPackages packages;
    return packages;
}

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

// A root with the packages that a test starts from.
class Combination : public ::testing::Test {
protected:
    void install(const std::string& package) { root_.install(Packages::built().file(package)); }

    // One query on a connection, in /w of the root.
    void write_query(const std::string& url, const std::string& query = "SELECT 1 AS one") {
        fs::create_directories(root_.path() / "w");
        std::ofstream(root_.path() / "w/workflow.yaml")
            << "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: w, version: \"1.0.0\", targetActionId: q}\n"
               "settings:\n  sqlConnections:\n    db: {connection: \"" +
                   url +
                   "\"}\n---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: q, name: Q}\n"
                   "run:\n  sql: {connectionName: db, query: \"" +
                   query + "\"}\n";
    }

    Result run_workflow() { return root_.run({"kdeps", "run", "/w", "--once"}); }

    void expect_answer(const std::string& answer) {
        const Result result = run_workflow();
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(result.out, answer);
    }

    // At load: nothing ran, and the text says what to install.
    void expect_wants(const std::string& package) {
        const Result result = run_workflow();
        EXPECT_EQ(result.exit_code, 2);
        EXPECT_EQ(result.out, "");
        EXPECT_THAT(result.err, HasSubstr("install the package " + package + ", or set KDEPS_PLUGIN_PATH"));
    }

    // The example's own arguments and answer.
    Result run_example(const std::string& name) {
        fs::copy(fs::path(KDEPS_EXAMPLES) / name, root_.path() / name, fs::copy_options::recursive);
        std::vector<std::string> argv = {"kdeps", "run", "/" + name, "--once"};
        std::ifstream arguments(root_.path() / name / "args");
        for (std::string line; std::getline(arguments, line);) argv.push_back(line);
        return root_.run(argv);
    }

    CleanRoot root_{host_packages()};
};

TEST_F(Combination, TheHostAloneAnswers) {
    install("kdeps");
    const Result result = run_example("hello");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, text_of(fs::path(KDEPS_EXAMPLES) / "hello/expected.json"));
    const Result list = root_.run({"kdeps", "plugins", "list"});
    EXPECT_THAT(list.out, HasSubstr("kdeps.executor.sql"));
    EXPECT_THAT(list.out, HasSubstr("kdeps.executor.response"));
    EXPECT_THAT(list.out, Not(HasSubstr("kdeps.driver.")));
    write_query("sqlite:///w/data.db");
    expect_wants("kdeps-driver-sqlite");
}

TEST_F(Combination, SqliteThenMysql) {
    MariaDbServer server;
    server.create_database("shop");
    server.execute("shop", "CREATE TABLE items (name VARCHAR(20)); INSERT INTO items VALUES ('lamp')");
    install("kdeps");
    install("kdeps-driver-sqlite");
    write_query("sqlite:///w/data.db");
    expect_answer("[{\"one\":1}]\n");

    write_query(server.url("shop"), "SELECT name FROM items");
    expect_wants("kdeps-driver-mysql");
    install("kdeps-driver-mysql");
    expect_answer("[{\"name\":\"lamp\"}]\n");
}

TEST_F(Combination, Postgres) {
    PostgresServer server;
    server.create_database("shop");
    install("kdeps");
    write_query(server.url("shop"), "SELECT 'lamp' AS name");
    expect_wants("kdeps-driver-postgres");
    install("kdeps-driver-postgres");
    expect_answer("[{\"name\":\"lamp\"}]\n");
}

TEST_F(Combination, SqlServer) {
    TdsServer server;
    server.create_database("shop");
    server.execute("shop", "CREATE TABLE items (name TEXT); INSERT INTO items VALUES ('lamp')");
    install("kdeps");
    write_query(server.url("shop"), "SELECT name FROM items");
    expect_wants("kdeps-driver-sqlserver");
    install("kdeps-driver-sqlserver");
    expect_answer("[{\"name\":\"lamp\"}]\n");
}

TEST_F(Combination, Python) {
    install("kdeps");
    const Result without = run_example("python");
    EXPECT_EQ(without.exit_code, 2);
    EXPECT_THAT(without.err, HasSubstr("install the package kdeps-executor-python, or set KDEPS_PLUGIN_PATH"));
    install("kdeps-executor-python");
    install("kdeps-driver-sqlite");
    fs::remove_all(root_.path() / "python");
    const Result result = run_example("python");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, text_of(fs::path(KDEPS_EXAMPLES) / "python/expected.json"));
}

TEST_F(Combination, ADriverWithoutAHostIsRefused) {
    const fs::path deb = Packages::built().file("kdeps-driver-sqlite");
    root_.fetch_dependencies(deb);
    const Result result = root_.dpkg_install(deb);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr("kdeps-driver-sqlite depends on kdeps-abi-1 (>= 1."));
}

TEST_F(Combination, TheSdkNeedsNoHost) {
    install("kdeps-sdk-dev");
    EXPECT_TRUE(fs::exists(root_.path() / "usr/include/kdeps/cpp/executor.hpp"));
    EXPECT_TRUE(fs::exists(root_.path() / "usr/share/cmake/kdeps-sdk/kdeps-sdkConfig.cmake"));
}

TEST_F(Combination, PurgeLeavesNothing) {
    install("kdeps");
    install("kdeps-driver-sqlite");
    const Result result = root_.dpkg({"--purge", "kdeps", "kdeps-driver-sqlite"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    for (const auto& entry : fs::recursive_directory_iterator(root_.path())) {
        if (entry.path().string().find("/dpkg/") != std::string::npos) continue;
        EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("kdeps"))) << entry.path();
    }
}

}  // namespace
}  // namespace kdeps::testing
