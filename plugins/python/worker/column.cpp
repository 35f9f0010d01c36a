// SPDX-License-Identifier: Apache-2.0
// kdeps.Column: the cells of one column as a sequence, made when asked; columns of numbers without NULL lend their
// memory, batch by batch.
#include "content.hpp"

#include <algorithm>

#include "table.hpp"

namespace kdeps::python {

namespace {

struct ColumnObject {
    PyObject_HEAD ContentPtr content;
    Py_ssize_t column;
    std::int64_t first;
    std::int64_t count;
};

struct CellIterator {
    PyObject_HEAD ContentPtr content;
    Py_ssize_t column;
    RowPlace next;
    std::int64_t left;
};

// Memory that lasts as long as somebody looks at it.
struct ChunkObject {
    PyObject_HEAD ContentPtr content;
    const void* data;
    Py_ssize_t size;
};

PyTypeObject* column_type = nullptr;
PyTypeObject* chunk_type = nullptr;
PyTypeObject* cell_iterator_type = nullptr;

ColumnObject& as_column(PyObject* self) { return *reinterpret_cast<ColumnObject*>(self); }
CellIterator& as_iterator(PyObject* self) { return *reinterpret_cast<CellIterator*>(self); }

Py_ssize_t column_length(PyObject* self) { return as_column(self).count; }

PyObject* column_item(PyObject* self, Py_ssize_t i) {
    const ColumnObject& column = as_column(self);
    if (i < 0 || i >= column.count) {
        PyErr_Format(PyExc_IndexError, "row %zd: the table has %lld rows", i, static_cast<long long>(column.count));
        return nullptr;
    }
    return column.content->cell(column.content->locate(column.first + i), column.column);
}

PyObject* column_subscript(PyObject* self, PyObject* key) {
    const ColumnObject& column = as_column(self);
    if (PySlice_Check(key)) {
        Py_ssize_t start = 0;
        Py_ssize_t stop = 0;
        Py_ssize_t step = 0;
        if (PySlice_Unpack(key, &start, &stop, &step) != 0) return nullptr;
        const Py_ssize_t count = PySlice_AdjustIndices(column.count, &start, &stop, step);
        if (step == 1) return new_column(column.content, column.column, column.first + start, count);
        PyObject* out = PyList_New(count);
        for (Py_ssize_t i = 0; out != nullptr && i < count; ++i) {
            PyObject* cell = column_item(self, start + i * step);
            if (cell == nullptr) {
                Py_CLEAR(out);
            } else {
                PyList_SET_ITEM(out, i, cell);
            }
        }
        return out;
    }
    const Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (i == -1 && PyErr_Occurred() != nullptr) return nullptr;
    return column_item(self, i < 0 ? i + column.count : i);
}

PyObject* column_iterate(PyObject* self) {
    const ColumnObject& column = as_column(self);
    auto* made = allocate<CellIterator>(cell_iterator_type, column.content);
    if (made == nullptr) return nullptr;
    made->column = column.column;
    made->next = column.count > 0 ? column.content->locate(column.first) : RowPlace();
    made->left = column.count;
    return reinterpret_cast<PyObject*>(made);
}

PyObject* next_cell(PyObject* self) {
    CellIterator& iterator = as_iterator(self);
    if (iterator.left == 0) return nullptr;
    while (iterator.next.row == iterator.content->table->batch(iterator.next.batch).length)
        iterator.next = {iterator.next.batch + 1, 0};
    --iterator.left;
    const RowPlace place = iterator.next;
    ++iterator.next.row;
    return iterator.content->cell(place, iterator.column);
}

PyObject* cells_left(PyObject* self, PyObject*) { return PyLong_FromLongLong(as_iterator(self).left); }

PyObject* column_repr(PyObject* self) {
    PyObject* list = PySequence_List(self);
    PyObject* out = list == nullptr ? nullptr : PyObject_Repr(list);
    Py_XDECREF(list);
    return out;
}

PyObject* column_compare(PyObject* self, PyObject* other, int operation) {
    if ((operation != Py_EQ && operation != Py_NE) || (!is_column(other) && !PyList_Check(other)))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject* mine = PySequence_List(self);
    PyObject* theirs = mine == nullptr ? nullptr : PySequence_List(other);
    PyObject* out = theirs == nullptr ? nullptr : PyObject_RichCompare(mine, theirs, operation);
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return out;
}

int chunk_buffer(PyObject* self, Py_buffer* view, int flags) {
    const auto& chunk = *reinterpret_cast<ChunkObject*>(self);
    return PyBuffer_FillInfo(view, self, const_cast<void*>(chunk.data), chunk.size, 1, flags);
}

// For Column.__array__ of prelude: the letter of numpy for the numbers and the memory of each batch; None if the cells
// are not numbers alone.
PyObject* column_chunks(PyObject* self, PyObject*) {
    const ColumnObject& column = as_column(self);
    py::list chunks;
    const char* letter = nullptr;
    RowPlace at = column.count > 0 ? column.content->locate(column.first) : RowPlace();
    for (std::int64_t left = column.count; left > 0; at = {at.batch + 1, 0}) {
        const CellReader& cells = column.content->batches[at.batch][static_cast<std::size_t>(column.column)];
        const std::int64_t count = std::min(left, column.content->table->batch(at.batch).length - at.row);
        left -= count;
        if (count == 0) continue;
        const CellReader::Numbers numbers = cells.numbers(at.row);
        if (numbers.letter == nullptr) Py_RETURN_NONE;
        letter = numbers.letter;
        auto* chunk = allocate<ChunkObject>(chunk_type, column.content);
        if (chunk == nullptr) return nullptr;
        chunk->data = numbers.data;
        chunk->size = count * numbers.width;
        chunks.append(py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(chunk)));
    }
    if (letter == nullptr) Py_RETURN_NONE;
    return Py_BuildValue("sO", letter, chunks.ptr());
}

PyMethodDef column_methods[] = {{"_chunks", column_chunks, METH_NOARGS, nullptr}, {}};
PyMethodDef iterator_methods[] = {{"__length_hint__", cells_left, METH_NOARGS, nullptr}, {}};

}  // namespace

void add_column_type(py::module_& module) {
    column_type = make_type(module, "kdeps.Column", sizeof(ColumnObject), Py_TPFLAGS_SEQUENCE,
                            {{Py_tp_dealloc, slot(destroy<ColumnObject>)},
                             {Py_tp_methods, column_methods},
                             {Py_mp_subscript, slot(column_subscript)},
                             {Py_mp_length, slot(column_length)},
                             {Py_sq_length, slot(column_length)},
                             {Py_sq_item, slot(column_item)},
                             {Py_tp_iter, slot(column_iterate)},
                             {Py_tp_repr, slot(column_repr)},
                             {Py_tp_richcompare, slot(column_compare)},
                             {Py_tp_hash, slot(PyObject_HashNotImplemented)}});
    cell_iterator_type = make_type(module, "kdeps.CellIterator", sizeof(CellIterator), 0,
                                   {{Py_tp_dealloc, slot(destroy<CellIterator>)},
                                    {Py_tp_methods, iterator_methods},
                                    {Py_tp_iter, slot(PyObject_SelfIter)},
                                    {Py_tp_iternext, slot(next_cell)}});
    chunk_type = make_type(module, "kdeps.Chunk", sizeof(ChunkObject), 0,
                           {{Py_tp_dealloc, slot(destroy<ChunkObject>)}, {Py_bf_getbuffer, slot(chunk_buffer)}});
}

PyObject* new_column(const ContentPtr& content, Py_ssize_t column, std::int64_t first, std::int64_t count) {
    auto* made = allocate<ColumnObject>(column_type, content);
    if (made == nullptr) return nullptr;
    made->column = column;
    made->first = first;
    made->count = count;
    return reinterpret_cast<PyObject*>(made);
}

bool is_column(PyObject* object) { return column_type != nullptr && Py_IS_TYPE(object, column_type); }

}  // namespace kdeps::python
