// SPDX-License-Identifier: Apache-2.0
#include "cell.hpp"

#include <datetime.h>

#include <array>

namespace kdeps::python {

using columns::Type;

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int64_t kUnixOrdinal = 719'163;  // date(1970, 1, 1).toordinal()
constexpr std::int64_t kLastOrdinal = 3'652'059;

void import_datetime() {
    if (PyDateTimeAPI == nullptr) PyDateTime_IMPORT;
}

PyObject* iso_text(Type type, std::int64_t value) {
    std::string text;
    type == Type::date ? columns::append_date(value, text)
                       : columns::append_timestamp(value, type == Type::timestamp_utc ? "Z" : "", text);
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

struct Day {
    int year;
    int month;
    int day;
};

// Days since 1970 as a date of the Gregorian calendar (H. Hinnant, chrono-compatible low-level date algorithms).
Day civil(std::int64_t days) {
    days += 719'468;
    const std::int64_t era = columns::detail::floor_div(days, 146'097);
    const std::int64_t of_era = days - era * 146'097;
    const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const std::int64_t month = (5 * of_year + 2) / 153;
    const std::int64_t m = month < 10 ? month + 3 : month - 9;
    return {static_cast<int>(year + era * 400 + (m <= 2 ? 1 : 0)), static_cast<int>(m),
            static_cast<int>(of_year - (153 * month + 2) / 5 + 1)};
}

bool is_representable(std::int64_t days) { return days + kUnixOrdinal >= 1 && days + kUnixOrdinal <= kLastOrdinal; }

// Beyond the years 1 to 9999, which Python's dates end at, and for infinity: the ISO text.
PyObject* make_date(std::int64_t days) {
    if (!is_representable(days)) return iso_text(Type::date, days);
    const Day day = civil(days);
    return PyDate_FromDate(day.year, day.month, day.day);
}

PyObject* make_time(std::int64_t microseconds) {
    const std::int64_t seconds = microseconds / kSecond;
    if (microseconds < 0 || microseconds >= kDay) {
        std::string text;
        columns::append_time(microseconds, text);
        return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
    }
    return PyTime_FromTime(static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
                           static_cast<int>(seconds % 60), static_cast<int>(microseconds % kSecond));
}

PyObject* make_datetime(Type type, std::int64_t microseconds) {
    const std::int64_t days = columns::detail::floor_div(microseconds, kDay);
    if (!is_representable(days)) return iso_text(type, microseconds);
    const Day day = civil(days);
    const std::int64_t in_day = microseconds - days * kDay;
    const std::int64_t seconds = in_day / kSecond;
    PyObject* zone = type == Type::timestamp_utc ? PyDateTime_TimeZone_UTC : Py_None;
    return PyDateTimeAPI->DateTime_FromDateAndTime(
        day.year, day.month, day.day, static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
        static_cast<int>(seconds % 60), static_cast<int>(in_day % kSecond), zone, PyDateTimeAPI->DateTimeType);
}

}  // namespace

CellReader::CellReader(const ArrowSchema& schema, const ArrowArray& array)
    : type_(columns::type_of(schema)), offset_(array.offset) {
    import_datetime();
    if (type_ == Type::variant) {
        ids_ = static_cast<const std::int8_t*>(array.buffers[0]);
        data_ = array.buffers[1];
        for (std::int64_t i = 0; i < schema.n_children; ++i)
            children_.emplace_back(*schema.children[i], *array.children[i]);
        return;
    }
    if (type_ == Type::null) return;
    valid_ = array.null_count == 0 ? nullptr : static_cast<const std::uint8_t*>(array.buffers[0]);
    data_ = array.buffers[1];
    if (array.n_buffers > 2) text_ = static_cast<const char*>(array.buffers[2]);
}

std::string_view CellReader::text(std::int64_t row) const {
    const auto slice = [&](auto from, auto to) {
        return std::string_view(text_ + from, static_cast<std::size_t>(to - from));
    };
    if (type_ == Type::large_text || type_ == Type::large_bytes)
        return slice(at<std::int64_t>(row), at<std::int64_t>(row + 1));
    return slice(at<std::int32_t>(row), at<std::int32_t>(row + 1));
}

CellReader::Numbers CellReader::numbers(std::int64_t row) const {
    if (valid_ != nullptr) return {};
    const auto from = [&](const char* letter, Py_ssize_t width) {
        return Numbers{static_cast<const char*>(data_) + (row + offset_) * width, letter, width};
    };
    switch (type_) {
        case Type::int8: return from("i1", 1);
        case Type::int16: return from("i2", 2);
        case Type::int32: return from("i4", 4);
        case Type::int64: return from("i8", 8);
        case Type::uint8: return from("u1", 1);
        case Type::uint16: return from("u2", 2);
        case Type::uint32: return from("u4", 4);
        case Type::uint64: return from("u8", 8);
        case Type::float32: return from("f4", 4);
        case Type::float64: return from("f8", 8);
        default: return {};
    }
}

PyObject* CellReader::cell(std::int64_t row) const {
    row += offset_;
    if (type_ == Type::variant) return children_[static_cast<std::size_t>(ids_[row])].cell(at<std::int32_t>(row));
    if (type_ == Type::null || (valid_ != nullptr && (valid_[row / 8] >> (row % 8) & 1) == 0)) Py_RETURN_NONE;
    switch (type_) {
        case Type::boolean: return PyBool_FromLong(static_cast<const std::uint8_t*>(data_)[row / 8] >> (row % 8) & 1);
        case Type::int8: return PyLong_FromLong(at<std::int8_t>(row));
        case Type::int16: return PyLong_FromLong(at<std::int16_t>(row));
        case Type::int32: return PyLong_FromLong(at<std::int32_t>(row));
        case Type::int64: return PyLong_FromLongLong(at<std::int64_t>(row));
        case Type::uint8: return PyLong_FromLong(at<std::uint8_t>(row));
        case Type::uint16: return PyLong_FromLong(at<std::uint16_t>(row));
        case Type::uint32: return PyLong_FromUnsignedLong(at<std::uint32_t>(row));
        case Type::uint64: return PyLong_FromUnsignedLongLong(at<std::uint64_t>(row));
        case Type::float32: return PyFloat_FromDouble(static_cast<double>(at<float>(row)));
        case Type::float64: return PyFloat_FromDouble(at<double>(row));
        case Type::text:
        case Type::large_text: {
            const std::string_view t = text(row);
            return PyUnicode_DecodeUTF8(t.data(), static_cast<Py_ssize_t>(t.size()), "surrogateescape");
        }
        case Type::bytes:
        case Type::large_bytes: {
            const std::string_view t = text(row);
            return PyBytes_FromStringAndSize(t.data(), static_cast<Py_ssize_t>(t.size()));
        }
        case Type::json:
        case Type::decimal: {
            const std::string_view t = text(row);
            PyObject* raw = PyUnicode_DecodeUTF8(t.data(), static_cast<Py_ssize_t>(t.size()), "surrogateescape");
            if (raw == nullptr) return nullptr;
            PyObject* made =
                PyObject_CallOneArg((type_ == Type::json ? names().load_json : names().decimal).ptr(), raw);
            Py_DECREF(raw);
            return made;
        }
        case Type::date: return make_date(at<std::int32_t>(row));
        case Type::time: return make_time(at<std::int64_t>(row));
        case Type::timestamp:
        case Type::timestamp_utc: return make_datetime(type_, at<std::int64_t>(row));
        case Type::null:
        case Type::variant: break;
    }
    Py_RETURN_NONE;
}

}  // namespace kdeps::python
