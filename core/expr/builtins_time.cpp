// SPDX-License-Identifier: Apache-2.0
// now, date, duration, timezone, formatDate.
#include <array>

#include "core/expr/builtins.hpp"
#include "core/expr/duration_value.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/time_layout.hpp"
#include "core/expr/time_value.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

Zone zone_named(const std::string& name) {
    if (auto zone = find_zone(name)) {
        return *zone;
    }
    throw RunError("there is no time zone '" + name + "'; use a name like 'Europe/Paris'");
}

Zone zone_argument(const Value& value) {
    if (const ZoneValue* zone = as_zone(value)) {
        return zone->zone();
    }
    return zone_named(want_text(value, "the time zone"));
}

Moment read_date(const std::string& text, const Value* layout, const Zone& zone) {
    if (layout == nullptr) {
        if (auto moment = parse_time(text, zone)) return *moment;
        throw RunError(
            "cannot read '" + text +
            "' as a date; write it like 2024-01-15, 2024-01-15 10:30:00 or 2024-01-15T10:30:00Z, or give a layout");
    }
    const std::string& wanted = want_text(*layout, "the layout of date()");
    if (auto moment = parse_time(text, wanted, zone)) return *moment;
    throw RunError("cannot read '" + text + "' as a date of the layout '" + wanted +
                   "'; a layout shows Mon Jan 2 15:04:05 2006");
}

Value date(Frame&, Arguments a) {
    Zone zone;
    const ZoneValue* given = as_zone(a[0]);
    if (given != nullptr) {
        zone = given->zone();
        a = a.subspan(1);
    }
    if (a.empty() || (given != nullptr && a.size() > 2)) {
        throw RunError("date() with a time zone takes a text and a layout behind it");
    }
    if (a.size() == 3) {
        zone = zone_named(want_text(a[2], "the time zone of date()"));
    }
    return make_time(read_date(want_text(a[0], "the argument of date()"), a.size() > 1 ? &a[1] : nullptr, zone));
}

Value duration(Frame&, Arguments a) {
    const std::string& text = want_text(a[0], "the argument of duration()");
    if (const auto span = parse_span(text)) {
        return make_duration(*span);
    }
    throw RunError("cannot read '" + text + "' as a duration; write it like 90s, 1h30m or 500ms");
}

// YYYY-MM-DD HH:mm:ss and strftime's %Y-%m-%d as the layout that shows a reference time; every other layout stays.
std::string reference_layout(std::string_view layout) {
    struct Token {
        std::string_view from;
        std::string_view to;
    };
    static constexpr std::array<Token, 11> kPercent = {{{"%Y", "2006"},
                                                        {"%m", "01"},
                                                        {"%d", "02"},
                                                        {"%H", "15"},
                                                        {"%M", "04"},
                                                        {"%S", "05"},
                                                        {"%y", "06"},
                                                        {"%b", "Jan"},
                                                        {"%B", "January"},
                                                        {"%F", "2006-01-02"},
                                                        {"%T", "15:04:05"}}};
    static constexpr std::array<Token, 9> kLetters = {{{"YYYY", "2006"},
                                                       {"YY", "06"},
                                                       {"MMMM", "January"},
                                                       {"MMM", "Jan"},
                                                       {"MM", "01"},
                                                       {"DD", "02"},
                                                       {"HH", "15"},
                                                       {"mm", "04"},
                                                       {"ss", "05"}}};
    const bool has_percent = layout.find('%') != std::string_view::npos;
    const bool has_letters = layout.find("YY") != std::string_view::npos ||
                             layout.find("MM") != std::string_view::npos ||
                             layout.find("DD") != std::string_view::npos || layout.find("HH") != std::string_view::npos;
    const std::span<const Token> tokens = has_percent   ? std::span<const Token>(kPercent)
                                          : has_letters ? std::span<const Token>(kLetters)
                                                        : std::span<const Token>();
    std::string out;
    while (!layout.empty()) {
        const Token* found = nullptr;
        for (const Token& token : tokens) {
            if (found == nullptr && layout.starts_with(token.from)) found = &token;
        }
        out += found != nullptr ? found->to : layout.substr(0, 1);
        layout.remove_prefix(found != nullptr ? found->from.size() : 1);
    }
    return out;
}

// formatDate(when, layout [, zone]): `when` is a time, the text of one, or seconds since 1970.
Value format_date(Frame&, Arguments a) {
    Moment moment;
    if (const TimeValue* time = as_time(a[0])) {
        moment = time->moment();
    } else if (a[0].is_string()) {
        const std::string& text = a[0].text();
        // Databases write timestamps without a zone and with a T.
        const auto plain = parse_time(text, "2006-01-02T15:04:05", Zone{});
        moment = plain ? *plain : read_date(text, nullptr, Zone{});
    } else if (a[0].is_number()) {
        constexpr std::int64_t kMost = 1'000'000'000'000;
        const std::int64_t seconds = want_integer(a[0], "the time of formatDate()");
        if (seconds > kMost || seconds < -kMost) {
            throw RunError("formatDate() takes seconds since 1970; " + std::to_string(seconds) +
                           " is too large (are these milliseconds?)");
        }
        moment.seconds = seconds;
    } else {
        throw RunError("formatDate() takes a time, a text or seconds since 1970, not " + std::string(type_name(a[0])));
    }
    if (a.size() > 2) {
        moment.zone = zone_argument(a[2]);
    }
    return format_time(moment,
                       a.size() > 1 ? reference_layout(want_text(a[1], "the layout of formatDate()")) : "2006-01-02");
}

}  // namespace

void add_time_functions(BuiltinTable& table) {
    table["now"] = {
        0, 1, [](Frame&, Arguments a) -> Value {
            Moment moment = now();
            if (!a.empty()) {
                const ZoneValue* zone = as_zone(a[0]);
                if (zone == nullptr)
                    throw RunError("the argument of now() must be a timezone, not " + std::string(type_name(a[0])));
                moment.zone = zone->zone();
            }
            return make_time(std::move(moment));
        }};
    table["date"] = {1, 3, date};
    table["duration"] = {1, 1, duration};
    table["timezone"] = {1, 1, [](Frame&, Arguments a) -> Value {
                             return Value::object(std::make_unique<ZoneValue>(
                                 zone_named(want_text(a[0], "the argument of timezone()"))));
                         }};
    table["formatDate"] = {1, 3, format_date};
}

}  // namespace kdeps::expr
