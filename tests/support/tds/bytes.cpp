// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/bytes.hpp"

#include <array>

namespace kdeps::testing::tds {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

// 0x80 to 0x9F of code page 1252; 0 = not assigned.
constexpr std::array<char32_t, 32> kHigh = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                            0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                            0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                            0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// Takes one character off the front.
char32_t next(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
    if (size == 1) {
        text.remove_prefix(1);
        return first;
    }
    char32_t point = size == 0 ? 0 : first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if (i >= text.size() || (byte(i) & 0xC0U) != 0x80) {
            text.remove_prefix(1);
            return kReplacement;
        }
        point = point << 6U | (byte(i) & 0x3FU);
    }
    text.remove_prefix(size == 0 ? 1 : size);
    return size == 0 ? kReplacement : point;
}

void append(char32_t point, std::string& out) {
    const auto push = [&](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    if (point < 0x80) {
        push(point);
    } else if (point < 0x800) {
        push(0xC0U | point >> 6U);
        push(0x80U | (point & 0x3FU));
    } else if (point < 0x10000) {
        push(0xE0U | point >> 12U);
        push(0x80U | (point >> 6U & 0x3FU));
        push(0x80U | (point & 0x3FU));
    } else {
        push(0xF0U | point >> 18U);
        push(0x80U | (point >> 12U & 0x3FU));
        push(0x80U | (point >> 6U & 0x3FU));
        push(0x80U | (point & 0x3FU));
    }
}

}  // namespace

std::string to_utf16(std::string_view text) {
    std::string out;
    const auto unit = [&](char32_t value) {
        out += static_cast<char>(value & 0xFFU);
        out += static_cast<char>(value >> 8U & 0xFFU);
    };
    while (!text.empty()) {
        const char32_t point = next(text);
        if (point < 0x10000) {
            unit(point);
        } else {
            unit(0xD800 + ((point - 0x10000) >> 10U));
            unit(0xDC00 + ((point - 0x10000) & 0x3FFU));
        }
    }
    return out;
}

std::string to_utf8(std::string_view utf16) {
    std::string out;
    const auto unit = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(utf16[i])) |
               static_cast<char32_t>(static_cast<unsigned char>(utf16[i + 1])) << 8U;
    };
    for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
        char32_t point = unit(i);
        if (point >= 0xD800 && point < 0xE000) {
            const char32_t low = i + 3 < utf16.size() ? unit(i + 2) : 0;
            if (point < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
                i += 2;
            } else {
                point = kReplacement;
            }
        }
        append(point, out);
    }
    return out;
}

std::string to_cp1252(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const char32_t point = next(text);
        char byte = '?';
        if (point < 0x80 || (point >= 0xA0 && point < 0x100))
            byte = static_cast<char>(static_cast<unsigned char>(point));
        for (std::size_t i = 0; i < kHigh.size(); ++i) {
            if (kHigh[i] == point) byte = static_cast<char>(static_cast<unsigned char>(0x80 + i));
            // Five bytes have no character: they stay what they are, as in the original's columns.
            if (kHigh[i] == 0 && point == 0x80 + i) byte = static_cast<char>(static_cast<unsigned char>(0x80 + i));
        }
        out += byte;
    }
    return out;
}

std::string from_cp1252(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_high = byte >= 0x80 && byte < 0xA0;
        append(!is_high ? byte : kHigh[byte - 0x80U] != 0 ? kHigh[byte - 0x80U] : byte, out);
    }
    return out;
}

std::size_t utf16_units(std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) count += next(text) < 0x10000 ? 1 : 2;
    return count;
}

}  // namespace kdeps::testing::tds
