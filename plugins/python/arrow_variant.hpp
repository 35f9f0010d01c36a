// SPDX-License-Identifier: Apache-2.0
// Variant columns whose cells have one type, as columns of that type.
#pragma once

#include <kdeps/cpp/columns.hpp>
#include <optional>

#include "arrow_wire.hpp"

namespace kdeps::python {

inline bool is_variant(const ArrowSchema& schema) { return std::string_view(schema.format).starts_with("+ud:"); }

// The only type that the cells of a variant column have beside NULL; nothing if there are several.
std::optional<columns::Type> single_type(const TableParts& parts, std::int64_t column);

// The cells of such a column of a batch: its memory as it is where no NULL is among them.
void take_single(const ArrowSchema& schema, ArrowArray& column, const ArrowArray& batch, columns::Type type,
                 ArrowArray* out);

}  // namespace kdeps::python
