// SPDX-License-Identifier: Apache-2.0
// A cell into a column whose cells may differ in type.
#pragma once

#include <kdeps/cpp/row_builder.hpp>

namespace kdeps::sql {

inline void write_cell(const kdeps_cell& cell, columns::ColumnBuilder& column) {
    using columns::Type;
    switch (cell.kind) {
        case KDEPS_BOOL: column.boolean(cell.as.i != 0); break;
        case KDEPS_INT: column.integer(cell.as.i); break;
        case KDEPS_DOUBLE: column.number(cell.as.d); break;
        case KDEPS_DECIMAL: column.variant(Type::decimal).text(to_view(cell.as.s)); break;
        case KDEPS_BYTES: column.variant(Type::bytes).text(to_view(cell.as.s)); break;
        case KDEPS_STRING: column.text(to_view(cell.as.s)); break;
        default: column.null(); break;
    }
}

}  // namespace kdeps::sql
