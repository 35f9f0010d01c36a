// SPDX-License-Identifier: Apache-2.0
// Reading parts of values: in, member, index, slice (section 5 of the language).
#include <algorithm>

#include "core/expr/evaluate.hpp"
#include "core/expr/keyed_map.hpp"
#include "core/expr/text.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

bool is_in(const Value& needle, const Value& container) {
    if (container.is_null()) {
        return false;
    }
    if (container.is_map()) {
        if (needle.is_null()) return container.find("").has_value();
        return container.find(want_text(needle, "the key before 'in'")).has_value();
    }
    if (const KeyedMap* map = as_keyed_map(container)) {
        return map->find(needle) != nullptr;
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
        if (object.is_row()) {
            return object.find(name).value_or(Value());
        }
        const Value* found = object.map().find(name);
        if (found != nullptr) return *found;
        return object.flavor() == value::Flavor::texts ? Value("") : Value();
    }
    if (const KeyedMap* map = as_keyed_map(object)) {
        return map->get(Value(name));
    }
    if (name == "length") {
        if (object.is_array()) return object.size();
        if (object.is_string()) {
            return count_code_points(object.text());
        }
    }
    throw RunError("cannot fetch '" + name + "' from " + std::string(type_name(object)));
}

Value index(const Value& object, const Value& key) {
    if (object.is_map()) {
        return member(object, key.is_null() ? std::string() : want_text(key, "the key of a map"));
    }
    if (const KeyedMap* map = as_keyed_map(object)) {
        return map->get(key);
    }
    if (object.is_array() || object.is_string() || object.kind() == Kind::bytes) {
        if (!key.is_number()) {
            throw RunError("the index of an array must be an integer, not " + std::string(type_name(key)));
        }
        const std::int64_t i = want_integer(key, "the index of an array");
        const auto size = static_cast<std::int64_t>(object.is_array() ? object.size() : object.text().size());
        const std::int64_t place = i < 0 && i >= -size ? size + i : i;
        if (place < 0 || place >= size) {
            throw RunError("index " + std::to_string(i) + " is out of range, the array has " + std::to_string(size) +
                           " elements");
        }
        if (object.is_array()) {
            return object.at(static_cast<std::size_t>(place));
        }
        return static_cast<std::int64_t>(static_cast<unsigned char>(object.text()[static_cast<std::size_t>(place)]));
    }
    throw RunError("cannot fetch an element from " + std::string(type_name(object)));
}

Value slice(const Value& object, const Value* from, const Value* to) {
    const bool is_text = object.is_string() || object.kind() == Kind::bytes;
    if (!object.is_array() && !is_text) {
        throw RunError("cannot slice " + std::string(type_name(object)));
    }
    const auto size = static_cast<std::int64_t>(object.is_array() ? object.size() : object.text().size());
    const auto place = [&](const Value* bound, std::int64_t otherwise) {
        if (bound == nullptr) return otherwise;
        const std::int64_t i = want_integer(*bound, "the bound of a slice");
        return std::clamp<std::int64_t>(i < 0 ? i < -size ? 0 : size + i : i, 0, size);
    };
    const std::int64_t start = place(from, 0);
    const std::int64_t end = std::max(place(to, size), start);
    if (is_text) {
        std::string part = object.text().substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start));
        return object.is_string() ? Value(std::move(part)) : Value::bytes(std::move(part));
    }
    value::List list;
    list.reserve(static_cast<std::size_t>(end - start));
    for (std::int64_t i = start; i < end; ++i) {
        list.push_back(object.at(static_cast<std::size_t>(i)));
    }
    const bool has_element_type = object.flavor() == value::Flavor::integers || object.flavor() == value::Flavor::texts;
    return Value::list(std::move(list), has_element_type ? object.flavor() : value::Flavor::plain);
}

}  // namespace kdeps::expr
