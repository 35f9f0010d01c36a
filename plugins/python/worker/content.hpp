// SPDX-License-Identifier: Apache-2.0
// What the Python objects of one result set share, and how their types are made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../arrow_wire.hpp"
#include "cell.hpp"
#include "python.hpp"

namespace kdeps::python {

// A row by its batch.
struct RowPlace {
    std::size_t batch = 0;
    std::int64_t row = 0;
};

// Used with the interpreter's lock held.
struct Content {
    Content(std::shared_ptr<const SharedTable> shared, std::optional<std::uint32_t> id, std::uint64_t call);

    RowPlace locate(std::int64_t row) const;
    // A new reference; nullptr with a Python error set.
    PyObject* cell(RowPlace place, Py_ssize_t column) const {
        return batches[place.batch][static_cast<std::size_t>(column)].cell(place.row);
    }
    // The column of a name; -1 with a Python error set, or without one if there is none.
    Py_ssize_t place(PyObject* name) const;

    std::shared_ptr<const SharedTable> table;
    std::vector<std::vector<CellReader>> batches;
    std::vector<std::int64_t> first_rows;  // of the batches
    py::list columns;                      // names, interned
    py::dict places;                       // name to index
    std::optional<std::uint32_t> lent;     // the plugin's number of the table, during one call
    std::uint64_t call = 0;
    Py_ssize_t references = 0;
};

// Shared as Python shares its objects: the interpreter's lock guards the count, so that it need not be atomic.
class ContentPtr {
public:
    ContentPtr() = default;
    explicit ContentPtr(Content* made) : content_(made) { ++content_->references; }
    ContentPtr(const ContentPtr& other) : content_(other.content_) {
        if (content_ != nullptr) ++content_->references;
    }
    ContentPtr(ContentPtr&& other) noexcept : content_(std::exchange(other.content_, nullptr)) {}
    ContentPtr& operator=(ContentPtr other) noexcept {
        std::swap(content_, other.content_);
        return *this;
    }
    ~ContentPtr() {
        if (content_ != nullptr && --content_->references == 0) delete content_;
    }
    const Content* operator->() const { return content_; }
    const Content& operator*() const { return *content_; }

private:
    Content* content_ = nullptr;
};

template <typename Object>
Object* allocate(PyTypeObject* type, const ContentPtr& content) {
    auto* made = reinterpret_cast<Object*>(PyType_GenericAlloc(type, 0));
    if (made != nullptr) new (&made->content) ContentPtr(content);
    return made;
}

template <typename Object>
void destroy(PyObject* self) {
    reinterpret_cast<Object*>(self)->content.~ContentPtr();
    PyTypeObject* type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

template <typename Function>
void* slot(Function* function) {
    return reinterpret_cast<void*>(function);
}

// Adds a type to the module; its name is "kdeps.<Name>".
PyTypeObject* make_type(py::module_& module, const char* name, std::size_t size, unsigned flags,
                        std::vector<PyType_Slot> slots);

// Rows.
void add_row_type(py::module_& module);
PyObject* new_row(const ContentPtr& content, std::int64_t row);
// An iterator over rows [first, end).
PyObject* new_row_iterator(const ContentPtr& content, std::int64_t first, std::int64_t end);
bool is_row(PyObject* object);

// Columns.
void add_column_type(py::module_& module);
PyObject* new_column(const ContentPtr& content, Py_ssize_t column, std::int64_t first, std::int64_t count);
bool is_column(PyObject* object);

}  // namespace kdeps::python
