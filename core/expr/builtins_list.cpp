// SPDX-License-Identifier: Apache-2.0
// Functions on arrays and maps that take values; those with a predicate are in predicates.cpp.
#include <algorithm>

#include "core/expr/builtins.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/keyed_map.hpp"
#include "core/expr/text.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

// The elements of an array; those of bytes are numbers.  Throws RunError for anything else.
value::List elements(const Value& array, std::string_view what) {
    value::List list;
    if (array.kind() == value::Kind::bytes) {
        for (const char c : array.text()) list.emplace_back(static_cast<int>(static_cast<unsigned char>(c)));
        return list;
    }
    want_array(array, what);
    list.reserve(array.size());
    for_each_element(array, [&](const Value& element) {
        list.push_back(element);
        return true;
    });
    return list;
}

bool is_descending(const Value& order) {
    const std::string& text = want_text(order, "the order of a sort");
    if (text != "asc" && text != "desc") {
        throw RunError("the order of a sort must be 'asc' or 'desc', not '" + text + "'");
    }
    return text == "desc";
}

Value length(Frame&, Arguments a) {
    if (a[0].is_array() || a[0].is_map()) return a[0].size();
    if (a[0].is_string()) return count_code_points(a[0].text());
    if (a[0].kind() == value::Kind::bytes) return a[0].text().size();
    if (const KeyedMap* map = as_keyed_map(a[0])) return map->entries().size();
    throw RunError("len() does not take " + std::string(type_name(a[0])));
}

Value flatten(Frame& frame, Arguments a) {
    want_array(a[0], "argument 1 of flatten()");
    value::List out;
    const auto add_all = [&](const auto& self, const Value& array) -> void {
        for_each_element(array, [&](const Value& element) {
            if (element.is_array()) {
                self(self, element);
            } else {
                frame.spend(1);
                out.push_back(element);
            }
            return true;
        });
    };
    add_all(add_all, a[0]);
    return Value::list(std::move(out));
}

// Scalars are told apart by their keys, everything else by comparing with what has been kept.
Value unique(Frame&, Arguments a) {
    const value::List all = elements(a[0], "argument 1 of uniq()");
    value::List out;
    value::List others;
    KeyIndex seen;
    std::size_t scalars = 0;
    for (const Value& element : all) {
        if (element.is_array() || element.is_map() || element.kind() == value::Kind::object ||
            element.kind() == value::Kind::bytes) {
            if (std::none_of(others.begin(), others.end(), [&](const Value& other) { return equal(other, element); })) {
                others.push_back(element);
                out.push_back(element);
            }
            continue;
        }
        // Equal numbers of different types have one key.
        const bool is_mixed = element.is_number() && !element.is_int();
        if (seen.place(is_mixed ? value::uniform_number(element) : element, "uniq") == scalars) {
            ++scalars;
            out.push_back(element);
        }
    }
    return Value::list(std::move(out));
}

Value concat(Frame& frame, Arguments a) {
    value::List out;
    for (const Value& array : a) {
        value::List more = elements(array, "an argument of concat()");
        frame.spend(more.size());
        out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    const value::Flavor flavor = out.empty() ? value::Flavor::absent : value::Flavor::plain;
    return Value::list(std::move(out), flavor);
}

Value sort(Frame& frame, Arguments a) {
    const bool descending = a.size() > 1 && is_descending(a[1]);
    if (!a[0].is_array() && a[0].kind() != value::Kind::bytes) {
        return Value::list({}, value::Flavor::absent);  // as the reference has it
    }
    value::List list = elements(a[0], "argument 1 of sort()");
    frame.spend(list.size());
    std::stable_sort(list.begin(), list.end(),
                     [&](const Value& x, const Value& y) { return descending ? less(y, x) : less(x, y); });
    return Value::list(std::move(list));
}

Value reverse(Frame& frame, Arguments a) {
    value::List list = elements(a[0], "argument 1 of reverse()");
    frame.spend(list.size());
    std::reverse(list.begin(), list.end());
    return Value::list(std::move(list));
}

Value take(Frame&, Arguments a) {
    if (a[0].kind() != value::Kind::bytes) want_array(a[0], "argument 1 of take()");
    const std::int64_t count = want_whole(a[1], "the count of take()");
    if (count < 0) {
        throw RunError("the count of take() must not be negative");
    }
    const Value from(0);
    return slice(a[0], &from, &a[1]);
}

// Calls visit(key, value) for each entry of a map of either sort.
template <typename Visit>
void each_entry(const Value& map, std::string_view function, Visit visit) {
    if (const KeyedMap* keyed = as_keyed_map(map)) {
        for (const auto& [key, value] : keyed->entries()) visit(key, value);
        return;
    }
    if (!map.is_map()) {
        throw RunError(std::string(function) + "() wants a map, not " + std::string(type_name(map)));
    }
    for (std::size_t i = 0; i < map.size(); ++i) {
        visit(Value(map.key_at(i)), map.at(i));
    }
}

Value keys(Frame&, Arguments a) {
    value::List out;
    each_entry(a[0], "keys", [&](const Value& key, const Value&) { out.push_back(key); });
    return Value::list(std::move(out));
}

Value values(Frame&, Arguments a) {
    value::List out;
    each_entry(a[0], "values", [&](const Value&, const Value& value) { out.push_back(value); });
    return Value::list(std::move(out));
}

Value to_pairs(Frame&, Arguments a) {
    value::List out;
    each_entry(a[0], "toPairs", [&](const Value& key, const Value& value) {
        out.push_back(Value::list({key, value}, value::Flavor::pair));
    });
    return Value::list(std::move(out));
}

Value from_pairs(Frame&, Arguments a) {
    want_array(a[0], "argument 1 of fromPairs()");
    std::vector<KeyedMap::Entry> entries;
    KeyIndex places;
    for_each_element(a[0], [&](const Value& pair) {
        if (!pair.is_array() || pair.size() != 2) {
            throw RunError("fromPairs() wants pairs of a key and a value");
        }
        const Value key = pair.at(0);
        const std::size_t place = places.place(key, "fromPairs");
        if (place == entries.size()) {
            entries.emplace_back(key, pair.at(1));
        } else {
            entries[place].second = pair.at(1);
        }
        return true;
    });
    return Value::object(std::make_unique<KeyedMap>(std::move(entries), KeyedMap::Missing::null));
}

// Like an index, but null for what is not there.
Value get(Frame&, Arguments a) {
    const Value& object = a[0];
    if (object.is_map() || as_keyed_map(object) != nullptr) return index(object, a[1]);
    if (object.is_array() || object.is_string() || object.kind() == value::Kind::bytes) {
        const std::int64_t i = want_integer(a[1], "the index of get()");
        const auto size = static_cast<std::int64_t>(object.is_array() ? object.size() : object.text().size());
        return i < -size || i >= size ? Value() : index(object, a[1]);
    }
    return {};
}

Value end_of(const Value& object, std::int64_t i) {
    const bool is_empty = object.is_array()
                              ? object.size() == 0
                              : !(object.is_string() || object.kind() == value::Kind::bytes) || object.text().empty();
    return is_empty ? Value() : index(object, Value(i));
}

// A dotted path through maps; null where it ends early.
Value safe(Frame&, Arguments a) {
    Value at = a[0];
    std::string_view path = want_text(a[1], "the path of safe()");
    while (!path.empty()) {
        const std::size_t dot = std::min(path.find('.'), path.size());
        const auto found = at.is_map() ? at.find(path.substr(0, dot)) : std::nullopt;
        if (!found) return {};
        at = *found;
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return at;
}

}  // namespace

void add_list_functions(BuiltinTable& table) {
    table["len"] = {1, 1, length};
    table["flatten"] = {1, 1, flatten};
    table["uniq"] = {1, 1, unique};
    table["concat"] = {1, kAnyNumber, concat};
    table["sort"] = {1, 2, sort};
    table["reverse"] = {1, 1, reverse};
    table["take"] = {2, 2, take};
    table["first"] = {1, 1, [](Frame&, Arguments a) { return end_of(a[0], 0); }};
    table["last"] = {1, 1, [](Frame&, Arguments a) { return end_of(a[0], -1); }};
    table["keys"] = {1, 1, keys};
    table["values"] = {1, 1, values};
    table["toPairs"] = {1, 1, to_pairs};
    table["fromPairs"] = {1, 1, from_pairs};
    table["get"] = {2, 2, get};
    table["safe"] = {2, 2, safe};
}

}  // namespace kdeps::expr
