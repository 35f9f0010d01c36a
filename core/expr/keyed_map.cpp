// SPDX-License-Identifier: Apache-2.0
#include "core/expr/keyed_map.hpp"

#include <algorithm>
#include <cstring>

#include "core/expr/evaluate.hpp"
#include "core/expr/go_text.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

namespace {

// A text that is the same for equal keys only.  False for what cannot be a key.
bool encode(const Value& key, std::string& out) {
    const auto raw = [&](char mark, const auto& number) {
        std::array<char, sizeof(number)> bytes;
        std::memcpy(bytes.data(), &number, sizeof(number));
        out += mark;
        out.append(bytes.data(), bytes.size());
    };
    switch (key.kind()) {
        case Kind::null: out += 'n'; return true;
        case Kind::boolean: out += key.boolean() ? 't' : 'f'; return true;
        case Kind::integer: raw('i', key.integer()); return true;
        case Kind::floating: raw('d', key.floating() == 0 ? 0.0 : key.floating()); return true;
        case Kind::decimal: {
            // A decimal is of the type float, as a double is.
            const Value uniform = value::uniform_number(key);
            if (uniform.kind() != Kind::decimal) {
                const double number = uniform.floating();
                if (value::compare_numbers(Value(number), key) == 0) return encode(Value(number), out);
            }
            out += '#';
            value::append_text(uniform, out);
            return true;
        }
        case Kind::string: out += 's'; break;
        case Kind::object:
            if (as_keyed_map(key) != nullptr) return false;
            out += 'o';
            out += key.object().type_name();
            out += ':';
            out += key.object().text();
            return true;
        default: return false;
    }
    out += key.text();
    return true;
}

}  // namespace

const KeyedMap* as_keyed_map(const Value& value) {
    return value.kind() == Kind::object ? dynamic_cast<const KeyedMap*>(&value.object()) : nullptr;
}

KeyedMap::KeyedMap(std::vector<Entry> entries, Missing missing) : entries_(std::move(entries)), missing_(missing) {
    index_.reserve(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        std::string key;
        encode(entries_[i].first, key);
        index_.emplace(std::move(key), i);
    }
}

const Value* KeyedMap::find(const Value& key) const {
    std::string encoded;
    if (!encode(key, encoded)) {
        throw RunError("the key of a map must be a scalar, not " + std::string(expr::type_name(key)));
    }
    const auto found = index_.find(encoded);
    return found == index_.end() ? nullptr : &entries_[found->second].second;
}

Value KeyedMap::get(const Value& key) const {
    if (const Value* found = find(key)) {
        return *found;
    }
    return missing_ == Missing::empty_list ? Value::list({}, value::Flavor::absent) : Value();
}

bool KeyedMap::has_text_keys_only() const {
    for (const auto& [key, value] : entries_) {
        if (!key.is_string()) return false;
    }
    return true;
}

std::string KeyedMap::text() const {
    std::string out;
    append_go_map(entries_, out);
    return out;
}

Value KeyedMap::plain() const {
    value::Map map;
    map.reserve(entries_.size());
    for (const auto& [key, value] : entries_) {
        std::string text;
        value::append_text(key, text);
        map.set(text, value::to_plain(value));
    }
    return Value::map(std::move(map));
}

bool KeyedMap::is_deeper_than(std::size_t levels) const {
    return levels == 0 || std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
               return value::is_deeper_than(entry.second, levels - 1);
           });
}

bool KeyedMap::equals(const value::Object& other) const {
    const auto* map = dynamic_cast<const KeyedMap*>(&other);
    if (map == nullptr || map->entries_.size() != entries_.size() || map->missing_ != missing_) {
        return false;
    }
    for (const auto& [key, value] : entries_) {
        const Value* found = map->find(key);
        if (found == nullptr || !identical(value, *found)) return false;
    }
    return true;
}

std::size_t KeyIndex::place(const Value& key, std::string_view function) {
    scratch_.clear();
    if (!encode(key, scratch_)) {
        throw RunError("a key of " + std::string(function) + "() must be a scalar, not " + std::string(type_name(key)));
    }
    const auto found = places_.find(scratch_);
    return found != places_.end() ? found->second : places_.emplace(scratch_, places_.size()).first->second;
}

}  // namespace kdeps::expr
