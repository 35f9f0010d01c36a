// SPDX-License-Identifier: Apache-2.0
#include "core/expr/shorten.hpp"

#include <optional>

#include "core/expr/builtins.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

bool is_filter(const Node& node) {
    return node.kind == NodeKind::predicate && node.text == "filter" && node.wanted == Wanted::all;
}

NodePtr narrowed(NodePtr filter, Wanted wanted, PredicateFunction function) {
    filter->wanted = wanted;
    filter->predicate = function;
    return filter;
}

PredicateFunction function_of(std::string_view name) { return builtins().find(name)->second.predicate; }

// An integer literal, with a sign or without.
std::optional<std::int64_t> constant(const Node& node) {
    if (node.kind == NodeKind::literal && node.value.is_int()) return node.value.integer();
    if (node.kind == NodeKind::unary_minus && node.children[0]->kind == NodeKind::literal &&
        node.children[0]->value.is_int()) {
        return -node.children[0]->value.integer();
    }
    return std::nullopt;
}

NodePtr shorten_call(NodePtr node) {
    NodePtr& inner = node->children[0];
    if (node->text == "len") {
        if (is_filter(*inner)) return narrowed(std::move(inner), Wanted::length, function_of("count"));
        if (inner->kind == NodeKind::predicate && inner->text == "map" && is_filter(*inner->children[0])) {
            return narrowed(std::move(inner->children[0]), Wanted::length, function_of("count"));
        }
    }
    if (node->text == "first" && is_filter(*inner)) {
        return narrowed(std::move(inner), Wanted::element, function_of("find"));
    }
    if (node->text == "last" && is_filter(*inner)) {
        return narrowed(std::move(inner), Wanted::element, function_of("findLast"));
    }
    return node;
}

NodePtr shorten_index(NodePtr node) {
    const auto place = constant(*node->children[1]);
    if (!is_filter(*node->children[0]) || (place != 0 && place != -1)) {
        return node;
    }
    return narrowed(std::move(node->children[0]), Wanted::element, place == 0 ? first_match : last_match);
}

NodePtr shorten_comparison(NodePtr node) {
    Node& left = *node->children[0];
    const bool counts = left.kind == NodeKind::predicate && left.children.size() == 2 &&
                        (left.text == "count" || left.wanted == Wanted::length);
    const auto bound = constant(*node->children[1]);
    if (!counts || !bound || *bound < 0 || *bound == INT64_MAX) {
        return node;
    }
    const bool beyond = node->kind == NodeKind::greater || node->kind == NodeKind::less_equal;
    const auto enough = static_cast<std::size_t>(beyond ? *bound + 1 : *bound);
    if (enough > 0) left.enough = enough;
    return node;
}

// Wraps where the sum does not fit, as the addition of the elements would.
NodePtr shorten_sum(NodePtr node) {
    const Node& range = *node->children[0];
    if (node->children.size() != 1 || range.kind != NodeKind::range) {
        return node;
    }
    const auto from = constant(*range.children[0]);
    const auto to = constant(*range.children[1]);
    if (!from || !to) {
        return node;
    }
    NodePtr sum = std::make_unique<Node>(NodeKind::literal, node->offset);
    if (*from > *to) {
        sum->value = Value(0);
        return sum;
    }
    // count * (from + to) / 2, with the even one of the factors halved: from + to is 2 * from + count - 1.
    const auto first = static_cast<std::uint64_t>(*from);
    const std::uint64_t count = static_cast<std::uint64_t>(*to) - first + 1;
    const std::uint64_t total =
        count % 2 == 0 ? count / 2 * (first + static_cast<std::uint64_t>(*to)) : count * (first + (count - 1) / 2);
    sum->value = Value(static_cast<std::int64_t>(total));
    return sum;
}

}  // namespace

NodePtr shorten(NodePtr node) {
    switch (node->kind) {
        case NodeKind::builtin: return node->children.size() == 1 ? shorten_call(std::move(node)) : std::move(node);
        case NodeKind::predicate: return node->text == "sum" ? shorten_sum(std::move(node)) : std::move(node);
        case NodeKind::index: return shorten_index(std::move(node));
        case NodeKind::less:
        case NodeKind::less_equal:
        case NodeKind::greater:
        case NodeKind::greater_equal: return shorten_comparison(std::move(node));
        default: return node;
    }
}

}  // namespace kdeps::expr
