// SPDX-License-Identifier: Apache-2.0
// The engine below: a SQLite connection that knows the functions and collations of SQL Server that this server speaks.
#pragma once

#include <sqlite3.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/tds/value.hpp"

namespace kdeps::testing::tds {

struct CloseSqlite {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Sqlite = std::unique_ptr<sqlite3, CloseSqlite>;
using SqliteStatement = std::unique_ptr<sqlite3_stmt, CloseSqlite>;

// Opens the file with everything registered.  Throws std::runtime_error.
Sqlite open_sqlite(const std::filesystem::path& file);
// Functions and collations (functions.cpp).
void register_functions(sqlite3* handle);

// Null if `sql` is blank.  Throws SqlError.
SqliteStatement prepare_sqlite(sqlite3* handle, const std::string& sql);
void bind_value(sqlite3_stmt* statement, int index, const Value& value);
Value column_value(sqlite3_stmt* statement, int index);

// For statements of the server's own: runs to the end, gives the first column of the first row.
Value run_sqlite(sqlite3* handle, const std::string& sql, const std::vector<Value>& parameters = {});

// What went wrong last, as SQL Server says it.
SqlError last_error(sqlite3* handle, const std::string& database);

// An error inside of an SQL function travels through SQLite as a text.
std::string pack(const SqlError& error);

}  // namespace kdeps::testing::tds
