// SPDX-License-Identifier: Apache-2.0
#include <utf8proc.h>
#include <algorithm>
#include <array>
#include <kdeps/cpp/text.hpp>

#include "core/expr/builtins.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/text.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

std::size_t sequence_length(std::string_view text) {
    std::int32_t code = 0;
    const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code);
    return read > 0 ? static_cast<std::size_t>(read) : 1;
}

bool is_space(std::string_view point) {
    std::int32_t code = 0;
    if (utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(point.data()),
                         static_cast<utf8proc_ssize_t>(point.size()), &code) <= 0) {
        return false;
    }
    return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 ||
           (code > 0x80 && utf8proc_category(code) >= UTF8PROC_CATEGORY_ZS &&
            utf8proc_category(code) <= UTF8PROC_CATEGORY_ZP);
}

Value to_list(const std::vector<std::string_view>& parts) {
    value::List list;
    list.reserve(parts.size());
    for (const std::string_view part : parts) {
        list.emplace_back(part);
    }
    return Value::list(std::move(list), value::Flavor::texts);
}

const std::string& text_argument(Arguments arguments, std::size_t i, std::string_view function) {
    if (!arguments[i].is_string()) {
        want_text(arguments[i], "argument " + std::to_string(i + 1) + " of " + std::string(function) + "()");
    }
    return arguments[i].text();
}

Value split_with(Arguments a, std::string_view name, bool keeps_separator) {
    const std::string_view text = text_argument(a, 0, name);
    const std::string& separator = text_argument(a, 1, name);
    const std::int64_t most = a.size() > 2 ? want_integer(a[2], "the number of pieces") : -1;
    std::vector<std::string_view> parts;
    if (most == 0) {
        return to_list(parts);
    }
    std::string_view rest = text;
    const auto has_room = [&] { return most < 0 || static_cast<std::int64_t>(parts.size()) + 1 < most; };
    if (separator.empty()) {
        while (!rest.empty() && has_room()) {
            const std::size_t length = sequence_length(rest);
            parts.push_back(rest.substr(0, length));
            rest.remove_prefix(length);
        }
        if (!rest.empty()) parts.push_back(rest);
        return to_list(parts);
    }
    std::size_t found = rest.find(separator);
    while (found != std::string_view::npos && has_room()) {
        parts.push_back(rest.substr(0, keeps_separator ? found + separator.size() : found));
        rest.remove_prefix(found + separator.size());
        found = rest.find(separator);
    }
    parts.push_back(rest);
    return to_list(parts);
}

Value replace(Frame&, Arguments a) {
    const std::string& text = text_argument(a, 0, "replace");
    const std::string& from = text_argument(a, 1, "replace");
    const std::string& to = text_argument(a, 2, "replace");
    std::int64_t left = a.size() > 3 ? want_integer(a[3], "the number of replacements") : -1;
    std::string out;
    std::size_t at = 0;
    while (left != 0) {
        const std::size_t found = from.empty() ? at : text.find(from, at);
        if (found == std::string::npos || found > text.size()) {
            break;
        }
        out.append(text, at, found - at);
        out += to;
        want_room(out.size());
        at = found + from.size();
        --left;
        if (from.empty()) {
            if (at >= text.size()) break;
            const std::size_t length = sequence_length(std::string_view(text).substr(at));
            out.append(text, at, length);
            at += length;
            if (left == 0) break;
        }
    }
    if (at < text.size()) {
        out.append(text, at);
    }
    return out;
}

Value trim(Frame&, Arguments a) {
    const std::string& text = text_argument(a, 0, "trim");
    if (a.size() == 1) {
        return trim_space(text);
    }
    const auto cut = code_points(text_argument(a, 1, "trim"));
    auto points = code_points(text);
    const auto is_cut = [&](std::string_view point) { return std::find(cut.begin(), cut.end(), point) != cut.end(); };
    const auto first = std::find_if_not(points.begin(), points.end(), is_cut);
    const auto last = std::find_if_not(points.rbegin(), std::make_reverse_iterator(first), is_cut).base();
    std::string out;
    std::for_each(first, last, [&](std::string_view point) { out += point; });
    return out;
}

Value repeat(Frame& frame, Arguments a) {
    const std::string& text = text_argument(a, 0, "repeat");
    const std::int64_t count = want_integer(a[1], "the count of repeat()");
    if (count < 0 || count > 1'000'000) {
        throw RunError("the count of repeat() must be between 0 and 1000000, not " + std::to_string(count));
    }
    frame.spend(text.size() > 1'000'000 ? SIZE_MAX : text.size() * static_cast<std::size_t>(count));
    std::string out;
    out.reserve(text.size() * static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
        out += text;
    }
    return out;
}

Value join(Frame&, Arguments a) {
    want_array(a[0], "argument 1 of join()");
    const std::string separator = a.size() > 1 ? text_argument(a, 1, "join") : "";
    std::string out;
    bool is_first = true;
    for_each_element(a[0], [&](const Value& element) {
        if (!is_first) out += separator;
        is_first = false;
        out += want_text(element, "an element of join()");
        want_room(out.size());
        return true;
    });
    return out;
}

// slice(x, from [, to]) and substring(): of a text by code points, as len() counts, where x[from:to] counts bytes.
Value part(Frame&, Arguments a) {
    const Value* to = a.size() > 2 ? &a[2] : nullptr;
    if (!a[0].is_string()) {
        return slice(a[0], &a[1], to);
    }
    value::List points;
    for (const std::string_view point : code_points(a[0].text())) points.emplace_back(point);
    std::string out;
    const Value kept = slice(Value::list(std::move(points)), &a[1], to);
    for (const Value& point : kept.list()) out += point.text();
    return out;
}

Value url_encode(Frame&, Arguments a) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text_argument(a, 0, "urlencode")) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || std::string_view("-_.~").find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

}  // namespace

std::string map_case(std::string_view text, bool to_upper) {
    std::string out;
    out.reserve(text.size());
    for (const std::string_view point : code_points(text)) {
        if (point.size() == 1 && static_cast<unsigned char>(point[0]) < 0x80) {
            const char c = point[0];
            const bool changes = to_upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
            out += changes ? static_cast<char>(c ^ 0x20) : c;
            continue;
        }
        std::int32_t code = 0;
        if (utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(point.data()),
                             static_cast<utf8proc_ssize_t>(point.size()), &code) <= 0) {
            out += point;
            continue;
        }
        std::array<utf8proc_uint8_t, 4> buffer{};
        // Unicode has an upper-case ß, but ß is not mapped to it.
        const std::int32_t mapped = to_upper ? (code == 0xDF ? code : utf8proc_toupper(code)) : utf8proc_tolower(code);
        const auto length = utf8proc_encode_char(mapped, buffer.data());
        out.append(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(length));
    }
    return out;
}

std::vector<std::string_view> code_points(std::string_view text) {
    std::vector<std::string_view> points;
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        points.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return points;
}

std::size_t count_code_points(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) {
        text.remove_prefix(static_cast<unsigned char>(text[0]) < 0x80 ? 1 : sequence_length(text));
    }
    return count;
}

std::string trim_space(std::string_view text) {
    const auto points = code_points(text);
    const auto first = std::find_if_not(points.begin(), points.end(), is_space);
    const auto last = std::find_if_not(points.rbegin(), std::make_reverse_iterator(first), is_space).base();
    std::string out;
    std::for_each(first, last, [&](std::string_view point) { out += point; });
    return out;
}

void add_text_functions(BuiltinTable& table) {
    table["trim"] = {1, 2, trim};
    table["trimPrefix"] = {1, 2, [](Frame&, Arguments a) -> Value {
                               const std::string& text = text_argument(a, 0, "trimPrefix");
                               const std::string affix = a.size() > 1 ? text_argument(a, 1, "trimPrefix") : " ";
                               return text.starts_with(affix) ? text.substr(affix.size()) : text;
                           }};
    table["trimSuffix"] = {1, 2, [](Frame&, Arguments a) -> Value {
                               const std::string& text = text_argument(a, 0, "trimSuffix");
                               const std::string affix = a.size() > 1 ? text_argument(a, 1, "trimSuffix") : " ";
                               return text.ends_with(affix) ? text.substr(0, text.size() - affix.size()) : text;
                           }};
    table["upper"] = {1, 1, [](Frame&, Arguments a) -> Value { return map_case(text_argument(a, 0, "upper"), true); }};
    table["lower"] = {1, 1, [](Frame&, Arguments a) -> Value { return map_case(text_argument(a, 0, "lower"), false); }};
    table["split"] = {2, 3, [](Frame&, Arguments a) { return split_with(a, "split", false); }};
    table["splitAfter"] = {2, 3, [](Frame&, Arguments a) { return split_with(a, "splitAfter", true); }};
    table["replace"] = {3, 4, replace};
    table["repeat"] = {2, 2, repeat};
    table["join"] = {1, 2, join};
    table["indexOf"] = {2, 2, [](Frame&, Arguments a) -> Value {
                            const std::size_t found =
                                text_argument(a, 0, "indexOf").find(text_argument(a, 1, "indexOf"));
                            return found == std::string::npos ? Value(-1) : Value(found);
                        }};
    table["lastIndexOf"] = {2, 2, [](Frame&, Arguments a) -> Value {
                                const std::size_t found =
                                    text_argument(a, 0, "lastIndexOf").rfind(text_argument(a, 1, "lastIndexOf"));
                                return found == std::string::npos ? Value(-1) : Value(found);
                            }};
    table["hasPrefix"] = {2, 2, [](Frame&, Arguments a) -> Value {
                              return text_argument(a, 0, "hasPrefix").starts_with(text_argument(a, 1, "hasPrefix"));
                          }};
    table["hasSuffix"] = {2, 2, [](Frame&, Arguments a) -> Value {
                              return text_argument(a, 0, "hasSuffix").ends_with(text_argument(a, 1, "hasSuffix"));
                          }};
    table["slice"] = {2, 3, part};
    table["substring"] = {2, 3, part};
    table["urlencode"] = {1, 1, url_encode};
    // The infix words as calls (rules §3).
    table["contains"] = {2, 2, [](Frame&, Arguments a) -> Value {
                             if (a[0].is_null() || a[1].is_null()) return false;
                             if (a[0].is_array()) return is_in(a[1], a[0]);
                             return text_argument(a, 0, "contains").find(text_argument(a, 1, "contains")) !=
                                    std::string::npos;
                         }};
    table["matches"] = {2, 2, [](Frame&, Arguments a) -> Value { return matches(a[0], a[1]); }};
    table["startsWith"] = {2, 2, [](Frame&, Arguments a) -> Value {
                               return !a[0].is_null() &&
                                      text_argument(a, 0, "startsWith").starts_with(text_argument(a, 1, "startsWith"));
                           }};
    table["endsWith"] = {2, 2, [](Frame&, Arguments a) -> Value {
                             return !a[0].is_null() &&
                                    text_argument(a, 0, "endsWith").ends_with(text_argument(a, 1, "endsWith"));
                         }};
}

}  // namespace kdeps::expr
