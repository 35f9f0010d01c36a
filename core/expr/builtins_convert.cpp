// SPDX-License-Identifier: Apache-2.0
// Between types: numbers, text, JSON, base64; and what kdeps adds to the language (rules §3).
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <kdeps/cpp/text.hpp>

#include "core/expr/builtins.hpp"
#include "core/expr/duration_value.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/go_text.hpp"
#include "core/expr/keyed_map.hpp"
#include "core/expr/time_value.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

namespace {

Value to_int(Frame&, Arguments a) {
    if (a[0].is_int()) return a[0];
    if (a[0].is_number()) {
        return value::truncated(a[0]).value_or(INT64_MIN);
    }
    if (a[0].is_string()) {
        std::string_view text = a[0].text();
        if (text.starts_with('+') && !text.substr(1).starts_with('-')) text.remove_prefix(1);
        std::int64_t value = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failed == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
        throw RunError("int() cannot read the text as an integer");
    }
    if (const DurationValue* duration = as_duration(a[0])) return duration->nanoseconds();
    if (const NamedNumber* number = as_named_number(a[0])) return number->number();
    throw RunError("int() does not take " + std::string(type_name(a[0])));
}

// parseInt(x [, base]): the digits that a text begins with, as JavaScript has it, but an error where it has NaN.
Value parse_int(Frame& frame, Arguments a) {
    if (!a[0].is_string()) {
        return to_int(frame, a);
    }
    const std::int64_t base = a.size() > 1 ? want_whole(a[1], "the base of parseInt()") : 10;
    if (base < 2 || base > 36) {
        throw RunError("the base of parseInt() must be between 2 and 36, not " + std::to_string(base));
    }
    std::string_view text = a[0].text();
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.starts_with('+') && !text.substr(1).starts_with('-')) text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, static_cast<int>(base));
    if (failed != std::errc()) {
        throw RunError("parseInt() finds no integer at the start of the text");
    }
    return value;
}

// Is it what float() reads: 1e3, .5, 1_0.5, 0x1p-2, inf, nan?
bool is_float_text(std::string_view text) {
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == "inf" || lower == "infinity" || lower == "nan") return true;
    const bool is_hex = lower.starts_with("0x");
    const auto is_allowed = [&](char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-' ||
               (is_hex ? (c >= 'a' && c <= 'f') || c == 'p' || c == 'x' : c == 'e');
    };
    return !lower.empty() && std::all_of(lower.begin(), lower.end(), is_allowed) &&
           (!is_hex || lower.find('p') != std::string::npos);
}

Value to_float(Frame&, Arguments a) {
    if (a[0].is_number()) return a[0].floating();
    std::string text;
    for (const char c : want_text(a[0], "the argument of float()")) {
        if (c != '_') text += c;
    }
    char* end = nullptr;
    const double value = is_float_text(text) ? std::strtod(text.c_str(), &end) : 0;
    const bool is_word = text.find_first_of("iInN") != std::string::npos;
    if (end == nullptr || *end != '\0' || (std::isinf(value) && !is_word)) {
        throw RunError("float() cannot read the text as a number");
    }
    return value;
}

// Indented by two spaces, keys sorted, <>& escaped: toJSON of the language.
void append_pretty(const Value& value, std::size_t depth, std::string& out) {
    want_room(out.size());
    const auto line = [&](std::size_t level) {
        out += '\n';
        out.append(level * 2, ' ');
    };
    const auto text = [&](std::string_view raw) {
        std::string quoted;
        columns::append_json_string(raw, quoted);
        for (std::size_t i = 0; i < quoted.size(); ++i) {
            const std::string_view rest = std::string_view(quoted).substr(i);
            if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
                out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
                i += 2;
                continue;
            }
            switch (quoted[i]) {
                case '<': out += "\\u003c"; break;
                case '>': out += "\\u003e"; break;
                case '&': out += "\\u0026"; break;
                default: out += quoted[i];
            }
        }
    };
    if (value.is_array() && is_nil(value)) {
        out += "null";
    } else if (value.is_array()) {
        out += '[';
        bool is_first = true;
        for_each_element(value, [&](const Value& element) {
            if (!is_first) out += ',';
            is_first = false;
            line(depth + 1);
            append_pretty(element, depth + 1, out);
            return true;
        });
        if (!is_first) line(depth);
        out += ']';
    } else if (value.is_map()) {
        std::map<std::string_view, std::size_t> order;
        for (std::size_t i = 0; i < value.size(); ++i) {
            order.emplace(value.key_at(i), i);
        }
        out += '{';
        bool is_first = true;
        for (const auto& [key, i] : order) {
            if (!is_first) out += ',';
            is_first = false;
            line(depth + 1);
            text(key);
            out += ": ";
            append_pretty(value.at(i), depth + 1, out);
        }
        if (!is_first) line(depth);
        out += '}';
    } else if (value.is_string()) {
        text(value.text());
    } else if (as_keyed_map(value) != nullptr) {
        throw RunError("toJSON() wants a map with string keys; give it toPairs() of the groups");
    } else if (const DurationValue* duration = as_duration(value)) {
        columns::append_integer(duration->nanoseconds(), out);
    } else if (value.kind() == Kind::floating && !std::isfinite(value.floating())) {
        throw RunError("toJSON() cannot write NaN or infinity");
    } else {
        value::append_json(value, out);
    }
}

// Half of a surrogate pair that is written as an escape reads as U+FFFD.
std::string without_lone_surrogates(std::string_view text) {
    const auto unit = [&](std::size_t at) -> unsigned {
        unsigned code = 0;
        if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
        const auto [end, failed] = std::from_chars(text.data() + at + 2, text.data() + at + 6, code, 16);
        return failed == std::errc() && end == text.data() + at + 6 ? code : 0;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const unsigned code = unit(i);
        const bool is_pair = code >= 0xD800 && code <= 0xDBFF && unit(i + 6) >= 0xDC00 && unit(i + 6) <= 0xDFFF;
        std::size_t length = text[i] == '\\' ? 2 : 1;
        if (is_pair) {
            length = 12;
        } else if (code >= 0xD800 && code <= 0xDFFF) {
            out += "\\ufffd";
            i += 6;
            continue;
        }
        out += text.substr(i, length);
        i += length;
    }
    return out;
}

Value read_json(const std::string& text) {
    try {
        return value::parse_json(text.find("\\u") == std::string::npos ? text : without_lone_surrogates(text));
    } catch (const Error& error) {
        throw RunError("fromJSON(): " + error.message);
    }
}

Value from_base64(Frame&, Arguments a) {
    static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t group = 0;
    int count = 0;
    int padding = 0;
    for (const char c : want_text(a[0], "the argument of fromBase64()")) {
        if (c == '\r' || c == '\n') continue;
        const std::size_t digit = kDigits.find(c);
        if (c == '=' && count >= 2) {
            ++padding;
        } else if (digit == std::string_view::npos || padding > 0) {
            throw RunError("fromBase64() wants base64 text");
        }
        group = group << 6 | static_cast<std::uint32_t>(c == '=' ? 0 : digit);
        if (++count == 4) {
            for (int i = 0; i < 3 - padding; ++i) {
                out += static_cast<char>(group >> (16 - 8 * i) & 255);
            }
            group = 0;
            count = 0;
        }
    }
    if (count != 0) throw RunError("fromBase64() wants base64 text with padding");
    return out;
}

Value to_bool(Frame&, Arguments a) {
    if (a[0].is_bool()) return a[0];
    if (a[0].is_string()) {
        if (const auto value = parse_bool(a[0].text())) return *value;
        throw RunError("bool() cannot read the text as true or false");
    }
    if (a[0].is_number()) return a[0].floating() != 0;
    return !a[0].is_null();
}

}  // namespace

const BuiltinTable& builtins() {
    static const BuiltinTable kTable = [] {
        BuiltinTable table;
        add_list_functions(table);
        add_predicates(table);
        add_text_functions(table);
        add_number_functions(table);
        add_conversions(table);
        add_time_functions(table);
        return table;
    }();
    return kTable;
}

void add_conversions(BuiltinTable& table) {
    table["int"] = {1, 1, to_int};
    table["float"] = {1, 1, to_float};
    table["parseInt"] = {1, 2, parse_int};
    table["bool"] = {1, 1, to_bool};
    table["string"] = {1, 1, [](Frame&, Arguments a) -> Value {
                           std::string out;
                           // The reference prints the structure of a time zone; that of UTC is empty.
                           if (const ZoneValue* zone = as_zone(a[0]); zone != nullptr && zone->text() == "UTC") {
                               return "{UTC [] []  0 0 <nil>}";
                           }
                           append_go_text(a[0], out);
                           return out;
                       }};
    const BuiltinFunction type = [](Frame&, Arguments a) -> Value { return type_name(a[0]); };
    table["type"] = {1, 1, type};
    table["typeof"] = {1, 1, type};
    table["toJSON"] = {1, 1, [](Frame&, Arguments a) -> Value {
                           std::string out;
                           append_pretty(a[0], 0, out);
                           return out;
                       }};
    // A list, a map or a table is what the JSON of a query has been read into already.
    table["fromJSON"] = {1, 1, [](Frame&, Arguments a) -> Value {
                             if (a[0].is_array() || a[0].is_map()) return a[0];
                             return read_json(want_text(a[0], "the argument of fromJSON()"));
                         }};
    table["toBase64"] = {1, 1, [](Frame&, Arguments a) -> Value {
                             if (!a[0].is_string() && a[0].kind() != Kind::bytes)
                                 throw RunError("toBase64() wants a string");
                             std::string out;
                             columns::append_base64(a[0].text(), out);
                             return out;
                         }};
    table["fromBase64"] = {1, 1, from_base64};
    table["json"] = {1, 1, [](Frame&, Arguments a) -> Value { return value::to_json(a[0]); }};
    table["debug"] = {1, 1, [](Frame&, Arguments a) -> Value {
                          std::string out;
                          append_pretty(a[0], 0, out);
                          return out;
                      }};
    table["default"] = {2, 2, [](Frame&, Arguments a) -> Value {
                            return a[0].is_null() || (a[0].is_string() && a[0].text().empty()) ? a[1] : a[0];
                        }};
    table["ternary"] = {3, 3, [](Frame&, Arguments a) -> Value {
                            if (!a[0].is_bool()) throw RunError("the condition of ternary() must be bool");
                            return a[0].boolean() ? a[1] : a[2];
                        }};
    table["generateUUID"] = {0, 0, [](Frame&, Arguments) -> Value { return random_uuid(); }};
    // Marks a name of the database for the sql executor, which quotes it; elsewhere it is its argument.
    table["identifier"] = {
        1, 1, [](Frame&, Arguments a) -> Value { return want_text(a[0], "the argument of identifier()"); }};
}

}  // namespace kdeps::expr
