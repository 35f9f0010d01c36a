// SPDX-License-Identifier: Apache-2.0
// How long a run on the command line takes from nothing: `kdeps run --once` of one query on SQLite, as it is installed,
// beside sqlite3 with the same query; the two take turns.  Prints the medians, their ratio, and the shared libraries
// that each opened.  Aim: at most 3 times sqlite3, and under 15 ms.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

extern char** environ;

namespace {

using namespace kdeps::testing;

constexpr int kRuns = 200;
constexpr const char* kQuery = "SELECT name, price FROM items ORDER BY price";

struct Times {
    std::vector<double> wall;  // ms
    std::vector<double> cpu;   // ms, user and system
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double milliseconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

// One process with its output thrown away; posix_spawn, so that the size of this program does not count.
void measure(const std::vector<std::string>& argv, Times& times) {
    std::vector<char*> arguments;
    for (const std::string& one : argv) arguments.push_back(const_cast<char*>(one.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const auto begin = std::chrono::steady_clock::now();
    pid_t pid = -1;
    int status = -1;
    rusage usage{};
    if (posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0 ||
        wait4(pid, &status, 0, &usage) != pid || status != 0) {
        throw std::runtime_error(argv[0] + " failed");
    }
    const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - begin;
    posix_spawn_file_actions_destroy(&actions);
    times.wall.push_back(wall.count());
    times.cpu.push_back(milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime));
}

// What the dynamic loader says that it initialises, the program's plugins included.
std::set<std::string> libraries(const std::vector<std::string>& argv) {
    ProcessOptions options;
    options.env = {{"LD_DEBUG", "files"}};
    std::istringstream lines(run(argv, options).err);
    std::set<std::string> out;
    for (std::string line; std::getline(lines, line);) {
        const std::string what = "calling init: ";
        const std::size_t at = line.find(what);
        if (at == std::string::npos) continue;
        const std::string file = line.substr(at + what.size());
        out.insert(file.substr(file.rfind('/') + 1));
    }
    return out;
}

void print(const char* name, const Times& times, const std::set<std::string>& opened) {
    std::printf("%-8s median %.2f ms, fastest %.2f ms, processor %.2f ms, %zu libraries:", name, median(times.wall),
                *std::min_element(times.wall.begin(), times.wall.end()), median(times.cpu), opened.size());
    for (const std::string& library : opened) std::printf(" %s", library.c_str());
    std::printf("\n");
}

}  // namespace

int main() try {
    const TemporaryFolder folder;
    const std::string prefix = (folder.path() / "prefix").string();
    for (const char* component : {"kdeps", "kdeps-driver-sqlite"}) {
        const Result result = run(
            {KDEPS_CMAKE, "--install", KDEPS_BUILD_FOLDER, "--component", component, "--prefix", prefix, "--strip"});
        if (result.exit_code != 0) throw std::runtime_error(result.out + result.err);
    }
    const std::string database = (folder.path() / "shop.db").string();
    const Result filled =
        run({"sqlite3", database,
             "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL); INSERT INTO items (name, price) "
             "VALUES ('lamp', 39.95), ('desk', 249.5), ('chair', 89)"});
    if (filled.exit_code != 0) throw std::runtime_error(filled.err);
    folder.write("workflow.yaml",
                 std::string("apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: w, version: \"1.0.0\", "
                             "targetActionId: q}\nsettings:\n  sqlConnections:\n    db: {connection: "
                             "\"sqlite://./shop.db\"}\n---\napiVersion: kdeps.io/v1\nkind: Resource\n"
                             "metadata: {actionId: q, name: Q}\nrun:\n  sql: {connectionName: db, query: \"") +
                     kQuery + "\"}\n");
    const std::vector<std::string> kdeps = {prefix + "/bin/kdeps", "run", folder.path().string(), "--once"};
    const std::vector<std::string> sqlite = {"sqlite3", "-json", database, kQuery};
    Times kdeps_times;
    Times sqlite_times;
    for (int i = 0; i < kRuns; ++i) {
        measure(kdeps, kdeps_times);
        measure(sqlite, sqlite_times);
    }
    print("kdeps", kdeps_times, libraries(kdeps));
    print("sqlite3", sqlite_times, libraries(sqlite));
    std::printf("ratio    median %.2f, processor %.2f (aim: at most 3)\n",
                median(kdeps_times.wall) / median(sqlite_times.wall),
                median(kdeps_times.cpu) / median(sqlite_times.cpu));
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
