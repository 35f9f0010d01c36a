// SPDX-License-Identifier: Apache-2.0
// A plain INSERT of many sets as statements with many rows, for servers without the bulk protocol.
#pragma once

#include <kdeps/cpp/columns.hpp>
#include <kdeps/cpp/sets.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mysql_client.hpp"
#include "mysql_parameters.hpp"

namespace kdeps::mysql {

// INSERT INTO t (c, …) VALUES (?, …) with so many rows.
std::string with_rows(std::string_view plain_insert, std::size_t rows);

// Gathers sets and executes them with as few statements as it can.  Each statement has as many rows as one before it,
// where that is possible: the server prepares few texts.
class ManyRows {
public:
    // single: the same statement with one row, prepared.
    ManyRows(MYSQL* client, MYSQL_STMT* single, std::string_view sql, const Places& places, std::size_t sets,
             std::size_t most_bytes);

    // False if this set, or one before it, must be sent in another way, or failed.  Throws Error for a value that
    // cannot be bound.
    bool append(const std::vector<columns::ColumnReader>& readers, std::int64_t row);
    // The statement that failed; null if none did.
    MYSQL_STMT* failed() const { return failed_; }

private:
    bool flush();
    bool execute(std::size_t first, std::size_t rows);
    MYSQL_STMT* statement(std::size_t rows);

    MYSQL* client_;
    MYSQL_STMT* single_;
    std::string_view sql_;
    const Places& places_;
    std::size_t width_;
    std::size_t left_;  // sets that are still to come
    std::size_t most_bytes_;
    std::size_t most_rows_;
    Parameters values_;
    std::vector<kdeps_cell> cells_;
    std::vector<std::string> scratch_;
    std::map<std::size_t, ClientStatement> statements_;  // by their rows
    std::size_t rows_ = 0;
    MYSQL_STMT* failed_ = nullptr;
};

}  // namespace kdeps::mysql
