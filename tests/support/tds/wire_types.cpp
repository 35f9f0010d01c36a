// SPDX-License-Identifier: Apache-2.0
// TYPE_INFO and values on the wire ([MS-TDS] 2.2.5.4, 2.2.5.5, 2.2.5.6).
#include <algorithm>
#include <cstring>

#include "tests/support/tds/convert.hpp"
#include "tests/support/tds/moment.hpp"
#include "tests/support/tds/types.hpp"

namespace kdeps::testing::tds {

namespace {

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): the attribute needs a declaration

constexpr std::uint64_t kPlpNull = 0xFFFFFFFFFFFFFFFFULL;
constexpr std::uint64_t kPlpUnknown = 0xFFFFFFFFFFFFFFFEULL;

int integer_size(Kind kind) {
    switch (kind) {
        case Kind::tinyint:
            return 1;
        case Kind::smallint:
            return 2;
        case Kind::integer:
            return 4;
        default:
            return 8;
    }
}

int decimal_size(int precision) {
    return precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16;
}
int time_size(int scale) {
    return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}
bool is_old_long(Kind kind) {
    return kind == Kind::text || kind == Kind::ntext || kind == Kind::image;
}

std::uint8_t token_of(const Type& type) {
    switch (type.kind) {
        case Kind::tinyint:
        case Kind::smallint:
        case Kind::integer:
        case Kind::bigint:
            return 0x26;
        case Kind::bit:
            return 0x68;
        case Kind::decimal:
            return 0x6A;
        case Kind::numeric:
            return 0x6C;
        case Kind::money:
        case Kind::smallmoney:
            return 0x6E;
        case Kind::floating:
        case Kind::real:
            return 0x6D;
        case Kind::date:
            return 0x28;
        case Kind::time:
            return 0x29;
        case Kind::datetime:
        case Kind::smalldatetime:
            return 0x6F;
        case Kind::datetime2:
            return 0x2A;
        case Kind::datetimeoffset:
            return 0x2B;
        case Kind::nvarchar:
            return 0xE7;
        case Kind::nchar:
            return 0xEF;
        case Kind::varchar:
            return 0xA7;
        case Kind::character:
            return 0xAF;
        case Kind::ntext:
            return 0x63;
        case Kind::text:
            return 0x23;
        case Kind::varbinary:
            return 0xA5;
        case Kind::binary:
            return 0xAD;
        case Kind::image:
            return 0x22;
        case Kind::uniqueidentifier:
            return 0x24;
        case Kind::xml:
            return 0xF1;
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

std::string decoded(Kind kind, std::string_view bytes) {
    return is_unicode(kind) ? to_utf8(bytes) : from_cp1252(bytes);
}

Wide magnitude(std::string_view digits) {
    Wide out = 0;
    for (const char c : digits) {
        if (c >= '0' && c <= '9') out = out * 10 + static_cast<unsigned>(c - '0');
    }
    return out;
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

void write_decimal(Writer& out, const Type& type, const std::string& digits) {
    const bool is_negative = digits.starts_with('-');
    Wide value = magnitude(digits);
    if (type.kind == Kind::money || type.kind == Kind::smallmoney) {
        const auto number = static_cast<std::int64_t>(value) * (is_negative ? -1 : 1);
        const int size = type.kind == Kind::money ? 8 : 4;
        out.u8(static_cast<unsigned>(size));
        if (size == 8) out.u32(static_cast<std::uint64_t>(number) >> 32U);
        out.u32(static_cast<std::uint64_t>(number));
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
        case Kind::date:
            moment.days = static_cast<std::int64_t>(in.integer(3));
            break;
        case Kind::time:
            get_time(raw.size());
            break;
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
        return decimal_text(static_cast<Wide>(value < 0 ? -value : value), value < 0, 4);
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

void write_type(Writer& out, const Type& type) {
    out.u8(token_of(type));
    switch (type.kind) {
        case Kind::date:
            return;
        case Kind::time:
        case Kind::datetime2:
        case Kind::datetimeoffset:
            out.u8(static_cast<unsigned>(type.scale));
            return;
        case Kind::bit:
            out.u8(1);
            return;
        case Kind::uniqueidentifier:
            out.u8(16);
            return;
        case Kind::floating:
        case Kind::money:
        case Kind::datetime:
            out.u8(8);
            return;
        case Kind::real:
        case Kind::smallmoney:
        case Kind::smalldatetime:
            out.u8(4);
            return;
        case Kind::xml:
            out.u8(0);
            return;  // without a schema
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
        case Kind::image:
            out.u32(0x7FFFFFFF);
            return;
        default:
            break;
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
        case 0x1F:
            return fixed(Kind::integer, 0);
        case 0x30:
            return fixed(Kind::tinyint, 1);
        case 0x32:
            return fixed(Kind::bit, 1);
        case 0x34:
            return fixed(Kind::smallint, 2);
        case 0x38:
            return fixed(Kind::integer, 4);
        case 0x3A:
            return fixed(Kind::smalldatetime, 4);
        case 0x3B:
            return fixed(Kind::real, 4);
        case 0x3C:
            return fixed(Kind::money, 8);
        case 0x3D:
            return fixed(Kind::datetime, 8);
        case 0x3E:
            return fixed(Kind::floating, 8);
        case 0x7A:
            return fixed(Kind::smallmoney, 4);
        case 0x7F:
            return fixed(Kind::bigint, 8);
        case 0x26:
            return with_defaults(sized("integer", in.u8()));
        case 0x6D:
            return with_defaults(sized("floating", in.u8()));
        case 0x6E:
            return with_defaults(sized("money", in.u8()));
        case 0x6F:
            return with_defaults(sized("moment", in.u8()));
        case 0x68:
            in.u8();
            return {Kind::bit};
        case 0x24:
            in.u8();
            return {Kind::uniqueidentifier};
        case 0x28:
            return {Kind::date};
        case 0x29:
            return {Kind::time, 0, 0, in.u8()};
        case 0x2A:
            return {Kind::datetime2, 0, 0, in.u8()};
        case 0x2B:
            return {Kind::datetimeoffset, 0, 0, in.u8()};
        case 0x37:
        case 0x3F:
        case 0x6A:
        case 0x6C: {
            in.u8();
            const int precision = in.u8();
            return {token == 0x6A || token == 0x37 ? Kind::decimal : Kind::numeric, 0, precision, in.u8()};
        }
        case 0xE7:
            return text(Kind::nvarchar);
        case 0xEF:
            return text(Kind::nchar);
        case 0xA7:
            return text(Kind::varchar);
        case 0xAF:
            return text(Kind::character);
        case 0xA5:
            return text(Kind::varbinary);
        case 0xAD:
            return text(Kind::binary);
        case 0x63:
        case 0x23:
            in.u32();
            in.bytes(kCollation.size());
            return {token == 0x63 ? Kind::ntext : Kind::text, kMax};
        case 0x22:
            in.u32();
            return {Kind::image, kMax};
        case 0xF1:
            if (in.u8() != 0) throw ProtocolError("xml with a schema");
            return {Kind::xml, kMax};
        default:
            throw ProtocolError("a parameter has the unknown type " + std::to_string(token));
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
