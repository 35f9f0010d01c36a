// SPDX-License-Identifier: Apache-2.0
#include "core/expr/methods.hpp"

#include <algorithm>
#include <array>

#include "core/expr/duration_value.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/text.hpp"
#include "core/expr/time_value.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

struct Method {
    std::string_view type;
    std::string_view name;
    std::size_t arguments;
};

constexpr std::array<Method, 48> kMethods = {{
    {"string", "includes", 1},
    {"string", "trim", 0},
    {"string", "toLowerCase", 0},
    {"string", "toUpperCase", 0},
    {"string", "length", 0},
    {"array", "length", 0},
    {"array", "includes", 1},
    {"time.Time", "Year", 0},
    {"time.Time", "Month", 0},
    {"time.Time", "Day", 0},
    {"time.Time", "Weekday", 0},
    {"time.Time", "YearDay", 0},
    {"time.Time", "Hour", 0},
    {"time.Time", "Minute", 0},
    {"time.Time", "Second", 0},
    {"time.Time", "Nanosecond", 0},
    {"time.Time", "Unix", 0},
    {"time.Time", "UnixMilli", 0},
    {"time.Time", "UnixMicro", 0},
    {"time.Time", "UnixNano", 0},
    {"time.Time", "Format", 1},
    {"time.Time", "Add", 1},
    {"time.Time", "AddDate", 3},
    {"time.Time", "Sub", 1},
    {"time.Time", "Before", 1},
    {"time.Time", "After", 1},
    {"time.Time", "Equal", 1},
    {"time.Time", "Truncate", 1},
    {"time.Time", "Round", 1},
    {"time.Time", "In", 1},
    {"time.Time", "UTC", 0},
    {"time.Time", "Local", 0},
    {"time.Time", "Location", 0},
    {"time.Time", "IsZero", 0},
    {"time.Time", "String", 0},
    {"time.Duration", "Hours", 0},
    {"time.Duration", "Minutes", 0},
    {"time.Duration", "Seconds", 0},
    {"time.Duration", "Milliseconds", 0},
    {"time.Duration", "Microseconds", 0},
    {"time.Duration", "Nanoseconds", 0},
    {"time.Duration", "String", 0},
    {"time.Duration", "Round", 1},
    {"time.Duration", "Truncate", 1},
    {"time.Duration", "Abs", 0},
    {"time.Location", "String", 0},
    {"time.Month", "String", 0},
    {"time.Weekday", "String", 0},
}};

}  // namespace

bool has_method(std::string_view type, std::string_view name, std::size_t& arguments) {
    const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                    [&](const Method& m) { return m.type == type && m.name == name; });
    if (found == kMethods.end() || name.empty()) {
        return false;
    }
    arguments = found->arguments;
    return true;
}

bool is_method_name(std::string_view name) {
    return std::any_of(kMethods.begin(), kMethods.end(), [&](const Method& m) { return m.name == name; });
}

void want_arguments(std::string_view method, Arguments arguments, std::size_t count) {
    if (arguments.size() != count) {
        throw RunError("." + std::string(method) + "() takes " + std::to_string(count) +
                       (count == 1 ? " argument, not " : " arguments, not ") + std::to_string(arguments.size()));
    }
}

RunError unknown_method(std::string_view name, std::string_view type) {
    std::vector<std::string> known;
    for (const Method& method : kMethods) {
        if (method.type == type) known.emplace_back(method.name);
    }
    return RunError("cannot call ." + std::string(name) + "() on " + std::string(type) + did_you_mean(name, known));
}

Value method(const Value& object, const std::string& name, Arguments arguments) {
    if (object.is_string()) {
        if (name == "includes") {
            want_arguments(name, arguments, 1);
            return object.text().find(want_text(arguments[0], "the argument of .includes()")) != std::string::npos;
        }
        if (name == "toLowerCase" || name == "toUpperCase" || name == "trim") {
            want_arguments(name, arguments, 0);
            return name == "trim" ? Value(trim_space(object.text()))
                                  : Value(map_case(object.text(), name == "toUpperCase"));
        }
    }
    if (object.is_array() && name == "includes") {
        want_arguments(name, arguments, 1);
        return is_in(arguments[0], object);
    }
    if ((object.is_string() || object.is_array()) && name == "length") {
        want_arguments(name, arguments, 0);
        return member(object, name);
    }
    if (const TimeValue* time = as_time(object)) return time_method(*time, name, arguments);
    if (const DurationValue* duration = as_duration(object)) return duration_method(*duration, name, arguments);
    if (const ZoneValue* zone = as_zone(object)) return zone_method(*zone, name, arguments);
    if (const NamedNumber* number = as_named_number(object)) return named_number_method(*number, name, arguments);
    throw unknown_method(name, type_name(object));
}

}  // namespace kdeps::expr
