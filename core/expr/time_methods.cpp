// SPDX-License-Identifier: Apache-2.0
// Methods of times, zones, months and weekdays: date("2024-01-15").AddDate(0, 1, 0).
#include "core/expr/duration_value.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/methods.hpp"
#include "core/expr/time_layout.hpp"
#include "core/expr/time_value.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

__extension__ typedef __int128 Wide;

RunError wrong(const std::string& method, std::string_view wanted, const Value& argument) {
    return RunError("the argument of ." + method + "() must be a " + std::string(wanted) + ", not " +
                    std::string(type_name(argument)));
}

const Moment& time_argument(const std::string& method, Arguments arguments) {
    want_arguments(method, arguments, 1);
    const TimeValue* time = as_time(arguments[0]);
    if (time == nullptr) throw wrong(method, "time", arguments[0]);
    return time->moment();
}

std::int64_t duration_argument(const std::string& method, Arguments arguments) {
    want_arguments(method, arguments, 1);
    const DurationValue* duration = as_duration(arguments[0]);
    if (duration == nullptr) throw wrong(method, "duration", arguments[0]);
    return duration->nanoseconds();
}

// Nanoseconds of a moment past a multiple of the unit, counted from the year 1.
std::int64_t rest_of(const Moment& moment, std::int64_t unit) {
    constexpr std::int64_t kYearOne = -62'135'596'800;
    const Wide since = static_cast<Wide>(moment.seconds - kYearOne) * 1'000'000'000 + moment.nanoseconds;
    const auto rest = static_cast<std::int64_t>(since % unit);
    return rest < 0 ? rest + unit : rest;
}

Moment rounded(const Moment& moment, std::int64_t unit, bool to_nearest) {
    if (unit <= 0) {
        return moment;
    }
    const std::int64_t rest = rest_of(moment, unit);
    return advanced(moment, to_nearest && rest >= unit - rest ? unit - rest : -rest);
}

Moment with_date_added(const Moment& moment, Arguments a) {
    Fields fields = fields_of(moment);
    const auto bounded = [&](std::size_t i) {
        const std::int64_t count = want_whole(a[i], "an argument of .AddDate()");
        if (count > 1'000'000 || count < -1'000'000) {
            throw RunError("an argument of .AddDate() is out of range: " + std::to_string(count));
        }
        return static_cast<int>(count);
    };
    fields.year += bounded(0);
    fields.month += bounded(1);
    fields.day += bounded(2);
    return moment_of(fields, moment.zone);
}

}  // namespace

Value time_method(const TimeValue& time, const std::string& name, Arguments arguments) {
    const Moment& moment = time.moment();
    std::size_t count = 0;
    if (!has_method(time.type_name(), name, count)) {
        throw unknown_method(name, time.type_name());
    }
    want_arguments(name, arguments, count);
    const auto since = [&](std::int64_t per_second, std::int64_t divisor) {
        return Value(static_cast<std::int64_t>(static_cast<std::uint64_t>(moment.seconds) *
                                               static_cast<std::uint64_t>(per_second)) +
                     moment.nanoseconds / divisor);
    };
    if (name == "Unix") return moment.seconds;
    if (name == "UnixMilli") return since(1000, 1'000'000);
    if (name == "UnixMicro") return since(1'000'000, 1000);
    if (name == "UnixNano") return since(1'000'000'000, 1);
    if (name == "Format") return format_time(moment, want_text(arguments[0], "the layout of .Format()"));
    if (name == "Add") return make_time(advanced(moment, duration_argument(name, arguments)));
    if (name == "AddDate") return make_time(with_date_added(moment, arguments));
    if (name == "Sub") return make_duration(difference(moment, time_argument(name, arguments)));
    if (name == "Before") return compare(moment, time_argument(name, arguments)) < 0;
    if (name == "After") return compare(moment, time_argument(name, arguments)) > 0;
    if (name == "Equal") return compare(moment, time_argument(name, arguments)) == 0;
    if (name == "Truncate") return make_time(rounded(moment, duration_argument(name, arguments), false));
    if (name == "Round") return make_time(rounded(moment, duration_argument(name, arguments), true));
    if (name == "In") {
        const ZoneValue* zone = as_zone(arguments[0]);
        if (zone == nullptr) throw wrong(name, "timezone", arguments[0]);
        return make_time({moment.seconds, moment.nanoseconds, zone->zone()});
    }
    if (name == "UTC" || name == "Local") return make_time({moment.seconds, moment.nanoseconds, {}});
    if (name == "Location") return Value::object(std::make_unique<ZoneValue>(moment.zone));
    if (name == "IsZero") return moment.seconds == -62'135'596'800 && moment.nanoseconds == 0;
    if (name == "String") return time.text();
    const Fields fields = fields_of(moment);
    if (name == "Year") return fields.year;
    if (name == "Month") return Value::object(std::make_unique<NamedNumber>(NamedNumber::Of::month, fields.month));
    if (name == "Weekday")
        return Value::object(std::make_unique<NamedNumber>(NamedNumber::Of::weekday, fields.weekday));
    if (name == "Day") return fields.day;
    if (name == "YearDay") return fields.year_day;
    if (name == "Hour") return fields.hour;
    if (name == "Minute") return fields.minute;
    if (name == "Second") return fields.second;
    return fields.nanosecond;
}

Value zone_method(const ZoneValue& zone, const std::string& name, Arguments arguments) {
    if (name != "String") throw unknown_method(name, zone.type_name());
    want_arguments(name, arguments, 0);
    return zone.text();
}

Value named_number_method(const NamedNumber& number, const std::string& name, Arguments arguments) {
    if (name != "String") throw unknown_method(name, number.type_name());
    want_arguments(name, arguments, 0);
    return number.text();
}

}  // namespace kdeps::expr
