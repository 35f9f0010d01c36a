// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/expr/builtins.hpp"
#include "core/expr/duration_value.hpp"
#include "core/expr/evaluate.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

const Value& want_number(const Value& value, std::string_view function) {
    if (!value.is_number()) {
        throw RunError(std::string(function) + "() wants a number, not " + std::string(type_name(value)));
    }
    return value;
}

// The numbers of all arguments, arrays opened up.
value::List numbers(Arguments arguments, std::string_view function) {
    value::List out;
    const auto add_all = [&](const auto& self, const Value& value) -> void {
        if (value.is_array()) {
            for_each_element(value, [&](const Value& element) {
                self(self, element);
                return true;
            });
        } else {
            out.push_back(want_number(value, function));
        }
    };
    for (const Value& argument : arguments) {
        add_all(add_all, argument);
    }
    return out;
}

Value extreme(Arguments arguments, std::string_view function, bool wants_most) {
    Value best;
    if (arguments.size() == 1 && !arguments[0].is_array()) {
        return arguments[0];
    }
    if (std::all_of(arguments.begin(), arguments.end(), [](const Value& v) { return as_duration(v) != nullptr; })) {
        const auto by_length = [](const Value& a, const Value& b) { return less(a, b); };
        return wants_most ? *std::max_element(arguments.begin(), arguments.end(), by_length)
                          : *std::min_element(arguments.begin(), arguments.end(), by_length);
    }
    for (const Value& number : numbers(arguments, function)) {
        if (best.is_null() || (wants_most ? less(best, number) : less(number, best))) {
            best = number;
        }
    }
    return best;
}

Value mean(Frame&, Arguments a) {
    const value::List all = numbers(a, "mean");
    // Decimals are added exactly; the reference adds doubles, from zero on.
    const bool is_exact = !all.empty() && std::all_of(all.begin(), all.end(), [](const Value& number) {
        return number.kind() == value::Kind::decimal;
    });
    Value total = is_exact ? Value(0) : Value(0.0);
    for (const Value& number : all) {
        total = add(total, number);
    }
    return all.empty() ? 0.0 : total.floating() / static_cast<double>(all.size());
}

Value median(Frame&, Arguments a) {
    std::vector<double> all;
    for (const Value& number : numbers(a, "median")) {
        all.push_back(number.floating());
    }
    if (all.empty()) return 0.0;
    std::sort(all.begin(), all.end());
    const std::size_t middle = all.size() / 2;
    return all.size() % 2 == 1 ? all[middle] : (all[middle - 1] + all[middle]) / 2;
}

template <double (*Round)(double)>
Value rounded(Frame&, Arguments a) {
    return Round(want_number(a[0], "rounding").floating());
}

std::int64_t bits(const Value& value) { return want_whole(value, "the operand of a bit function"); }

template <typename Operation>
Value shifted(Arguments a, Operation operation) {
    const std::int64_t by = bits(a[1]);
    if (by < 0) {
        throw RunError("a shift must not be negative");
    }
    return operation(bits(a[0]), by);
}

}  // namespace

void add_number_functions(BuiltinTable& table) {
    table["abs"] = {1, 1, [](Frame&, Arguments a) -> Value {
                        if (want_number(a[0], "abs").is_int())
                            return a[0].integer() < 0
                                       ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(a[0].integer()))
                                       : a[0].integer();
                        if (a[0].kind() == value::Kind::decimal)
                            return a[0].text().starts_with('-') ? value::negate_decimal(a[0]) : a[0];
                        return std::fabs(a[0].floating());
                    }};
    table["ceil"] = {1, 1, rounded<std::ceil>};
    table["floor"] = {1, 1, rounded<std::floor>};
    table["round"] = {1, 1, rounded<std::round>};
    table["max"] = {1, kAnyNumber, [](Frame&, Arguments a) { return extreme(a, "max", true); }};
    table["min"] = {1, kAnyNumber, [](Frame&, Arguments a) { return extreme(a, "min", false); }};
    table["mean"] = {1, kAnyNumber, mean};
    table["median"] = {1, kAnyNumber, median};
    table["bitand"] = {2, 2, [](Frame&, Arguments a) -> Value { return bits(a[0]) & bits(a[1]); }};
    table["bitor"] = {2, 2, [](Frame&, Arguments a) -> Value { return bits(a[0]) | bits(a[1]); }};
    table["bitxor"] = {2, 2, [](Frame&, Arguments a) -> Value { return bits(a[0]) ^ bits(a[1]); }};
    table["bitnand"] = {2, 2, [](Frame&, Arguments a) -> Value { return bits(a[0]) & ~bits(a[1]); }};
    table["bitnot"] = {1, 1, [](Frame&, Arguments a) -> Value { return ~bits(a[0]); }};
    table["bitshl"] = {2, 2, [](Frame&, Arguments a) {
                           return shifted(a, [](std::int64_t x, std::int64_t by) -> Value {
                               return by > 63 ? 0 : static_cast<std::int64_t>(static_cast<std::uint64_t>(x) << by);
                           });
                       }};
    table["bitshr"] = {2, 2, [](Frame&, Arguments a) {
                           return shifted(a, [](std::int64_t x, std::int64_t by) -> Value {
                               return by > 63 ? (x < 0 ? -1 : 0) : x >> by;
                           });
                       }};
    table["bitushr"] = {2, 2, [](Frame&, Arguments a) {
                            return shifted(a, [](std::int64_t x, std::int64_t by) -> Value {
                                return by > 63 ? 0 : static_cast<std::int64_t>(static_cast<std::uint64_t>(x) >> by);
                            });
                        }};
}

}  // namespace kdeps::expr
