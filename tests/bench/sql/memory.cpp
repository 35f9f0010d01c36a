// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sql/memory.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/bench/sql/host.hpp"
#include "tests/bench/sql/postgres_by_hand.hpp"
#include "tests/support/process.hpp"

namespace kdeps::bench {

namespace {

// Not ru_maxrss: that one begins with the peak of the program that started this one.
long peak_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    }
    throw std::runtime_error("/proc/self/status has no VmHWM");
}

}  // namespace

void print_growth(const std::string& way, const std::string& url) {
    Host one(url, "    query: SELECT id, big, name, price, total, at FROM read_rows LIMIT 1\n");
    Host all(url, "    query: SELECT id, big, name, price, total, at FROM read_rows\n");
    PostgresByHand by_hand(url);
    one.run();
    const long before = peak_kib();
    std::size_t size = 0;
    if (way == "host") {
        size = all.run().size();
    } else if (way == "libpq") {
        by_hand.read_binary();
    } else {
        size = by_hand.read_json_agg();
    }
    std::printf("grew %ld body %zu\n", peak_kib() - before, size);
}

double growth_of(const std::string& way, const std::string& url) {
    testing::Process process({std::filesystem::canonical("/proc/self/exe").string(), "--memory", way, url});
    if (process.wait(std::chrono::seconds(60)) != 0) throw std::runtime_error(process.err());
    return std::stod(process.out().substr(5)) / 1024;
}

}  // namespace kdeps::bench
