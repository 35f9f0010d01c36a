// SPDX-License-Identifier: Apache-2.0
// Python objects in C++: pybind11 for what is called now and then; the C API where a call per cell counts.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <pybind11/embed.h>
#include <pybind11/pybind11.h>

#include <string_view>

namespace kdeps::python {

namespace py = pybind11;

// A new reference, or the Python error as an exception.
inline py::object owned(PyObject* made) {
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(made);
}

inline std::string_view utf8(PyObject* text) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data == nullptr) throw py::error_already_set();
    return {data, static_cast<std::size_t>(size)};
}

inline py::object to_python(std::string_view text) {
    return owned(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape"));
}

// Classes and functions of the standard library that values need; made once.
struct Names {
    py::object decimal;
    py::object date;
    py::object datetime;
    py::object time;
    py::object utc;
    py::object epoch;      // ordinal of 1970-01-01, as an int
    py::object load_json;  // text of a JSON column
    py::object reduce;     // prelude: an object of no known type to one of a known type
};
Names& names();

}  // namespace kdeps::python
