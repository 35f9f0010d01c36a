// SPDX-License-Identifier: Apache-2.0
// Arrow as other libraries make it, in the types that kdeps uses.
#pragma once

#include "arrow_wire.hpp"

namespace kdeps::python {

// Columns of types that kdeps uses stay as they are; dictionaries, views, other units, decimals and nested types are
// converted (nested ones to JSON); a variant column whose cells have one type becomes a column of that type, as other
// libraries know no unions.  Throws std::runtime_error that names a column whose type has no counterpart.
TableParts to_plain(TableParts parts);

}  // namespace kdeps::python
