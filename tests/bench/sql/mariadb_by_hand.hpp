// SPDX-License-Identifier: Apache-2.0
// What one would write against MariaDB Connector/C by hand, for speed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/sql/data.hpp"

struct st_mysql;

namespace kdeps::bench {

class MariaDbByHand {
public:
    // Runs `first`, which makes the tables.
    MariaDbByHand(std::uint16_t port, const std::string& database, const std::vector<std::string>& first);
    ~MariaDbByHand();
    MariaDbByHand(const MariaDbByHand&) = delete;
    MariaDbByHand& operator=(const MariaDbByHand&) = delete;

    void execute(const std::string& sql);
    // Reads the table by the binary protocol, row by row, and drops it.
    void read_binary();
    // The rows as one JSON text that MariaDB makes; returns its size.
    std::size_t read_json_agg();
    // Both in one transaction.
    void update_bulk(const std::vector<Update>& updates);
    void update_one_by_one(const std::vector<Update>& updates);
    void insert_bulk(const std::vector<Item>& items);

private:
    st_mysql* connection_;
};

}  // namespace kdeps::bench
