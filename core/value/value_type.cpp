// SPDX-License-Identifier: Apache-2.0
#include "core/value/value_type.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>

#include "core/value/number.hpp"
#include "core/value/table.hpp"

namespace kdeps::value {

static_assert(sizeof(Value) == 16);

namespace {

constexpr std::size_t kIndexFrom = 17;  // entries from which a map keeps a hash index

struct Text final : Shared {
    explicit Text(std::string t) : text(std::move(t)) {}
    std::string text;
};
struct ListPayload final : Shared {
    explicit ListPayload(List l) : list(std::move(l)) {}
    List list;
};
struct MapPayload final : Shared {
    explicit MapPayload(Map m) : map(std::move(m)) {}
    Map map;
};
struct TablePayload final : Shared {
    TablePayload(TablePtr t, std::size_t r) : table(std::move(t)), row(r) {}
    TablePtr table;
    std::size_t row;
};

// Of a number whose size no double has: infinite, or zero.
double beyond_doubles(std::string_view digits) {
    const double size = is_above_one(digits) ? HUGE_VAL : 0;
    return digits.starts_with('-') ? -size : size;
}

}  // namespace

Value::Value(std::string text) : Value(Kind::string, new Text(std::move(text))) {}
Value Value::decimal(std::string digits) { return {Kind::decimal, new Text(std::move(digits))}; }
Value Value::bytes(std::string bytes) { return {Kind::bytes, new Text(std::move(bytes))}; }
Value Value::list(List elements, Flavor flavor) {
    Value value(Kind::list, new ListPayload(std::move(elements)));
    value.flavor_ = flavor;
    return value;
}
Value Value::map(Map entries, Flavor flavor) {
    Value value(Kind::map, new MapPayload(std::move(entries)));
    value.flavor_ = flavor;
    return value;
}
Value Value::table(TablePtr table) { return {Kind::table, new TablePayload(std::move(table), 0)}; }
Value Value::object(std::unique_ptr<Object> object) { return {Kind::object, object.release()}; }
Value Value::row(TablePtr table, std::size_t row) {
    Value value(Kind::map, new TablePayload(std::move(table), row));
    value.flavor_ = Flavor::row;
    return value;
}

double Value::floating() const {
    switch (kind_) {
        case Kind::integer: return static_cast<double>(as_.integer);
        case Kind::floating: return as_.floating;
        case Kind::decimal: {
            double out = 0;
            const std::string& digits = text();
            const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
            return failed == std::errc::result_out_of_range ? beyond_doubles(digits) : out;
        }
        default: assert(false); return 0;
    }
}

const std::string& Value::text() const { return static_cast<const Text*>(as_.payload)->text; }
const List& Value::list() const { return static_cast<const ListPayload*>(as_.payload)->list; }
const Map& Value::map() const { return static_cast<const MapPayload*>(as_.payload)->map; }
const TablePtr& Value::table() const { return static_cast<const TablePayload*>(as_.payload)->table; }
std::size_t Value::row_index() const { return static_cast<const TablePayload*>(as_.payload)->row; }
const Object& Value::object() const { return *static_cast<const Object*>(as_.payload); }

std::size_t Value::size() const {
    switch (kind_) {
        case Kind::list: return list().size();
        case Kind::map: return is_row() ? table()->column_count() : map().size();
        case Kind::table: return table()->row_count();
        default: return 0;
    }
}

Value Value::at(std::size_t i) const {
    switch (kind_) {
        case Kind::list: return list()[i];
        case Kind::map: return is_row() ? table()->cell(row_index(), i) : map()[i].second;
        case Kind::table: return row(table(), i);
        default: return {};
    }
}

std::string_view Value::key_at(std::size_t i) const {
    return is_row() ? table()->column_name(i) : std::string_view(map()[i].first);
}

std::optional<Value> Value::find(std::string_view key) const {
    if (is_row()) {
        const auto column = table()->column_index(key);
        return column ? std::optional(table()->cell(row_index(), *column)) : std::nullopt;
    }
    const Value* found = map().find(key);
    return found == nullptr ? std::nullopt : std::optional(*found);
}

bool operator==(const Value& a, const Value& b) {
    if (a.is_number() && b.is_number()) {
        if (a.kind() == Kind::integer && b.kind() == Kind::integer) {
            return a.integer() == b.integer();
        }
        return compare_numbers(a, b) == 0;
    }
    if (a.is_array() && b.is_array()) {
        bool is_equal = a.size() == b.size();
        for (std::size_t i = 0; is_equal && i < a.size(); ++i) {
            is_equal = a.at(i) == b.at(i);
        }
        return is_equal;
    }
    if (a.kind() != b.kind()) {
        return false;
    }
    switch (a.kind()) {
        case Kind::null: return true;
        case Kind::boolean: return a.boolean() == b.boolean();
        case Kind::string:
        case Kind::bytes: return a.text() == b.text();
        case Kind::object: return a.object().equals(b.object());
        case Kind::map: {
            bool is_equal = a.size() == b.size();
            for (std::size_t i = 0; is_equal && i < a.size(); ++i) {
                const auto other = b.find(a.key_at(i));
                is_equal = other.has_value() && a.at(i) == *other;
            }
            return is_equal;
        }
        default: return false;
    }
}

bool is_deeper_than(const Value& value, std::size_t levels) {
    const auto is_deep = [&](const Value& inner) { return is_deeper_than(inner, levels - 1); };
    switch (value.kind()) {
        case Kind::list: return levels == 0 || std::any_of(value.list().begin(), value.list().end(), is_deep);
        case Kind::map:
            if (levels == 0 || value.is_row()) return levels == 0;
            return std::any_of(value.map().begin(), value.map().end(),
                               [&](const Map::Entry& entry) { return is_deep(entry.second); });
        case Kind::object: return value.object().is_deeper_than(levels);
        default: return false;
    }
}

void Map::set(std::string_view key, Value value) {
    const std::size_t place = index_of(key);
    if (place < entries_.size()) {
        entries_[place].second = std::move(value);
        return;
    }
    entries_.emplace_back(std::string(key), std::move(value));
    if (entries_.size() == kIndexFrom) {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            index_.emplace(entries_[i].first, i);
        }
    } else if (entries_.size() > kIndexFrom) {
        index_.emplace(entries_.back().first, place);
    }
}

const Value* Map::find(std::string_view key) const {
    const std::size_t place = index_of(key);
    return place < entries_.size() ? &entries_[place].second : nullptr;
}

std::size_t Map::index_of(std::string_view key) const {
    if (entries_.size() >= kIndexFrom) {
        const auto found = index_.find(key);
        return found == index_.end() ? entries_.size() : found->second;
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].first == key) {
            return i;
        }
    }
    return entries_.size();
}

}  // namespace kdeps::value
