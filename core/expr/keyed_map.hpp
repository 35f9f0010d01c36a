// SPDX-License-Identifier: Apache-2.0
// A map whose keys are of any scalar type: what groupBy() and fromPairs() make.  1, 1.0 and "1" are different keys.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/value/value.hpp"

namespace kdeps::expr {

class KeyedMap final : public value::Object {
public:
    using Entry = std::pair<value::Value, value::Value>;
    enum class Missing : std::uint8_t { null, empty_list };  // what a key that is not there reads as

    KeyedMap(std::vector<Entry> entries, Missing missing);

    std::string_view type_name() const override { return "map"; }
    std::string text() const override;
    value::Value plain() const override;  // keys as text
    bool equals(const value::Object& other) const override;
    bool is_deeper_than(std::size_t levels) const override;

    const std::vector<Entry>& entries() const { return entries_; }
    bool has_text_keys_only() const;
    const value::Value* find(const value::Value& key) const;
    value::Value get(const value::Value& key) const;

private:
    std::vector<Entry> entries_;
    std::unordered_map<std::string, std::size_t> index_;
    Missing missing_;
};

// Null if the value is not one.
const KeyedMap* as_keyed_map(const value::Value& value);

// Collects entries by key in the order in which the keys are first seen.
class KeyIndex {
public:
    // Place of the key; a new key gets the next place.  Throws RunError for a key that is a list or a map.
    std::size_t place(const value::Value& key, std::string_view function);

private:
    std::unordered_map<std::string, std::size_t> places_;
    std::string scratch_;
};

}  // namespace kdeps::expr
