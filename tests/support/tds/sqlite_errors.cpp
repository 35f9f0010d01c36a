// SPDX-License-Identifier: Apache-2.0
// SQLite's errors in the words and numbers of SQL Server.
#include <array>
#include <charconv>

#include "tests/support/tds/sqlite.hpp"

namespace kdeps::testing::tds {

namespace {

constexpr char kPacked = '\x1F';

// The rest of `text` after `start`, or nothing.
bool after(const std::string& text, std::string_view start, std::string& rest) {
    if (!text.starts_with(start)) return false;
    rest = text.substr(start.size());
    return true;
}

std::string quoted_part(const std::string& text) {
    const std::size_t open = text.find('"');
    const std::size_t close = text.rfind('"');
    return open == close ? "" : text.substr(open + 1, close - open - 1);
}

SqlError unpack(std::string_view text) {
    std::array<int, 3> numbers{};
    text.remove_prefix(1);
    for (int& number : numbers) {
        const std::size_t end = text.find(kPacked);
        std::from_chars(text.data(), text.data() + end, number);
        text.remove_prefix(end + 1);
    }
    return {numbers[0], std::string(text), numbers[1], numbers[2]};
}

// The name of the unique index that was created as such on the table with exactly these columns; "" if a constraint
// made it.
std::string created_index(sqlite3* handle, const std::string& table, const std::string& columns) {
    const Value name =
        run_sqlite(handle,
                   "SELECT l.name FROM pragma_index_list(?1) AS l WHERE l.\"unique\" AND l.origin = 'c' AND "
                   "(SELECT group_concat(?1 || '.' || i.name, ', ') FROM pragma_index_info(l.name) AS i) = ?2",
                   {table, columns});
    const auto* text = std::get_if<std::string>(&name);
    return text == nullptr ? "" : *text;
}

SqlError unique_violation(sqlite3* handle, int code, const std::string& columns) {
    // "t.a, t.b"
    const std::string table = columns.substr(0, columns.find('.'));
    const std::string index = created_index(handle, table, columns);
    if (!index.empty()) {
        return {2601,
                "Cannot insert duplicate key row in object 'dbo." + table + "' with unique index '" + index +
                    "'. The duplicate key value is (...).",
                14};
    }
    const bool is_primary = code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID;
    return {2627,
            std::string("Violation of ") + (is_primary ? "PRIMARY KEY constraint 'PK_" : "UNIQUE KEY constraint 'UQ_") +
                table + "'. Cannot insert duplicate key in object 'dbo." + table +
                "'. The duplicate key value is (...).",
            14};
}

SqlError constraint(sqlite3* handle, int code, const std::string& text, const std::string& database) {
    std::string rest;
    if (after(text, "UNIQUE constraint failed: ", rest)) return unique_violation(handle, code, rest);
    if (after(text, "NOT NULL constraint failed: ", rest)) {
        const std::size_t dot = rest.find('.');
        return {515,
                "Cannot insert the value NULL into column '" + rest.substr(dot + 1) + "', table '" + database +
                    ".dbo." + rest.substr(0, dot) + "'; column does not allow nulls. The statement fails.",
                16, 2};
    }
    const bool is_check = after(text, "CHECK constraint failed: ", rest);
    return {547,
            "The statement conflicted with the " +
                (is_check ? "CHECK constraint \"" + rest + "\"" : std::string("FOREIGN KEY constraint")) +
                ". The conflict occurred in database \"" + database + "\".",
            16, 0};
}

}  // namespace

std::string pack(const SqlError& error) {
    std::string out(1, kPacked);
    for (const int number : {error.number, error.severity, error.state}) {
        out += std::to_string(number);
        out += kPacked;
    }
    return out + error.message;
}

SqlError last_error(sqlite3* handle, const std::string& database) {
    const int code = sqlite3_extended_errcode(handle);
    const std::string text = sqlite3_errmsg(handle);
    if (text.starts_with(kPacked)) return unpack(text);
    if ((code & 0xFF) == SQLITE_CONSTRAINT) return constraint(handle, code, text, database);
    if ((code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED) {
        // A writer whose snapshot is old, or two that wait for each other.
        return {
            1205,
            "Transaction (Process ID 1) was deadlocked on lock resources with another process and has been chosen as "
            "the deadlock victim. Rerun the transaction.",
            13, 51};
    }
    std::string rest;
    if (after(text, "no such table: ", rest))
        return {208, "Invalid object name '" + rest.substr(rest.find('.') + 1) + "'."};
    if (after(text, "no such column: ", rest))
        return {207, "Invalid column name '" + rest.substr(rest.rfind('.') + 1) + "'."};
    if (after(text, "ambiguous column name: ", rest)) return {209, "Ambiguous column name '" + rest + "'."};
    if (after(text, "no such function: ", rest))
        return {195, "'" + rest + "' is not a recognized built-in function name.", 15, 10};
    if (text.find(" has no column named ") != std::string::npos) {
        return {207, "Invalid column name '" + text.substr(text.rfind(' ') + 1) + "'."};
    }
    if (text.ends_with(" already exists")) {
        std::string name = text.substr(text.find(' ') + 1);
        name.resize(name.size() - std::string_view(" already exists").size());
        std::erase(name, '"');
        return {2714, "There is already an object named '" + name + "' in the database.", 16, 6};
    }
    if (text.starts_with("near ")) return {102, "Incorrect syntax near '" + quoted_part(text) + "'.", 15};
    if (text == "incomplete input") return {102, "Incorrect syntax near the end of the statement.", 15};
    if (text.find("values for") != std::string::npos || text.find("values were supplied") != std::string::npos) {
        return {213, "Column name or number of supplied values does not match table definition."};
    }
    return {50000, "The engine of this test server failed: " + text};
}

}  // namespace kdeps::testing::tds
