// SPDX-License-Identifier: Apache-2.0
// Functions that take a predicate: it is evaluated for each element, with # as that element.
#include <algorithm>

#include "core/expr/builtins.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/keyed_map.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

// Sets the scope of a predicate and puts the outer one back, also when the predicate fails.
class Scoped {
public:
    explicit Scoped(Frame& frame) : frame_(frame), outer_(frame.scope) {}
    ~Scoped() { frame_.scope = outer_; }
    Scoped(const Scoped&) = delete;
    Scoped& operator=(const Scoped&) = delete;

private:
    Frame& frame_;
    Scope outer_;
};

// Evaluates the collection of a call and visits its elements, each as the scope's #.  `visit` gives false to stop.  A
// text has its bytes as elements.  A map has elements that cannot be read: only a predicate that does not look at them
// succeeds.
template <typename Visit>
void each(Frame& frame, const Node& call, Visit visit) {
    const Value collection = evaluate(frame, *call.children[0]);
    const Scoped scoped(frame);
    std::size_t index = 0;
    const auto step = [&](const Value* element) {
        frame.step();
        frame.scope = {element, index++, nullptr};
        return visit();
    };
    if (collection.is_array()) {
        for_each_element(collection, [&](const Value& element) { return step(&element); });
    } else if (collection.is_string() || collection.kind() == value::Kind::bytes) {
        for (const char c : collection.text()) {
            const Value byte(static_cast<int>(static_cast<unsigned char>(c)));
            if (!step(&byte)) return;
        }
    } else if (collection.is_map() || as_keyed_map(collection) != nullptr) {
        const std::size_t size = collection.is_map() ? collection.size() : as_keyed_map(collection)->entries().size();
        for (std::size_t i = 0; i < size; ++i) {
            if (!step(nullptr)) return;
        }
    } else {
        want_array(collection, "argument 1 of " + call.text + "()");
    }
}

const Value& element_of(const Frame& frame, const Node& call) {
    if (frame.scope.element == nullptr) {
        throw RunError("argument 1 of " + call.text +
                       "() must be an array, not map; use values(), keys() or toPairs()");
    }
    return *frame.scope.element;
}

bool holds(Frame& frame, const Node& call) {
    const Value value = evaluate(frame, *call.children[1]);
    if (!value.is_bool()) {
        throw RunError("the predicate of " + call.text + "() must be bool, not " + std::string(type_name(value)));
    }
    return value.boolean();
}

Value all(Frame& frame, const Node& call) {
    bool result = true;
    each(frame, call, [&] { return result = holds(frame, call); });
    return result;
}

Value any(Frame& frame, const Node& call) {
    bool result = false;
    each(frame, call, [&] { return !(result = holds(frame, call)); });
    return result;
}

Value none(Frame& frame, const Node& call) { return !any(frame, call).boolean(); }

Value one(Frame& frame, const Node& call) {
    std::size_t found = 0;
    each(frame, call, [&] {
        found += holds(frame, call) ? 1 : 0;
        return true;
    });
    return found == 1;
}

Value filter(Frame& frame, const Node& call) {
    value::List out;
    each(frame, call, [&] {
        if (holds(frame, call)) {
            out.push_back(element_of(frame, call));
        }
        return true;
    });
    frame.spend(out.size());
    return Value::list(std::move(out));
}

Value map(Frame& frame, const Node& call) {
    value::List out;
    each(frame, call, [&] {
        frame.spend(1);
        out.push_back(evaluate(frame, *call.children[1]));
        frame.keep(out.back());
        return true;
    });
    return Value::list(std::move(out));
}

Value find(Frame& frame, const Node& call) {
    Value found;
    each(frame, call, [&] {
        if (!holds(frame, call)) return true;
        found = element_of(frame, call);
        return false;
    });
    return found;
}

// From the end: elements before the one that is found are not looked at.
template <typename Found>
Value search_back(Frame& frame, const Node& call, Found found) {
    const Value collection = evaluate(frame, *call.children[0]);
    const bool is_text = collection.is_string() || collection.kind() == value::Kind::bytes;
    if (!is_text) want_array(collection, "argument 1 of " + call.text + "()");
    const Scoped scoped(frame);
    for (std::size_t i = is_text ? collection.text().size() : collection.size(); i-- > 0;) {
        const Value element =
            is_text ? Value(static_cast<int>(static_cast<unsigned char>(collection.text()[i]))) : collection.at(i);
        frame.scope = {&element, i, nullptr};
        if (holds(frame, call)) return found(i, element);
    }
    return {};
}

Value find_last(Frame& frame, const Node& call) {
    return search_back(frame, call, [](std::size_t, const Value& element) { return element; });
}

Value find_last_index(Frame& frame, const Node& call) {
    return search_back(frame, call, [](std::size_t i, const Value&) { return Value(i); });
}

Value find_index(Frame& frame, const Node& call) {
    Value found;
    each(frame, call, [&] {
        if (!holds(frame, call)) return true;
        found = Value(frame.scope.index);
        return false;
    });
    return found;
}

Value count(Frame& frame, const Node& call) {
    std::size_t found = 0;
    each(frame, call, [&] {
        if (call.children.size() > 1) {
            found += holds(frame, call) ? 1 : 0;
            return found < call.enough;
        }
        const Value& element = element_of(frame, call);
        if (!element.is_bool()) {
            throw RunError("count() without a predicate wants an array of bool, not " +
                           std::string(type_name(element)));
        }
        found += element.boolean() ? 1 : 0;
        return true;
    });
    return found;
}

Value sum(Frame& frame, const Node& call) {
    Value total(0);
    each(frame, call, [&] {
        const Value term = call.children.size() > 1 ? evaluate(frame, *call.children[1]) : element_of(frame, call);
        if (!term.is_number()) {
            throw RunError("sum() wants numbers, not " + std::string(type_name(term)));
        }
        total = add(total, term);
        return true;
    });
    return total;
}

Value group_by(Frame& frame, const Node& call) {
    std::vector<std::pair<Value, value::List>> groups;
    KeyIndex places;
    each(frame, call, [&] {
        Value key = evaluate(frame, *call.children[1]);
        const std::size_t place = places.place(key, call.text);
        if (place == groups.size()) {
            groups.emplace_back(std::move(key), value::List());
        }
        groups[place].second.push_back(element_of(frame, call));
        return true;
    });
    std::vector<KeyedMap::Entry> entries;
    entries.reserve(groups.size());
    for (auto& [key, list] : groups) {
        entries.emplace_back(std::move(key), Value::list(std::move(list)));
    }
    return Value::object(std::make_unique<KeyedMap>(std::move(entries), KeyedMap::Missing::empty_list));
}

Value sort_by(Frame& frame, const Node& call) {
    bool descending = false;
    if (call.children.size() > 2) {
        const Value order = evaluate(frame, *call.children[2]);
        const std::string& text = want_text(order, "the order of sortBy()");
        if (text != "asc" && text != "desc") {
            throw RunError("the order of sortBy() must be 'asc' or 'desc', not '" + text + "'");
        }
        descending = text == "desc";
    }
    std::vector<std::pair<Value, Value>> keyed;
    each(frame, call, [&] {
        keyed.emplace_back(evaluate(frame, *call.children[1]), element_of(frame, call));
        frame.keep(keyed.back().first);
        return true;
    });
    frame.spend(keyed.size());
    std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
        return descending ? less(b.first, a.first) : less(a.first, b.first);
    });
    value::List out;
    out.reserve(keyed.size());
    for (auto& [key, element] : keyed) {
        out.push_back(std::move(element));
    }
    return Value::list(std::move(out));
}

Value reduce(Frame& frame, const Node& call) {
    Value accumulator = call.children.size() > 2 ? evaluate(frame, *call.children[2]) : Value();
    bool has_value = call.children.size() > 2;
    each(frame, call, [&] {
        if (!has_value) {
            accumulator = element_of(frame, call);
            has_value = true;
            return true;
        }
        frame.scope.accumulator = &accumulator;
        accumulator = evaluate(frame, *call.children[1]);
        constexpr std::size_t kBetween = 16;  // one step adds few levels
        if (frame.scope.index % kBetween == 0 && value::is_deeper_than(accumulator, value::kDeepestValue)) {
            throw RunError("reduce() makes a value that is nested deeper than 1,000 levels");
        }
        return true;
    });
    if (!has_value) {
        throw RunError("reduce() of an empty array wants an initial value");
    }
    return accumulator;
}

Value match_or_fail(Value found, bool has_found, int place) {
    if (!has_found) {
        throw RunError("index " + std::to_string(place) + " is out of range, the array has 0 elements");
    }
    return found;
}

}  // namespace

Value first_match(Frame& frame, const Node& call) {
    Value found;
    bool has_found = false;
    each(frame, call, [&] {
        if (!holds(frame, call)) return true;
        found = element_of(frame, call);
        has_found = true;
        return false;
    });
    return match_or_fail(std::move(found), has_found, 0);
}

Value last_match(Frame& frame, const Node& call) {
    bool has_found = false;
    Value found = search_back(frame, call, [&](std::size_t, const Value& element) {
        has_found = true;
        return element;
    });
    return match_or_fail(std::move(found), has_found, -1);
}

void add_predicates(BuiltinTable& table) {
    const auto add = [&](const char* name, std::size_t least, std::size_t most, PredicateFunction function) {
        table[name] = {least, most, nullptr, function, 1};
    };
    add("all", 2, 2, all);
    add("any", 2, 2, any);
    add("none", 2, 2, none);
    add("one", 2, 2, one);
    add("filter", 2, 2, filter);
    add("map", 2, 2, map);
    add("find", 2, 2, find);
    add("findLast", 2, 2, find_last);
    add("findIndex", 2, 2, find_index);
    add("findLastIndex", 2, 2, find_last_index);
    add("count", 1, 2, count);
    add("sum", 1, 2, sum);
    add("groupBy", 2, 2, group_by);
    add("sortBy", 2, 3, sort_by);
    add("reduce", 2, 3, reduce);
}

}  // namespace kdeps::expr
