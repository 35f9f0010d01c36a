// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins test`: what is shipped passes, and every crime of misbehaving.cpp is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include <kdeps/executor.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/tds/server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Result test(const fs::path& library, const std::string& quirks, const std::vector<std::string>& more = {}) {
    std::vector<std::string> argv = {KDEPS_BINARY, "plugins", "test", library.string()};
    if (!quirks.empty()) argv.insert(argv.end(), {"--quirks", (fs::path(KDEPS_QUIRKS) / (quirks + ".yaml")).string()});
    argv.insert(argv.end(), more.begin(), more.end());
    return run(argv);
}

// A library of this build by the end of its name.
fs::path shipped(const std::string& name) {
    std::istringstream list(KDEPS_PLUGIN_LIBRARIES);
    for (std::string one; std::getline(list, one, ':');) {
        if (fs::path(one).filename() == "libkdeps-" + name + ".so") return one;
    }
    return {};
}

void passes(const fs::path& library, const std::string& quirks, const std::vector<std::string>& more = {}) {
    const Result result = test(library, quirks, more);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST(ConformanceKit, ThePluginInCPasses) { passes(fs::path(KDEPS_TODAYS_PLUGINS) / "libkdeps-slug.so", "slug"); }
TEST(ConformanceKit, ResponsePasses) { passes(shipped("response"), "response"); }
TEST(ConformanceKit, SqlPasses) { passes(shipped("sql"), "sql"); }
TEST(ConformanceKit, SqlitePassesInMemory) { passes(shipped("driver-sqlite"), "sqlite"); }

TEST(ConformanceKit, SqlitePassesOnAFile) {
    const TemporaryFolder folder;
    passes(shipped("driver-sqlite"), "sqlite", {"--url", "sqlite://" + (folder.path() / "a.db").string()});
}

TEST(ConformanceKit, PostgresPasses) {
    PostgresServer server;
    server.create_database("kit");
    passes(shipped("driver-postgres"), "postgres", {"--url", server.url("kit")});
}

TEST(ConformanceKit, MysqlPasses) {
    // The client library reads the system's certificates for each connection with TLS (46 ms), and the kit opens
    // hundreds.
    setenv("SSL_CERT_FILE", "/dev/null", 0);
    MariaDbServer server;
    server.create_database("kit");
    passes(shipped("driver-mysql"), "mysql", {"--url", server.url("kit")});
}

TEST(ConformanceKit, SqlServerPasses) {
    TdsServer server;
    server.create_database("kit");
    passes(shipped("driver-sqlserver"), "", {"--url", server.url("kit")});
}

// A plugin that is shipped and not named above has nobody who watches it.
TEST(ConformanceKit, EveryShippedPluginKeepsItsLifecycle) {
    std::istringstream list(KDEPS_PLUGIN_LIBRARIES);
    for (std::string one; std::getline(list, one, ':');) passes(one, "");
}

struct Crime {
    std::string name;
    std::string told;  // in the report
};

class Misbehaving : public ::testing::TestWithParam<Crime> {};

TEST_P(Misbehaving, IsToldByName) {
    const auto& [name, told] = GetParam();
    const fs::path library = fs::path(KDEPS_MISBEHAVING) / ("libkdeps-" + name + ".so");
    const Result result = test(library, "misbehaving", {"--url", name + "://here"});
    EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr("FAILED  " + told)) << result.err;
}

std::string name_of(const ::testing::TestParamInfo<Crime>& crime) { return crime.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Load, Misbehaving,
    ::testing::Values(Crime{"needs_a_later_major", "lifecycle: init: plugin library"},
                      Crime{"needs_a_later_host", "lifecycle: init: plugin library"},
                      Crime{"short_descriptor", "lifecycle: init: plugin library"},
                      Crime{"another_id", "lifecycle: init: plugin library"},
                      Crime{"fails_silently_at_init",
                            "lifecycle: init: plugin 'com.example.fails_silently_at_init' cannot start: plugin "
                            "'com.example.fails_silently_at_init' failed with "
                            "UNAVAILABLE and gave no reason"},
                      Crime{"lies_about_its_size",
                            "lifecycle: interface kdeps.executor/1: struct_size is 4000, in this minor it is " +
                                std::to_string(sizeof(kdeps_executor))},
                      Crime{"short_table",
                            "lifecycle: interface kdeps.executor/1: struct_size is 48, in this minor it is " +
                                std::to_string(sizeof(kdeps_executor))},
                      Crime{"misses_a_slot",
                            "lifecycle: interface kdeps.executor/1: plugin 'com.example.misses_a_slot': its table for "
                            "kdeps.executor/1 lacks the required slot 'run'"},
                      Crime{"unlisted_interface",
                            "lifecycle: unknown interfaces: provides kdeps.health/1, which its manifest does not list"},
                      Crime{"leaves_a_thread", "lifecycle: shutdown: leaves threads running"},
                      Crime{"exports_more", "lifecycle: exports: exports more than the entry symbol: helper"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Executor, Misbehaving,
    ::testing::Values(
        Crime{"accepts_everything", "executor: compile refuses what is wrong: accepted a configuration that is wrong"},
        Crime{"fails_silently", "executor: run fails in good form: failed with BAD_DATA and did not say why"},
        Crime{"unknown_status", "executor: run fails in good form: returned the unknown status 99"},
        Crime{"writes_out_on_failure", "executor: run fails in good form: wrote *out although it failed"},
        Crime{"writes_no_value", "executor: run: returned OK and wrote no value to *out"},
        Crime{"foreign_value", "executor: run: returned a value that does not belong to its call"},
        Crime{"ignores_cancel", "executor: stopping: cancel: goes on 2.0 s after it was told to stop"},
        Crime{"crashes", "executor: run: the process died: Aborted"},
        Crime{"ends_the_process", "executor: run: the plugin ended the process with exit code 0"},
        Crime{"throws", "executor: an exception crossed the ABI: nobody catches this"},
        Crime{"not_thread_safe", "executor: threads: one step on many threads: ends differently than alone: is busy"},
        Crime{"leaks_memory", "executor: leaks: run leaves nothing behind: leaks memory"},
        Crime{"leaks_a_file", "executor: leaks: run leaves nothing behind: leaves files or sockets open"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Driver, Misbehaving,
    ::testing::Values(
        Crime{"leaks_a_stream", "driver: batch: leaks the stream of parameters"},
        Crime{"stream_fails_silently", "driver: rows: a result stream failed and did not tell host->fail why"},
        Crime{"foreign_format", "driver: rows: "},
        Crime{"shows_the_password", "driver: URLs: open fails in good form: shows the password"},
        Crime{"close_leaks_a_file", "driver: leaks: close leaves nothing behind: leaves files or sockets open"},
        Crime{"accepts_nonsense", "driver: a wrong statement: was accepted"},
        Crime{"describes_nothing", "driver: describe: describe returned OK and gave no columns"}),
    name_of);

TEST(ConformanceKit, TheReportIsAlsoJson) {
    const Result result = test(shipped("driver-sqlite"), "sqlite", {"--json"});
    const auto report = nlohmann::json::parse(result.out);
    EXPECT_EQ(report["failed"], 0);
    EXPECT_GT(report["passed"], 20);
    EXPECT_EQ(report["types"][3]["received"], "[{\"v\":-9223372036854775808}]");
}

TEST(ConformanceKit, ALibraryWithoutManifestIsWrongUse) {
    const TemporaryFolder folder;
    fs::copy(shipped("response"), folder.path() / "libkdeps-response.so");
    const Result result = test(folder.path() / "libkdeps-response.so", "");
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("no manifest beside"));
}

}  // namespace
}  // namespace kdeps::testing
