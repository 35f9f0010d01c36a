// SPDX-License-Identifier: Apache-2.0
#include "core/expr/duration_value.hpp"

#include <array>
#include <cmath>
#include <kdeps/cpp/text.hpp>

#include "core/expr/evaluate.hpp"
#include "core/expr/methods.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};
// Longer names before those that they begin with.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1000},
                                         {"\xC2\xB5s", 1000},
                                         {"\xCE\xBCs", 1000},
                                         {"ms", 1'000'000},
                                         {"s", kSecond},
                                         {"m", kMinute},
                                         {"h", kHour}}};

// `span` in a unit, without trailing zeros: 1.5
void append_in(std::uint64_t span, std::uint64_t unit, std::string& out) {
    columns::append_integer(span / unit, out);
    std::uint64_t fraction = span % unit;
    if (fraction == 0) {
        return;
    }
    out += '.';
    for (std::uint64_t digit = unit / 10; fraction != 0; digit /= 10) {
        out += static_cast<char>('0' + fraction / digit);
        fraction %= digit;
    }
}

bool is_digit(std::string_view text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

}  // namespace

Value make_duration(std::int64_t nanoseconds) { return Value::object(std::make_unique<DurationValue>(nanoseconds)); }

const DurationValue* as_duration(const Value& value) {
    return value.kind() == value::Kind::object ? dynamic_cast<const DurationValue*>(&value.object()) : nullptr;
}

bool DurationValue::equals(const value::Object& other) const {
    const auto* duration = dynamic_cast<const DurationValue*>(&other);
    return duration != nullptr && duration->nanoseconds_ == nanoseconds_;
}

std::string DurationValue::text() const {
    if (nanoseconds_ == 0) {
        return "0s";
    }
    std::string out = nanoseconds_ < 0 ? "-" : "";
    const std::uint64_t span =
        nanoseconds_ < 0 ? 0 - static_cast<std::uint64_t>(nanoseconds_) : static_cast<std::uint64_t>(nanoseconds_);
    if (span < 1000) {
        append_in(span, 1, out);
        return out + "ns";
    }
    if (span < 1'000'000) {
        append_in(span, 1000, out);
        return out + "\xC2\xB5s";
    }
    if (span < static_cast<std::uint64_t>(kSecond)) {
        append_in(span, 1'000'000, out);
        return out + "ms";
    }
    if (span >= static_cast<std::uint64_t>(kHour)) {
        columns::append_integer(span / static_cast<std::uint64_t>(kHour), out);
        out += 'h';
    }
    if (span >= static_cast<std::uint64_t>(kMinute)) {
        columns::append_integer(span / static_cast<std::uint64_t>(kMinute) % 60, out);
        out += 'm';
    }
    append_in(span % static_cast<std::uint64_t>(kMinute), static_cast<std::uint64_t>(kSecond), out);
    return out + "s";
}

std::optional<std::int64_t> parse_span(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (text == "0") {
        return 0;
    }
    if (text.empty()) {
        return std::nullopt;
    }
    constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
    std::uint64_t total = 0;
    while (!text.empty()) {
        bool has_digit = false;
        Wide whole = 0;
        for (; is_digit(text); text.remove_prefix(1)) {
            has_digit = true;
            whole = whole * 10 + static_cast<unsigned>(text[0] - '0');
            if (whole > kMost) return std::nullopt;
        }
        double fraction = 0;
        double scale = 1;
        if (text.starts_with('.')) {
            for (text.remove_prefix(1); is_digit(text); text.remove_prefix(1)) {
                has_digit = true;
                if (scale < 1e17) {  // further digits are less than a nanosecond
                    fraction = fraction * 10 + (text[0] - '0');
                    scale *= 10;
                }
            }
        }
        const Unit* unit = nullptr;
        for (const Unit& candidate : kUnits) {
            if (text.starts_with(candidate.name) && (unit == nullptr || candidate.name.size() > unit->name.size())) {
                unit = &candidate;
            }
        }
        if (!has_digit || unit == nullptr) {
            return std::nullopt;
        }
        text.remove_prefix(unit->name.size());
        whole *= static_cast<std::uint64_t>(unit->nanoseconds);
        whole += static_cast<std::uint64_t>(fraction * (static_cast<double>(unit->nanoseconds) / scale));
        whole += total;
        if (whole > kMost) {
            return std::nullopt;
        }
        total = static_cast<std::uint64_t>(whole);
    }
    if (is_negative) {
        return static_cast<std::int64_t>(0 - total);
    }
    return total < kMost ? std::optional(static_cast<std::int64_t>(total)) : std::nullopt;
}

std::int64_t truncate_span(std::int64_t span, std::int64_t unit) { return unit <= 0 ? span : span - span % unit; }

std::int64_t round_span(std::int64_t span, std::int64_t unit) {
    if (unit <= 0) {
        return span;
    }
    const std::int64_t rest = span % unit;
    const bool goes_away = (rest < 0 ? -rest : rest) >= unit - (rest < 0 ? -rest : rest);
    const std::int64_t towards_zero = span - rest;
    if (!goes_away) {
        return towards_zero;
    }
    std::int64_t rounded = 0;
    const bool overflows = __builtin_add_overflow(towards_zero, span < 0 ? -unit : unit, &rounded);
    return overflows ? (span < 0 ? INT64_MIN : INT64_MAX) : rounded;
}

Value duration_method(const DurationValue& duration, const std::string& name, Arguments arguments) {
    const std::int64_t span = duration.nanoseconds();
    const auto in = [&](std::int64_t unit) {
        want_arguments(name, arguments, 0);
        return static_cast<double>(span / unit) + static_cast<double>(span % unit) / static_cast<double>(unit);
    };
    const auto whole = [&](std::int64_t unit) {
        want_arguments(name, arguments, 0);
        return Value(span / unit);
    };
    const auto unit = [&] {
        want_arguments(name, arguments, 1);
        const DurationValue* argument = as_duration(arguments[0]);
        if (argument == nullptr) {
            throw RunError("the argument of ." + name + "() must be a duration, not " +
                           std::string(kdeps::expr::type_name(arguments[0])));
        }
        return argument->nanoseconds();
    };
    if (name == "Hours") return in(kHour);
    if (name == "Minutes") return in(kMinute);
    if (name == "Seconds") return in(kSecond);
    if (name == "Milliseconds") return whole(1'000'000);
    if (name == "Microseconds") return whole(1000);
    if (name == "Nanoseconds") return whole(1);
    if (name == "Round") return make_duration(round_span(span, unit()));
    if (name == "Truncate") return make_duration(truncate_span(span, unit()));
    if (name == "Abs") {
        want_arguments(name, arguments, 0);
        return make_duration(span == INT64_MIN ? INT64_MAX : span < 0 ? -span : span);
    }
    if (name == "String") {
        want_arguments(name, arguments, 0);
        return duration.text();
    }
    throw unknown_method(name, duration.type_name());
}

}  // namespace kdeps::expr
