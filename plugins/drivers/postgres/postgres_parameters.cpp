// SPDX-License-Identifier: Apache-2.0
#include "postgres_parameters.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <climits>
#include <cmath>
#include <limits>

#include "postgres_list.hpp"

namespace kdeps::postgres {
namespace {

// What PostgreSQL accepts in one field (MaxAllocSize), so that a length is never more than an int.
constexpr std::size_t kMostBytes = 0x3fffffff;

// PostgreSQL writes and reads years before 1 with BC, kdeps writes them as ISO 8601 does: -0043 is 44 BC.
std::string_view with_era(std::string_view text, Kind kind, std::string& scratch) {
    if (kind != Kind::date && kind != Kind::timestamp && kind != Kind::timestamptz) return text;
    const bool is_negative = text.starts_with('-');
    const std::string_view unsigned_text = text.substr(is_negative ? 1 : 0);
    const std::size_t end = unsigned_text.find('-');
    if (end == std::string_view::npos || end < 4 || (!is_negative && !unsigned_text.starts_with("0000-"))) return text;
    int year = 0;
    const auto [stop, failed] = std::from_chars(unsigned_text.data(), unsigned_text.data() + end, year);
    if (failed != std::errc() || stop != unsigned_text.data() + end) return text;
    const std::string digits = std::to_string(year + 1);
    scratch.assign(std::max<std::size_t>(digits.size(), 4) - digits.size(), '0').append(digits);
    scratch.append(unsigned_text.substr(end)).append(" BC");
    return scratch;
}

bool is_integer(Kind kind) { return kind == Kind::int2 || kind == Kind::int4 || kind == Kind::int8; }

// Types whose text may go in binary format: it is sent with its length, and not read up to a zero byte.
bool takes_bytes(Kind kind) { return kind == Kind::text || kind == Kind::json; }

// Does the type hold the value as it is?  Then PostgreSQL makes of it for another type what it makes of the value's own
// text, or refuses.
bool holds(const Type& type, const kdeps_cell& cell) {
    switch (cell.kind) {
        case KDEPS_NULL: return true;
        case KDEPS_BOOL: return type.kind == Kind::boolean;
        case KDEPS_INT: return is_integer(type.kind) || type.kind == Kind::numeric || type.is_text;
        case KDEPS_DOUBLE:
        case KDEPS_DECIMAL:
        case KDEPS_STRING: return type.is_text;
        default: return false;
    }
}

}  // namespace

void Parameters::clear() {
    places_.clear();
    lengths_.clear();
    formats_.clear();
    copies_.clear();
    bytes_ = 0;
    needs_guard_ = false;
}

void Parameters::seal() {
    values_.clear();
    for (const Place& place : places_) {
        values_.push_back(place.is_null               ? nullptr
                          : place.borrowed != nullptr ? place.borrowed
                                                      : copies_.data() + place.offset);
    }
}

void Parameters::place(Place place, std::size_t size, bool is_binary) {
    places_.push_back(place);
    lengths_.push_back(static_cast<int>(size));
    formats_.push_back(is_binary ? 1 : 0);
    bytes_ += size + 8;
}

void Parameters::add_null() { place({.is_null = true}, 0, false); }

void Parameters::add_text(std::string_view text) {
    const std::size_t offset = copies_.size();
    copies_ += text;
    copies_ += '\0';
    place({.offset = offset}, text.size(), false);
}

void Parameters::add_binary(std::string_view bytes) {
    const std::size_t offset = copies_.size();
    copies_ += bytes;
    copies_ += '\0';
    place({.offset = offset}, bytes.size(), true);
}

void Parameters::borrow(std::string_view bytes) {
    place({.borrowed = bytes.empty() ? "" : bytes.data()}, bytes.size(), true);
}

template <typename Integer>
void Parameters::add_integer(Integer value) {
    char bytes[sizeof(Integer)];
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        bytes[i] = static_cast<char>(
            static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(Integer) - 1 - i))));
    }
    add_binary({bytes, sizeof(Integer)});
}

void Parameters::refuse(const Type& type, std::string_view sqlstate, std::string_view why) const {
    Error error(KDEPS_BAD_DATA,
                "parameter $" + std::to_string(places_.size() + 1) + " of type " + type.name + " " + std::string(why));
    error.sqlstate = std::string(sqlstate);
    throw error;
}

void Parameters::add_number(std::int64_t value, const Type& type) {
    const auto fits = [&](std::int64_t least, std::int64_t most) {
        if (value < least || value > most) refuse(type, "22003", "is out of range");
    };
    switch (type.kind) {
        case Kind::int2:
            fits(SHRT_MIN, SHRT_MAX);
            add_integer(static_cast<std::int16_t>(value));
            break;
        case Kind::int4:
            fits(INT_MIN, INT_MAX);
            add_integer(static_cast<std::int32_t>(value));
            break;
        case Kind::int8: add_integer(value); break;
        default:
            scratch_.clear();
            columns::append_integer(value, scratch_);
            add_text(scratch_);
    }
}

void Parameters::add_real(double value, const Type& type) {
    if (type.kind == Kind::float8) {
        add_integer(std::bit_cast<std::int64_t>(value));
        return;
    }
    if (is_integer(type.kind)) {
        // 2^63 is a double, the largest int64 is not.
        if (!(value >= -0x1p63 && value < 0x1p63)) refuse(type, "22003", "is out of range");
        if (value != std::trunc(value)) refuse(type, "22P02", "cannot be read from a number with a fraction");
        add_number(static_cast<std::int64_t>(value), type);
        return;
    }
    scratch_.clear();
    append_double(value, scratch_);
    add_text(scratch_);
}

void Parameters::add_string(std::string_view text, const Type& type, const Types& types) {
    if (text.size() > kMostBytes) refuse(type, "54000", "is larger than 1 GiB, which PostgreSQL does not take");
    if (type.kind == Kind::json || type.kind == Kind::jsonb) {
        if (is_json_container(text)) {
            if (type.kind == Kind::json) return borrow(text);
        } else {
            scratch_.clear();
            columns::append_json_string(text, scratch_);
            return type.kind == Kind::json ? add_binary(scratch_) : add_text(scratch_);
        }
    }
    if (takes_bytes(type.kind)) {
        borrow(text);
        return;
    }
    if (text.find('\0') != std::string_view::npos) refuse(type, "22021", "cannot be read from a text with a zero byte");
    if (type.kind == Kind::array && text.find_first_not_of(" \t\r\n") != std::string_view::npos &&
        text[text.find_first_not_of(" \t\r\n")] == '[') {
        scratch_.clear();
        if (append_array(text, types.element_of(type), scratch_)) {
            add_text(scratch_);
            return;
        }
        // It may be an array with bounds, [0:1]={1,2}: the server knows.
    }
    scratch_.clear();
    add_text(with_era(text, type.kind, scratch_));
}

void Parameters::add_list(const kdeps_cell& list, const Type& type, const Types& types) {
    scratch_.clear();
    if (type.kind == Kind::array) {
        if (!append_array(list, types.element_of(type), scratch_))
            refuse(type, "42804", "cannot be read from a list with such an element");
    } else if (type.kind == Kind::json || type.kind == Kind::jsonb) {
        append_json(list, scratch_);
    } else {
        refuse(type, "42804",
               "cannot be read from a list; write the type where PostgreSQL does not know it: $1::int[] for an array, "
               "$1::jsonb for JSON");
    }
    if (scratch_.size() > kMostBytes) refuse(type, "54000", "is larger than 1 GiB, which PostgreSQL does not take");
    add_text(scratch_);
}

void Parameters::add(const kdeps_cell& cell, const Type& type, const Types& types) {
    needs_guard_ = needs_guard_ || !holds(type, cell);
    switch (cell.kind) {
        case KDEPS_NULL: add_null(); break;
        case KDEPS_BOOL:
            if (is_integer(type.kind)) {
                add_number(cell.as.i, type);
            } else if (type.kind == Kind::numeric || type.kind == Kind::float4 || type.kind == Kind::float8) {
                add_text(cell.as.i != 0 ? "1" : "0");
            } else {
                add_text(cell.as.i != 0 ? "true" : "false");
            }
            break;
        case KDEPS_INT: add_number(cell.as.i, type); break;
        case KDEPS_DOUBLE: add_real(cell.as.d, type); break;
        case KDEPS_DECIMAL: {
            std::string_view digits = to_view(cell.as.s);
            if (is_integer(type.kind)) {
                const std::size_t point = digits.find('.');
                if (point != std::string_view::npos &&
                    digits.find_first_not_of('0', point + 1) == std::string_view::npos) {
                    digits = digits.substr(0, point);
                }
            }
            add_text(digits);
            break;
        }
        case KDEPS_STRING: add_string(to_view(cell.as.s), type, types); break;
        case KDEPS_BYTES: {
            const std::string_view bytes = to_view(cell.as.s);
            if (bytes.size() > kMostBytes)
                refuse(type, "54000", "is larger than 1 GiB, which PostgreSQL does not take");
            if (type.kind != Kind::bytes && !takes_bytes(type.kind)) refuse(type, "42804", "cannot be read from bytes");
            borrow(bytes);
            break;
        }
        case KDEPS_LIST: add_list(cell, type, types); break;
        default: refuse(type, "42804", "cannot be read from a value of this kind; maps must come as JSON text");
    }
}

}  // namespace kdeps::postgres
