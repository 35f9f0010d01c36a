// SPDX-License-Identifier: Apache-2.0
// Text forms that every part of kdeps shares: numbers, dates, base64, JSON strings.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace kdeps::columns {

template <typename Integer>
void append_integer(Integer value, std::string& out) {
    std::array<char, 24> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    out.append(buffer.data(), end.ptr);
}

// Shortest digits that round-trip: plain for 1e-6 <= |x| < 1e21, else with an exponent.  NaN and infinity must be
// handled before.
template <typename Float>
void append_float(Float value, std::string& out) {
    std::array<char, 64> buffer;
    const auto write = [&](std::chars_format format) {
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
        return std::string_view(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
    };
    const double size = std::fabs(static_cast<double>(value));
    constexpr double kExact = 9007199254740992;  // 2^53: beyond, plain digits are more than the shortest
    if (size == 0 || (size >= 1e-6 && size < kExact)) {
        out.append(write(std::chars_format::fixed));
        return;
    }
    const std::string_view text = write(std::chars_format::scientific);
    const std::size_t exponent = text.find('e');
    std::string_view digits = text.substr(exponent + 2);
    while (digits.size() > 1 && digits.front() == '0') {
        digits.remove_prefix(1);
    }
    if (size < 1e-6 || size >= 1e21) {
        out.append(text.substr(0, exponent + 2)).append(digits);  // 1e-07 is written 1e-7
        return;
    }
    // d.ddde+XX without its point, filled up with zeros.
    int places = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), places);
    const std::size_t before = out.size();
    for (const char c : text.substr(0, exponent)) {
        if (c != '.') out += c;
    }
    const auto written = static_cast<int>(out.size() - before) - (text[0] == '-' ? 1 : 0);
    out.append(static_cast<std::size_t>(std::max(places + 1 - written, 0)), '0');
}

namespace detail {

inline void append_padded(std::int64_t value, int width, std::string& out) {
    std::array<char, 24> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    for (auto length = end.ptr - buffer.data(); length < width; ++length) {
        out += '0';
    }
    out.append(buffer.data(), end.ptr);
}

// The last `width` digits of `value`, at `to`.
inline char* write_digits(std::uint32_t value, int width, char* to) {
    for (int i = width - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
    return to + width;
}

// Floor division: the day of a moment before 1970 is the day that has begun.
inline std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace detail

// YYYY-MM-DD of days since 1970-01-01, proleptic Gregorian; the extremes of int32 are infinity and -infinity.
// Source of the arithmetic: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
inline void append_date(std::int64_t days, std::string& out) {
    if (days == std::numeric_limits<std::int32_t>::max()) {
        out += "infinity";
        return;
    }
    if (days == std::numeric_limits<std::int32_t>::min()) {
        out += "-infinity";
        return;
    }
    const std::int64_t shifted = days + 719468;
    const std::int64_t era = detail::floor_div(shifted, 146097);
    const std::int64_t day_of_era = shifted - era * 146097;
    const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month_index = (5 * day_of_year + 2) / 153;
    const std::int64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
    std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    if (year < 0) {
        out += '-';
        year = -year;
    }
    if (year > 9999) {
        detail::append_padded(year, 4, out);
        year = -1;
    }
    std::array<char, 10> buffer;
    char* end = year < 0 ? buffer.data() : detail::write_digits(static_cast<std::uint32_t>(year), 4, buffer.data());
    *end++ = '-';
    end = detail::write_digits(static_cast<std::uint32_t>(month), 2, end);
    *end++ = '-';
    const std::int64_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
    out.append(buffer.data(), detail::write_digits(static_cast<std::uint32_t>(day), 2, end));
}

// HH:MM:SS[.ffffff] of microseconds since midnight; trailing zeros of the fraction are not written.
inline void append_time(std::int64_t microseconds, std::string& out) {
    const std::int64_t seconds = microseconds / 1'000'000;
    std::int64_t hours = seconds / 3600;
    if (hours > 99) {  // a duration
        append_integer(hours, out);
        hours = -1;
    }
    std::array<char, 16> buffer;
    char* end = hours < 0 ? buffer.data() : detail::write_digits(static_cast<std::uint32_t>(hours), 2, buffer.data());
    *end++ = ':';
    end = detail::write_digits(static_cast<std::uint32_t>(seconds / 60 % 60), 2, end);
    *end++ = ':';
    end = detail::write_digits(static_cast<std::uint32_t>(seconds % 60), 2, end);
    if (const std::int64_t fraction = microseconds % 1'000'000; fraction != 0) {
        *end++ = '.';
        end = detail::write_digits(static_cast<std::uint32_t>(fraction), 6, end);
        while (end[-1] == '0') --end;
    }
    out.append(buffer.data(), end);
}

// YYYY-MM-DDTHH:MM:SS[.ffffff] of microseconds since 1970; the extremes of int64 are infinity and -infinity.
inline void append_timestamp(std::int64_t microseconds, std::string_view zone, std::string& out) {
    if (microseconds == std::numeric_limits<std::int64_t>::max()) {
        out += "infinity";
    } else if (microseconds == std::numeric_limits<std::int64_t>::min()) {
        out += "-infinity";
    } else {
        constexpr std::int64_t kDay = 86'400'000'000;
        const std::int64_t days = detail::floor_div(microseconds, kDay);
        append_date(days, out);
        out += 'T';
        append_time(microseconds - days * kDay, out);
        out += zone;
    }
}

// Standard alphabet with padding (RFC 4648 §4).
inline void append_base64(std::string_view bytes, std::string& out) {
    static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::size_t i = 0;
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])); };
    for (; i + 2 < bytes.size(); i += 3) {
        const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        for (const int shift : {18, 12, 6, 0}) {
            out += kDigits[group >> shift & 63];
        }
    }
    if (i < bytes.size()) {
        const bool has_two = i + 1 < bytes.size();
        const std::uint32_t group = byte(i) << 16 | (has_two ? byte(i + 1) << 8 : 0);
        out += kDigits[group >> 18 & 63];
        out += kDigits[group >> 12 & 63];
        out += has_two ? kDigits[group >> 6 & 63] : '=';
        out += '=';
    }
}

namespace detail {

// Length of the UTF-8 sequence at the start of `text`, 0 if it is invalid.
inline std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto lead = at(0);
    const auto continues = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if ((lead & 0xF0U) == 0xE0U) {
        const bool is_valid =
            continues(1) && continues(2) && !(lead == 0xE0 && at(1) < 0xA0) && !(lead == 0xED && at(1) > 0x9F);
        return is_valid ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const bool is_valid = continues(1) && continues(2) && continues(3) && !(lead == 0xF0 && at(1) < 0x90) &&
                              !(lead == 0xF4 && at(1) > 0x8F);
        return is_valid ? 4 : 0;
    }
    return 0;
}

}  // namespace detail

namespace detail {

// How many bytes at the start of `text` stand in a JSON string as they are: ASCII but for controls, quotes and
// backslashes.  Eight at a time; a byte that matches sets its top bit, and may set those after it.
inline std::size_t plain_length(std::string_view text) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kTops = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word; };
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + i, sizeof(word));
        const std::uint64_t found = (word - kOnes * 0x20) | word | has_zero(word ^ kOnes * '"') |
                                    has_zero(word ^ kOnes * static_cast<unsigned char>('\\'));
        if ((found & kTops) != 0) break;
    }
    const auto is_plain = [&](std::size_t at) {
        const auto c = static_cast<unsigned char>(text[at]);
        return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
    };
    while (i < text.size() && is_plain(i)) ++i;
    return i;
}

}  // namespace detail

// Text in UTF-8: bytes that are not become U+FFFD, each one, as in JSON.
inline void append_utf8(std::string_view text, std::string& out) {
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (const std::size_t length = detail::utf8_length(text.substr(i)); length > 0) {
            i += length;
            continue;
        }
        out.append(text, copied, i - copied);
        out += "\xEF\xBF\xBD";
        copied = ++i;
    }
    out.append(text, copied, text.size() - copied);
}

// A JSON string with its quotes (RFC 8259 §7).  Bytes that are not UTF-8 become U+FFFD.
inline void append_json_string(std::string_view text, std::string& out) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    std::size_t copied = 0;
    std::size_t i = 0;
    while ((i += detail::plain_length(text.substr(i))) < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x80) {
            if (const std::size_t length = detail::utf8_length(text.substr(i)); length > 0) {
                i += length;
                continue;
            }
        }
        out.append(text, copied, i - copied);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (c < 0x20) {
                    out += "\\u00";
                    out += kHex[c >> 4];
                    out += kHex[c & 15];
                } else {
                    out += "\xEF\xBF\xBD";
                }
        }
        copied = ++i;
    }
    out.append(text, copied, text.size() - copied);
    out += '"';
}

// Is this the text of a JSON number?
inline bool is_json_number(std::string_view text) {
    std::size_t i = 0;
    const auto is_digit = [&] { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    const auto digits = [&] {
        const std::size_t start = i;
        while (is_digit()) ++i;
        return i > start;
    };
    if (i < text.size() && text[i] == '-') ++i;
    if (i < text.size() && text[i] == '0') {
        ++i;
    } else if (!digits()) {
        return false;
    }
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (!digits()) return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
        if (!digits()) return false;
    }
    return i == text.size();
}

}  // namespace kdeps::columns
