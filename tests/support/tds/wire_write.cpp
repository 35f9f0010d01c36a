// SPDX-License-Identifier: Apache-2.0
// TYPE_INFO and values to the wire ([MS-TDS] 2.2.5.4 to 2.2.5.6).
#include <algorithm>

#include "tests/support/tds/convert.hpp"
#include "tests/support/tds/moment.hpp"
#include "tests/support/tds/wire.hpp"

namespace kdeps::testing::tds {

namespace {

int integer_size(Kind kind) {
    switch (kind) {
        case Kind::tinyint: return 1;
        case Kind::smallint: return 2;
        case Kind::integer: return 4;
        default: return 8;
    }
}

int decimal_size(int precision) { return precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16; }

int time_size(int scale) { return scale <= 2 ? 3 : scale <= 4 ? 4 : 5; }

std::uint8_t token_of(const Type& type) {
    switch (type.kind) {
        case Kind::tinyint:
        case Kind::smallint:
        case Kind::integer:
        case Kind::bigint: return 0x26;
        case Kind::bit: return 0x68;
        case Kind::decimal: return 0x6A;
        case Kind::numeric: return 0x6C;
        case Kind::money:
        case Kind::smallmoney: return 0x6E;
        case Kind::floating:
        case Kind::real: return 0x6D;
        case Kind::date: return 0x28;
        case Kind::time: return 0x29;
        case Kind::datetime:
        case Kind::smalldatetime: return 0x6F;
        case Kind::datetime2: return 0x2A;
        case Kind::datetimeoffset: return 0x2B;
        case Kind::nvarchar: return 0xE7;
        case Kind::nchar: return 0xEF;
        case Kind::varchar: return 0xA7;
        case Kind::character: return 0xAF;
        case Kind::ntext: return 0x63;
        case Kind::text: return 0x23;
        case Kind::varbinary: return 0xA5;
        case Kind::binary: return 0xAD;
        case Kind::image: return 0x22;
        case Kind::uniqueidentifier: return 0x24;
        case Kind::xml: return 0xF1;
    }
    return 0;
}

std::string encoded(const Type& type, const Value& value) {
    if (const auto* blob = std::get_if<Blob>(&value)) return blob->bytes;
    const auto& text = std::get<std::string>(value);
    std::string out = is_unicode(type.kind) ? to_utf16(text) : to_cp1252(text);
    if (type.kind == Kind::nchar || type.kind == Kind::character) {
        const std::string blank = type.kind == Kind::nchar ? std::string(" \0", 2) : " ";
        while (out.size() < static_cast<std::size_t>(type.length) * blank.size()) out += blank;
    }
    return out;
}

Wide magnitude(std::string_view digits) {
    Wide out = 0;
    for (const char c : digits) {
        if (c >= '0' && c <= '9') out = out * 10 + static_cast<unsigned>(c - '0');
    }
    return out;
}

void write_decimal(Writer& out, const Type& type, const std::string& digits) {
    const bool is_negative = digits.starts_with('-');
    Wide value = magnitude(digits);
    if (type.kind == Kind::money || type.kind == Kind::smallmoney) {
        // The least value has no positive counterpart: two's complement by hand.
        const auto number = is_negative ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
        const int size = type.kind == Kind::money ? 8 : 4;
        out.u8(static_cast<unsigned>(size));
        if (size == 8) out.u32(number >> 32U);
        out.u32(number);
        return;
    }
    const int size = decimal_size(type.precision);
    out.u8(static_cast<unsigned>(size) + 1);
    out.u8(is_negative ? 0 : 1);
    for (int i = 0; i < size; ++i, value >>= 8U) out.u8(static_cast<unsigned>(value & 0xFFU));
}

void write_moment(Writer& out, const Type& type, const std::string& text) {
    const Moment moment = *parse_moment(text);
    const auto put_time = [&](const Moment& m) {
        std::int64_t ticks = m.ticks;
        for (int i = type.scale; i < 7; ++i) ticks /= 10;
        out.integer(static_cast<std::uint64_t>(ticks), time_size(type.scale));
    };
    switch (type.kind) {
        case Kind::date:
            out.u8(3);
            out.integer(static_cast<std::uint64_t>(moment.days), 3);
            break;
        case Kind::time:
            out.u8(static_cast<unsigned>(time_size(type.scale)));
            put_time(moment);
            break;
        case Kind::datetime:
            out.u8(8);
            out.u32(static_cast<std::uint64_t>(moment.days - kDaysTo1900));
            out.u32(static_cast<std::uint64_t>((moment.ticks * 3 + 50000) / 100000));
            break;
        case Kind::smalldatetime:
            out.u8(4);
            out.u16(static_cast<std::uint64_t>(moment.days - kDaysTo1900));
            out.u16(static_cast<std::uint64_t>(moment.ticks / (60 * kTicksPerSecond)));
            break;
        case Kind::datetime2:
            out.u8(static_cast<unsigned>(time_size(type.scale)) + 3);
            put_time(moment);
            out.integer(static_cast<std::uint64_t>(moment.days), 3);
            break;
        default: {
            const Moment utc = moment.plus_minutes(-moment.offset);
            out.u8(static_cast<unsigned>(time_size(type.scale)) + 5);
            put_time(utc);
            out.integer(static_cast<std::uint64_t>(utc.days), 3);
            out.u16(static_cast<std::uint64_t>(moment.offset));
        }
    }
}

void write_guid(Writer& out, const std::string& text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        if (text[i] == '-') ++i;
        bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
    }
    std::reverse(bytes.begin(), bytes.begin() + 4);
    std::reverse(bytes.begin() + 4, bytes.begin() + 6);
    std::reverse(bytes.begin() + 6, bytes.begin() + 8);
    out.u8(16);
    out.bytes(bytes);
}

}  // namespace

void write_type(Writer& out, const Type& type) {
    out.u8(token_of(type));
    switch (type.kind) {
        case Kind::date: return;
        case Kind::time:
        case Kind::datetime2:
        case Kind::datetimeoffset: out.u8(static_cast<unsigned>(type.scale)); return;
        case Kind::bit: out.u8(1); return;
        case Kind::uniqueidentifier: out.u8(16); return;
        case Kind::floating:
        case Kind::money:
        case Kind::datetime: out.u8(8); return;
        case Kind::real:
        case Kind::smallmoney:
        case Kind::smalldatetime: out.u8(4); return;
        case Kind::xml: out.u8(0); return;  // without a schema
        case Kind::decimal:
        case Kind::numeric:
            out.u8(static_cast<unsigned>(decimal_size(type.precision)) + 1);
            out.u8(static_cast<unsigned>(type.precision));
            out.u8(static_cast<unsigned>(type.scale));
            return;
        case Kind::ntext:
        case Kind::text:
            out.u32(0x7FFFFFFF);
            out.bytes(kCollation);
            return;
        case Kind::image: out.u32(0x7FFFFFFF); return;
        default: break;
    }
    if (is_integer(type.kind)) {
        out.u8(static_cast<unsigned>(integer_size(type.kind)));
        return;
    }
    out.u16(type.length == kMax ? 0xFFFF : static_cast<unsigned>(type.length) * (is_unicode(type.kind) ? 2 : 1));
    if (is_text(type.kind)) out.bytes(kCollation);
}

void write_value(Writer& out, const Type& type, const Value& value) {
    const bool is_long = is_text(type.kind) || is_binary(type.kind);
    if (is_null(value)) {
        if (is_old_long(type.kind)) {
            out.u8(0);
        } else if (is_long && type.length == kMax) {
            out.u64(kPlpNull);
        } else if (is_long) {
            out.u16(0xFFFF);
        } else {
            out.u8(0);
        }
    } else if (is_long) {
        const std::string bytes = encoded(type, value);
        if (is_old_long(type.kind)) {
            out.u8(16);
            out.bytes(std::string(16 + 8, '\x01'));  // text pointer and timestamp, which nobody may use here
            out.u32(bytes.size());
        } else if (type.length == kMax) {
            out.u64(bytes.size());
            if (!bytes.empty()) out.u32(bytes.size());
        } else {
            out.u16(bytes.size());
        }
        out.bytes(bytes);
        if (!is_old_long(type.kind) && type.length == kMax) out.u32(0);
    } else if (is_integer(type.kind)) {
        const int size = type.kind == Kind::bit ? 1 : integer_size(type.kind);
        out.u8(static_cast<unsigned>(size));
        out.integer(static_cast<std::uint64_t>(std::get<std::int64_t>(value)), size);
    } else if (type.kind == Kind::floating) {
        out.u8(8);
        const double number = std::get<double>(value);
        out.bytes({reinterpret_cast<const char*>(&number), 8});
    } else if (type.kind == Kind::real) {
        out.u8(4);
        const auto number = static_cast<float>(std::get<double>(value));
        out.bytes({reinterpret_cast<const char*>(&number), 4});
    } else if (is_decimal(type.kind)) {
        write_decimal(out, type, std::get<std::string>(value));
    } else if (is_moment(type.kind)) {
        write_moment(out, type, std::get<std::string>(value));
    } else {
        write_guid(out, std::get<std::string>(value));
    }
}

}  // namespace kdeps::testing::tds
