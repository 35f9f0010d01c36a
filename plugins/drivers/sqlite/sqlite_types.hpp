// SPDX-License-Identifier: Apache-2.0
// The type table: what a column's declaration adds to the type of each stored value, and how parameters are bound.
#pragma once

#include <sqlite3.h>

#include <kdeps/types.h>
#include <kdeps/cpp/row_builder.hpp>
#include <optional>

namespace kdeps::sqlite {

// Declarations that change what a value means; all others leave it as it is stored.
enum class Declared { other, boolean, json };

// nullptr (an expression) is other.
Declared declared_of(const char* type);

// The types that the cells of a column may have.
std::vector<columns::Type> variants_of(Declared declared);

// Adds the value of column i of the current row to a variant column.  False: it is infinite.
bool read_value(sqlite3_stmt* row, int i, Declared declared, columns::ColumnBuilder& out);

// Binds parameter `position`, counted from 1.  SQLITE_TRANSIENT: the statement keeps no pointer into the cell;
// SQLITE_STATIC: its text lives until the statement is bound anew.  Returns SQLite's code.
int bind_value(sqlite3_stmt* statement, int position, const kdeps_cell& cell, sqlite3_destructor_type lifetime);

// The affinity INTEGER, REAL or NUMERIC?  No declaration has none.
bool has_numeric_affinity(const char* declaration);

// What SQLite's numeric affinity makes of a text; nothing if it stays one.
std::optional<kdeps_cell> number_of_text(std::string_view text);

// What a column of this declaration holds unless somebody stored something else (null: no telling), by the rules of
// affinity (sqlite.org/datatype3.html, 3.1).
columns::Type expected_type(const char* declaration);

}  // namespace kdeps::sqlite
