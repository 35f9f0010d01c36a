// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/sqlite.hpp"

#include <stdexcept>

namespace kdeps::testing::tds {

Sqlite open_sqlite(const std::filesystem::path& file) {
    sqlite3* raw = nullptr;
    const int failed =
        sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    Sqlite handle(raw);
    if (failed != SQLITE_OK) {
        throw std::runtime_error("cannot open '" + file.string() + "': " + sqlite3_errmsg(raw));
    }
    sqlite3_extended_result_codes(raw, 1);
    // "name" is a name only: SQLite would take an unknown one for a text.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    register_functions(raw);
    sqlite3_busy_timeout(raw, 5000);
    run_sqlite(raw, "PRAGMA journal_mode = WAL");
    run_sqlite(raw, "PRAGMA synchronous = OFF");
    run_sqlite(raw, "PRAGMA foreign_keys = ON");
    return handle;
}

SqliteStatement prepare_sqlite(sqlite3* handle, const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) {
        throw last_error(handle, "");
    }
    return SqliteStatement(raw);
}

void bind_value(sqlite3_stmt* statement, int index, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        sqlite3_bind_int64(statement, index, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
        sqlite3_bind_double(statement, index, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
        const char* data = blob->bytes.empty() ? "" : blob->bytes.data();  // a null pointer would be NULL
        sqlite3_bind_blob64(statement, index, data, blob->bytes.size(), SQLITE_TRANSIENT);
    } else {
        sqlite3_bind_null(statement, index);
    }
}

Value column_value(sqlite3_stmt* statement, int index) {
    const auto bytes = [&](const void* data) {
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
        return size == 0 ? std::string() : std::string(static_cast<const char*>(data), size);
    };
    switch (sqlite3_column_type(statement, index)) {
        case SQLITE_INTEGER: return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
        case SQLITE_FLOAT: return sqlite3_column_double(statement, index);
        case SQLITE_TEXT: return bytes(sqlite3_column_text(statement, index));
        case SQLITE_BLOB: return Blob{bytes(sqlite3_column_blob(statement, index))};
        default: return Null();
    }
}

Value run_sqlite(sqlite3* handle, const std::string& sql, const std::vector<Value>& parameters) {
    const SqliteStatement statement = prepare_sqlite(handle, sql);
    for (std::size_t i = 0; i < parameters.size(); ++i)
        bind_value(statement.get(), static_cast<int>(i) + 1, parameters[i]);
    Value first;
    bool is_first = true;
    int step = 0;
    while ((step = sqlite3_step(statement.get())) == SQLITE_ROW) {
        if (is_first) first = column_value(statement.get(), 0);
        is_first = false;
    }
    if (step != SQLITE_DONE) throw last_error(handle, "");
    return first;
}

}  // namespace kdeps::testing::tds
