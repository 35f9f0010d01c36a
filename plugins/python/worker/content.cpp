// SPDX-License-Identifier: Apache-2.0
#include "content.hpp"

#include <algorithm>

namespace kdeps::python {

Content::Content(std::shared_ptr<const SharedTable> shared, std::optional<std::uint32_t> id, std::uint64_t of_call)
    : table(std::move(shared)), lent(id), call(of_call) {
    const ArrowSchema& schema = table->schema();
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        PyObject* name = to_python(schema.children[i]->name).release().ptr();
        PyUnicode_InternInPlace(&name);
        columns.append(py::handle(name));
        places[py::handle(name)] = py::int_(i);
        Py_DECREF(name);
    }
    std::int64_t rows = 0;
    for (std::size_t b = 0; b < table->batch_count(); ++b) {
        std::vector<CellReader> readers;
        for (std::int64_t i = 0; i < schema.n_children; ++i)
            readers.emplace_back(*schema.children[i], *table->batch(b).children[i]);
        batches.push_back(std::move(readers));
        first_rows.push_back(rows);
        rows += table->batch(b).length;
    }
}

RowPlace Content::locate(std::int64_t row) const {
    if (first_rows.size() == 1) return {0, row};
    const auto after = std::upper_bound(first_rows.begin(), first_rows.end(), row);
    const auto batch = static_cast<std::size_t>(after - first_rows.begin()) - 1;
    return {batch, row - first_rows[batch]};
}

Py_ssize_t Content::place(PyObject* name) const {
    PyObject** items = PySequence_Fast_ITEMS(columns.ptr());
    constexpr Py_ssize_t kLooked = 16;
    const Py_ssize_t count = std::min(PyList_GET_SIZE(columns.ptr()), kLooked);
    // Names in a script are interned, and so are ours: nearly always the same object.
    for (Py_ssize_t i = 0; i < count; ++i) {
        if (items[i] == name) return i;
    }
    PyObject* found = PyDict_GetItemWithError(places.ptr(), name);
    return found == nullptr ? -1 : PyLong_AsSsize_t(found);
}

PyTypeObject* make_type(py::module_& module, const char* name, std::size_t size, unsigned flags,
                        std::vector<PyType_Slot> slots) {
    slots.push_back({0, nullptr});
    PyType_Spec spec{name, static_cast<int>(size), 0,
                     flags | static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION),
                     slots.data()};
    const py::object type = owned(PyType_FromSpec(&spec));
    module.add_object(std::string_view(name).substr(std::string_view(name).rfind('.') + 1).data(), type);
    return reinterpret_cast<PyTypeObject*>(type.inc_ref().ptr());
}

}  // namespace kdeps::python
