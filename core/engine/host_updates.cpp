// SPDX-License-Identifier: Apache-2.0
// increment(), append() and compareAndSet(): changes of a store that no other change can come between (rules §3).
#include "core/engine/host_updates.hpp"

#include "core/engine/scope.hpp"

namespace kdeps::engine {

using value::Value;
using Arguments = std::span<const Value>;

namespace {

const std::string& text_of(Arguments arguments, std::size_t i, const char* function) {
    if (!arguments[i].is_string()) {
        throw expr::RunError(std::string(function) + "(): argument " + std::to_string(i + 1) + " must be a string");
    }
    return arguments[i].text();
}

std::string_view storage_of(Arguments arguments, std::size_t i, const char* function) {
    return arguments.size() > i ? std::string_view(text_of(arguments, i, function)) : "memory";
}

// Integers stay exact.
Value sum(const Value& a, const Value& b, const std::string& key) {
    const auto refuse = [&](const char* why) -> Value {
        throw Error(Status::invalid_argument, "increment('" + key + "', …): " + why);
    };
    if (a.is_int() && b.is_int()) {
        std::int64_t out = 0;
        if (__builtin_add_overflow(a.integer(), b.integer(), &out)) return refuse("the sum is larger than an integer");
        return out;
    }
    const auto is_plain_number = [](const Value& value) {
        return value.is_int() || value.kind() == value::Kind::floating;
    };
    if (!is_plain_number(a)) return refuse("what is there is no integer or floating-point number");
    if (!is_plain_number(b)) return refuse("the second argument must be an integer or a floating-point number");
    return a.floating() + b.floating();
}

}  // namespace

Value increment_function(expr::Environment& environment, Arguments arguments) {
    constexpr const char* kName = "increment";
    const std::string& key = text_of(arguments, 0, kName);
    const Value by = arguments.size() > 1 ? arguments[1] : Value(1);
    Value now;
    static_cast<Scope&>(environment).update(key, storage_of(arguments, 2, kName), kName, [&](Value& value) {
        now = sum(value.is_null() ? Value(0) : value, by, key);
        value = now;
        return true;
    });
    return now;
}

Value append_function(expr::Environment& environment, Arguments arguments) {
    constexpr const char* kName = "append";
    const std::string& key = text_of(arguments, 0, kName);
    const Value element = value::to_plain(arguments[1]);
    if (value::is_deeper_than(element, value::kDeepestValue - 1))
        throw Error(Status::invalid_argument, "append('" + key + "', …): the value is nested deeper than 1,000 levels");
    Value now;
    static_cast<Scope&>(environment).update(key, storage_of(arguments, 2, kName), kName, [&](Value& value) {
        if (!value.is_null() && !value.is_array())
            throw Error(Status::invalid_argument, "append('" + key + "', …): what is there is no list");
        value = appended(value.is_null() ? Value::list({}) : std::move(value), element);
        now = value;
        return true;
    });
    return now;
}

Value compare_and_set_function(expr::Environment& environment, Arguments arguments) {
    constexpr const char* kName = "compareAndSet";
    const std::string& key = text_of(arguments, 0, kName);
    const Value next = value::to_plain(arguments[2]);
    if (value::is_deeper_than(next, value::kDeepestValue)) {
        throw Error(Status::invalid_argument,
                    "compareAndSet('" + key + "', …): the value is nested deeper than 1,000 levels");
    }
    const Value expected = value::to_plain(arguments[1]);
    bool is_set = false;
    static_cast<Scope&>(environment).update(key, storage_of(arguments, 3, kName), kName, [&](Value& value) {
        is_set = value == expected;
        if (is_set) value = next;
        return is_set;
    });
    return is_set;
}

}  // namespace kdeps::engine
