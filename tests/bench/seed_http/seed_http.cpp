// SPDX-License-Identifier: Apache-2.0
// The complete example of the tutorial over HTTP, against a hand-written server, on the same databases, in the same
// run. Prints requests per second, p50 and p99 at 1, 8 and 16 connections, and the ratios.  Usage: bench_seed_http
// [seconds per measurement]
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "tests/bench/seed_http/baseline_server.hpp"
#include "tests/bench/seed_http/load.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/seed_databases.hpp"
#include "tests/support/seed_tutorial.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace std::chrono_literals;
using kdeps::bench::Load;
using kdeps::testing::Process;

constexpr const char* kPath = "/api/v1/data";
constexpr int kRounds = 5;

std::uint16_t number_after(const std::string& text, const std::string& mark) {
    const std::size_t at = text.rfind(mark);
    if (at == std::string::npos) throw std::runtime_error("no '" + mark + "' in: " + text);
    return static_cast<std::uint16_t>(std::stoi(text.substr(at + mark.size())));
}

// What both servers must agree on.
nlohmann::json data_of(std::uint16_t port) {
    nlohmann::json data = nlohmann::json::parse(kdeps::bench::fetch(port, kPath)).at("data");
    data.erase("timestamp");
    return data;
}

Load median(std::vector<Load> loads) {
    std::sort(loads.begin(), loads.end(),
              [](const Load& a, const Load& b) { return a.requests_per_second < b.requests_per_second; });
    return loads[loads.size() / 2];
}

void print(const char* name, int connections, const Load& load) {
    std::printf("%-12s %2d connections  %9.0f requests/s   p50 %7.3f ms   p99 %7.3f ms%s\n", name, connections,
                load.requests_per_second, load.p50_ms, load.p99_ms, load.failures > 0 ? "   FAILURES" : "");
}

int run(std::chrono::milliseconds time, const char* self) {
    kdeps::testing::PostgresServer postgres;
    kdeps::testing::MariaDbServer mariadb;
    kdeps::testing::seed_analytics(postgres);
    kdeps::testing::seed_inventory(mariadb);
    const kdeps::testing::TemporaryFolder folder;
    folder.write("workflow.yaml", kdeps::testing::blocks_under("Complete Example").at(0));

    Process host({KDEPS_BINARY, "run", folder.path().string(), "--port", "0", "--connection",
                  "analytics=" + postgres.url("analytics"), "--connection", "inventory=" + mariadb.url("inventory")});
    if (!host.wait_for_err("serving", 30s) || !host.wait_for_err("/api/v1/data", 10s))
        throw std::runtime_error("kdeps did not start: " + host.err());
    const std::uint16_t kdeps_port = number_after(host.err(), "http://127.0.0.1:");
    Process baseline({self, "--baseline", std::to_string(postgres.port()), std::to_string(mariadb.port())});
    if (!baseline.wait_for_out("port ", 30s)) throw std::runtime_error("the baseline did not start: " + baseline.err());
    const std::uint16_t baseline_port = number_after(baseline.out(), "port ");

    if (data_of(kdeps_port) != data_of(baseline_port)) {
        throw std::runtime_error("the answers differ:\n" + data_of(kdeps_port).dump() + "\n" +
                                 data_of(baseline_port).dump());
    }
    bool is_met = true;
    for (const int connections : {1, 8, 16}) {
        kdeps::bench::run_load(kdeps_port, kPath, connections, 500ms);
        kdeps::bench::run_load(baseline_port, kPath, connections, 500ms);
        std::vector<Load> ours;
        std::vector<Load> theirs;
        std::vector<double> ratios;
        for (int round = 0; round < kRounds; ++round) {
            ours.push_back(kdeps::bench::run_load(kdeps_port, kPath, connections, time));
            theirs.push_back(kdeps::bench::run_load(baseline_port, kPath, connections, time));
            ratios.push_back(ours.back().requests_per_second / theirs.back().requests_per_second);
        }
        std::sort(ratios.begin(), ratios.end());
        print("kdeps", connections, median(ours));
        print("hand-written", connections, median(theirs));
        const double wanted = connections == 1 ? 1.0 : 0.9;
        is_met = is_met && ratios[kRounds / 2] >= wanted;
        std::printf("ratio at %d: %.2f (of %d rounds %.2f to %.2f; aim %s %.1f)\n\n", connections, ratios[kRounds / 2],
                    kRounds, ratios.front(), ratios.back(), connections == 1 ? "above" : "at least", wanted);
    }
    std::printf("%s\n", is_met ? "aims met" : "aims missed");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 4 && std::strcmp(argv[1], "--baseline") == 0) {
            constexpr int kThreads = 16;
            kdeps::bench::serve_baseline({static_cast<std::uint16_t>(std::stoi(argv[2])),
                                          static_cast<std::uint16_t>(std::stoi(argv[3])), kThreads});
        }
        const double seconds = argc > 1 ? std::stod(argv[1]) : 2;
        return run(std::chrono::milliseconds(static_cast<int>(seconds * 1000)),
                   std::filesystem::canonical("/proc/self/exe").c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_seed_http: %s\n", error.what());
        return 1;
    }
}
