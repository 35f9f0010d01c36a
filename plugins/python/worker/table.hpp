// SPDX-License-Identifier: Apache-2.0
// kdeps.Table, Row and Column: a result set as a sequence of row mappings, read from shared memory when asked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "../arrow_wire.hpp"
#include "python.hpp"

namespace kdeps::python {

// Adds the types to a module.
void add_table_types(py::module_& module);

// `id` is the plugin's number of a table that it has lent to this call.
py::object make_table(std::shared_ptr<const SharedTable> table, std::optional<std::uint32_t> id);

bool is_table(PyObject* object);
bool is_row(PyObject* object);
bool is_column(PyObject* object);

// The number of a table that came whole from the plugin in call `call`; nothing for slices.
std::optional<std::uint32_t> lent_id(PyObject* table);
columns::Stream open_table(PyObject* table);

// Row as (name, cell) pairs, in column order.
py::list row_items(PyObject* row);

// Tables made before lose their numbers: they belong to a call that has ended.
void forget_lent_tables();

}  // namespace kdeps::python
