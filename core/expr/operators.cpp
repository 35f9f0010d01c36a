// SPDX-License-Identifier: Apache-2.0
// What operators do with values (spec of the language, sections 4 and 5).
#include <algorithm>

#include "core/expr/evaluate.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

std::string_view type_name(const Value& value) {
    switch (value.kind()) {
        case Kind::null: return "nil";
        case Kind::boolean: return "bool";
        case Kind::integer: return "int";
        case Kind::floating:
        case Kind::decimal: return "float";
        case Kind::string: return "string";
        case Kind::bytes:
        case Kind::list:
        case Kind::table: return "array";
        case Kind::map: return "map";
        case Kind::object: return value.object().type_name();
    }
    return "nil";
}

std::int64_t want_integer(const Value& value, std::string_view what) {
    if (value.is_int()) {
        return value.integer();
    }
    // A number from a request is an integer only if it was written as one; 2.0 is accepted, 2.5 is not.
    if (value.kind() == Kind::floating && value.floating() == static_cast<double>(static_cast<std::int64_t>(value.floating()))) {
        return static_cast<std::int64_t>(value.floating());
    }
    throw RunError(std::string(what) + " must be an integer, not " + std::string(type_name(value)));
}

const std::string& want_text(const Value& value, std::string_view what) {
    if (!value.is_string()) {
        throw RunError(std::string(what) + " must be a string, not " + std::string(type_name(value)));
    }
    return value.text();
}

void want_array(const Value& value, std::string_view what) {
    if (!value.is_array()) {
        throw RunError(std::string(what) + " must be an array, not " + std::string(type_name(value)));
    }
}

Value add(const Value& a, const Value& b) {
    if (a.is_int() && b.is_int()) {
        // Wraps, as 64-bit integers do in the reference.
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(a.integer()) + static_cast<std::uint64_t>(b.integer()));
    }
    if (a.is_number() && b.is_number()) {
        return a.floating() + b.floating();
    }
    if (a.is_string() && b.is_string()) {
        std::string text;
        text.reserve(a.text().size() + b.text().size());
        text += a.text();
        text += b.text();
        return text;
    }
    throw RunError("'+' does not take " + std::string(type_name(a)) + " and " + std::string(type_name(b)));
}

bool equal(const Value& a, const Value& b) { return a == b; }

bool less(const Value& a, const Value& b) {
    if (a.is_int() && b.is_int()) {
        return a.integer() < b.integer();
    }
    if (a.is_number() && b.is_number()) {
        return a.floating() < b.floating();
    }
    if (a.is_string() && b.is_string()) {
        return a.text() < b.text();
    }
    throw RunError("cannot order " + std::string(type_name(a)) + " and " + std::string(type_name(b)));
}

bool is_in(const Value& needle, const Value& container) {
    if (container.is_null()) {
        return false;
    }
    if (container.is_map()) {
        if (needle.is_null()) return container.find("").has_value();
        return container.find(want_text(needle, "the key before 'in'")).has_value();
    }
    if (!container.is_array()) {
        throw RunError("'in' wants an array or a map behind it, not " + std::string(type_name(container)));
    }
    bool found = false;
    for_each_element(container, [&](const Value& element) {
        found = equal(element, needle);
        return !found;
    });
    return found;
}

Value member(const Value& object, const std::string& name) {
    if (object.is_map()) {
        if (auto found = object.find(name)) {
            return std::move(*found);
        }
        if (name == "length" && !object.is_row()) {
            return object.size();
        }
        return {};
    }
    if (name == "length") {
        if (object.is_array()) return object.size();
        if (object.is_string()) {
            return static_cast<std::int64_t>(
                std::count_if(object.text().begin(), object.text().end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
        }
    }
    throw RunError("cannot fetch '" + name + "' from " + std::string(type_name(object)));
}

Value index(const Value& object, const Value& key) {
    if (object.is_map()) {
        return member(object, key.is_null() ? std::string() : want_text(key, "the key of a map"));
    }
    if (object.is_array() || object.is_string() || object.kind() == Kind::bytes) {
        if (!key.is_number()) {
            throw RunError("the index of an array must be an integer, not " + std::string(type_name(key)));
        }
        const auto i = key.is_int() ? key.integer() : static_cast<std::int64_t>(key.floating());
        const auto size = static_cast<std::int64_t>(object.is_array() ? object.size() : object.text().size());
        const std::int64_t place = i < 0 ? size + i : i;
        if (place < 0 || place >= size) {
            throw RunError("index " + std::to_string(i) + " is out of range, the array has " + std::to_string(size) + " elements");
        }
        if (object.is_array()) {
            return object.at(static_cast<std::size_t>(place));
        }
        return static_cast<std::int64_t>(static_cast<unsigned char>(object.text()[static_cast<std::size_t>(place)]));
    }
    throw RunError("cannot fetch an element from " + std::string(type_name(object)));
}

Value slice(const Value& object, const Value* from, const Value* to) {
    if (!object.is_array() && !object.is_string()) {
        throw RunError("cannot slice " + std::string(type_name(object)));
    }
    const auto size = static_cast<std::int64_t>(object.is_array() ? object.size() : object.text().size());
    const auto place = [&](const Value* bound, std::int64_t otherwise) {
        if (bound == nullptr) return otherwise;
        const std::int64_t i = want_integer(*bound, "the bound of a slice");
        return std::clamp<std::int64_t>(i < 0 ? size + i : i, 0, size);
    };
    const std::int64_t start = place(from, 0);
    const std::int64_t end = std::max(place(to, size), start);
    if (object.is_string()) {
        return object.text().substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start));
    }
    value::List list;
    list.reserve(static_cast<std::size_t>(end - start));
    for (std::int64_t i = start; i < end; ++i) {
        list.push_back(object.at(static_cast<std::size_t>(i)));
    }
    return Value::list(std::move(list));
}

}  // namespace kdeps::expr
