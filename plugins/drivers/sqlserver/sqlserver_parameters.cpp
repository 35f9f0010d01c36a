// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_parameters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <kdeps/cpp/error.hpp>

namespace kdeps::sqlserver {

namespace {

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): the attribute needs a declaration

constexpr std::size_t kLongUnits = 4000;  // of nvarchar(n)
constexpr std::size_t kLongBytes = 8000;  // of varbinary(n)
constexpr int kMostDigits = 38;
constexpr std::size_t kMostBytes = 0x7FFFFFFF;

Error bad_value(std::size_t position, const std::string& why) {
    Error error(KDEPS_BAD_DATA, "parameter " + std::to_string(position) + " " + why);
    error.sqlstate = "22023";
    return error;
}

template <typename T>
void own(Argument& out, const T& value) {
    static_assert(sizeof(T) <= sizeof(out.own));
    std::memcpy(out.own.data(), &value, sizeof value);
    out.own_size = sizeof value;
}

// JSON number syntax to digits and a scale.
void read_decimal(std::string_view text, std::size_t position, Argument& out) {
    const std::string_view given = text;
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    int exponent = 0;
    if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view power = text.substr(e + 1);
        if (power.starts_with('+')) power.remove_prefix(1);
        if (std::from_chars(power.data(), power.data() + power.size(), exponent).ec != std::errc() || exponent > 100 ||
            exponent < -100) {
            throw bad_value(position, "is a number with an exponent that decimal has no room for");
        }
        text = text.substr(0, e);
    }
    std::string digits;
    int scale = -exponent;
    bool is_behind_point = false;
    for (const char c : text) {
        if (c == '.') {
            is_behind_point = true;
            continue;
        }
        if (c < '0' || c > '9') throw bad_value(position, "is no number");
        if (is_behind_point) ++scale;
        if (!digits.empty() || c != '0') digits += c;
    }
    while (scale > kMostDigits && digits.ends_with('0')) {
        digits.pop_back();
        --scale;
    }
    if (digits.empty()) scale = std::min(std::max(scale, 0), kMostDigits);
    if (scale < 0) {
        digits.append(static_cast<std::size_t>(-scale), '0');
        scale = 0;
    }
    if (digits.size() > static_cast<std::size_t>(kMostDigits) || scale > kMostDigits) {
        throw bad_value(position, "is a number of more than 38 digits, which SQL Server's decimal has no room for");
    }
    Wide magnitude = 0;
    for (const char c : digits) magnitude = magnitude * 10 + static_cast<unsigned>(c - '0');
    // As many digits as the value has: T-SQL rounds sums and products of decimal(38).
    const int precision = std::max({static_cast<int>(digits.size()), scale, 1});
    DBNUMERIC number{};
    number.precision = static_cast<BYTE>(precision);
    number.scale = static_cast<BYTE>(scale);
    number.array[0] = is_negative && magnitude != 0 ? 1 : 0;
    // Big-endian, in as many bytes as the greatest number of that precision takes.
    Wide greatest = 0;
    for (int i = 0; i < precision; ++i) greatest = greatest * 10 + 9;
    int size = 0;
    for (; greatest > 0; greatest >>= 8U) ++size;
    for (int i = size; i > 0; --i, magnitude >>= 8U) number.array[i] = static_cast<BYTE>(magnitude & 0xFFU);
    own(out, number);
    out.bytes = given;
    out.wire = SYBNUMERIC;
    out.digits = precision - scale;
    out.scale = scale;
    out.type = "decimal(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
}

// DB-Library cuts an nvarchar at so many UTF-16 units, and at 8,000 bytes of UTF-8.
bool needs_max(std::string_view text, std::size_t position) {
    return utf16_units(text, position) > kLongUnits || text.size() > kLongBytes;
}

void read_text(std::string_view text, std::size_t position, bool sends_varchar, Argument& out) {
    // What all code pages of SQL Server have in common needs no conversion.
    if (sends_varchar && !text.empty() && text.size() <= kLongBytes &&
        std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
        out.wire = kVarchar;
        out.type = "varchar(8000)";
        out.bytes = text;
        return;
    }
    const bool is_long = needs_max(text, position);
    out.wire = is_long ? SYBNTEXT : kNvarchar;
    out.type = is_long ? "nvarchar(max)" : "nvarchar(4000)";
    out.bytes = text;
    if (text.empty()) out.literal = "N''";
}

}  // namespace

std::size_t utf16_units(std::string_view text, std::size_t position) {
    if (text.size() > kMostBytes / 2) throw bad_value(position, "is larger than 1 GiB");
    std::size_t units = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(text[at])); };
        const unsigned first = byte(i);
        const std::size_t size = first < 0x80   ? 1
                                 : first < 0xC2 ? 0
                                 : first < 0xE0 ? 2
                                 : first < 0xF0 ? 3
                                 : first < 0xF5 ? 4
                                                : 0;
        bool is_right = size > 0 && i + size <= text.size();
        for (std::size_t k = 1; is_right && k < size; ++k) is_right = (byte(i + k) & 0xC0U) == 0x80;
        // Overlong forms, surrogates, beyond U+10FFFF.
        if (is_right && size == 3)
            is_right = !(first == 0xE0 && byte(i + 1) < 0xA0) && !(first == 0xED && byte(i + 1) >= 0xA0);
        if (is_right && size == 4)
            is_right = !(first == 0xF0 && byte(i + 1) < 0x90) && !(first == 0xF4 && byte(i + 1) >= 0x90);
        if (!is_right) throw bad_value(position, "is a text that is not UTF-8");
        units += size == 4 ? 2 : 1;
        i += size;
    }
    return units;
}

Argument make_argument(const kdeps_cell& cell, std::size_t position, Place place, bool sends_varchar) {
    Argument out;
    switch (cell.kind) {
        case KDEPS_NULL:
            out.is_null = true;
            out.wire = place == Place::binary ? kVarbinary : kNvarchar;
            out.type = place == Place::binary ? "varbinary(max)" : "nvarchar(4000)";
            break;
        case KDEPS_BOOL:
            own(out, static_cast<std::uint8_t>(cell.as.i != 0 ? 1 : 0));
            out.wire = SYBBIT;
            out.type = "bit";
            break;
        case KDEPS_INT:
            own(out, cell.as.i);
            out.wire = SYBINT8;
            out.type = "bigint";
            break;
        case KDEPS_DOUBLE:
            if (!std::isfinite(cell.as.d))
                throw bad_value(position, "is NaN or infinite, which SQL Server has no number for");
            own(out, cell.as.d);
            out.wire = SYBFLT8;
            out.type = "float";
            break;
        case KDEPS_DECIMAL:
            read_decimal({cell.as.s.data, cell.as.s.size}, position, out);
            if (place != Place::number) out.digits = -1;
            break;
        case KDEPS_STRING: read_text({cell.as.s.data, cell.as.s.size}, position, sends_varchar, out); break;
        case KDEPS_BYTES: {
            if (cell.as.s.size > kMostBytes) throw bad_value(position, "is larger than 2 GiB");
            const bool is_long = cell.as.s.size > kLongBytes;
            out.wire = is_long ? SYBIMAGE : kVarbinary;
            out.type = is_long ? "varbinary(max)" : "varbinary(8000)";
            out.bytes = {cell.as.s.data, cell.as.s.size};
            if (out.bytes.empty()) out.literal = "0x";
            break;
        }
        default: throw bad_value(position, "is of a kind that cannot be bound");
    }
    return out;
}

Request::Request(DBPROCESS* process, const char* procedure) : process_(process) {
    dbrpcinit(process, "", DBRPCRESET);
    if (dbrpcinit(process, procedure, 0) != kSucceed)
        throw Error(KDEPS_INTERNAL, "the FreeTDS client library cannot make a call");
}

void Request::add_text(const char* name, std::string text) {
    const std::string& kept = texts_.emplace_back(std::move(text));
    add_value(name, needs_max(kept, 0) ? SYBNTEXT : kNvarchar, kept, false);
}

void Request::add(std::string name, const Argument& argument) {
    const std::string& kept = texts_.emplace_back(std::move(name));
    const Argument& copy = arguments_.emplace_back(argument);
    add_value(kept.c_str(), copy.wire, copy.content(), copy.is_null || copy.literal != nullptr);
}

void Request::add_value(const char* name, int wire, std::string_view value, bool is_null) {
    auto* data = is_null ? nullptr : reinterpret_cast<BYTE*>(const_cast<char*>(value.data()));
    const DBINT size = is_null ? 0 : static_cast<DBINT>(value.size());
    if (dbrpcparam(process_, name, 0, wire, -1, size, data) != kSucceed) {
        throw Error(KDEPS_INTERNAL, "the FreeTDS client library refuses a parameter");
    }
    // On the wire a name and a text have two bytes for each of ours, or fewer.
    bytes_ += 2 * (value.size() + std::strlen(name)) + 40;
}

}  // namespace kdeps::sqlserver
