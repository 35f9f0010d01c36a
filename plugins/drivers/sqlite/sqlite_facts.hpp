// SPDX-License-Identifier: Apache-2.0
// What SQLite's compiler tells of a statement, through its authorizer: reading SQL for that would be guesswork.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>
#include <vector>

namespace kdeps::sqlite {

// Beyond what sqlite3_stmt_readonly tells: that looks at the pages of the databases alone.
struct Facts {
    std::string insert_table;      // into which it inserts by itself, not by a trigger; empty if it does not
    bool is_reading = true;        // as sqlite3_stmt_readonly says
    bool is_transaction = false;   // BEGIN, COMMIT, ROLLBACK
    bool is_savepoint = false;     // SAVEPOINT, RELEASE, ROLLBACK TO
    bool touches_session = false;  // leaves something in the session: a setting, a database, a temporary object
    bool has_effects = false;      // does something else than reading
    // Columns of tables that it reads, a few hundred at most: "main", "t", "a".
    struct Column {
        std::string database, table, name;
    };
    std::vector<Column> columns;

    // Nothing is changed by it, wherever it runs.
    bool only_reads() const {
        return is_reading && !is_transaction && !is_savepoint && !touches_session && !has_effects;
    }
    // May it run within a transaction that must not write, and must last?
    bool suits_read_only() const { return is_reading && !is_transaction && !touches_session && !has_effects; }
};

// What the authorizer is asked.
struct Action {
    int code;  // SQLITE_PRAGMA, ...
    std::string_view first;
    std::string_view second;
    std::string_view database;
    bool has_second;  // a PRAGMA with a value
    bool is_of_trigger;
};

void note(const Action& action, Facts& facts);

}  // namespace kdeps::sqlite
