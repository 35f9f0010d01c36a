// SPDX-License-Identifier: Apache-2.0
// The tree of an expression, ready to be evaluated: names are resolved, literals are values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/expr/names.hpp"
#include "core/value/value.hpp"

namespace re2 {
class RE2;
}

namespace kdeps::expr {

struct Frame;
struct Node;
using NodePtr = std::unique_ptr<Node>;
using Arguments = std::span<const value::Value>;
using BuiltinFunction = value::Value (*)(Frame&, Arguments);
// Gets its predicate unevaluated.
using PredicateFunction = value::Value (*)(Frame&, const Node& call);

enum class NodeKind : std::uint8_t {
    literal,
    list,
    map,
    variable,
    environment,
    local,
    let,
    sequence,
    conditional,
    unary_minus,
    unary_plus,
    logical_not,
    logical_and,
    logical_or,
    coalesce,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    power,
    range,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    contains,
    starts_with,
    ends_with,
    matches,
    member,
    optional_member,
    index,
    optional_index,
    slice,
    chain,
    element,
    element_index,
    accumulator,
    builtin,
    predicate,
    host_call,
    method_call,
};

// What of a filter() the expression around it looks at.
enum class Wanted : std::uint8_t { all, length, element };

struct Node {
    Node(NodeKind k, std::size_t at);
    ~Node();

    NodeKind kind;
    std::size_t offset;  // byte in the source
    std::vector<NodePtr> children;
    std::string text;      // name of a variable, member, function
    value::Value value;    // of a literal
    std::size_t slot = 0;  // of a local
    std::vector<std::string>
        keys;  // of a map; empty = computed: the key expression stands before its value in children
    BuiltinFunction builtin = nullptr;
    PredicateFunction predicate = nullptr;
    const HostFunction* host = nullptr;
    std::unique_ptr<re2::RE2> pattern;  // of matches with a literal pattern
    Wanted wanted = Wanted::all;        // of a filter()
    std::size_t enough = SIZE_MAX;      // a count() may stop here
    std::size_t depth = 1;
};

}  // namespace kdeps::expr
