// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_document.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "sqlserver_placeholders.hpp"
#include "sqlserver_words.hpp"

namespace kdeps::sqlserver {

namespace {

constexpr std::size_t kMostSets = 2000;
constexpr const char* kEmpty = "nvarchar(4000)";

template <typename T>
T read(const Argument& argument) {
    T value;
    std::memcpy(&value, argument.own.data(), sizeof value);
    return value;
}

std::string shortest(double value) {
    std::array<char, 32> out{};
    return {out.data(), std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::scientific).ptr};
}

// Any way of reading decimal digits gives the very number, if they and the power of ten are exact in a double.
bool is_safe(double value) {
    constexpr int kMostDigits = 15;
    constexpr int kMostPower = 22;
    const std::string text = shortest(value);
    const std::size_t e = text.find('e');
    int digits = 0;
    for (const char c : text.substr(0, e)) digits += c >= '0' && c <= '9' ? 1 : 0;
    const int power = std::atoi(text.c_str() + e + 1);
    return digits <= kMostDigits && std::abs(power) + digits <= kMostPower;
}

void append_text(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_value(std::string& out, const Argument& argument) {
    if (argument.is_null) {
        out += "null";
    } else if (argument.wire == SYBBIT) {
        out += read<std::uint8_t>(argument) != 0 ? "true" : "false";
    } else if (argument.wire == SYBINT8) {
        out += std::to_string(read<std::int64_t>(argument));
    } else if (argument.wire == SYBFLT8) {
        out += shortest(read<double>(argument));
    } else if (argument.wire == SYBNUMERIC) {
        out += argument.bytes;  // as it came: JSON's own syntax
    } else {
        append_text(out, argument.bytes);
    }
}

std::string column(std::size_t number) { return "[kdeps " + std::to_string(number) + "]"; }

}  // namespace

bool Document::is_possible(const Constructor& constructor) {
    const std::vector<std::string> words = capital_words(constructor.row);
    return std::none_of(words.begin(), words.end(), [](const std::string& w) { return w == "DEFAULT"; });
}

bool Document::holds(const std::vector<Argument>& set) {
    return std::all_of(set.begin(), set.end(), [](const Argument& argument) {
        if (argument.is_null) return true;
        switch (argument.wire) {
            case SYBBIT:
            case SYBINT8: return true;
            case SYBFLT8: return is_safe(read<double>(argument));
            case SYBNUMERIC: return argument.bytes.find_first_of("eE") == std::string_view::npos;
            case kNvarchar:
            case kVarchar:
            case SYBNTEXT: return argument.bytes.find('\0') == std::string_view::npos;
            default: return false;
        }
    });
}

bool Document::add(const std::vector<Argument>& set) {
    if (sets_ > 0 && (sets_ >= kMostSets || json_.size() > kMostBytesOfARequest)) return false;
    if (!widen_all(types_, set)) return false;
    json_ += (sets_ == 0 ? "[" : ",[") + std::to_string(sets_);
    for (const Argument& argument : set) {
        json_ += ',';
        append_value(json_, argument);
    }
    json_ += ']';
    ++sets_;
    return true;
}

void Document::send(Connection& connection, Operation& operation) const {
    std::string text = constructor_.head.substr(0, constructor_.values) + "SELECT ";
    // Without its parentheses.
    const std::string row = constructor_.row.substr(1, constructor_.row.size() - 2);
    std::size_t at = 0;
    for (const Placeholder& place : placeholders(row)) {
        text += row.substr(at, place.begin - at) + "[kdeps]." + column(place.number);
        at = place.end;
    }
    text += row.substr(at) + " FROM OPENJSON(@kdeps) WITH (" + column(0) + " int '$[0]'";
    for (std::size_t i = 0; i < types_.size(); ++i) {
        text += ", " + column(i + 1) + " " + (types_[i].type.empty() ? kEmpty : types_[i].type) + " '$[" +
                std::to_string(i + 1) + "]'";
    }
    text += ") AS [kdeps] ORDER BY [kdeps]." + column(0) + constructor_.tail;
    Request request(process_, "sp_executesql");
    request.add_text("@stmt", std::move(text));
    request.add_text("@params", "@kdeps nvarchar(max)");
    request.add_text("@kdeps", "[" + json_ + "]");
    connection.send_call(operation, request.bytes());
}

}  // namespace kdeps::sqlserver
