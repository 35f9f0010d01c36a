// SPDX-License-Identifier: Apache-2.0
#include "convert.hpp"

#include <datetime.h>
#include <cmath>
#include <kdeps/cpp/row_builder.hpp>

#include "../arrow_plain.hpp"
#include "table.hpp"

namespace kdeps::python {

using columns::Type;

namespace {

constexpr int kDeepest = 500;

void write(PyObject* object, Written& out, int depth);

[[noreturn]] void fail(PyObject* type, const std::string& message) {
    PyErr_SetString(type, message.c_str());
    throw py::error_already_set();
}

std::string type_name(PyObject* object) { return Py_TYPE(object)->tp_name; }

// Decimal, or an integer beyond 64 bits: its digits.  False for NaN and infinity.
bool digits_of(PyObject* number, std::string& out) {
    const py::object text = owned(PyObject_Str(number));
    out = utf8(text.ptr());
    return out.find_first_of("Nn") == std::string::npos;
}

void write_key(PyObject* key, Writer& body) {
    if (PyUnicode_Check(key)) {
        body.text(utf8(key));
    } else if (key == Py_None) {
        body.text("null");
    } else if (PyBool_Check(key)) {
        body.text(key == Py_True ? "true" : "false");
    } else if (PyLong_Check(key) || PyFloat_Check(key)) {
        const py::object text = owned(PyObject_Str(key));
        body.text(utf8(text.ptr()));
    } else {
        const py::object reduced = names().reduce(py::handle(key));
        if (!PyUnicode_Check(reduced.ptr()))
            fail(PyExc_TypeError, "the key of a dict is of type " + type_name(key) + "; keys must be texts");
        body.text(utf8(reduced.ptr()));
    }
}

void write_dict(PyObject* dict, Written& out, int depth) {
    // A copy, so that nothing that a conversion calls can change what is walked.
    const py::object copy = owned(PyDict_Copy(dict));
    out.packet.body.tag(Tag::map);
    out.packet.body.put(static_cast<std::uint64_t>(PyDict_Size(copy.ptr())));
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(copy.ptr(), &at, &key, &value) != 0) {
        write_key(key, out.packet.body);
        write(value, out, depth + 1);
    }
}

void write_sequence(PyObject* object, Written& out, int depth) {
    const py::object fast = owned(PySequence_List(object));
    const Py_ssize_t count = PyList_GET_SIZE(fast.ptr());
    out.packet.body.tag(Tag::list);
    out.packet.body.put(static_cast<std::uint64_t>(count));
    for (Py_ssize_t i = 0; i < count; ++i) write(PyList_GET_ITEM(fast.ptr(), i), out, depth + 1);
}

void write_stream(columns::Stream stream, Written& out) {
    TableParts& parts = out.tables.emplace_back(to_plain(read_parts(stream)));
    out.packet.body.tag(Tag::table);
    out.packet.body.put<std::uint32_t>(0);
    write_table(parts, out.packet);
}

void write_capsule(const py::object& capsule, Written& out) {
    auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
    if (stream == nullptr) throw py::error_already_set();
    write_stream(columns::Stream(stream), out);
}

bool has_stream(PyObject* object) {
    static PyObject* const name = PyUnicode_InternFromString("__arrow_c_stream__");
    return _PyType_Lookup(Py_TYPE(object), name) != nullptr;
}

void write(PyObject* object, Written& out, int depth) {
    Writer& body = out.packet.body;
    if (depth > kDeepest) fail(PyExc_ValueError, "the value is nested more than 500 levels deep, or contains itself");
    if (object == Py_None) {
        body.tag(Tag::null);
    } else if (PyBool_Check(object)) {
        body.tag(object == Py_True ? Tag::yes : Tag::no);
    } else if (PyLong_Check(object)) {
        int overflow = 0;
        const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (value == -1 && overflow == 0 && PyErr_Occurred()) throw py::error_already_set();
        if (overflow == 0) {
            body.tag(Tag::integer);
            body.put<std::int64_t>(value);
        } else {
            body.tag(Tag::decimal);
            const py::object text = owned(PyObject_Str(object));
            body.text(utf8(text.ptr()));
        }
    } else if (PyFloat_Check(object)) {
        const double value = PyFloat_AS_DOUBLE(object);
        if (std::isfinite(value)) {
            body.tag(Tag::number);
            body.put(value);
        } else {
            out.has_nan = true;
            body.tag(Tag::null);
        }
    } else if (PyUnicode_Check(object)) {
        body.tag(Tag::text);
        body.text(utf8(object));
    } else if (PyDict_Check(object)) {
        write_dict(object, out, depth);
    } else if (PyList_Check(object) || PyTuple_Check(object) || PyAnySet_Check(object) || is_column(object)) {
        write_sequence(object, out, depth);
    } else if (is_table(object)) {
        if (const auto id = lent_id(object)) {
            body.tag(Tag::lent_table);
            body.put(*id);
        } else {
            write_stream(open_table(object), out);
        }
    } else if (is_row(object)) {
        const py::list items = row_items(object);
        body.tag(Tag::map);
        body.put(static_cast<std::uint64_t>(items.size()));
        for (const py::handle item : items) {
            write_key(PyTuple_GET_ITEM(item.ptr(), 0), body);
            write(PyTuple_GET_ITEM(item.ptr(), 1), out, depth + 1);
        }
    } else if (PyBytes_Check(object)) {
        body.tag(Tag::bytes);
        body.text({PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))});
    } else if (PyByteArray_Check(object)) {
        body.tag(Tag::bytes);
        body.text({PyByteArray_AS_STRING(object), static_cast<std::size_t>(PyByteArray_GET_SIZE(object))});
    } else if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(names().decimal.ptr()))) {
        std::string digits;
        if (digits_of(object, digits)) {
            body.tag(Tag::decimal);
            body.text(digits);
        } else {
            out.has_nan = true;
            body.tag(Tag::null);
        }
    } else if (has_stream(object)) {
        write_capsule(py::handle(object).attr("__arrow_c_stream__")(), out);
    } else {
        const py::object reduced = names().reduce(py::handle(object));
        write(reduced.ptr(), out, depth + 1);
    }
}

py::object number_of(std::string_view digits) {
    if (digits.find_first_of(".eE") != std::string_view::npos) return names().decimal(to_python(digits));
    return owned(PyLong_FromUnicodeObject(to_python(digits).ptr(), 10));
}

// Days before year 1 do not occur: Python's dates begin there.
std::int64_t days_of(PyObject* date) {
    std::int64_t year = PyDateTime_GET_YEAR(date);
    const std::int64_t month = PyDateTime_GET_MONTH(date);
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = year / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + PyDateTime_GET_DAY(date) - 1;
    return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::int64_t microseconds_of(PyObject* moment) {
    const std::int64_t seconds = PyDateTime_DATE_GET_HOUR(moment) * 3600 + PyDateTime_DATE_GET_MINUTE(moment) * 60 +
                                 PyDateTime_DATE_GET_SECOND(moment);
    return (days_of(moment) * 86'400 + seconds) * 1'000'000 + PyDateTime_DATE_GET_MICROSECOND(moment);
}

// One cell of a column whose type shows only at its end.
void add_cell(columns::ColumnBuilder& column, PyObject* object) {
    if (object == Py_None || (PyFloat_Check(object) && !std::isfinite(PyFloat_AS_DOUBLE(object)))) {
        column.null();
    } else if (PyBool_Check(object)) {
        column.boolean(object == Py_True);
    } else if (PyLong_Check(object)) {
        int overflow = 0;
        const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (overflow == 0) {
            column.integer(value);
        } else {
            std::string digits;
            digits_of(object, digits);
            column.variant(Type::decimal).text(digits);
        }
    } else if (PyFloat_Check(object)) {
        column.number(PyFloat_AS_DOUBLE(object));
    } else if (PyUnicode_Check(object)) {
        column.text(utf8(object));
    } else if (PyBytes_Check(object)) {
        column.variant(Type::bytes)
            .text({PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))});
    } else if (PyDateTime_Check(object)) {
        const py::object zone = py::handle(object).attr("tzinfo");
        const py::object in_utc = zone.is_none() ? py::reinterpret_borrow<py::object>(object)
                                                 : py::handle(object).attr("astimezone")(names().utc);
        column.variant(zone.is_none() ? Type::timestamp : Type::timestamp_utc).integer(microseconds_of(in_utc.ptr()));
    } else if (PyDate_Check(object)) {
        column.variant(Type::date).integer(days_of(object));
    } else if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(names().decimal.ptr()))) {
        std::string digits;
        digits_of(object, digits) ? column.variant(Type::decimal).text(digits) : column.null();
    } else {
        const py::object json = py::module_::import("kdeps").attr("to_json")(py::handle(object));
        column.variant(Type::json).text(utf8(json.ptr()));
    }
}

}  // namespace

void write_value(PyObject* object, Written& out) { write(object, out, 0); }

py::object read_value(Reader& in, const std::shared_ptr<const Memory>& memory) {
    switch (in.take<Tag>()) {
        case Tag::null: return py::none();
        case Tag::no: return py::bool_(false);
        case Tag::yes: return py::bool_(true);
        case Tag::integer: return py::int_(in.take<std::int64_t>());
        case Tag::number: return py::float_(in.take<double>());
        case Tag::decimal: return number_of(in.text());
        case Tag::text: return to_python(in.text());
        case Tag::bytes: {
            const std::string_view bytes = in.text();
            return py::bytes(bytes.data(), bytes.size());
        }
        case Tag::list: {
            py::list out;
            for (std::size_t left = in.count(); left > 0; --left) out.append(read_value(in, memory));
            return out;
        }
        case Tag::map: {
            py::dict out;
            for (std::size_t left = in.count(); left > 0; --left) {
                const py::object key = to_python(in.text());
                out[key] = read_value(in, memory);
            }
            return out;
        }
        case Tag::table: {
            const auto id = in.take<std::uint32_t>();
            return make_table(SharedTable::read(in, memory), id);
        }
        case Tag::lent_table: break;
    }
    throw std::runtime_error("a value in a message has no type");
}

py::capsule build_stream(const py::list& names_of_columns, const py::list& columns_given) {
    if (PyDateTimeAPI == nullptr) PyDateTime_IMPORT;
    std::vector<columns::ColumnBuilder> builders;
    std::size_t length = 0;
    for (const py::handle given : columns_given) {
        columns::ColumnBuilder& builder = builders.emplace_back(Type::variant);
        const py::object cells = owned(PySequence_Fast(given.ptr(), "a column must be a sequence"));
        length = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(cells.ptr()));
        for (std::size_t i = 0; i < length; ++i)
            add_cell(builder, PySequence_Fast_GET_ITEM(cells.ptr(), static_cast<Py_ssize_t>(i)));
        if (builder.uniform_type() != Type::variant) builder.collapse();
    }
    struct Rows {
        std::vector<columns::ColumnBuilder> builders;
        std::vector<std::string> names;
        std::int64_t length;
        bool is_given = false;
    };
    auto* held = new Rows{std::move(builders), {}, static_cast<std::int64_t>(length)};
    for (const py::handle name : names_of_columns)
        held->names.emplace_back(utf8(owned(PyObject_Str(name.ptr())).ptr()));
    auto* stream = new ArrowArrayStream{};
    stream->private_data = held;
    stream->get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
        auto& all = *static_cast<Rows*>(self->private_data);
        auto owned_schema = std::make_unique<columns::detail::OwnedSchema>();
        owned_schema->format = "+s";
        owned_schema->children.resize(all.builders.size());
        for (std::size_t i = 0; i < all.builders.size(); ++i)
            all.builders[i].schema(all.names[i], &owned_schema->children[i]);
        columns::detail::give_schema(std::move(owned_schema), out);
        return 0;
    };
    stream->get_next = [](ArrowArrayStream* self, ArrowArray* out) {
        auto& all = *static_cast<Rows*>(self->private_data);
        *out = {};
        if (all.is_given) return 0;
        all.is_given = true;
        struct Batch {
            std::vector<ArrowArray> arrays;
            std::vector<ArrowArray*> places;
            const void* validity = nullptr;
        };
        auto* batch = new Batch();
        batch->arrays.resize(all.builders.size());
        for (std::size_t i = 0; i < all.builders.size(); ++i) {
            all.builders[i].finish(&batch->arrays[i]);
            batch->places.push_back(&batch->arrays[i]);
        }
        out->length = all.length;
        out->n_buffers = 1;
        out->buffers = &batch->validity;
        out->n_children = static_cast<std::int64_t>(batch->arrays.size());
        out->children = batch->places.data();
        out->private_data = batch;
        out->release = [](ArrowArray* released) {
            auto* ended = static_cast<Batch*>(released->private_data);
            for (ArrowArray& child : ended->arrays) {
                if (child.release != nullptr) child.release(&child);
            }
            delete ended;
            released->release = nullptr;
        };
        return 0;
    };
    stream->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
    stream->release = [](ArrowArrayStream* self) {
        delete static_cast<Rows*>(self->private_data);
        self->release = nullptr;
    };
    return py::capsule(stream, "arrow_array_stream", [](PyObject* capsule) {
        auto* ended = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
        if (ended->release != nullptr) ended->release(ended);
        delete ended;
    });
}

}  // namespace kdeps::python
