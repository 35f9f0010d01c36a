// SPDX-License-Identifier: Apache-2.0
// The binary forms.  Source: PostgreSQL 15, the *_send functions of src/backend/utils/adt.
#include <bit>
#include <cmath>
#include <limits>

#include "postgres_decode.hpp"
#include "postgres_wire.hpp"

namespace kdeps::postgres {
namespace {

// PostgreSQL counts from 2000-01-01, Arrow from 1970-01-01.
constexpr std::int64_t kDays = 10'957;
constexpr std::int64_t kMicroseconds = kDays * 86'400'000'000;

// Infinity is the extreme value on both sides.
std::int64_t date_from(std::int32_t days) {
    const bool is_infinite =
        days == std::numeric_limits<std::int32_t>::max() || days == std::numeric_limits<std::int32_t>::min();
    return is_infinite ? days : days + kDays;
}

std::int64_t timestamp_from(std::int64_t microseconds) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    if (microseconds == kMost || microseconds == std::numeric_limits<std::int64_t>::min()) return microseconds;
    if (microseconds >= kMost - kMicroseconds) {
        throw Error(KDEPS_BAD_DATA, "a timestamp after the year 294246 cannot be represented; select it as text");
    }
    return microseconds + kMicroseconds;
}

void append_digits(int value, int width, std::string& out) {
    for (int unit = width == 4 ? 1000 : 10; unit > 0; unit /= 10) {
        out += static_cast<char>('0' + value / unit % 10);
    }
}

// ndigits, weight, sign, scale, then groups of four decimal digits.
Cell numeric(Wire wire, std::string& out) {
    const int count = wire.take<std::int16_t>();
    const int weight = wire.take<std::int16_t>();
    const unsigned sign = wire.take<std::uint16_t>();
    const int scale = wire.take<std::int16_t>();
    if ((sign & 0xC000U) == 0xC000U) return {.is_unrepresentable = true};
    const std::string_view groups = wire.rest();
    if (count < 0 || groups.size() != static_cast<std::size_t>(count) * 2) fail_decoding("numeric");
    const auto group = [&](int i) {
        return i < 0 || i >= count
                   ? 0
                   : static_cast<int>(Wire(groups.substr(static_cast<std::size_t>(i) * 2)).take<std::int16_t>());
    };
    out.clear();
    if (sign == 0x4000) out += '-';
    if (weight < 0) {
        out += '0';
    } else {
        columns::append_integer(group(0), out);
        for (int i = 1; i <= weight; ++i) append_digits(group(i), 4, out);
    }
    if (scale > 0) {
        out += '.';
        const std::size_t end = out.size() + static_cast<std::size_t>(scale);
        for (int i = weight + 1; out.size() < end; ++i) append_digits(group(i), 4, out);
        out.resize(end);
    }
    return {.text = out};
}

Cell uuid(std::string_view value, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    if (value.size() != 16) fail_decoding("uuid");
    out.clear();
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        const auto byte = static_cast<unsigned char>(value[i]);
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return {.text = out};
}

Cell bits(Wire wire, std::string& out) {
    const std::int32_t count = wire.take<std::int32_t>();
    const std::string_view bytes = wire.rest();
    if (count < 0 || bytes.size() < (static_cast<std::size_t>(count) + 7) / 8) fail_decoding("bit string");
    out.clear();
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        out += (static_cast<unsigned char>(bytes[i / 8]) >> (7 - i % 8) & 1U) != 0 ? '1' : '0';
    }
    return {.text = out};
}

// As PostgreSQL writes it: 04:05:06.789+05:30.  The zone is in seconds west of Greenwich.
Cell timetz(Wire wire, std::string& out) {
    out.clear();
    columns::append_time(wire.take<std::int64_t>(), out);
    const int west = wire.take<std::int32_t>();
    const int size = std::abs(west);
    out += west > 0 ? '-' : '+';
    append_digits(size / 3600, 2, out);
    if (size % 3600 != 0) {
        out += ':';
        append_digits(size / 60 % 60, 2, out);
    }
    if (size % 60 != 0) {
        out += ':';
        append_digits(size % 60, 2, out);
    }
    return {.text = out};
}

// As PostgreSQL writes it: nothing for a zero, \ooo for what is no ASCII.
Cell quoted_char(std::string_view value, std::string& out) {
    if (value.size() != 1) fail_decoding("\"char\"");
    const auto byte = static_cast<unsigned char>(value[0]);
    if (byte == 0) return {};
    if (byte < 0x80) return {.text = value};
    out = {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
           static_cast<char>('0' + (byte & 7))};
    return {.text = out};
}

Cell real(double value) { return {.real = value, .is_unrepresentable = !std::isfinite(value)}; }

}  // namespace

void fail_decoding(std::string_view what) {
    throw Error(KDEPS_BAD_DATA,
                "PostgreSQL sent a value of type " + std::string(what) + " in a form that is not understood");
}

void append_interval(std::int64_t months, std::int64_t days, std::int64_t microseconds, std::string& out) {
    const std::size_t start = out.size();
    const auto part = [&](std::int64_t value, char unit) {
        if (value == 0) return;
        columns::append_integer(value, out);
        out += unit;
    };
    out += 'P';
    part(months / 12, 'Y');
    part(months % 12, 'M');
    part(days, 'D');
    if (microseconds != 0) {
        out += 'T';
        const std::int64_t seconds = microseconds / 1'000'000;
        part(seconds / 3600, 'H');
        part(seconds / 60 % 60, 'M');
        if (const std::int64_t rest = microseconds % 60'000'000; rest != 0) {
            if (rest < 0) out += '-';
            columns::append_integer(std::abs(rest) / 1'000'000, out);
            if (std::int64_t fraction = std::abs(rest) % 1'000'000; fraction != 0) {
                out += '.';
                std::string digits = std::to_string(fraction + 1'000'000).substr(1);
                digits.resize(digits.find_last_not_of('0') + 1);
                out += digits;
            }
            out += 'S';
        }
    }
    if (out.size() == start + 1) out += "T0S";
}

Cell decode_binary(Kind kind, std::string_view value, std::string& scratch) {
    Wire wire(value);
    switch (kind) {
        case Kind::boolean: return {.integer = wire.take<std::int8_t>() != 0 ? 1 : 0};
        case Kind::int2: return {.integer = wire.take<std::int16_t>()};
        case Kind::int4: return {.integer = wire.take<std::int32_t>()};
        case Kind::int8: return {.integer = wire.take<std::int64_t>()};
        case Kind::unsigned4: return {.integer = wire.take<std::uint32_t>()};
        case Kind::float4: return real(std::bit_cast<float>(wire.take<std::uint32_t>()));
        case Kind::float8: return real(std::bit_cast<double>(wire.take<std::uint64_t>()));
        case Kind::numeric: return numeric(wire, scratch);
        case Kind::uuid: return uuid(value, scratch);
        case Kind::date: return {.integer = date_from(wire.take<std::int32_t>())};
        case Kind::time: return {.integer = wire.take<std::int64_t>()};
        case Kind::timestamp:
        case Kind::timestamptz: return {.integer = timestamp_from(wire.take<std::int64_t>())};
        case Kind::timetz: return timetz(wire, scratch);
        case Kind::bits: return bits(wire, scratch);
        case Kind::interval: {
            const auto microseconds = wire.take<std::int64_t>();
            const auto days = wire.take<std::int32_t>();
            const auto months = wire.take<std::int32_t>();
            // Since PostgreSQL 17 all extremes together are infinity.
            const auto is_extreme = [&](auto limits_of) {
                return microseconds == limits_of(microseconds) && days == limits_of(days) &&
                       months == limits_of(months);
            };
            if (is_extreme([](auto of) { return std::numeric_limits<decltype(of)>::max(); }))
                return {.text = "infinity"};
            if (is_extreme([](auto of) { return std::numeric_limits<decltype(of)>::min(); }))
                return {.text = "-infinity"};
            scratch.clear();
            append_interval(months, days, microseconds, scratch);
            return {.text = scratch};
        }
        case Kind::quoted_char: return quoted_char(value, scratch);
        case Kind::jsonb:
            if (value.empty() || value[0] != 1) fail_decoding("jsonb");  // its version
            return {.text = value.substr(1)};
        case Kind::text:
        case Kind::bytes:
        case Kind::json:
        case Kind::other:
        case Kind::array: break;
    }
    return {.text = value};
}

}  // namespace kdeps::postgres
