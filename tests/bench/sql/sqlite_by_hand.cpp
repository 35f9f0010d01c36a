// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sql/sqlite_by_hand.hpp"

#include <sqlite3.h>

#include <memory>
#include <stdexcept>

namespace kdeps::bench {

namespace {

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Statement prepare(sqlite3* connection, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, nullptr) != SQLITE_OK)
        throw std::runtime_error(sqlite3_errmsg(connection));
    return Statement(statement);
}

void run(sqlite3* connection, sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(connection));
    sqlite3_reset(statement);
}

void run_updates(sqlite3* connection, const std::vector<Update>& updates) {
    const Statement statement = prepare(connection, "UPDATE updated SET amount = ?1 WHERE id = ?2");
    for (const Update& update : updates) {
        sqlite3_bind_int64(statement.get(), 1, update.amount);
        sqlite3_bind_int(statement.get(), 2, update.id);
        run(connection, statement.get());
    }
}

}  // namespace

SqliteByHand::SqliteByHand(const std::filesystem::path& file, const std::vector<std::string>& first) {
    if (sqlite3_open(file.c_str(), &connection_) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(connection_));
    sqlite3_busy_timeout(connection_, 5000);
    execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
    for (const std::string& sql : first) execute(sql);
}

SqliteByHand::~SqliteByHand() { sqlite3_close(connection_); }

void SqliteByHand::execute(const std::string& sql) {
    if (sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw std::runtime_error(sqlite3_errmsg(connection_));
}

void SqliteByHand::read() {
    const Statement statement = prepare(connection_, "SELECT id, big, name, price, total, at FROM read_rows");
    std::size_t taken = 0;
    int rows = 0;
    for (; sqlite3_step(statement.get()) == SQLITE_ROW; ++rows) {
        taken += static_cast<std::size_t>(sqlite3_column_int(statement.get(), 0));
        taken += static_cast<std::size_t>(sqlite3_column_int64(statement.get(), 1));
        taken += sqlite3_column_text(statement.get(), 2) != nullptr ? 1 : 0;
        taken += sqlite3_column_double(statement.get(), 3) > 0 ? 1 : 0;
        taken += sqlite3_column_double(statement.get(), 4) > 0 ? 1 : 0;
        taken += sqlite3_column_text(statement.get(), 5) != nullptr ? 1 : 0;
    }
    if (rows != kRows || taken == 0) throw std::runtime_error("SQLite gave " + std::to_string(rows) + " rows");
}

std::size_t SqliteByHand::read_json_agg() {
    const Statement statement =
        prepare(connection_,
                "SELECT json_group_array(json_object('id', id, 'big', big, 'name', name, 'price', "
                "price, 'total', total, 'at', at)) FROM read_rows");
    if (sqlite3_step(statement.get()) != SQLITE_ROW) throw std::runtime_error(sqlite3_errmsg(connection_));
    return static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0));
}

void SqliteByHand::update(const std::vector<Update>& updates) {
    execute("BEGIN IMMEDIATE");
    run_updates(connection_, updates);
    execute("COMMIT");
}

void SqliteByHand::update_one_by_one(const std::vector<Update>& updates) { run_updates(connection_, updates); }

void SqliteByHand::insert(const std::vector<Item>& items) {
    execute("BEGIN IMMEDIATE");
    const Statement statement =
        prepare(connection_, "INSERT INTO inserted (id, name, price, at) VALUES (?1, ?2, ?3, ?4)");
    for (const Item& item : items) {
        sqlite3_bind_int(statement.get(), 1, item.id);
        sqlite3_bind_text(statement.get(), 2, item.name.data(), static_cast<int>(item.name.size()), SQLITE_STATIC);
        sqlite3_bind_double(statement.get(), 3, item.price);
        sqlite3_bind_text(statement.get(), 4, item.at.data(), static_cast<int>(item.at.size()), SQLITE_STATIC);
        run(connection_, statement.get());
    }
    execute("COMMIT");
}

}  // namespace kdeps::bench
