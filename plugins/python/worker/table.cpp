// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include "content.hpp"

namespace kdeps::python {

namespace {

struct TableObject {
    PyObject_HEAD ContentPtr content;
    std::int64_t first;
    std::int64_t count;
};

PyTypeObject* table_type = nullptr;
std::uint64_t current_call = 0;

TableObject& as_table(PyObject* self) { return *reinterpret_cast<TableObject*>(self); }

PyObject* new_table(const ContentPtr& content, std::int64_t first, std::int64_t count) {
    auto* made = allocate<TableObject>(table_type, content);
    if (made == nullptr) return nullptr;
    made->first = first;
    made->count = count;
    return reinterpret_cast<PyObject*>(made);
}

Py_ssize_t table_length(PyObject* self) { return as_table(self).count; }

PyObject* table_item(PyObject* self, Py_ssize_t i) {
    const TableObject& table = as_table(self);
    if (i < 0 || i >= table.count) {
        PyErr_Format(PyExc_IndexError, "row %zd: the table has %lld rows", i, static_cast<long long>(table.count));
        return nullptr;
    }
    return new_row(table.content, table.first + i);
}

PyObject* table_subscript(PyObject* self, PyObject* key) {
    const TableObject& table = as_table(self);
    if (PySlice_Check(key)) {
        Py_ssize_t start = 0;
        Py_ssize_t stop = 0;
        Py_ssize_t step = 0;
        if (PySlice_Unpack(key, &start, &stop, &step) != 0) return nullptr;
        const Py_ssize_t count = PySlice_AdjustIndices(table.count, &start, &stop, step);
        if (step == 1) return new_table(table.content, table.first + start, count);
        PyObject* out = PyList_New(count);
        for (Py_ssize_t i = 0; out != nullptr && i < count; ++i)
            PyList_SET_ITEM(out, i, new_row(table.content, table.first + start + i * step));
        return out;
    }
    Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (i == -1 && PyErr_Occurred()) return nullptr;
    return table_item(self, i < 0 ? i + table.count : i);
}

PyObject* table_iterate(PyObject* self) {
    const TableObject& table = as_table(self);
    return new_row_iterator(table.content, table.first, table.first + table.count);
}

PyObject* table_columns(PyObject* self, void*) {
    PyObject* columns = as_table(self).content->columns.ptr();
    return PyList_GetSlice(columns, 0, PyList_GET_SIZE(columns));
}

PyObject* table_column(PyObject* self, PyObject* name) {
    const TableObject& table = as_table(self);
    const Py_ssize_t place = table.content->place(name);
    if (place < 0) {
        if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, name);
        return nullptr;
    }
    return new_column(table.content, place, table.first, table.count);
}

PyObject* table_repr(PyObject* self) {
    return PyUnicode_FromFormat("<Table of %lld rows, columns %R>", static_cast<long long>(as_table(self).count),
                                as_table(self).content->columns.ptr());
}

PyObject* table_compare(PyObject* self, PyObject* other, int operation) {
    if ((operation != Py_EQ && operation != Py_NE) || (!is_table(other) && !PyList_Check(other)))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject* mine = PySequence_List(self);
    PyObject* theirs = mine == nullptr ? nullptr : PySequence_List(other);
    PyObject* out = theirs == nullptr ? nullptr : PyObject_RichCompare(mine, theirs, operation);
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return out;
}

template <typename Struct>
void release_capsule(PyObject* capsule) {
    auto* held = static_cast<Struct*>(PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
    if (held != nullptr && held->release != nullptr) held->release(held);
    delete held;
}

// The Arrow PyCapsule interface.  A schema that is asked for may be left unheeded.
PyObject* table_stream(PyObject* self, PyObject*, PyObject*) {
    auto* stream = new ArrowArrayStream{};
    SharedTable::open(as_table(self).content->table, as_table(self).first, as_table(self).count, stream);
    return PyCapsule_New(stream, "arrow_array_stream", release_capsule<ArrowArrayStream>);
}

PyObject* table_schema(PyObject* self, PyObject*) {
    columns::Stream stream = open_table(self);
    auto* schema = new ArrowSchema{};
    stream->get_schema(stream.get(), schema);
    return PyCapsule_New(schema, "arrow_schema", release_capsule<ArrowSchema>);
}

PyMethodDef table_methods[] = {
    {"column", table_column, METH_O, "the cells of one column"},
    {"__arrow_c_stream__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(table_stream)),
     METH_VARARGS | METH_KEYWORDS, "an Arrow stream over the same memory"},
    {"__arrow_c_schema__", table_schema, METH_NOARGS, "the Arrow schema"},
    {}};

PyGetSetDef table_members[] = {{"columns", table_columns, nullptr, "names of the columns", nullptr}, {}};

}  // namespace

void add_table_types(py::module_& module) {
    add_row_type(module);
    add_column_type(module);
    table_type = make_type(module, "kdeps.Table", sizeof(TableObject), Py_TPFLAGS_SEQUENCE | Py_TPFLAGS_BASETYPE,
                           {{Py_tp_dealloc, slot(destroy<TableObject>)},
                            {Py_tp_methods, table_methods},
                            {Py_tp_getset, table_members},
                            {Py_mp_subscript, slot(table_subscript)},
                            {Py_mp_length, slot(table_length)},
                            {Py_sq_length, slot(table_length)},
                            {Py_sq_item, slot(table_item)},
                            {Py_tp_iter, slot(table_iterate)},
                            {Py_tp_repr, slot(table_repr)},
                            {Py_tp_richcompare, slot(table_compare)},
                            {Py_tp_hash, slot(PyObject_HashNotImplemented)}});
}

py::object make_table(std::shared_ptr<const SharedTable> table, std::optional<std::uint32_t> id) {
    const std::int64_t rows = table->row_count();
    return owned(new_table(ContentPtr(new Content(std::move(table), id, current_call)), 0, rows));
}

bool is_table(PyObject* object) { return table_type != nullptr && PyObject_TypeCheck(object, table_type); }

std::optional<std::uint32_t> lent_id(PyObject* table) {
    const TableObject& object = as_table(table);
    const bool is_whole = object.first == 0 && object.count == object.content->table->row_count();
    return is_whole && object.content->call == current_call ? object.content->lent : std::nullopt;
}

columns::Stream open_table(PyObject* table) {
    ArrowArrayStream stream{};
    SharedTable::open(as_table(table).content->table, as_table(table).first, as_table(table).count, &stream);
    return columns::Stream(&stream);
}

void forget_lent_tables() { ++current_call; }

}  // namespace kdeps::python
