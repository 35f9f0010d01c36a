// SPDX-License-Identifier: Apache-2.0
// The host is killed (SIGKILL) at any moment while it writes into SQLite: what was answered with success is there, what
// was not is there wholly or not at all, nothing is there twice, and the file is sound.
//
// KDEPS_KILL_RUNS: how many kills (40), KDEPS_KILL_SEED: which (1).
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <random>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

constexpr int kChunk = 10'000;  // sets that are committed together
constexpr int kSets = kChunk + 2'000;

int number_from(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::stoi(text);
}

struct Route {
    std::string name;
    std::string yaml;       // below `sql:`
    std::vector<int> done;  // how many rows may be there; the last is all
};

const std::vector<Route>& routes() {
    static const std::string insert = "query: \"INSERT INTO kept (run, n) VALUES ($1, $2)";
    static const std::vector<Route> all = {
        {"plain", "  " + insert + "\"\n  params: [\"get('run')\", 1]\n", {0, 1}},
        {"returning", "  " + insert + " RETURNING n\"\n  params: [\"get('run')\", 1]\n", {0, 1}},
        {"within",
         "  transaction: {retries: 2}\n  queries:\n    - {" + insert + "\", params: [\"get('run')\", 1]}\n    - {" +
             insert + "\", params: [\"get('run')\", 2]}\n",
         {0, 2}},
        {"batch", "  " + insert + "\"\n  paramsBatch: \"get('sets')\"\n", {0, kChunk, kSets}},
        {"batchwithin",
         "  transaction: true\n  queries:\n    - {" + insert + "\", paramsBatch: \"get('sets')\"}\n",
         {0, kSets}}};
    return all;
}

class Kill : public ::testing::Test {
protected:
    std::filesystem::path file() const { return folder_.path() / "kept.db"; }
    std::string scalar(const std::string& sql) const {
        ProcessOptions options;
        options.input = sql + ";\n";
        std::string out = run({"sqlite3", file().string()}, options).out;
        while (out.ends_with('\n')) out.pop_back();
        return out;
    }
    std::filesystem::path workflow() const {
        std::string resources;
        std::string names;
        std::string places;
        for (const Route& route : routes()) {
            resources += "actionId: " + route.name + "\nvalidations: {routes: [/" + route.name +
                         "]}\nonError: {action: retry, maxRetries: 2, retryDelay: 1ms}\nsql:\n  connectionName: db\n" +
                         route.yaml + "---\n";
            names += (names.empty() ? "" : ", ") + route.name;
            places += (places.empty() ? "{path: /" : ", {path: /") + route.name + "}";
        }
        return write_workflow(folder_, {.target = "answer",
                                        .connections = {{"db", connection("sqlite://" + file().string())}},
                                        .resources = resources + "actionId: answer\nrequires: [" + names +
                                                     "]\napiResponse: {response: \"'done'\"}\n",
                                        .routes = "[" + places + "]"});
    }
    static std::string body(int run) {
        nlohmann::json out{{"run", run}, {"sets", nlohmann::json::array()}};
        for (int i = 0; i < kSets; ++i) out["sets"].push_back({run, i});
        return out.dump();
    }

    const TemporaryFolder folder_;
};

TEST_F(Kill, TheFileHoldsWhatWasAnswered) {
    sqlite_execute(file(), "PRAGMA journal_mode = WAL; CREATE TABLE kept (run int, n int);");
    const auto folder = workflow();
    std::mt19937 random(static_cast<unsigned>(number_from("KDEPS_KILL_SEED", 1)));
    int run_number = 0;
    int interrupted = 0;
    for (int kill = number_from("KDEPS_KILL_RUNS", 40); kill > 0; --kill) {
        KdepsHost host(folder);
        // One after the other until the host is gone.
        std::vector<std::pair<const Route*, int>> asked;
        std::vector<int> statuses;
        const auto order = random();
        auto asking = std::async(std::launch::async, [&] {
            for (int i = 0;; ++i) {
                const Route& route = routes()[(order + static_cast<unsigned>(i)) % routes().size()];
                asked.emplace_back(&route, run_number);
                const auto answer = host.client().Post("/" + route.name, body(run_number), "application/json");
                ++run_number;
                statuses.push_back(answer ? answer->status : 0);
                if (!answer) return;
            }
        });
        // A moment of the work, not a wait for an event.
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
        host.signal(SIGKILL);
        asking.get();
        for (std::size_t i = 0; i < asked.size(); ++i) {
            const auto& [route, number] = asked[i];
            const std::string of_run = " FROM kept WHERE run = " + std::to_string(number);
            const int rows = std::stoi(scalar("SELECT count(*)" + of_run));
            EXPECT_EQ(scalar("SELECT count(*) - count(DISTINCT n)" + of_run), "0") << route->name;
            if (statuses[i] == 200) {
                EXPECT_EQ(rows, route->done.back()) << route->name << " was answered with success";
            } else {
                EXPECT_EQ(statuses[i], 0) << route->name;
                EXPECT_NE(std::find(route->done.begin(), route->done.end(), rows), route->done.end())
                    << route->name << " is there in part: " << rows;
                ++interrupted;
            }
        }
        ASSERT_EQ(scalar("PRAGMA integrity_check"), "ok");
    }
    EXPECT_GT(interrupted, 0);
}

}  // namespace
}  // namespace kdeps::testing
