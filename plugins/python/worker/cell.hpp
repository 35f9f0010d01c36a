// SPDX-License-Identifier: Apache-2.0
// Cells of Arrow columns as Python objects.
#pragma once

#include <kdeps/cpp/columns.hpp>
#include <memory>
#include <vector>

#include "python.hpp"

namespace kdeps::python {

// One column of one batch.  Borrows both structs.
class CellReader {
public:
    // Throws std::invalid_argument for a type that kdeps does not use.
    CellReader(const ArrowSchema& schema, const ArrowArray& array);

    // A new reference; nullptr with a Python error set.
    PyObject* cell(std::int64_t row) const;
    columns::Type type() const { return type_; }

    // The memory from a row on, if all cells are numbers of one type; else letter is null.
    struct Numbers {
        const void* data = nullptr;
        const char* letter = nullptr;  // of numpy
        Py_ssize_t width = 0;
    };
    Numbers numbers(std::int64_t row) const;

private:
    template <typename T>
    T at(std::int64_t row) const {
        return static_cast<const T*>(data_)[row];
    }
    std::string_view text(std::int64_t row) const;

    columns::Type type_;
    std::int64_t offset_;
    const std::uint8_t* valid_ = nullptr;  // null: no cell is NULL
    const void* data_ = nullptr;
    const char* text_ = nullptr;
    std::vector<CellReader> children_;  // of a variant
    const std::int8_t* ids_ = nullptr;
};

}  // namespace kdeps::python
