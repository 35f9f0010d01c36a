// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/catalog.hpp"

#include "tests/support/tds/lexer.hpp"
#include "tests/support/tds/sqlite.hpp"

namespace kdeps::testing::tds {

Catalog::Catalog(sqlite3* handle) : handle_(handle) {
    run_sqlite(
        handle_,
        "CREATE TABLE IF NOT EXISTS \"tds$columns\" (tbl TEXT COLLATE NOCASE, ordinal INT, name TEXT, type TEXT, "
        "nullable INT, identity INT, PRIMARY KEY (tbl, ordinal))");
}

std::vector<DeclaredColumn> Catalog::columns(const std::string& table) const {
    std::vector<DeclaredColumn> out;
    const SqliteStatement rows = prepare_sqlite(
        handle_, "SELECT name, type, nullable, identity FROM \"tds$columns\" WHERE tbl = ?1 ORDER BY ordinal");
    bind_value(rows.get(), 1, table);
    while (sqlite3_step(rows.get()) == SQLITE_ROW) {
        out.push_back({std::get<std::string>(column_value(rows.get(), 0)),
                       parse_type(std::get<std::string>(column_value(rows.get(), 1))),
                       sqlite3_column_int(rows.get(), 2) != 0, sqlite3_column_int(rows.get(), 3) != 0});
    }
    return out;
}

std::optional<DeclaredColumn> Catalog::column(const std::string& table, const std::string& name) const {
    for (DeclaredColumn& column : columns(table)) {
        if (lower(column.name) == lower(name)) return std::move(column);
    }
    return std::nullopt;
}

void Catalog::add(const std::string& table, const std::vector<DeclaredColumn>& columns) const {
    std::int64_t ordinal = 0;
    for (const DeclaredColumn& column : columns) {
        run_sqlite(handle_, "INSERT INTO \"tds$columns\" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                   {table, ++ordinal, column.name, type_name(column.type), std::int64_t{column.is_nullable ? 1 : 0},
                    std::int64_t{column.is_identity ? 1 : 0}});
    }
}

void Catalog::remove(const std::string& table) const {
    run_sqlite(handle_, "DELETE FROM \"tds$columns\" WHERE tbl = ?1", {table});
}

}  // namespace kdeps::testing::tds
