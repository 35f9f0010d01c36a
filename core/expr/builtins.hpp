// SPDX-License-Identifier: Apache-2.0
// The functions of the language.  One file per topic fills the table.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/expr/ast.hpp"

namespace kdeps::expr {

struct Builtin {
    std::size_t min_arguments = 0;
    std::size_t max_arguments = 0;
    BuiltinFunction function = nullptr;  // one of the two
    PredicateFunction predicate = nullptr;
    std::size_t predicate_at = 1;  // which argument is the predicate
};

using BuiltinTable = std::map<std::string, Builtin, std::less<>>;

inline constexpr std::size_t kAnyNumber = 1000;

const BuiltinTable& builtins();

// find() and findLast() that fail where there is no match: filter(a, p)[0] and [-1].
value::Value first_match(Frame& frame, const Node& call);
value::Value last_match(Frame& frame, const Node& call);

void add_list_functions(BuiltinTable& table);
void add_predicates(BuiltinTable& table);
void add_text_functions(BuiltinTable& table);
void add_number_functions(BuiltinTable& table);
void add_conversions(BuiltinTable& table);
void add_time_functions(BuiltinTable& table);

}  // namespace kdeps::expr
