// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sql/measure.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace kdeps::bench {

namespace {

double cpu_ms() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto ms = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

std::vector<Timing> measure(const std::vector<Way>& ways, int rounds) {
    std::vector<std::vector<double>> walls(ways.size());
    std::vector<std::vector<double>> cpus(ways.size());
    for (int round = -1; round < rounds; ++round) {
        for (std::size_t i = 0; i < ways.size(); ++i) {
            if (ways[i].before) ways[i].before();
            const double cpu = cpu_ms();
            const auto start = std::chrono::steady_clock::now();
            ways[i].work();
            const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
            if (round < 0) continue;
            walls[i].push_back(wall.count());
            cpus[i].push_back(cpu_ms() - cpu);
        }
    }
    std::vector<Timing> out;
    for (std::size_t i = 0; i < ways.size(); ++i) out.push_back({median(walls[i]), median(cpus[i])});
    return out;
}

void print(const std::string& title, const std::vector<Way>& ways, const std::vector<Timing>& timings) {
    std::printf("\n%-66s %10s %10s %12s\n", title.c_str(), "wall ms", "CPU ms", "host : this");
    for (std::size_t i = 0; i < ways.size(); ++i) {
        std::printf("  %-64s %10.2f %10.2f", ways[i].name.c_str(), timings[i].wall_ms, timings[i].cpu_ms);
        if (i > 0) std::printf(" %12.2f", timings[0].wall_ms / timings[i].wall_ms);
        std::printf("\n");
    }
    std::fflush(stdout);
}

void print_aim(const std::string& what, double ratio, double limit) {
    std::printf("  aim: %-59s %10.2f  at most %.2f: %s\n", what.c_str(), ratio, limit,
                ratio <= limit ? "met" : "MISSED");
    std::fflush(stdout);
}

}  // namespace kdeps::bench
