// SPDX-License-Identifier: Apache-2.0
// What the values of a statement are written to or compared with, as the server does not tell the types of parameters:
// the column that stands beside a placeholder, and its type in the catalog.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mysql_client.hpp"

namespace kdeps::mysql {

enum class Place : std::uint8_t { unknown, text, number, moment, date };

// One thread.
class Places {
public:
    // Reads the statement (`lexis`: KDEPS_LEXIS_* of the session); nothing is asked.
    Places(std::string_view sql, std::uint32_t lexis, std::size_t parameters);

    std::size_t count() const { return places_.size(); }
    // Is there a column beside this placeholder?
    bool has_column(std::size_t i) const { return i < places_.size() && places_[i].has_column(); }
    bool is_known() const { return is_known_; }
    // Asks for the columns of what may be a table in the statement.
    std::string query(MYSQL* client) const;
    // Takes its rows; null if it failed.
    void learn(MYSQL_RES* rows);
    Place of(std::size_t i) const { return i < places_.size() ? places_[i].target : Place::unknown; }

private:
    struct Beside {
        std::string column;                  // in lower case
        std::optional<std::size_t> ordinal;  // of INSERT INTO t VALUES (…), from 0
        Place target = Place::unknown;
        bool has_column() const { return !column.empty() || ordinal; }
    };
    struct Token;
    class Reader;

    std::vector<Beside> places_;
    std::set<std::string> words_;  // as they are written
    std::string insert_schema_, insert_table_;
    bool is_known_ = false;
};

}  // namespace kdeps::mysql
