// SPDX-License-Identifier: Apache-2.0
// What arithmetic and comparison do with values (section 4 of the language).
#include <cmath>
#include <optional>

#include "core/expr/duration_value.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/time_value.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

std::string_view type_name(const Value& value) {
    switch (value.kind()) {
        case Kind::null: return "nil";
        case Kind::boolean: return "bool";
        case Kind::integer: return "int";
        case Kind::floating:
        case Kind::decimal: return "float";
        case Kind::string: return "string";
        case Kind::bytes:
        case Kind::list:
        case Kind::table: return "array";
        case Kind::map: return "map";
        case Kind::object: return value.object().type_name();
    }
    return "nil";
}

void want_room(std::size_t bytes) {
    if (bytes > kLongestText) {
        throw RunError("the text would be longer than 256 MiB");
    }
}

std::int64_t want_integer(const Value& value, std::string_view what) {
    if (value.is_int()) {
        return value.integer();
    }
    if (value.is_number()) {
        if (const auto whole = value::truncated(value)) {
            return *whole;
        }
        throw RunError(std::string(what) + " is out of range");
    }
    throw RunError(std::string(what) + " must be an integer, not " + std::string(type_name(value)));
}

std::int64_t want_whole(const Value& value, std::string_view what) {
    if (value.is_int()) {
        return value.integer();
    }
    throw RunError(std::string(what) + " must be an integer, not " + std::string(type_name(value)));
}

const std::string& want_text(const Value& value, std::string_view what) {
    if (!value.is_string()) {
        throw RunError(std::string(what) + " must be a string, not " + std::string(type_name(value)));
    }
    return value.text();
}

void want_array(const Value& value, std::string_view what) {
    if (!value.is_array()) {
        throw RunError(std::string(what) + " must be an array, not " + std::string(type_name(value)));
    }
}

namespace {

std::int64_t wrapped(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// date + duration and its like; nothing if neither side is of such a type.
std::optional<Value> time_arithmetic(NodeKind kind, const Value& a, const Value& b) {
    if (a.kind() != Kind::object && b.kind() != Kind::object) {
        return std::nullopt;
    }
    const TimeValue* time_a = as_time(a);
    const TimeValue* time_b = as_time(b);
    const DurationValue* span_a = as_duration(a);
    const DurationValue* span_b = as_duration(b);
    const auto bits = [](const DurationValue* span) { return static_cast<std::uint64_t>(span->nanoseconds()); };
    switch (kind) {
        case NodeKind::add:
            if (time_a != nullptr && span_b != nullptr)
                return make_time(advanced(time_a->moment(), span_b->nanoseconds()));
            if (span_a != nullptr && time_b != nullptr)
                return make_time(advanced(time_b->moment(), span_a->nanoseconds()));
            if (span_a != nullptr && span_b != nullptr) return make_duration(wrapped(bits(span_a) + bits(span_b)));
            break;
        case NodeKind::subtract:
            if (time_a != nullptr && time_b != nullptr)
                return make_duration(difference(time_a->moment(), time_b->moment()));
            if (time_a != nullptr && span_b != nullptr && span_b->nanoseconds() != INT64_MIN) {
                return make_time(advanced(time_a->moment(), -span_b->nanoseconds()));
            }
            if (span_a != nullptr && span_b != nullptr) return make_duration(wrapped(bits(span_a) - bits(span_b)));
            break;
        case NodeKind::multiply: {
            if (span_a != nullptr && span_b != nullptr) return make_duration(wrapped(bits(span_a) * bits(span_b)));
            const DurationValue* span = span_a != nullptr ? span_a : span_b;
            const Value& factor = span_a != nullptr ? b : a;
            if (span == nullptr) break;
            if (factor.is_int())
                return make_duration(wrapped(bits(span) * static_cast<std::uint64_t>(factor.integer())));
            if (factor.is_number()) return Value(static_cast<double>(span->nanoseconds()) * factor.floating());
            break;
        }
        default: break;
    }
    return std::nullopt;
}

std::string_view symbol(NodeKind kind) {
    switch (kind) {
        case NodeKind::add: return "+";
        case NodeKind::subtract: return "-";
        case NodeKind::multiply: return "*";
        case NodeKind::divide: return "/";
        case NodeKind::modulo: return "%";
        default: return "**";
    }
}

RunError refuse(NodeKind kind, const Value& a, const Value& b) {
    return RunError("'" + std::string(symbol(kind)) + "' does not take " + std::string(type_name(a)) + " and " +
                    std::string(type_name(b)));
}

}  // namespace

Value arithmetic(NodeKind kind, const Value& a, const Value& b) {
    if (kind == NodeKind::modulo) {
        if (!a.is_int() || !b.is_int()) throw refuse(kind, a, b);
        if (b.integer() == 0) throw RunError("integer divided by zero");
        return b.integer() == -1 ? Value(0) : Value(a.integer() % b.integer());
    }
    if (!a.is_number() || !b.is_number()) {
        if (auto result = time_arithmetic(kind, a, b)) return std::move(*result);
        throw refuse(kind, a, b);
    }
    if (a.is_int() && b.is_int()) {
        // Wraps, as 64-bit integers do in the reference.
        const auto x = static_cast<std::uint64_t>(a.integer());
        const auto y = static_cast<std::uint64_t>(b.integer());
        if (kind == NodeKind::add) return wrapped(x + y);
        if (kind == NodeKind::subtract) return wrapped(x - y);
        if (kind == NodeKind::multiply) return wrapped(x * y);
    }
    if (a.kind() == Kind::decimal || b.kind() == Kind::decimal) {
        auto exact = kind == NodeKind::add        ? value::add_decimals(a, b)
                     : kind == NodeKind::subtract ? value::subtract_decimals(a, b)
                     : kind == NodeKind::multiply ? value::multiply_decimals(a, b)
                                                  : std::nullopt;
        if (exact) return std::move(*exact);
    }
    const double x = a.floating();
    const double y = b.floating();
    switch (kind) {
        case NodeKind::add: return x + y;
        case NodeKind::subtract: return x - y;
        case NodeKind::multiply: return x * y;
        case NodeKind::divide: return x / y;
        default: return power(x, y);
    }
}

Value add(const Value& a, const Value& b) {
    if (a.is_string() && b.is_string()) {
        want_room(a.text().size() + b.text().size());
        std::string text;
        text.reserve(a.text().size() + b.text().size());
        text += a.text();
        text += b.text();
        return text;
    }
    return arithmetic(NodeKind::add, a, b);
}

bool equal(const Value& a, const Value& b) {
    if (a.is_null() || b.is_null()) {
        return is_nil(a) && is_nil(b);
    }
    if (!a.is_array() || !b.is_array()) {
        return a.is_map() && b.is_map() ? identical(a, b) : a == b;
    }
    const bool has_pair = a.flavor() == value::Flavor::pair || b.flavor() == value::Flavor::pair;
    if (a.size() != b.size() || (has_pair && a.flavor() != b.flavor())) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!equal(a.at(i), b.at(i))) return false;
    }
    return true;
}

bool identical(const Value& a, const Value& b) {
    if (a.is_array() && b.is_array()) {
        if (a.size() != b.size() || (a.kind() == b.kind() && a.flavor() != b.flavor())) {
            return false;
        }
        for (std::size_t i = 0; i < a.size(); ++i) {
            if (!identical(a.at(i), b.at(i))) return false;
        }
        return true;
    }
    if (a.is_map() && b.is_map()) {
        if (a.size() != b.size()) {
            return false;
        }
        for (std::size_t i = 0; i < a.size(); ++i) {
            const auto other = b.find(a.key_at(i));
            if (!other || !identical(a.at(i), *other)) return false;
        }
        return true;
    }
    return a.is_number() && b.is_number() ? a.is_int() == b.is_int() && a == b : a == b;
}

bool less(const Value& a, const Value& b) {
    if (a.is_int() && b.is_int()) {
        return a.integer() < b.integer();
    }
    if (a.is_number() && b.is_number()) {
        return value::compare_numbers(a, b) < 0;
    }
    if (a.is_string() && b.is_string()) {
        return a.text() < b.text();
    }
    if (const TimeValue* x = as_time(a)) {
        if (const TimeValue* y = as_time(b)) return compare(x->moment(), y->moment()) < 0;
    }
    if (const DurationValue* x = as_duration(a)) {
        if (const DurationValue* y = as_duration(b)) return x->nanoseconds() < y->nanoseconds();
    }
    throw RunError("cannot order " + std::string(type_name(a)) + " and " + std::string(type_name(b)));
}

}  // namespace kdeps::expr
