// SPDX-License-Identifier: Apache-2.0
// What is known of a value before it exists: of literals and of what operators and functions make of them.
#pragma once

#include <memory>
#include <string>

#include "core/value/value.hpp"

namespace kdeps::expr {

enum class TypeKind : std::uint8_t {
    any,
    nil,
    boolean,
    integer,
    floating,
    text,
    bytes,
    array,
    map,
    keyed_map,
    time,
    duration,
    zone,
    month,
    weekday,
    function,
};

struct StaticType {
    StaticType(TypeKind k = TypeKind::any) : kind(k) {}
    StaticType(TypeKind k, const StaticType& e) : kind(k), element(std::make_shared<const StaticType>(e)) {}

    TypeKind kind;
    std::shared_ptr<const StaticType> element;  // of an array; of what a keyed map holds.  Null = any.

    bool is(TypeKind wanted) const { return kind == wanted; }
    bool is_any() const { return kind == TypeKind::any; }
    bool is_number() const { return kind == TypeKind::integer || kind == TypeKind::floating; }
    StaticType of_element() const { return element == nullptr ? StaticType() : *element; }
    std::string_view name() const;  // as type(x) has it
};

StaticType type_of(const value::Value& literal);
// Can == be anything but false?  Null compares with everything.
bool is_comparable(const StaticType& a, const StaticType& b);
// What a function gives that is not one of those with a predicate.
StaticType result_of(std::string_view function, const StaticType& first_argument);
StaticType method_result(const StaticType& object, std::string_view method);

}  // namespace kdeps::expr
