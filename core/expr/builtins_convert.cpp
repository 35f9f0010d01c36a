// SPDX-License-Identifier: Apache-2.0
// Between types: numbers, text, JSON, base64; and what kdeps adds to the language (rules §3).
#include <array>
#include <charconv>
#include <cmath>
#include <kdeps/cpp/text.hpp>

#include "core/expr/builtins.hpp"
#include "core/expr/evaluate.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

namespace {

Value to_int(Frame&, Arguments a) {
    if (a[0].is_int()) return a[0];
    if (a[0].is_number()) {
        const double number = std::trunc(a[0].floating());
        const bool fits = number >= -9223372036854775808.0 && number < 9223372036854775808.0;
        return fits ? static_cast<std::int64_t>(number) : INT64_MIN;
    }
    if (a[0].is_string()) {
        std::string_view text = a[0].text();
        if (text.starts_with('+')) text.remove_prefix(1);
        std::int64_t value = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failed == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
        throw RunError("int() cannot read the text as an integer");
    }
    throw RunError("int() does not take " + std::string(type_name(a[0])));
}

Value to_float(Frame&, Arguments a) {
    if (a[0].is_number()) return a[0].floating();
    std::string text;
    for (const char c : want_text(a[0], "the argument of float()")) {
        if (c != '_') text += c;
    }
    const std::string_view digits = text.starts_with('+') ? std::string_view(text).substr(1) : std::string_view(text);
    double value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc() || end != digits.data() + digits.size()) {
        throw RunError("float() cannot read the text as a number");
    }
    return value;
}

// The text form of the language: arrays as [1 a], maps as map[a:1] sorted by key.
void append_go_text(const Value& value, std::string& out) {
    if (value.is_null()) {
        out += "<nil>";
    } else if (value.is_array()) {
        out += '[';
        bool is_first = true;
        for_each_element(value, [&](const Value& element) {
            if (!is_first) out += ' ';
            is_first = false;
            append_go_text(element, out);
            return true;
        });
        out += ']';
    } else if (value.is_map()) {
        std::map<std::string_view, std::size_t> order;
        for (std::size_t i = 0; i < value.size(); ++i) {
            order.emplace(value.key_at(i), i);
        }
        out += "map[";
        bool is_first = true;
        for (const auto& [key, i] : order) {
            if (!is_first) out += ' ';
            is_first = false;
            out += key;
            out += ':';
            append_go_text(value.at(i), out);
        }
        out += ']';
    } else {
        value::append_text(value, out);
    }
}

// Indented by two spaces, keys sorted, <>& escaped: toJSON of the language.
void append_pretty(const Value& value, std::size_t depth, std::string& out) {
    const auto line = [&](std::size_t level) {
        out += '\n';
        out.append(level * 2, ' ');
    };
    const auto text = [&](std::string_view raw) {
        std::string quoted;
        columns::append_json_string(raw, quoted);
        for (const char c : quoted) {
            switch (c) {
                case '<': out += "\\u003c"; break;
                case '>': out += "\\u003e"; break;
                case '&': out += "\\u0026"; break;
                default: out += c;
            }
        }
    };
    if (value.is_array()) {
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
    } else if (value.kind() == Kind::floating && !std::isfinite(value.floating())) {
        throw RunError("toJSON() cannot write NaN or infinity");
    } else {
        value::append_json(value, out);
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
        return table;
    }();
    return kTable;
}

void add_conversions(BuiltinTable& table) {
    table["int"] = {1, 1, to_int};
    table["float"] = {1, 1, to_float};
    table["parseInt"] = {1, 1, to_int};
    table["bool"] = {1, 1, to_bool};
    table["string"] = {1, 1, [](Frame&, Arguments a) -> Value {
                           std::string out;
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
    // Text is read, everything else is JSON already (a table of a query, for one).
    table["fromJSON"] = {1, 1, [](Frame&, Arguments a) -> Value { return a[0].is_string() ? value::parse_json(a[0].text()) : a[0]; }};
    table["toBase64"] = {1, 1, [](Frame&, Arguments a) -> Value {
                             if (!a[0].is_string() && a[0].kind() != Kind::bytes) throw RunError("toBase64() wants a string");
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
    table["identifier"] = {1, 1, [](Frame&, Arguments a) -> Value { return want_text(a[0], "the argument of identifier()"); }};
}

}  // namespace kdeps::expr
