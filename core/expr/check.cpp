// SPDX-License-Identifier: Apache-2.0
#include "core/expr/check.hpp"

#include <algorithm>
#include <array>

#include "core/expr/builtins.hpp"
#include "core/expr/error.hpp"
#include "core/expr/methods.hpp"
#include "core/expr/signature.hpp"
#include "core/expr/static_type.hpp"

namespace kdeps::expr {

namespace {

using enum TypeKind;

template <typename... Kinds>
bool is_one_of(const StaticType& type, Kinds... kinds) {
    return ((type.kind == kinds) || ...);
}

class Checker {
public:
    Checker(const Parsed& parsed, const Names& names) : names_(names), locals_(parsed.locals) {}

    StaticType check(const Node& node) {
        switch (node.kind) {
            case NodeKind::literal: return node.text.empty() ? type_of(node.value) : StaticType(function);
            case NodeKind::list: return list(node);
            case NodeKind::map: return map(node);
            // A variable that is named like a function is read as one by the reference's checker.
            case NodeKind::variable: return builtins().contains(node.text) ? StaticType(function) : StaticType();
            case NodeKind::environment: return any;
            case NodeKind::local: return locals_[node.slot];
            case NodeKind::let: locals_[node.slot] = check(*node.children[0]); return check(*node.children[1]);
            case NodeKind::sequence: return sequence(node);
            case NodeKind::conditional: return conditional(node);
            case NodeKind::unary_minus:
            case NodeKind::unary_plus: return sign(node);
            case NodeKind::logical_not:
                want_bool(check(*node.children[0]), node, "the operand of 'not'");
                return boolean;
            case NodeKind::logical_and:
            case NodeKind::logical_or: return logical(node);
            case NodeKind::coalesce: return merged(check(*node.children[0]), check(*node.children[1]));
            case NodeKind::member:
            case NodeKind::optional_member: return member(node);
            case NodeKind::index:
            case NodeKind::optional_index: return index(node);
            case NodeKind::slice: return slice(node);
            case NodeKind::chain: return chain(node);
            case NodeKind::element: return scope_.element;
            case NodeKind::element_index: return integer;
            case NodeKind::accumulator: return any;
            case NodeKind::predicate: return predicate(node);
            case NodeKind::builtin: return call(node);
            case NodeKind::host_call:
                for (const NodePtr& child : node.children) check(*child);
                return any;
            case NodeKind::method_call: return method(node);
            default: return binary(node);
        }
    }

private:
    struct Scope {
        StaticType element;
    };

    [[noreturn]] static void fail(const Node& node, std::string text) {
        throw CompileError(std::move(text), node.offset);
    }

    static void want_bool(const StaticType& type, const Node& node, const std::string& what) {
        if (!is_one_of(type, any, boolean)) fail(node, what + " must be bool, not " + std::string(type.name()));
    }

    // The type of a value that is one or the other.
    static StaticType merged(const StaticType& a, const StaticType& b) {
        if (a.is(nil)) return b;
        if (b.is(nil)) return a;
        return a.kind == b.kind && a.element == b.element ? a : StaticType();
    }

    StaticType list(const Node& node) {
        StaticType last;
        bool agrees = !node.children.empty();
        for (const NodePtr& child : node.children) {
            const StaticType type = check(*child);
            agrees = agrees && (child == node.children.front() || type.kind == last.kind);
            last = type;
        }
        return agrees ? StaticType(array, last) : StaticType(array);
    }

    StaticType map(const Node& node) {
        std::size_t child = 0;
        for (const std::string& key : node.keys) {
            if (key[0] == '(') check(*node.children[child++]);
            check(*node.children[child++]);
        }
        return TypeKind::map;
    }

    StaticType sequence(const Node& node) {
        StaticType last;
        for (const NodePtr& child : node.children) {
            last = check(*child);
        }
        return last;
    }

    StaticType conditional(const Node& node) {
        const StaticType condition = check(*node.children[0]);
        want_bool(condition, node, "a condition");
        return node.children.size() == 2 ? merged(condition, check(*node.children[1]))
                                         : merged(check(*node.children[1]), check(*node.children[2]));
    }

    StaticType sign(const Node& node) {
        const StaticType type = check(*node.children[0]);
        if (!type.is_any() && !type.is_number()) {
            fail(node, std::string("'") + (node.kind == NodeKind::unary_minus ? "-" : "+") + "' does not take " +
                           std::string(type.name()));
        }
        return type;
    }

    StaticType logical(const Node& node) {
        const std::string word = node.kind == NodeKind::logical_and ? "'and'" : "'or'";
        want_bool(check(*node.children[0]), *node.children[0], "the left side of " + word);
        const StaticType right = check(*node.children[1]);
        want_bool(right, *node.children[1], "the right side of " + word);
        return boolean;
    }

    StaticType binary(const Node& node) {
        const StaticType a = check(*node.children[0]);
        const StaticType b = check(*node.children[1]);
        const auto refuse = [&](std::string_view op) {
            fail(node,
                 "'" + std::string(op) + "' does not take " + std::string(a.name()) + " and " + std::string(b.name()));
        };
        // Both are of the kinds, or one is and the other may be.
        const auto both = [&](const auto&... kinds) {
            return (a.is_any() || is_one_of(a, kinds...)) && (b.is_any() || is_one_of(b, kinds...));
        };
        const auto numbers = [&] { return both(integer, floating); };
        switch (node.kind) {
            case NodeKind::equal:
            case NodeKind::not_equal:
                if (!is_comparable(a, b))
                    fail(node, "cannot compare " + std::string(a.name()) + " with " + std::string(b.name()));
                return boolean;
            case NodeKind::less:
            case NodeKind::greater:
            case NodeKind::less_equal:
            case NodeKind::greater_equal:
                if (!numbers() && !both(text) && !both(time) && !both(duration)) {
                    fail(node, "cannot order " + std::string(a.name()) + " and " + std::string(b.name()));
                }
                return boolean;
            case NodeKind::add:
                if (!numbers() && !both(text) && (!both(time, duration) || (a.is(time) && b.is(time)))) refuse("+");
                return both(text) && a.is(text) && b.is(text) ? StaticType(text) : arithmetic(a, b);
            case NodeKind::subtract:
                if (!numbers() && (!both(time, duration) || (a.is(duration) && b.is(time)))) refuse("-");
                return a.is(time) && b.is(time) ? StaticType(duration) : arithmetic(a, b);
            case NodeKind::multiply:
                if (!both(integer, floating, duration)) refuse("*");
                return a.is(duration) || b.is(duration) ? StaticType() : arithmetic(a, b);
            case NodeKind::divide:
                if (!numbers()) refuse("/");
                return floating;
            case NodeKind::power:
                if (!numbers()) refuse("**");
                return floating;
            case NodeKind::modulo:
                if (!both(integer)) refuse("%");
                return integer;
            case NodeKind::range:
                if (!both(integer))
                    fail(node, "the bounds of a range must be integers, not " +
                                   std::string((both(integer) || a.is(integer) || a.is_any() ? b : a).name()));
                return {array, integer};
            case NodeKind::in: return in(node, a, b);
            case NodeKind::matches:
                if (!is_one_of(a, any, text, bytes) || !is_one_of(b, any, text)) refuse("matches");
                return boolean;
            default:
                if (!both(text)) {
                    refuse(node.kind == NodeKind::contains      ? "contains"
                           : node.kind == NodeKind::starts_with ? "startsWith"
                                                                : "endsWith");
                }
                return boolean;
        }
    }

    static StaticType arithmetic(const StaticType& a, const StaticType& b) {
        if (a.is(time) || b.is(time)) return a.is_any() || b.is_any() ? StaticType() : StaticType(time);
        if (a.is(duration) && b.is(duration)) return duration;
        if (a.is(integer) && b.is(integer)) return integer;
        return a.is_number() && b.is_number() ? StaticType(floating) : StaticType();
    }

    static StaticType in(const Node& node, const StaticType& needle, const StaticType& container) {
        if (container.is(array) && !is_comparable(needle, container.of_element())) {
            fail(node, "cannot look for " + std::string(needle.name()) + " in an array of " +
                           std::string(container.of_element().name()));
        }
        if (container.is(TypeKind::map) && !is_one_of(needle, any, text)) {
            fail(node, "the key before 'in' must be a string, not " + std::string(needle.name()));
        }
        if (!is_one_of(container, any, array, TypeKind::map, keyed_map)) {
            fail(node, "'in' wants an array or a map behind it, not " + std::string(container.name()));
        }
        return boolean;
    }

    // $env.name with a literal name that does not exist.
    void check_environment(const Node& node, const std::string& name) const {
        if (node.children[0]->kind == NodeKind::environment && !names_.has_variable(name)) {
            fail(node, "unknown name '" + name + "'" + did_you_mean(name, names_.all()));
        }
    }

    StaticType member(const Node& node) {
        if (node.kind == NodeKind::member) check_environment(node, node.text);
        const StaticType object = check(*node.children[0]);
        if (is_one_of(object, text, array) && node.text == "length") return integer;
        if (object.is(keyed_map)) return object.of_element();
        if (!is_one_of(object, any, TypeKind::map)) {
            fail(node, "cannot fetch '" + node.text + "' from " + std::string(object.name()));
        }
        return any;
    }

    StaticType index(const Node& node) {
        const Node& key_node = *node.children[1];
        const StaticType object = check(*node.children[0]);
        const StaticType key = check(key_node);
        if (node.kind == NodeKind::index && key_node.kind == NodeKind::literal && key.is(text)) {
            check_environment(node, key_node.value.text());
        }
        switch (object.kind) {
            case any: return any;
            case keyed_map: return object.of_element();
            case TypeKind::map:
                if (!is_one_of(key, any, text))
                    fail(key_node, "the key of a map must be a string, not " + std::string(key.name()));
                return any;
            case array:
            case bytes:
                if (!is_one_of(key, any, integer))
                    fail(key_node, "the index of an array must be an integer, not " + std::string(key.name()));
                return object.is(bytes) ? StaticType(integer) : object.of_element();
            default: fail(node, "cannot fetch an element from " + std::string(object.name()));
        }
    }

    StaticType slice(const Node& node) {
        const StaticType object = check(*node.children[0]);
        for (std::size_t i = 1; i < node.children.size(); ++i) {
            const StaticType bound = check(*node.children[i]);
            if (!object.is_any() && !is_one_of(bound, any, integer)) {
                fail(*node.children[i], "the bound of a slice must be an integer, not " + std::string(bound.name()));
            }
        }
        if (!is_one_of(object, any, array, text, bytes)) {
            fail(node, "cannot slice " + std::string(object.name()));
        }
        return object;
    }

    StaticType chain(const Node& node) {
        check(*node.children[0]);
        return any;
    }

    StaticType method(const Node& node) {
        const StaticType object = check(*node.children[0]);
        for (std::size_t i = 1; i < node.children.size(); ++i) {
            check(*node.children[i]);
        }
        if (object.is_any()) {
            return any;
        }
        std::size_t wanted = 0;
        if (!has_method(object.name(), node.text, wanted)) {
            fail(node, unknown_method(node.text, object.name()).message);
        }
        if (wanted != node.children.size() - 1) {
            fail(node, "." + node.text + "() takes " + std::to_string(wanted) +
                           (wanted == 1 ? " argument, not " : " arguments, not ") +
                           std::to_string(node.children.size() - 1));
        }
        return method_result(object, node.text);
    }

    StaticType call(const Node& node) {
        std::vector<StaticType> types;
        types.reserve(node.children.size());
        for (const NodePtr& child : node.children) {
            types.push_back(check(*child));
        }
        check_arguments(node, types);
        return result_of(node.text, types.empty() ? StaticType() : types[0]);
    }

    StaticType predicate(const Node& node) {
        const StaticType collection = check(*node.children[0]);
        if (!is_one_of(collection, any, array, bytes)) {
            fail(*node.children[0],
                 "argument 1 of " + node.text + "() must be an array, not " + std::string(collection.name()));
        }
        const StaticType element = collection.is(bytes) ? StaticType(integer) : collection.of_element();
        StaticType given;
        if (node.children.size() > 1) {
            const Scope outer = scope_;
            scope_.element = element;
            given = check(*node.children[1]);
            scope_ = outer;
            check_predicate(node, given);
        }
        for (std::size_t i = 2; i < node.children.size(); ++i) {
            check(*node.children[i]);
        }
        if (node.wanted != Wanted::all) return node.wanted == Wanted::length ? StaticType(integer) : element;
        return predicate_result(node.text, element, given);
    }

    static void check_predicate(const Node& node, const StaticType& given) {
        static constexpr std::array<std::string_view, 10> kWantBool = {
            "all", "any", "none", "one", "filter", "find", "findLast", "findIndex", "findLastIndex", "count"};
        if (given.is(nil)) {
            fail(*node.children[1], "the predicate of " + node.text + "() is always nil");
        }
        if (std::find(kWantBool.begin(), kWantBool.end(), node.text) != kWantBool.end()) {
            want_bool(given, *node.children[1], "the predicate of " + node.text + "()");
        }
    }

    static StaticType predicate_result(std::string_view name, const StaticType& element, const StaticType& given) {
        if (name == "filter" || name == "sortBy") return {array, element};
        if (name == "map") return {array, given};
        if (name == "find" || name == "findLast") return element;
        if (name == "count" || name == "findIndex" || name == "findLastIndex") return integer;
        if (name == "groupBy") return {keyed_map, StaticType(array, element)};
        if (name == "sum" || name == "reduce") return any;
        return boolean;
    }

    const Names& names_;
    std::vector<StaticType> locals_;
    Scope scope_;
};

}  // namespace

void check_types(const Parsed& parsed, const Names& names) { Checker(parsed, names).check(*parsed.root); }

}  // namespace kdeps::expr
