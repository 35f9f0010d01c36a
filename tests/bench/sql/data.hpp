// SPDX-License-Identifier: Apache-2.0
// What the benchmark reads and writes: the same for every database and every way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/value/value.hpp"

namespace kdeps::bench {

inline constexpr int kRows = 100'000;  // of the table that is read, and inserts
inline constexpr int kUpdates = 10'000;

struct Update {
    std::int32_t id;
    std::int64_t amount;
};

struct Item {
    std::int32_t id;
    std::string name;
    double price;
    std::string at;          // 2024-01-01 00:00:00
    std::int64_t at_micros;  // the same, since 1970
};

std::vector<Update> updates();
std::vector<Item> items();

// The same as a request's body: {"sets": [[…], …]}, in the order amount, id and id, name, price, at.
value::Value body_of(const std::vector<Update>& updates);
value::Value body_of(const std::vector<Item>& items);

}  // namespace kdeps::bench
