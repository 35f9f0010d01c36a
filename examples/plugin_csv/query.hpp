// SPDX-License-Identifier: Apache-2.0
// The statements that the driver knows: README.md has their grammar.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "table.hpp"

namespace csv {

// A literal, or the place of a parameter.
struct Operand {
    Value literal;
    std::optional<std::size_t> parameter;
};

enum class Comparison { equal, unequal, less, less_or_equal, greater, greater_or_equal, is_null, is_not_null };

struct Condition {
    std::string column;
    Comparison comparison = Comparison::equal;
    Operand operand;
};

struct Order {
    std::string column;
    bool is_descending = false;
};

struct Query {
    std::string table;  // empty: SELECT value AS name
    Operand value;
    std::vector<std::string> columns;  // empty = all; the name of the value
    std::vector<Condition> conditions;
    std::vector<Order> order;
    std::optional<Operand> limit;
    std::size_t parameters = 0;
};

// Throws kdeps::Error with SQLSTATE 42601, which names what was expected and no part of the statement but its last
// word.
Query parse(std::string_view sql);

}  // namespace csv
