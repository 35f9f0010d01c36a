// SPDX-License-Identifier: Apache-2.0
// What somebody would write by hand for the complete example: cpp-httplib, libpq and MariaDB Connector/C, prepared
// statements, one query after the other, connections of each thread's own.
#pragma once

#include <cstdint>

namespace kdeps::bench {

struct BaselineOptions {
    std::uint16_t postgres_port;
    std::uint16_t mariadb_port;
    int threads;
};

// Prints "port N" and serves until the process is killed.
[[noreturn]] void serve_baseline(const BaselineOptions& options);

}  // namespace kdeps::bench
