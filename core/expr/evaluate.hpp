// SPDX-License-Identifier: Apache-2.0
// Walks the tree.  A Frame is the state of one evaluation.
#pragma once

#include <string_view>
#include <vector>

#include "core/expr/ast.hpp"
#include "core/expr/error.hpp"

namespace kdeps::expr {

// The innermost predicate: what #, #index and #acc are.
struct Scope {
    const value::Value* element = nullptr;  // null where the collection has no elements by number: a map
    std::size_t index = 0;
    const value::Value* accumulator = nullptr;
};

struct Frame {
    Environment& environment;
    std::vector<value::Value> locals;
    Scope scope;
    std::size_t budget = 1'000'000;  // elements and bytes that this evaluation may still make
    std::size_t room = kMostRoom;    // bytes that values which it keeps may still take
    std::size_t steps = 0;

    static constexpr std::size_t kMostRoom = std::size_t{1} << 30;

    // Takes from the budget; throws RunError when it is used up.
    void spend(std::size_t amount);
    // Takes the bytes of a value that goes into a list or a map; what another value holds already takes none.
    void keep(const value::Value& value);
    // One element more is looked at: asks the environment now and then whether to go on.
    void step() {
        constexpr std::size_t kBetween = 64;
        if (++steps % kBetween == 0) environment.check();
    }
};

value::Value evaluate(Frame& frame, const Node& node);
bool evaluate_bool(Frame& frame, const Node& node, std::string_view what);

// Throws RunError for a text that is longer than an expression may make.
inline constexpr std::size_t kLongestText = 256 * 1024 * 1024;
void want_room(std::size_t bytes);

// Operators on values, shared with the builtins.  Throw RunError.
value::Value add(const value::Value& a, const value::Value& b);
value::Value arithmetic(NodeKind kind, const value::Value& a, const value::Value& b);
// ==: numbers by value, lists element by element, everything else as identical() has it.
bool equal(const value::Value& a, const value::Value& b);
// Deep, and 1 is not 1.0.
bool identical(const value::Value& a, const value::Value& b);
// Null, or an empty list that stands for null.
inline bool is_nil(const value::Value& value) {
    return value.is_null() || (value.kind() == value::Kind::list && value.flavor() == value::Flavor::absent);
}
// Of numbers, texts, times, durations; throws RunError for everything else, and for two different kinds.
bool less(const value::Value& a, const value::Value& b);
bool is_in(const value::Value& needle, const value::Value& container);
value::Value index(const value::Value& object, const value::Value& key);
value::Value slice(const value::Value& object, const value::Value* from, const value::Value* to);
value::Value member(const value::Value& object, const std::string& name);

// "int", "string", ...: what type(x) answers, and messages show.
std::string_view type_name(const value::Value& value);

// Does the text hold what the regular expression describes?  Null matches nothing.
bool matches(const value::Value& text, const value::Value& pattern);

// x ** y as the reference computes it, to the last digit.
double power(double x, double y);

// The value as an integer argument, fractions cut off; throws RunError naming `what`.
std::int64_t want_integer(const value::Value& value, std::string_view what);
// The same, but a fraction is refused.
std::int64_t want_whole(const value::Value& value, std::string_view what);
const std::string& want_text(const value::Value& value, std::string_view what);
void want_array(const value::Value& value, std::string_view what);

// Calls `visit(element)` for each element until it gives false.
template <typename Visit>
void for_each_element(const value::Value& array, Visit visit) {
    if (array.kind() == value::Kind::list) {
        for (const value::Value& element : array.list()) {
            if (!visit(element)) return;
        }
    } else {
        const std::size_t size = array.size();
        for (std::size_t i = 0; i < size; ++i) {
            const value::Value element = array.at(i);
            if (!visit(element)) return;
        }
    }
}

}  // namespace kdeps::expr
