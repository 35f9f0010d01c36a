// SPDX-License-Identifier: Apache-2.0
// TYPE_INFO and values from the wire ([MS-TDS] 2.2.5.4 to 2.2.5.6).
#include <algorithm>
#include <cstring>

#include "tests/support/tds/convert.hpp"
#include "tests/support/tds/moment.hpp"
#include "tests/support/tds/wire.hpp"

namespace kdeps::testing::tds {

namespace {

std::string decoded(Kind kind, std::string_view bytes) {
    return is_unicode(kind) ? to_utf8(bytes) : from_cp1252(bytes);
}

std::string decimal_text(Wide value, bool is_negative, int scale) {
    std::string out;
    for (; value > 0 || static_cast<int>(out.size()) <= scale; value /= 10) {
        out += static_cast<char>('0' + static_cast<int>(value % 10));
    }
    if (scale > 0) out.insert(static_cast<std::size_t>(scale), ".");
    if (is_negative) out += '-';
    std::reverse(out.begin(), out.end());
    return out;
}

std::string read_guid(std::string_view raw) {
    std::string bytes(raw);
    std::reverse(bytes.begin(), bytes.begin() + 4);
    std::reverse(bytes.begin() + 4, bytes.begin() + 6);
    std::reverse(bytes.begin() + 6, bytes.begin() + 8);
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        const auto byte = static_cast<unsigned char>(bytes[i]);
        out += "0123456789ABCDEF"[byte >> 4U];
        out += "0123456789ABCDEF"[byte & 15U];
    }
    return out;
}

std::string read_plp(Reader& in, bool& is_null) {
    const std::uint64_t total = in.u64();
    is_null = total == kPlpNull;
    if (is_null) return {};
    std::string out;
    while (const std::uint32_t size = in.u32()) out += in.bytes(size);
    if (total != kPlpUnknown && total != out.size())
        throw ProtocolError("a value has not the length that it announces");
    return out;
}

double read_double(std::string_view raw) {
    if (raw.size() == 4) {
        float value = 0;
        std::memcpy(&value, raw.data(), 4);
        return static_cast<double>(value);
    }
    double value = 0;
    std::memcpy(&value, raw.data(), 8);
    return value;
}

std::int64_t read_signed(std::string_view raw) {
    std::uint64_t value = Reader(raw).integer(static_cast<int>(raw.size()));
    if (raw.size() > 1 && raw.size() < 8 && (value >> (8 * raw.size() - 1)) != 0) value |= ~0ULL << (8 * raw.size());
    return static_cast<std::int64_t>(value);
}

Value read_moment(const Type& type, std::string_view raw) {
    Reader in(raw);
    Moment moment;
    const auto get_time = [&](std::size_t size) {
        moment.ticks = static_cast<std::int64_t>(in.integer(static_cast<int>(size)));
        for (int i = type.scale; i < 7; ++i) moment.ticks *= 10;
    };
    switch (type.kind) {
        case Kind::date: moment.days = static_cast<std::int64_t>(in.integer(3)); break;
        case Kind::time: get_time(raw.size()); break;
        case Kind::datetime:
            moment.days = kDaysTo1900 + static_cast<std::int32_t>(in.u32());
            moment.ticks = static_cast<std::int64_t>(in.u32()) * 100000 / 3;
            moment = moment.rounded(3);
            break;
        case Kind::smalldatetime:
            moment.days = kDaysTo1900 + in.u16();
            moment.ticks = in.u16() * 60 * kTicksPerSecond;
            break;
        case Kind::datetime2:
            get_time(raw.size() - 3);
            moment.days = static_cast<std::int64_t>(in.integer(3));
            break;
        default: {
            get_time(raw.size() - 5);
            moment.days = static_cast<std::int64_t>(in.integer(3));
            const int offset = static_cast<std::int16_t>(in.u16());
            moment = moment.plus_minutes(offset);
            moment.offset = offset;
            moment.has_offset = true;
        }
    }
    return moment_text(moment, type);
}

Value read_short(const Type& type, std::string_view raw) {
    if (is_integer(type.kind)) return read_signed(raw);
    if (type.kind == Kind::floating || type.kind == Kind::real) return read_double(raw);
    if (is_moment(type.kind)) return read_moment(type, raw);
    if (type.kind == Kind::uniqueidentifier) return read_guid(raw);
    Reader in(raw);
    if (type.kind == Kind::money || type.kind == Kind::smallmoney) {
        std::int64_t value = 0;
        if (raw.size() == 8) {
            const std::uint64_t high = in.u32();
            value = static_cast<std::int64_t>(high << 32U | in.u32());
        } else {
            value = static_cast<std::int32_t>(in.u32());
        }
        return decimal_text(value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value),
                            value < 0, 4);
    }
    const bool is_negative = in.u8() == 0;
    Wide value = 0;
    for (std::size_t i = raw.size() - 1; i > 0; --i) value = value << 8U | static_cast<unsigned char>(raw[i]);
    return decimal_text(value, is_negative && value != 0, type.scale);
}

Kind sized(std::string_view family, int size) {
    if (family == "integer") {
        return size == 1 ? Kind::tinyint : size == 2 ? Kind::smallint : size == 4 ? Kind::integer : Kind::bigint;
    }
    if (family == "floating") return size == 4 ? Kind::real : Kind::floating;
    if (family == "money") return size == 4 ? Kind::smallmoney : Kind::money;
    return size == 4 ? Kind::smalldatetime : Kind::datetime;
}

Type with_defaults(Kind kind) {
    Type type{kind};
    if (kind == Kind::money || kind == Kind::smallmoney) type = {kind, 0, kind == Kind::money ? 19 : 10, 4};
    if (kind == Kind::datetime) type.scale = 3;
    return type;
}

}  // namespace

// `size` is the width of a type without a length before each value, else 0.
Type read_type(Reader& in, std::uint8_t& token, int& size) {
    token = in.u8();
    size = 0;
    const auto fixed = [&](Kind kind, int width) {
        size = width;
        return with_defaults(kind);
    };
    const auto text = [&](Kind kind) {
        const int bytes = in.u16();
        if (is_text(kind)) in.bytes(kCollation.size());
        return Type{kind, bytes == 0xFFFF ? kMax : bytes / (is_unicode(kind) ? 2 : 1)};
    };
    switch (token) {
        case 0x1F: return fixed(Kind::integer, 0);
        case 0x30: return fixed(Kind::tinyint, 1);
        case 0x32: return fixed(Kind::bit, 1);
        case 0x34: return fixed(Kind::smallint, 2);
        case 0x38: return fixed(Kind::integer, 4);
        case 0x3A: return fixed(Kind::smalldatetime, 4);
        case 0x3B: return fixed(Kind::real, 4);
        case 0x3C: return fixed(Kind::money, 8);
        case 0x3D: return fixed(Kind::datetime, 8);
        case 0x3E: return fixed(Kind::floating, 8);
        case 0x7A: return fixed(Kind::smallmoney, 4);
        case 0x7F: return fixed(Kind::bigint, 8);
        case 0x26: return with_defaults(sized("integer", in.u8()));
        case 0x6D: return with_defaults(sized("floating", in.u8()));
        case 0x6E: return with_defaults(sized("money", in.u8()));
        case 0x6F: return with_defaults(sized("moment", in.u8()));
        case 0x68: in.u8(); return {Kind::bit};
        case 0x24: in.u8(); return {Kind::uniqueidentifier};
        case 0x28: return {Kind::date};
        case 0x29: return {Kind::time, 0, 0, in.u8()};
        case 0x2A: return {Kind::datetime2, 0, 0, in.u8()};
        case 0x2B: return {Kind::datetimeoffset, 0, 0, in.u8()};
        case 0x37:
        case 0x3F:
        case 0x6A:
        case 0x6C: {
            in.u8();
            const int precision = in.u8();
            return {token == 0x6A || token == 0x37 ? Kind::decimal : Kind::numeric, 0, precision, in.u8()};
        }
        case 0xE7: return text(Kind::nvarchar);
        case 0xEF: return text(Kind::nchar);
        case 0xA7: return text(Kind::varchar);
        case 0xAF: return text(Kind::character);
        case 0xA5: return text(Kind::varbinary);
        case 0xAD: return text(Kind::binary);
        case 0x63:
        case 0x23:
            in.u32();
            in.bytes(kCollation.size());
            return {token == 0x63 ? Kind::ntext : Kind::text, kMax};
        case 0x22: in.u32(); return {Kind::image, kMax};
        case 0xF1:
            if (in.u8() != 0) throw ProtocolError("xml with a schema");
            return {Kind::xml, kMax};
        default: throw ProtocolError("a parameter has the unknown type " + std::to_string(token));
    }
}

TypedValue read_typed_value(Reader& in) {
    std::uint8_t token = 0;
    int size = 0;
    TypedValue out;
    out.type = read_type(in, token, size);
    const Kind kind = out.type.kind;
    if (token == 0x1F) return out;
    if (!is_text(kind) && !is_binary(kind)) {
        const std::size_t length = size != 0 ? static_cast<std::size_t>(size) : in.u8();
        if (length != 0) out.value = read_short(out.type, in.bytes(length));
        return out;
    }
    std::string bytes;
    bool is_absent = false;
    if (is_old_long(kind)) {
        const std::uint32_t length = in.u32();
        is_absent = length == 0xFFFFFFFFU;
        if (!is_absent) bytes = in.bytes(length);
    } else if (out.type.length == kMax) {
        bytes = read_plp(in, is_absent);
    } else {
        const std::uint16_t length = in.u16();
        is_absent = length == 0xFFFF;
        if (!is_absent) bytes = in.bytes(length);
    }
    if (is_absent) return out;
    if (is_binary(kind)) {
        out.value = Blob{std::move(bytes)};
    } else {
        out.value = decoded(kind, bytes);
    }
    return out;
}

}  // namespace kdeps::testing::tds
