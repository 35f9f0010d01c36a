// SPDX-License-Identifier: Apache-2.0
// Python objects to the bytes of a message and back.
#pragma once

#include <list>

#include "../arrow_wire.hpp"
#include "python.hpp"

namespace kdeps::python {

// What writing leaves behind.
struct Written {
    Packet packet;
    std::list<TableParts> tables;  // whose buffers the packet borrows
    bool has_nan = false;          // a number that JSON does not have became null
};

// Throws py::error_already_set (TypeError, ValueError) for what has no counterpart; std::runtime_error for tables.
void write_value(PyObject* object, Written& out);

py::object read_value(Reader& in, const std::shared_ptr<const Memory>& memory);

// An Arrow stream capsule of columns, each a list of Python objects; prelude makes frames without Arrow from it.
py::capsule build_stream(const py::list& names, const py::list& columns);

}  // namespace kdeps::python
