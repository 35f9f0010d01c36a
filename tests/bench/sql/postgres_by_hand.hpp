// SPDX-License-Identifier: Apache-2.0
// What one would write against libpq by hand, for speed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/sql/data.hpp"

struct pg_conn;

namespace kdeps::bench {

class PostgresByHand {
public:
    // Runs `first`, which makes the tables.
    explicit PostgresByHand(const std::string& url, const std::vector<std::string>& first = {});
    ~PostgresByHand();
    PostgresByHand(const PostgresByHand&) = delete;
    PostgresByHand& operator=(const PostgresByHand&) = delete;

    void execute(const std::string& sql);
    // Reads the table in binary format and drops it.
    void read_binary();
    // The rows as one JSON text that PostgreSQL makes; returns its size.
    std::size_t read_json_agg();
    void update_pipelined(const std::vector<Update>& updates);
    // With or without a transaction around all.
    void update_one_by_one(const std::vector<Update>& updates, bool is_one_transaction);
    void insert_copy_binary(const std::vector<Item>& items);
    void insert_copy_text(const std::vector<Item>& items);
    std::string look_up(std::int32_t id);

private:
    // Sends what has gathered for a COPY, and at the end waits for its answer.
    void put(std::string& data, bool is_last);

    pg_conn* connection_;
};

}  // namespace kdeps::bench
