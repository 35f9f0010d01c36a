// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <structmember.h>
#include <algorithm>

#include "cell.hpp"

namespace kdeps::python {

namespace {

// What tables and rows of one result set share.
struct Content {
    std::shared_ptr<const SharedTable> table;
    std::vector<std::vector<CellReader>> batches;
    std::vector<std::int64_t> first_rows;
    py::list columns;  // names, interned
    py::dict places;   // name to index
    std::optional<std::uint32_t> lent;
    std::uint64_t call = 0;

    PyObject* cell(std::int64_t row, Py_ssize_t column) const {
        std::size_t batch = 0;
        if (first_rows.size() > 1) {
            batch = static_cast<std::size_t>(std::upper_bound(first_rows.begin(), first_rows.end(), row) -
                                             first_rows.begin()) -
                    1;
        }
        return batches[batch][static_cast<std::size_t>(column)].cell(row - first_rows[batch]);
    }

    // -1 with a KeyError (or without, if absence is no error).
    Py_ssize_t place(PyObject* name) const {
        PyObject** items = PySequence_Fast_ITEMS(columns.ptr());
        const Py_ssize_t count = std::min<Py_ssize_t>(PyList_GET_SIZE(columns.ptr()), 16);
        // Names in a script are interned, and so are ours: nearly always the same object.
        for (Py_ssize_t i = 0; i < count; ++i) {
            if (items[i] == name) return i;
        }
        PyObject* found = PyDict_GetItemWithError(places.ptr(), name);
        return found == nullptr ? -1 : PyLong_AsSsize_t(found);
    }
};

using ContentPtr = std::shared_ptr<const Content>;

struct TableObject {
    PyObject_HEAD ContentPtr content;
    std::int64_t first;
    std::int64_t count;
};

struct RowObject {
    PyObject_HEAD ContentPtr content;
    std::int64_t row;
};

struct IteratorObject {
    PyObject_HEAD ContentPtr content;
    std::int64_t next;
    std::int64_t end;
};

PyTypeObject* table_type = nullptr;
PyTypeObject* row_type = nullptr;
PyTypeObject* iterator_type = nullptr;
std::uint64_t current_call = 0;

TableObject& as_table(PyObject* self) { return *reinterpret_cast<TableObject*>(self); }
RowObject& as_row(PyObject* self) { return *reinterpret_cast<RowObject*>(self); }

template <typename Object>
Object* allocate(PyTypeObject* type) {
    return reinterpret_cast<Object*>(PyType_GenericAlloc(type, 0));
}

template <typename Object>
void destroy(PyObject* self) {
    reinterpret_cast<Object*>(self)->content.~ContentPtr();
    PyTypeObject* type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* new_row(const ContentPtr& content, std::int64_t row) {
    auto* made = allocate<RowObject>(row_type);
    if (made == nullptr) return nullptr;
    new (&made->content) ContentPtr(content);
    made->row = row;
    return reinterpret_cast<PyObject*>(made);
}

PyObject* new_table(const ContentPtr& content, std::int64_t first, std::int64_t count) {
    auto* made = allocate<TableObject>(table_type);
    if (made == nullptr) return nullptr;
    new (&made->content) ContentPtr(content);
    made->first = first;
    made->count = count;
    return reinterpret_cast<PyObject*>(made);
}

// Rows.

PyObject* row_subscript(PyObject* self, PyObject* key) {
    const Py_ssize_t place = as_row(self).content->place(key);
    if (place >= 0) return as_row(self).content->cell(as_row(self).row, place);
    if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
    return nullptr;
}

PyObject* row_attribute(PyObject* self, PyObject* name) {
    const Py_ssize_t place = as_row(self).content->place(name);
    if (place >= 0 && _PyType_Lookup(row_type, name) == nullptr)
        return as_row(self).content->cell(as_row(self).row, place);
    if (PyErr_Occurred()) return nullptr;
    PyObject* found = PyObject_GenericGetAttr(self, name);
    if (found == nullptr && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_AttributeError, "the row has no column '%U'; its columns are %R", name,
                     as_row(self).content->columns.ptr());
    }
    return found;
}

Py_ssize_t row_length(PyObject* self) { return PyList_GET_SIZE(as_row(self).content->columns.ptr()); }

int row_contains(PyObject* self, PyObject* key) {
    const Py_ssize_t place = as_row(self).content->place(key);
    return place >= 0 ? 1 : PyErr_Occurred() ? -1 : 0;
}

PyObject* row_iterate(PyObject* self) { return PyObject_GetIter(as_row(self).content->columns.ptr()); }
PyObject* row_keys(PyObject* self, PyObject*) {
    return PyList_GetSlice(as_row(self).content->columns.ptr(), 0, row_length(self));
}

PyObject* row_values(PyObject* self, PyObject*) {
    const Py_ssize_t count = row_length(self);
    PyObject* out = PyList_New(count);
    for (Py_ssize_t i = 0; out != nullptr && i < count; ++i) {
        PyObject* cell = as_row(self).content->cell(as_row(self).row, i);
        if (cell == nullptr) {
            Py_CLEAR(out);
        } else {
            PyList_SET_ITEM(out, i, cell);
        }
    }
    return out;
}

PyObject* row_pairs(PyObject* self, PyObject*) {
    PyObject* out = row_values(self, nullptr);
    for (Py_ssize_t i = 0; out != nullptr && i < PyList_GET_SIZE(out); ++i) {
        PyObject* pair =
            PyTuple_Pack(2, PyList_GET_ITEM(as_row(self).content->columns.ptr(), i), PyList_GET_ITEM(out, i));
        if (pair == nullptr || PyList_SetItem(out, i, pair) != 0) Py_CLEAR(out);
    }
    return out;
}

PyObject* row_get(PyObject* self, PyObject* arguments) {
    PyObject* key = nullptr;
    PyObject* otherwise = Py_None;
    if (PyArg_ParseTuple(arguments, "O|O:get", &key, &otherwise) == 0) return nullptr;
    const Py_ssize_t place = as_row(self).content->place(key);
    if (place >= 0) return as_row(self).content->cell(as_row(self).row, place);
    return PyErr_Occurred() ? nullptr : Py_NewRef(otherwise);
}

PyObject* as_dict(PyObject* self) {
    PyObject* pairs = row_pairs(self, nullptr);
    if (pairs == nullptr) return nullptr;
    PyObject* out = PyDict_New();
    if (out != nullptr && PyDict_MergeFromSeq2(out, pairs, 1) != 0) Py_CLEAR(out);
    Py_DECREF(pairs);
    return out;
}

PyObject* row_repr(PyObject* self) {
    PyObject* dict = as_dict(self);
    PyObject* out = dict == nullptr ? nullptr : PyObject_Repr(dict);
    Py_XDECREF(dict);
    return out;
}

PyObject* row_compare(PyObject* self, PyObject* other, int operation) {
    if ((operation != Py_EQ && operation != Py_NE) || (!is_row(other) && !PyDict_Check(other)))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject* mine = as_dict(self);
    PyObject* theirs = mine == nullptr ? nullptr : is_row(other) ? as_dict(other) : Py_NewRef(other);
    PyObject* out = theirs == nullptr ? nullptr : PyObject_RichCompare(mine, theirs, operation);
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return out;
}

// Tables.

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
    auto* made = allocate<IteratorObject>(iterator_type);
    if (made == nullptr) return nullptr;
    new (&made->content) ContentPtr(as_table(self).content);
    made->next = as_table(self).first;
    made->end = made->next + as_table(self).count;
    return reinterpret_cast<PyObject*>(made);
}

PyObject* next_row(PyObject* self) {
    auto& iterator = *reinterpret_cast<IteratorObject*>(self);
    return iterator.next == iterator.end ? nullptr : new_row(iterator.content, iterator.next++);
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
    PyObject* out = PyList_New(table.count);
    for (std::int64_t i = 0; out != nullptr && i < table.count; ++i) {
        PyObject* cell = table.content->cell(table.first + i, place);
        if (cell == nullptr) {
            Py_CLEAR(out);
        } else {
            PyList_SET_ITEM(out, i, cell);
        }
    }
    return out;
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

PyMethodDef row_methods[] = {{"keys", row_keys, METH_NOARGS, "names of the columns"},
                             {"values", row_values, METH_NOARGS, "cells in column order"},
                             {"items", row_pairs, METH_NOARGS, "pairs of name and cell"},
                             {"get", row_get, METH_VARARGS, "a cell, or the default if there is no such column"},
                             {}};

PyMethodDef table_methods[] = {
    {"column", table_column, METH_O, "the cells of one column"},
    {"__arrow_c_stream__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(table_stream)),
     METH_VARARGS | METH_KEYWORDS, "an Arrow stream over the same memory"},
    {"__arrow_c_schema__", table_schema, METH_NOARGS, "the Arrow schema"},
    {}};

PyGetSetDef table_members[] = {{"columns", table_columns, nullptr, "names of the columns", nullptr}, {}};

template <typename Function>
void* slot(Function* function) {
    return reinterpret_cast<void*>(function);
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

}  // namespace

void add_table_types(py::module_& module) {
    row_type = make_type(module, "kdeps.Row", sizeof(RowObject), Py_TPFLAGS_MAPPING,
                         {{Py_tp_dealloc, slot(destroy<RowObject>)},
                          {Py_tp_methods, row_methods},
                          {Py_mp_subscript, slot(row_subscript)},
                          {Py_mp_length, slot(row_length)},
                          {Py_sq_length, slot(row_length)},
                          {Py_sq_contains, slot(row_contains)},
                          {Py_tp_getattro, slot(row_attribute)},
                          {Py_tp_iter, slot(row_iterate)},
                          {Py_tp_repr, slot(row_repr)},
                          {Py_tp_richcompare, slot(row_compare)},
                          {Py_tp_hash, slot(PyObject_HashNotImplemented)}});
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
    iterator_type = make_type(module, "kdeps.RowIterator", sizeof(IteratorObject), 0,
                              {{Py_tp_dealloc, slot(destroy<IteratorObject>)},
                               {Py_tp_iter, slot(PyObject_SelfIter)},
                               {Py_tp_iternext, slot(next_row)}});
}

py::object make_table(std::shared_ptr<const SharedTable> table, std::optional<std::uint32_t> id) {
    auto content = std::make_shared<Content>();
    const ArrowSchema& schema = table->schema();
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        PyObject* name = to_python(schema.children[i]->name).release().ptr();
        PyUnicode_InternInPlace(&name);
        content->columns.append(py::handle(name));
        content->places[py::handle(name)] = py::int_(i);
        Py_DECREF(name);
    }
    std::int64_t rows = 0;
    for (std::size_t b = 0; b < table->batch_count(); ++b) {
        std::vector<CellReader> readers;
        for (std::int64_t i = 0; i < schema.n_children; ++i)
            readers.emplace_back(*schema.children[i], *table->batch(b).children[i]);
        content->batches.push_back(std::move(readers));
        content->first_rows.push_back(rows);
        rows += table->batch(b).length;
    }
    content->lent = id;
    content->call = current_call;
    content->table = std::move(table);
    return owned(new_table(content, 0, rows));
}

bool is_table(PyObject* object) { return table_type != nullptr && PyObject_TypeCheck(object, table_type); }
bool is_row(PyObject* object) { return row_type != nullptr && Py_IS_TYPE(object, row_type); }

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

py::list row_items(PyObject* row) { return py::reinterpret_steal<py::list>(owned(row_pairs(row, nullptr)).release()); }

void forget_lent_tables() { ++current_call; }

}  // namespace kdeps::python
