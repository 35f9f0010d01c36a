// SPDX-License-Identifier: Apache-2.0
// What the tables of a database were declared with; kept in the database file beside them.
#pragma once

#include <sqlite3.h>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/tds/types.hpp"

namespace kdeps::testing::tds {

struct DeclaredColumn {
    std::string name;
    Type type;
    bool is_nullable = true;
    bool is_identity = false;
};

// Of one connection, whose handle it borrows.
class Catalog {
public:
    explicit Catalog(sqlite3* handle);

    // In declared order; empty for what is no table.
    std::vector<DeclaredColumn> columns(const std::string& table) const;
    std::optional<DeclaredColumn> column(const std::string& table, const std::string& name) const;
    void add(const std::string& table, const std::vector<DeclaredColumn>& columns) const;
    void remove(const std::string& table) const;

private:
    sqlite3* handle_;
};

}  // namespace kdeps::testing::tds
