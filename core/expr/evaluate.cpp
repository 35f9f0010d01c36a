// SPDX-License-Identifier: Apache-2.0
#include "core/expr/evaluate.hpp"

#include <re2/re2.h>
#include <array>

#include "core/expr/methods.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

namespace {

Value range(Frame& frame, const Value& a, const Value& b) {
    if (!a.is_number() || !b.is_number()) {
        throw RunError("the bounds of a range must be integers");
    }
    const std::int64_t from = want_integer(a, "the bound of a range");
    const std::int64_t to = want_integer(b, "the bound of a range");
    value::List list;
    if (from <= to) {
        const std::uint64_t count = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) + 1;
        frame.spend(count == 0 ? SIZE_MAX : count);
        list.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            list.emplace_back(from + static_cast<std::int64_t>(i));
        }
    }
    return Value::list(std::move(list), value::Flavor::integers);
}

bool text_operator(NodeKind kind, const Value& a, const Value& b) {
    if (a.is_null() || b.is_null()) {
        return false;
    }
    if (!a.is_string() || !b.is_string()) {
        const std::string_view name = kind == NodeKind::contains      ? "contains"
                                      : kind == NodeKind::starts_with ? "startsWith"
                                                                      : "endsWith";
        throw RunError("'" + std::string(name) + "' wants a string on its " + (a.is_string() ? "right" : "left") +
                       " side, not " + std::string(type_name(a.is_string() ? b : a)));
    }
    const std::string& text = a.text();
    const std::string& part = b.text();
    switch (kind) {
        case NodeKind::contains: return text.find(part) != std::string::npos;
        case NodeKind::starts_with: return text.starts_with(part);
        default: return text.ends_with(part);
    }
}

const std::string& matched_text(const Value& text) {
    if (!text.is_string() && text.kind() != Kind::bytes) {
        throw RunError("the left side of 'matches' must be a string, not " + std::string(type_name(text)));
    }
    return text.text();
}

Value evaluate_map(Frame& frame, const Node& node) {
    value::Map map;
    map.reserve(node.keys.size());
    frame.spend(node.keys.size());
    std::size_t child = 0;
    for (const std::string& marked : node.keys) {
        std::string key = marked.substr(1);
        if (marked[0] == '(') {
            const Value computed = evaluate(frame, *node.children[child++]);
            key = want_text(computed, "a computed map key");
        }
        Value value = evaluate(frame, *node.children[child++]);
        frame.keep(value);
        if (map.find(key) == nullptr) {  // of two equal keys the first counts
            map.set(key, std::move(value));
        }
    }
    return Value::map(std::move(map));
}

Value call_with_arguments(Frame& frame, const Node& node) {
    constexpr std::size_t kInline = 4;
    const std::size_t count = node.children.size();
    if (count <= kInline) {
        std::array<Value, kInline> arguments;
        for (std::size_t i = 0; i < count; ++i) {
            arguments[i] = evaluate(frame, *node.children[i]);
        }
        const Arguments view(arguments.data(), count);
        return node.host != nullptr ? node.host->call(frame.environment, view) : node.builtin(frame, view);
    }
    std::vector<Value> arguments;
    arguments.reserve(count);
    for (const NodePtr& child : node.children) {
        arguments.push_back(evaluate(frame, *child));
    }
    return node.host != nullptr ? node.host->call(frame.environment, arguments) : node.builtin(frame, arguments);
}

// One link of a chain such as o?.x.y: `ended` is set when an object before a ?. is null, and then the rest is skipped.
Value evaluate_link(Frame& frame, const Node& node, bool& ended);

Value call_method(Frame& frame, const Node& node, const Value& object) {
    std::vector<Value> arguments;
    for (std::size_t i = 1; i < node.children.size(); ++i) {
        arguments.push_back(evaluate(frame, *node.children[i]));
    }
    return method(object, node.text, arguments);
}

Value apply_link(Frame& frame, const Node& node, const Value& object) {
    switch (node.kind) {
        case NodeKind::member:
        case NodeKind::optional_member: return member(object, node.text);
        case NodeKind::index:
        case NodeKind::optional_index: return index(object, evaluate(frame, *node.children[1]));
        default: return call_method(frame, node, object);
    }
}

Value evaluate_link(Frame& frame, const Node& node, bool& ended) {
    const bool is_optional = node.kind == NodeKind::optional_member || node.kind == NodeKind::optional_index ||
                             (node.kind == NodeKind::method_call && node.slot == 1);
    if (!is_optional && node.kind != NodeKind::member && node.kind != NodeKind::method_call) {
        return evaluate(frame, node);
    }
    const Value object = evaluate_link(frame, *node.children[0], ended);
    if (ended) {
        return {};
    }
    if (is_optional && is_nil(object)) {
        ended = true;
        return {};
    }
    try {
        return apply_link(frame, node, object);
    } catch (RunError& error) {
        error.place(node.offset);
        throw;
    }
}

Value evaluate_slice(Frame& frame, const Node& node) {
    const Value object = evaluate(frame, *node.children[0]);
    std::size_t child = 1;
    Value from;
    Value to;
    if ((node.slot & 1) != 0) from = evaluate(frame, *node.children[child++]);
    if ((node.slot & 2) != 0) to = evaluate(frame, *node.children[child]);
    return slice(object, (node.slot & 1) != 0 ? &from : nullptr, (node.slot & 2) != 0 ? &to : nullptr);
}

Value evaluate_list(Frame& frame, const Node& node) {
    value::List list;
    list.reserve(node.children.size());
    frame.spend(node.children.size());
    for (const NodePtr& element : node.children) {
        list.push_back(evaluate(frame, *element));
        frame.keep(list.back());
    }
    return Value::list(std::move(list));
}

Value evaluate_conditional(Frame& frame, const Node& node) {
    if (node.children.size() == 3) {
        return evaluate(frame, *node.children[evaluate_bool(frame, *node.children[0], "a condition") ? 1 : 2]);
    }
    Value value = evaluate(frame, *node.children[0]);  // a ?: b
    if (!value.is_bool()) {
        throw RunError("a condition must be bool, not " + std::string(type_name(value)));
    }
    return value.boolean() ? value : evaluate(frame, *node.children[1]);
}

Value negated(const Value& value) {
    if (value.is_int()) return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(value.integer()));
    if (value.kind() == Kind::decimal) return value::negate_decimal(value);
    if (value.is_number()) return -value.floating();
    throw RunError("'-' does not take " + std::string(type_name(value)));
}

bool ordered(NodeKind kind, const Value& a, const Value& b) {
    if (a.is_number() && b.is_number() && !(a.is_int() && b.is_int())) {
        const auto order = value::compare_numbers(a, b);
        switch (kind) {  // NaN is in no order, so that "not less" would not do for >=
            case NodeKind::less: return order < 0;
            case NodeKind::greater: return order > 0;
            case NodeKind::less_equal: return order <= 0;
            default: return order >= 0;
        }
    }
    switch (kind) {
        case NodeKind::less: return less(a, b);
        case NodeKind::greater: return less(b, a);
        case NodeKind::less_equal: return !less(b, a);
        default: return !less(a, b);
    }
}

// Both operands, the left one first.
Value evaluate_binary(Frame& frame, const Node& node) {
    const Value a = evaluate(frame, *node.children[0]);
    const Value b = evaluate(frame, *node.children[1]);
    switch (node.kind) {
        case NodeKind::add: return add(a, b);
        case NodeKind::range: return range(frame, a, b);
        case NodeKind::equal: return equal(a, b);
        case NodeKind::not_equal: return !equal(a, b);
        case NodeKind::less:
        case NodeKind::greater:
        case NodeKind::less_equal:
        case NodeKind::greater_equal: return ordered(node.kind, a, b);
        case NodeKind::in: return is_in(a, b);
        case NodeKind::contains:
        case NodeKind::starts_with:
        case NodeKind::ends_with: return text_operator(node.kind, a, b);
        case NodeKind::matches:
            return node.pattern == nullptr || is_nil(a) ? matches(a, b)
                                                        : re2::RE2::PartialMatch(matched_text(a), *node.pattern);
        case NodeKind::index: return index(a, b);
        default: return arithmetic(node.kind, a, b);
    }
}

const Value& element_of(const Frame& frame) {
    if (frame.scope.element == nullptr) {
        throw RunError("a map has no elements for a predicate; use values(), keys() or toPairs()");
    }
    return *frame.scope.element;
}

Value evaluate_unplaced(Frame& frame, const Node& node) {
    switch (node.kind) {
        case NodeKind::literal: return node.value;
        case NodeKind::list: return evaluate_list(frame, node);
        case NodeKind::map: return evaluate_map(frame, node);
        case NodeKind::variable: return frame.environment.variable(node.text);
        case NodeKind::environment: return frame.environment.all();
        case NodeKind::local: return frame.locals[node.slot];
        case NodeKind::let:
            frame.locals[node.slot] = evaluate(frame, *node.children[0]);
            return evaluate(frame, *node.children[1]);
        case NodeKind::sequence:
            for (std::size_t i = 0; i + 1 < node.children.size(); ++i) {
                evaluate(frame, *node.children[i]);
            }
            return evaluate(frame, *node.children.back());
        case NodeKind::conditional: return evaluate_conditional(frame, node);
        case NodeKind::unary_minus: return negated(evaluate(frame, *node.children[0]));
        case NodeKind::unary_plus: return evaluate(frame, *node.children[0]);
        case NodeKind::logical_not: return !evaluate_bool(frame, *node.children[0], "the operand of 'not'");
        // The right side is the result as it is, bool or not.
        case NodeKind::logical_and:
            return evaluate_bool(frame, *node.children[0], "the left side of 'and'")
                       ? evaluate(frame, *node.children[1])
                       : Value(false);
        case NodeKind::logical_or:
            return evaluate_bool(frame, *node.children[0], "the left side of 'or'")
                       ? Value(true)
                       : evaluate(frame, *node.children[1]);
        case NodeKind::coalesce: {
            Value value = evaluate(frame, *node.children[0]);
            return is_nil(value) ? evaluate(frame, *node.children[1]) : value;
        }
        case NodeKind::member:
            // The element's own field is read without a copy of the element: predicates over rows do little else.
            return node.children[0]->kind == NodeKind::element ? member(element_of(frame), node.text)
                                                               : member(evaluate(frame, *node.children[0]), node.text);
        case NodeKind::slice: return evaluate_slice(frame, node);
        case NodeKind::chain: {
            bool ended = false;
            return evaluate_link(frame, *node.children[0], ended);
        }
        case NodeKind::element: return element_of(frame);
        case NodeKind::element_index: return frame.scope.index;
        case NodeKind::accumulator: return *frame.scope.accumulator;
        case NodeKind::predicate: return node.predicate(frame, node);
        case NodeKind::builtin:
        case NodeKind::host_call: return call_with_arguments(frame, node);
        case NodeKind::method_call: return call_method(frame, node, evaluate(frame, *node.children[0]));
        case NodeKind::optional_member:
        case NodeKind::optional_index: {
            bool ended = false;
            return evaluate_link(frame, node, ended);
        }
        default: return evaluate_binary(frame, node);
    }
}

}  // namespace

bool matches(const Value& text, const Value& pattern) {
    if (text.is_null() || pattern.is_null()) {
        return false;
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 compiled(want_text(pattern, "the right side of 'matches'"), options);
    if (!compiled.ok()) {
        throw RunError("bad regular expression: " + compiled.error());
    }
    return re2::RE2::PartialMatch(matched_text(text), compiled);
}

Value evaluate(Frame& frame, const Node& node) {
    try {
        return evaluate_unplaced(frame, node);
    } catch (RunError& error) {
        error.place(node.offset);
        throw;
    }
}

bool evaluate_bool(Frame& frame, const Node& node, std::string_view what) {
    const Value value = evaluate(frame, node);
    if (!value.is_bool()) {
        RunError error(std::string(what) + " must be bool, not " + std::string(type_name(value)));
        error.place(node.offset);
        throw RunError(error);
    }
    return value.boolean();
}

}  // namespace kdeps::expr
