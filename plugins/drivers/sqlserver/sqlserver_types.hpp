// SPDX-License-Identifier: Apache-2.0
// The type table: which column the server's types become, and how a cell is read.
#pragma once

#include <kdeps/cpp/row_builder.hpp>
#include <optional>
#include <vector>

#include "sqlserver_client.hpp"

namespace kdeps::sqlserver {

struct ResultColumn {
    columns::Column column;
    int wire = 0;  // as dbcoltype tells
};

// Of the current result.  Throws Error (UNSUPPORTED) for a type that is not in the table.
std::vector<ResultColumn> result_columns(DBPROCESS* process);

// What a column of this type of sys.types becomes; none for a type that is not in the table.
std::optional<columns::Type> described_type(int system_type_id);

// The cell of the current row, columns counted from 0.  Throws Error (BAD_DATA).
void append_cell(DBPROCESS* process, std::size_t i, const ResultColumn& column, columns::ColumnBuilder& out);

}  // namespace kdeps::sqlserver
