// SPDX-License-Identifier: Apache-2.0
#include "mysql_types.hpp"

#include <charconv>
#include <chrono>
#include <kdeps/cpp/text.hpp>
#include <optional>

namespace kdeps::mysql {

using columns::ColumnBuilder;
using columns::Type;

namespace {

constexpr unsigned int kBinaryCharset = 63;

Type integer_type(enum_field_types wire, bool is_unsigned) {
    switch (wire) {
        case MYSQL_TYPE_TINY: return is_unsigned ? Type::uint8 : Type::int8;
        case MYSQL_TYPE_SHORT: return is_unsigned ? Type::uint16 : Type::int16;
        case MYSQL_TYPE_LONGLONG: return is_unsigned ? Type::uint64 : Type::int64;
        default: return is_unsigned ? Type::uint32 : Type::int32;
    }
}

Type type_of(const MYSQL_FIELD& field, bool is_json, bool is_utc) {
    switch (field.type) {
        case MYSQL_TYPE_NULL: return Type::null;
        case MYSQL_TYPE_TINY:
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_INT24:
        case MYSQL_TYPE_LONG:
        case MYSQL_TYPE_LONGLONG: return integer_type(field.type, (field.flags & UNSIGNED_FLAG) != 0);
        case MYSQL_TYPE_YEAR: return Type::int16;
        case MYSQL_TYPE_FLOAT: return Type::float32;
        case MYSQL_TYPE_DOUBLE: return Type::float64;
        case MYSQL_TYPE_DECIMAL:
        case MYSQL_TYPE_NEWDECIMAL: return Type::decimal;
        case MYSQL_TYPE_BIT: return field.length == 1 ? Type::boolean : Type::uint64;
        case MYSQL_TYPE_DATE:
        case MYSQL_TYPE_NEWDATE: return Type::date;
        case MYSQL_TYPE_DATETIME: return Type::timestamp;
        case MYSQL_TYPE_TIMESTAMP: return is_utc ? Type::timestamp_utc : Type::timestamp;
        case MYSQL_TYPE_TIME: return Type::text;  // -838:59:59 to 838:59:59: not a time of the day
        case MYSQL_TYPE_JSON: return Type::json;
        case MYSQL_TYPE_GEOMETRY: return Type::bytes;
        case MYSQL_TYPE_ENUM:
        case MYSQL_TYPE_SET: return Type::text;
        case MYSQL_TYPE_VARCHAR:
        case MYSQL_TYPE_VAR_STRING:
        case MYSQL_TYPE_STRING:
        case MYSQL_TYPE_TINY_BLOB:
        case MYSQL_TYPE_MEDIUM_BLOB:
        case MYSQL_TYPE_LONG_BLOB:
        case MYSQL_TYPE_BLOB:
            return is_json ? Type::json : field.charsetnr == kBinaryCharset ? Type::bytes : Type::text;
        default: break;
    }
    throw Error(KDEPS_UNSUPPORTED,
                "column '" + std::string(field.name == nullptr ? "" : field.name) + "' has the type " +
                    std::to_string(field.type) +
                    " of the server's protocol, which this driver does not read; cast it to CHAR in the statement");
}

constexpr std::int64_t kSecond = 1'000'000;

std::int64_t time_of_day(const MYSQL_TIME& time) {
    const auto seconds = (static_cast<std::int64_t>(time.hour) * 60 + time.minute) * 60 + time.second;
    return seconds * kSecond + static_cast<std::int64_t>(time.second_part);
}

// Days since 1970-01-01; nothing for a date that is none: 0000-00-00, or one with month or day 0.
std::optional<std::int64_t> days_of(const MYSQL_TIME& time) {
    using namespace std::chrono;
    const year_month_day date(year(static_cast<int>(time.year)), month(time.month), day(time.day));
    if (!date.ok()) return std::nullopt;
    return sys_days(date).time_since_epoch().count();
}

bool append_moment(const ResultColumn& column, const MYSQL_TIME& time, ColumnBuilder& out) {
    const std::optional<std::int64_t> days = days_of(time);
    if (!days) {
        out.null();
        return false;
    }
    out.integer(column.column.type == Type::date ? *days : *days * 86'400 * kSecond + time_of_day(time));
    return true;
}

void append_duration(const MYSQL_TIME& time, ColumnBuilder& out) {
    std::string text = time.neg != 0 ? "-" : "";
    columns::append_time(static_cast<std::int64_t>(time.day) * 86'400 * kSecond + time_of_day(time), text);
    out.text(text);
}

std::uint64_t bits_of(const unsigned char* bytes, unsigned long length) {
    std::uint64_t value = 0;
    for (unsigned long i = 0; i < length && i < 8; ++i) {
        value = value << 8 | bytes[i];
    }
    return value;
}

void append_bits(const ResultColumn& column, std::uint64_t bits, ColumnBuilder& out) {
    if (column.column.type == Type::boolean) {
        out.boolean(bits != 0);
    } else {
        out.integer(static_cast<std::int64_t>(bits));
    }
}

[[noreturn]] void refuse_text(const ResultColumn& column) {
    throw Error(KDEPS_BAD_DATA,
                "the server gave a text for column '" + column.column.name + "' that does not fit the column's type");
}

template <typename Number>
Number parse_number(const ResultColumn& column, std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) refuse_text(column);
    return value;
}

// [-][YYYY-MM-DD ][HH:MM:SS[.ffffff]]
MYSQL_TIME parse_moment(const ResultColumn& column, std::string_view text) {
    MYSQL_TIME time{};
    if (text.starts_with('-')) {
        time.neg = 1;
        text.remove_prefix(1);
    }
    const auto number = [&](char end) {
        const std::size_t size = std::min(text.find(end), text.size());
        const auto value = parse_number<unsigned int>(column, text.substr(0, size));
        text.remove_prefix(std::min(size + 1, text.size()));
        return value;
    };
    if (column.wire != MYSQL_TYPE_TIME) {
        time.year = number('-');
        time.month = number('-');
        time.day = number(' ');
    }
    if (!text.empty()) {
        time.hour = number(':');
        time.minute = number(':');
        time.second = number('.');
        std::string fraction(text);
        fraction.resize(6, '0');
        time.second_part = parse_number<unsigned long>(column, fraction);
    }
    return time;
}

}  // namespace

bool has_json_format(const MYSQL_FIELD& field) {
    MARIADB_CONST_STRING format{};
    return mariadb_field_attr(&format, &field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0 && format.str != nullptr &&
           std::string_view(format.str, format.length) == "json";
}

ResultColumn result_column(const MYSQL_FIELD& field, bool is_json, bool is_utc) {
    // The statement's metadata has the name, but not always its length.
    return {{field.name == nullptr ? "" : field.name, type_of(field, is_json, is_utc)},
            field.type,
            (field.flags & UNSIGNED_FLAG) != 0};
}

bool is_still(const ResultColumn& column, const MYSQL_FIELD& field, bool is_json, bool is_utc) {
    return column.wire == field.type && column.is_unsigned == ((field.flags & UNSIGNED_FLAG) != 0) &&
           column.column.name == (field.name == nullptr ? "" : field.name) &&
           column.column.type == type_of(field, is_json, is_utc);
}

bool is_variable(const ResultColumn& column) {
    const Type type = column.column.type;
    return column.wire != MYSQL_TYPE_TIME &&
           (type == Type::text || type == Type::bytes || type == Type::decimal || type == Type::json);
}

bool append_binary(const ResultColumn& column, const WireValue& value, unsigned long length, ColumnBuilder& out) {
    switch (column.wire) {
        case MYSQL_TYPE_TINY: out.integer(value.i8); return true;
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_YEAR: out.integer(value.i16); return true;
        case MYSQL_TYPE_INT24:
        case MYSQL_TYPE_LONG: out.integer(value.i32); return true;
        case MYSQL_TYPE_LONGLONG: out.integer(value.i64); return true;
        // As the float that it is: number() takes a double and writes the nearest float, which is the same again.
        case MYSQL_TYPE_FLOAT: out.number(static_cast<double>(value.f32)); return true;
        case MYSQL_TYPE_DOUBLE: out.number(value.f64); return true;
        case MYSQL_TYPE_BIT: append_bits(column, bits_of(value.bits, length), out); return true;
        case MYSQL_TYPE_TIME: append_duration(value.time, out); return true;
        case MYSQL_TYPE_NULL: out.null(); return true;
        default: return append_moment(column, value.time, out);
    }
}

bool append_text(const ResultColumn& column, std::string_view text, ColumnBuilder& out) {
    if (is_variable(column)) {
        out.text(text);
        return true;
    }
    switch (column.wire) {
        case MYSQL_TYPE_TINY:
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_YEAR:
        case MYSQL_TYPE_INT24:
        case MYSQL_TYPE_LONG:
        case MYSQL_TYPE_LONGLONG:
            if (column.is_unsigned) {
                out.integer(static_cast<std::int64_t>(parse_number<std::uint64_t>(column, text)));
            } else {
                out.integer(parse_number<std::int64_t>(column, text));
            }
            return true;
        case MYSQL_TYPE_FLOAT: out.number(static_cast<double>(parse_number<float>(column, text))); return true;
        case MYSQL_TYPE_DOUBLE: out.number(parse_number<double>(column, text)); return true;
        case MYSQL_TYPE_BIT:
            append_bits(column, bits_of(reinterpret_cast<const unsigned char*>(text.data()), text.size()), out);
            return true;
        case MYSQL_TYPE_TIME: append_duration(parse_moment(column, text), out); return true;
        case MYSQL_TYPE_NULL: out.null(); return true;
        default: return append_moment(column, parse_moment(column, text), out);
    }
}

}  // namespace kdeps::mysql
