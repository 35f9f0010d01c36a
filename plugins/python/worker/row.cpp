// SPDX-License-Identifier: Apache-2.0
// kdeps.Row: one row as a mapping that reads its cells when asked.
#include "content.hpp"
#include "table.hpp"

namespace kdeps::python {

namespace {

struct RowObject {
    PyObject_HEAD ContentPtr content;
    RowPlace place;
};

struct IteratorObject {
    PyObject_HEAD ContentPtr content;
    RowPlace next;
    std::int64_t left;
    // Given out in turns: the loop variable still holds one while the next is asked for.
    RowObject* rows[2];
    unsigned turn;
};

PyTypeObject* row_type = nullptr;
PyTypeObject* iterator_type = nullptr;

RowObject& as_row(PyObject* self) { return *reinterpret_cast<RowObject*>(self); }
const Content& content_of(PyObject* self) { return *as_row(self).content; }
PyObject* cell_of(PyObject* self, Py_ssize_t column) { return content_of(self).cell(as_row(self).place, column); }

RowObject* make_row(const ContentPtr& content, RowPlace place) {
    auto* made = allocate<RowObject>(row_type, content);
    if (made != nullptr) made->place = place;
    return made;
}

PyObject* row_subscript(PyObject* self, PyObject* key) {
    const Py_ssize_t place = content_of(self).place(key);
    if (place >= 0) return cell_of(self, place);
    if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
    return nullptr;
}

PyObject* row_attribute(PyObject* self, PyObject* name) {
    const Py_ssize_t place = content_of(self).place(name);
    if (place >= 0 && _PyType_Lookup(row_type, name) == nullptr) return cell_of(self, place);
    if (PyErr_Occurred()) return nullptr;
    PyObject* found = PyObject_GenericGetAttr(self, name);
    if (found == nullptr && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_AttributeError, "the row has no column '%U'; its columns are %R", name,
                     content_of(self).columns.ptr());
    }
    return found;
}

Py_ssize_t row_length(PyObject* self) { return PyList_GET_SIZE(content_of(self).columns.ptr()); }

int row_contains(PyObject* self, PyObject* key) {
    const Py_ssize_t place = content_of(self).place(key);
    return place >= 0 ? 1 : PyErr_Occurred() ? -1 : 0;
}

PyObject* row_iterate(PyObject* self) { return PyObject_GetIter(content_of(self).columns.ptr()); }
PyObject* row_keys(PyObject* self, PyObject*) {
    return PyList_GetSlice(content_of(self).columns.ptr(), 0, row_length(self));
}

PyObject* row_values(PyObject* self, PyObject*) {
    const Py_ssize_t count = row_length(self);
    PyObject* out = PyList_New(count);
    for (Py_ssize_t i = 0; out != nullptr && i < count; ++i) {
        PyObject* cell = cell_of(self, i);
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
        PyObject* pair = PyTuple_Pack(2, PyList_GET_ITEM(content_of(self).columns.ptr(), i), PyList_GET_ITEM(out, i));
        if (pair == nullptr || PyList_SetItem(out, i, pair) != 0) Py_CLEAR(out);
    }
    return out;
}

PyObject* row_get(PyObject* self, PyObject* arguments) {
    PyObject* key = nullptr;
    PyObject* otherwise = Py_None;
    if (PyArg_ParseTuple(arguments, "O|O:get", &key, &otherwise) == 0) return nullptr;
    const Py_ssize_t place = content_of(self).place(key);
    if (place >= 0) return cell_of(self, place);
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

PyObject* next_row(PyObject* self) {
    auto& iterator = *reinterpret_cast<IteratorObject*>(self);
    if (iterator.left == 0) return nullptr;
    while (iterator.next.row == iterator.content->table->batch(iterator.next.batch).length)
        iterator.next = {iterator.next.batch + 1, 0};
    RowObject*& row = iterator.rows[iterator.turn ^= 1];
    if (row != nullptr && Py_REFCNT(row) == 1) {
        row->place = iterator.next;  // nobody else has it
    } else {
        Py_XDECREF(row);
        row = make_row(iterator.content, iterator.next);
        if (row == nullptr) return nullptr;
    }
    --iterator.left;
    ++iterator.next.row;
    return Py_NewRef(reinterpret_cast<PyObject*>(row));
}

void destroy_iterator(PyObject* self) {
    for (RowObject* row : reinterpret_cast<IteratorObject*>(self)->rows) Py_XDECREF(row);
    destroy<IteratorObject>(self);
}

PyObject* rows_left(PyObject* self, PyObject*) {
    return PyLong_FromLongLong(reinterpret_cast<IteratorObject*>(self)->left);
}

PyMethodDef row_methods[] = {{"keys", row_keys, METH_NOARGS, "names of the columns"},
                             {"values", row_values, METH_NOARGS, "cells in column order"},
                             {"items", row_pairs, METH_NOARGS, "pairs of name and cell"},
                             {"get", row_get, METH_VARARGS, "a cell, or the default if there is no such column"},
                             {}};

PyMethodDef iterator_methods[] = {{"__length_hint__", rows_left, METH_NOARGS, nullptr}, {}};

}  // namespace

void add_row_type(py::module_& module) {
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
    iterator_type = make_type(module, "kdeps.RowIterator", sizeof(IteratorObject), 0,
                              {{Py_tp_dealloc, slot(destroy_iterator)},
                               {Py_tp_methods, iterator_methods},
                               {Py_tp_iter, slot(PyObject_SelfIter)},
                               {Py_tp_iternext, slot(next_row)}});
}

PyObject* new_row(const ContentPtr& content, std::int64_t row) {
    return reinterpret_cast<PyObject*>(make_row(content, content->locate(row)));
}

PyObject* new_row_iterator(const ContentPtr& content, std::int64_t first, std::int64_t end) {
    auto* made = allocate<IteratorObject>(iterator_type, content);
    if (made == nullptr) return nullptr;
    made->next = first < end ? content->locate(first) : RowPlace();
    made->left = end - first;
    return reinterpret_cast<PyObject*>(made);
}

bool is_row(PyObject* object) { return row_type != nullptr && Py_IS_TYPE(object, row_type); }

py::list row_items(PyObject* row) { return py::reinterpret_steal<py::list>(owned(row_pairs(row, nullptr)).release()); }

}  // namespace kdeps::python
