// SPDX-License-Identifier: Apache-2.0
// A load of GET requests over connections that are kept open.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kdeps::bench {

struct Load {
    double requests_per_second = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    std::uint64_t failures = 0;  // answers other than 200
};

// `connections` clients at once, each on a connection and a thread of its own, for `time`.  Throws std::runtime_error.
Load run_load(std::uint16_t port, const std::string& path, int connections, std::chrono::milliseconds time);

// The body of one answer.
std::string fetch(std::uint16_t port, const std::string& path);

}  // namespace kdeps::bench
