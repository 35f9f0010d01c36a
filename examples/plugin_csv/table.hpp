// SPDX-License-Identifier: Apache-2.0
// A CSV file in memory (RFC 4180): the first line names the columns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kdeps/cpp/driver.hpp>

namespace csv {

// NULL, an integer, a number, a text.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

// The number that a text is, as a whole; else the text.  "007" is a text: as a number it would lose its zeros.
Value value_of(std::string_view text);

struct Table {
    std::vector<std::string> columns;
    // Integers if every cell of the column is one, numbers if every cell is a number, else text; an empty field that is
    // not quoted is NULL in all of them.
    std::vector<kdeps::columns::Type> types;
    std::vector<std::vector<Value>> rows;

    // Throws kdeps::Error, which lists the columns.
    std::size_t column(std::string_view name) const;
};

// At most 64 MiB.  Throws kdeps::Error, which names the file without its folder, and the line.
Table read_table(const kdeps::Call& call, const std::filesystem::path& file);

}  // namespace csv
