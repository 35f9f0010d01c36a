// SPDX-License-Identifier: Apache-2.0
// Functions that take a predicate: it is evaluated for each element, with # as that element.
#include <algorithm>

#include "core/expr/builtins.hpp"
#include "core/expr/evaluate.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

// Evaluates the array of a call and visits its elements, each as the scope's #.  `visit` gets the element and gives false to stop.
template <typename Visit>
void each(Frame& frame, const Node& call, Visit visit) {
    const Value array = evaluate(frame, *call.children[0]);
    want_array(array, "argument 1 of " + call.text + "()");
    const Scope outer = frame.scope;
    std::size_t index = 0;
    for_each_element(array, [&](const Value& element) {
        frame.scope = {&element, index++, nullptr};
        return visit(element);
    });
    frame.scope = outer;
}

bool holds(Frame& frame, const Node& call) { return evaluate_bool(frame, *call.children[1], "the predicate of " + call.text + "()"); }

Value all(Frame& frame, const Node& call) {
    bool result = true;
    each(frame, call, [&](const Value&) { return result = holds(frame, call); });
    return result;
}

Value any(Frame& frame, const Node& call) {
    bool result = false;
    each(frame, call, [&](const Value&) { return !(result = holds(frame, call)); });
    return result;
}

Value none(Frame& frame, const Node& call) { return !any(frame, call).boolean(); }

Value one(Frame& frame, const Node& call) {
    std::size_t found = 0;
    each(frame, call, [&](const Value&) {
        found += holds(frame, call) ? 1 : 0;
        return true;
    });
    return found == 1;
}

Value filter(Frame& frame, const Node& call) {
    value::List out;
    each(frame, call, [&](const Value& element) {
        if (holds(frame, call)) {
            out.push_back(element);
        }
        return true;
    });
    frame.spend(out.size());
    return Value::list(std::move(out));
}

Value map(Frame& frame, const Node& call) {
    value::List out;
    each(frame, call, [&](const Value&) {
        frame.spend(1);
        out.push_back(evaluate(frame, *call.children[1]));
        return true;
    });
    return Value::list(std::move(out));
}

Value find(Frame& frame, const Node& call) {
    Value found;
    each(frame, call, [&](const Value& element) {
        if (!holds(frame, call)) return true;
        found = element;
        return false;
    });
    return found;
}

Value find_last(Frame& frame, const Node& call) {
    Value found;
    each(frame, call, [&](const Value& element) {
        if (holds(frame, call)) found = element;
        return true;
    });
    return found;
}

Value find_index(Frame& frame, const Node& call) {
    Value found;
    each(frame, call, [&](const Value&) {
        if (!holds(frame, call)) return true;
        found = Value(frame.scope.index);
        return false;
    });
    return found;
}

Value find_last_index(Frame& frame, const Node& call) {
    Value found;
    each(frame, call, [&](const Value&) {
        if (holds(frame, call)) found = Value(frame.scope.index);
        return true;
    });
    return found;
}

Value count(Frame& frame, const Node& call) {
    std::size_t found = 0;
    each(frame, call, [&](const Value& element) {
        if (call.children.size() > 1) {
            found += holds(frame, call) ? 1 : 0;
        } else if (element.is_bool()) {
            found += element.boolean() ? 1 : 0;
        } else {
            throw RunError("count() without a predicate wants an array of bool");
        }
        return true;
    });
    return found;
}

Value sum(Frame& frame, const Node& call) {
    Value total(0);
    each(frame, call, [&](const Value& element) {
        const Value term = call.children.size() > 1 ? evaluate(frame, *call.children[1]) : element;
        if (!term.is_number()) {
            throw RunError("sum() wants numbers, not " + std::string(type_name(term)));
        }
        total = add(total, term);
        return true;
    });
    return total;
}

Value group_by(Frame& frame, const Node& call) {
    std::vector<std::pair<std::string, value::List>> groups;
    value::Map places;
    each(frame, call, [&](const Value& element) {
        const Value key = evaluate(frame, *call.children[1]);
        if (key.is_array() || key.is_map()) {
            throw RunError("the key of groupBy() must be a scalar, not " + std::string(type_name(key)));
        }
        std::string text;
        value::append_text(key, text);
        const Value* place = places.find(text);
        if (place == nullptr) {
            places.set(text, groups.size());
            groups.emplace_back(text, value::List{element});
        } else {
            groups[static_cast<std::size_t>(place->integer())].second.push_back(element);
        }
        return true;
    });
    value::Map out;
    for (auto& [key, list] : groups) {
        out.set(key, Value::list(std::move(list)));
    }
    return Value::map(std::move(out));
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
    each(frame, call, [&](const Value& element) {
        keyed.emplace_back(evaluate(frame, *call.children[1]), element);
        return true;
    });
    frame.spend(keyed.size());
    std::stable_sort(keyed.begin(), keyed.end(),
                     [&](const auto& a, const auto& b) { return descending ? less(b.first, a.first) : less(a.first, b.first); });
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
    each(frame, call, [&](const Value& element) {
        if (!has_value) {
            accumulator = element;
            has_value = true;
            return true;
        }
        frame.scope.accumulator = &accumulator;
        accumulator = evaluate(frame, *call.children[1]);
        return true;
    });
    if (!has_value) {
        throw RunError("reduce() of an empty array wants an initial value");
    }
    return accumulator;
}

}  // namespace

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
