// SPDX-License-Identifier: Apache-2.0
#include "core/expr/evaluate.hpp"

#include <array>
#include <cmath>
#include <re2/re2.h>

#include "core/expr/methods.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

namespace {

// Ends a chain of ?. whose object is null.
struct NullChain {};

Value arithmetic(NodeKind kind, const Value& a, const Value& b) {
    const auto refuse = [&](std::string_view op) {
        return RunError("'" + std::string(op) + "' does not take " + std::string(type_name(a)) + " and " + std::string(type_name(b)));
    };
    if (kind == NodeKind::modulo) {
        if (!a.is_int() || !b.is_int()) throw refuse("%");
        if (b.integer() == 0) throw RunError("integer divided by zero");
        return b.integer() == -1 ? Value(0) : Value(a.integer() % b.integer());
    }
    if (!a.is_number() || !b.is_number()) {
        throw refuse(kind == NodeKind::subtract ? "-" : kind == NodeKind::multiply ? "*" : kind == NodeKind::divide ? "/" : "**");
    }
    if (a.is_int() && b.is_int()) {
        const auto x = static_cast<std::uint64_t>(a.integer());
        const auto y = static_cast<std::uint64_t>(b.integer());
        if (kind == NodeKind::subtract) return static_cast<std::int64_t>(x - y);
        if (kind == NodeKind::multiply) return static_cast<std::int64_t>(x * y);
    }
    switch (kind) {
        case NodeKind::subtract: return a.floating() - b.floating();
        case NodeKind::multiply: return a.floating() * b.floating();
        case NodeKind::divide: return a.floating() / b.floating();
        default: return std::pow(a.floating(), b.floating());
    }
}

Value range(Frame& frame, const Value& a, const Value& b) {
    if (!a.is_number() || !b.is_number()) {
        throw RunError("the bounds of a range must be integers");
    }
    const auto bound = [](const Value& v) { return v.is_int() ? v.integer() : static_cast<std::int64_t>(v.floating()); };
    const std::int64_t from = bound(a);
    const std::int64_t to = bound(b);
    value::List list;
    if (from <= to) {
        const std::uint64_t count = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) + 1;
        frame.spend(count == 0 ? SIZE_MAX : count);
        list.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            list.emplace_back(from + static_cast<std::int64_t>(i));
        }
    }
    return Value::list(std::move(list));
}

bool text_operator(NodeKind kind, const Value& a, const Value& b) {
    if (a.is_null() || b.is_null()) {
        return false;
    }
    const std::string_view name = kind == NodeKind::contains ? "'contains'" : kind == NodeKind::starts_with ? "'startsWith'" : "'endsWith'";
    const std::string& text = want_text(a, std::string("the left side of ") + std::string(name));
    const std::string& part = want_text(b, std::string("the right side of ") + std::string(name));
    switch (kind) {
        case NodeKind::contains: return text.find(part) != std::string::npos;
        case NodeKind::starts_with: return text.starts_with(part);
        default: return text.ends_with(part);
    }
}

bool matches(const Node& node, const Value& text, const Value& pattern) {
    if (text.is_null() || pattern.is_null()) {
        return false;
    }
    if (!text.is_string() && text.kind() != Kind::bytes) {
        throw RunError("the left side of 'matches' must be a string, not " + std::string(type_name(text)));
    }
    if (node.pattern != nullptr) {
        return re2::RE2::PartialMatch(text.text(), *node.pattern);
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 compiled(want_text(pattern, "the right side of 'matches'"), options);
    if (!compiled.ok()) {
        throw RunError("bad regular expression: " + compiled.error());
    }
    return re2::RE2::PartialMatch(text.text(), compiled);
}

Value evaluate_map(Frame& frame, const Node& node) {
    value::Map map;
    map.reserve(node.keys.size());
    frame.spend(node.keys.size());
    std::size_t child = 0;
    for (const std::string& marked : node.keys) {
        std::string key = marked.substr(1);
        if (marked[0] == '(') {
            key = want_text(evaluate(frame, *node.children[child++]), "a computed map key");
        }
        Value value = evaluate(frame, *node.children[child++]);
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

Value call_method(Frame& frame, const Node& node) {
    const Value object = evaluate(frame, *node.children[0]);
    if (object.is_null() && node.slot == 1) {
        throw NullChain();
    }
    std::vector<Value> arguments;
    for (std::size_t i = 1; i < node.children.size(); ++i) {
        arguments.push_back(evaluate(frame, *node.children[i]));
    }
    return method(object, node.text, arguments);
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

Value evaluate_unplaced(Frame& frame, const Node& node) {
    const auto child = [&](std::size_t i) { return evaluate(frame, *node.children[i]); };
    switch (node.kind) {
        case NodeKind::literal: return node.value;
        case NodeKind::list: {
            value::List list;
            list.reserve(node.children.size());
            frame.spend(node.children.size());
            for (const NodePtr& element : node.children) {
                list.push_back(evaluate(frame, *element));
            }
            return Value::list(std::move(list));
        }
        case NodeKind::map: return evaluate_map(frame, node);
        case NodeKind::variable: return frame.environment.variable(node.text);
        case NodeKind::environment: return frame.environment.all();
        case NodeKind::local: return frame.locals[node.slot];
        case NodeKind::let:
            frame.locals[node.slot] = child(0);
            return child(1);
        case NodeKind::sequence:
            for (std::size_t i = 0; i + 1 < node.children.size(); ++i) {
                child(i);
            }
            return child(node.children.size() - 1);
        case NodeKind::conditional:
            if (node.children.size() == 2) {  // a ?: b
                Value value = child(0);
                if (!value.is_bool()) {
                    throw RunError("a condition must be bool, not " + std::string(type_name(value)));
                }
                return value.boolean() ? value : child(1);
            }
            return evaluate_bool(frame, *node.children[0], "a condition") ? child(1) : child(2);
        case NodeKind::unary_minus: {
            const Value value = child(0);
            if (value.is_int()) return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(value.integer()));
            if (value.is_number()) return -value.floating();
            throw RunError("'-' does not take " + std::string(type_name(value)));
        }
        case NodeKind::unary_plus: return child(0);
        case NodeKind::logical_not: return !evaluate_bool(frame, *node.children[0], "the operand of 'not'");
        case NodeKind::logical_and:
            return evaluate_bool(frame, *node.children[0], "the left side of 'and'") &&
                   evaluate_bool(frame, *node.children[1], "the right side of 'and'");
        case NodeKind::logical_or:
            return evaluate_bool(frame, *node.children[0], "the left side of 'or'") ||
                   evaluate_bool(frame, *node.children[1], "the right side of 'or'");
        case NodeKind::coalesce: {
            Value value = child(0);
            return value.is_null() ? child(1) : value;
        }
        case NodeKind::add: {
            const Value a = child(0);
            return add(a, child(1));
        }
        case NodeKind::subtract:
        case NodeKind::multiply:
        case NodeKind::divide:
        case NodeKind::modulo:
        case NodeKind::power: {
            const Value a = child(0);
            return arithmetic(node.kind, a, child(1));
        }
        case NodeKind::range: {
            const Value a = child(0);
            return range(frame, a, child(1));
        }
        case NodeKind::equal:
        case NodeKind::not_equal: {
            const Value a = child(0);
            return equal(a, child(1)) == (node.kind == NodeKind::equal);
        }
        case NodeKind::less:
        case NodeKind::greater:
        case NodeKind::less_equal:
        case NodeKind::greater_equal: {
            const Value a = child(0);
            const Value b = child(1);
            if (a.is_number() && b.is_number() && !(a.is_int() && b.is_int())) {
                const double x = a.floating();
                const double y = b.floating();
                return node.kind == NodeKind::less         ? x < y
                       : node.kind == NodeKind::greater    ? x > y
                       : node.kind == NodeKind::less_equal ? x <= y
                                                           : x >= y;
            }
            return node.kind == NodeKind::less         ? less(a, b)
                   : node.kind == NodeKind::greater    ? less(b, a)
                   : node.kind == NodeKind::less_equal ? !less(b, a)
                                                       : !less(a, b);
        }
        case NodeKind::in: {
            const Value needle = child(0);
            return is_in(needle, child(1));
        }
        case NodeKind::contains:
        case NodeKind::starts_with:
        case NodeKind::ends_with: {
            const Value a = child(0);
            return text_operator(node.kind, a, child(1));
        }
        case NodeKind::matches: {
            const Value text = child(0);
            return matches(node, text, child(1));
        }
        case NodeKind::member: {
            // The element's own field is read without a copy of the element: predicates over rows do little else.
            const Node& object = *node.children[0];
            return object.kind == NodeKind::element ? member(*frame.scope.element, node.text) : member(evaluate(frame, object), node.text);
        }
        case NodeKind::optional_member: {
            const Value object = child(0);
            if (object.is_null()) throw NullChain();
            return member(object, node.text);
        }
        case NodeKind::index: {
            const Value object = child(0);
            return index(object, child(1));
        }
        case NodeKind::optional_index: {
            const Value object = child(0);
            if (object.is_null()) throw NullChain();
            return index(object, child(1));
        }
        case NodeKind::slice: return evaluate_slice(frame, node);
        case NodeKind::chain:
            try {
                return child(0);
            } catch (const NullChain&) {
                return {};
            }
        case NodeKind::element: return *frame.scope.element;
        case NodeKind::element_index: return frame.scope.index;
        case NodeKind::accumulator:
            if (frame.scope.accumulator == nullptr) {
                throw RunError("#acc exists in reduce() only");
            }
            return *frame.scope.accumulator;
        case NodeKind::predicate: return node.predicate(frame, node);
        case NodeKind::builtin:
        case NodeKind::host_call: return call_with_arguments(frame, node);
        case NodeKind::method_call: return call_method(frame, node);
    }
    return {};
}

}  // namespace

void Frame::spend(std::size_t amount) {
    if (amount > budget) {
        throw RunError("the expression makes more than 1,000,000 elements; limit the data before");
    }
    budget -= amount;
}

Value evaluate(Frame& frame, const Node& node) {
    try {
        return evaluate_unplaced(frame, node);
    } catch (RunError& error) {
        if (!error.is_placed) {
            error.offset = node.offset;
            error.is_placed = true;
        }
        throw;
    }
}

bool evaluate_bool(Frame& frame, const Node& node, std::string_view what) {
    const Value value = evaluate(frame, node);
    if (!value.is_bool()) {
        RunError error(std::string(what) + " must be bool, not " + std::string(type_name(value)));
        error.offset = node.offset;
        error.is_placed = true;
        throw RunError(error);
    }
    return value.boolean();
}

}  // namespace kdeps::expr
