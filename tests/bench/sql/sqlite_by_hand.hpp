// SPDX-License-Identifier: Apache-2.0
// What one would write against SQLite by hand, for speed: one prepared statement in one transaction.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/bench/sql/data.hpp"

struct sqlite3;

namespace kdeps::bench {

class SqliteByHand {
public:
    // Runs `first`, which makes the tables.
    SqliteByHand(const std::filesystem::path& file, const std::vector<std::string>& first);
    ~SqliteByHand();
    SqliteByHand(const SqliteByHand&) = delete;
    SqliteByHand& operator=(const SqliteByHand&) = delete;

    void execute(const std::string& sql);
    // Steps through the table, takes every value and drops it.
    void read();
    std::size_t read_json_agg();
    void update(const std::vector<Update>& updates);
    void update_one_by_one(const std::vector<Update>& updates);  // each a transaction
    void insert(const std::vector<Item>& items);

private:
    sqlite3* connection_ = nullptr;
};

}  // namespace kdeps::bench
