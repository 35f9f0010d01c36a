// SPDX-License-Identifier: Apache-2.0
#include "core/expr/time_value.hpp"

#include <date/date.h>
#include <date/tz.h>
#include <array>
#include <chrono>
#include <stdexcept>

#include "core/expr/error.hpp"
#include "core/expr/time_layout.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kBillion = 1'000'000'000;
// Years beyond these are not calendar years of the date library.
constexpr std::int64_t kLastYear = 32'000;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
std::int64_t floor_mod(std::int64_t a, std::int64_t b) { return a - floor_div(a, b) * b; }

// What the database says of a zone at a moment: sys_info without the library's names in this file's callers.
date::sys_info info_at(const date::time_zone& zone, std::int64_t seconds) {
    return zone.get_info(date::sys_seconds(std::chrono::seconds(seconds)));
}

}  // namespace

std::string Zone::name() const {
    if (named != nullptr) return std::string(named->name());
    return is_fixed ? abbreviation : "UTC";
}

std::optional<Zone> find_zone(std::string_view name) {
    if (name.empty() || name == "UTC" || name == "Local") {
        return Zone{};
    }
    try {
        Zone zone;
        zone.named = date::locate_zone(std::string(name));
        return zone;
    } catch (const std::runtime_error&) {
        return std::nullopt;
    }
}

Offset offset_at(const Zone& zone, std::int64_t seconds) {
    if (zone.named == nullptr) {
        return zone.is_fixed ? Offset{zone.offset, zone.abbreviation} : Offset{0, "UTC"};
    }
    const date::sys_info info = info_at(*zone.named, seconds);
    return {static_cast<std::int32_t>(info.offset.count()), info.abbrev};
}

Fields fields_of(const Moment& moment) {
    Fields out;
    out.offset = offset_at(moment.zone, moment.seconds);
    const std::int64_t local = moment.seconds + out.offset.seconds;
    const std::int64_t days = floor_div(local, kDay);
    const std::int64_t rest = floor_mod(local, kDay);
    const date::sys_days day{date::days(static_cast<int>(days))};
    const date::year_month_day ymd(day);
    out.year = static_cast<int>(ymd.year());
    out.month = static_cast<int>(static_cast<unsigned>(ymd.month()));
    out.day = static_cast<int>(static_cast<unsigned>(ymd.day()));
    out.hour = static_cast<int>(rest / 3600);
    out.minute = static_cast<int>(rest / 60 % 60);
    out.second = static_cast<int>(rest % 60);
    out.nanosecond = moment.nanoseconds;
    out.weekday = static_cast<int>(floor_mod(days + 4, 7));
    out.year_day = static_cast<int>((day - date::sys_days(ymd.year() / 1 / 1)).count()) + 1;
    return out;
}

Moment moment_of(const Fields& fields, const Zone& zone) {
    const std::int64_t months = fields.month - 1;
    const std::int64_t year = fields.year + floor_div(months, 12);
    if (year > kLastYear || year < -kLastYear) {
        throw RunError("the year " + std::to_string(year) + " is out of range");
    }
    const date::sys_days first{date::year(static_cast<int>(year)) / static_cast<int>(floor_mod(months, 12) + 1) / 1};
    const std::int64_t days = first.time_since_epoch().count() + std::int64_t{fields.day} - 1;
    Moment out;
    out.zone = zone;
    out.nanoseconds = fields.nanosecond;
    out.seconds = days * kDay + std::int64_t{fields.hour} * 3600 + std::int64_t{fields.minute} * 60 + fields.second;
    if (zone.named == nullptr) {
        out.seconds -= zone.is_fixed ? zone.offset : 0;
        return out;
    }
    // The offset at the local time read as UTC is right unless a change lies in between.
    const date::sys_info guess = info_at(*zone.named, out.seconds);
    const std::int64_t shifted = out.seconds - guess.offset.count();
    const bool is_valid =
        shifted >= guess.begin.time_since_epoch().count() && shifted < guess.end.time_since_epoch().count();
    out.seconds -= is_valid ? guess.offset.count() : info_at(*zone.named, shifted).offset.count();
    return out;
}

std::string TimeValue::text() const { return format_time(moment_, "2006-01-02 15:04:05.999999999 -0700 MST"); }
Value TimeValue::plain() const { return format_time(moment_, "2006-01-02T15:04:05.999999999Z07:00"); }

bool TimeValue::equals(const value::Object& other) const {
    const auto* time = dynamic_cast<const TimeValue*>(&other);
    return time != nullptr && compare(moment_, time->moment_) == 0;
}

bool ZoneValue::equals(const value::Object& other) const {
    const auto* zone = dynamic_cast<const ZoneValue*>(&other);
    return zone != nullptr && zone->zone_.name() == zone_.name();
}

bool NamedNumber::equals(const value::Object& other) const {
    const auto* number = dynamic_cast<const NamedNumber*>(&other);
    return number != nullptr && number->of_ == of_ && number->number_ == number_;
}

std::string NamedNumber::text() const {
    return std::string(of_ == Of::month ? month_name(number_) : weekday_name(number_));
}

Value make_time(Moment moment) { return Value::object(std::make_unique<TimeValue>(std::move(moment))); }

namespace {

template <typename T>
const T* as(const Value& value) {
    return value.kind() == value::Kind::object ? dynamic_cast<const T*>(&value.object()) : nullptr;
}

}  // namespace

const TimeValue* as_time(const Value& value) { return as<TimeValue>(value); }
const ZoneValue* as_zone(const Value& value) { return as<ZoneValue>(value); }
const NamedNumber* as_named_number(const Value& value) { return as<NamedNumber>(value); }

int compare(const Moment& a, const Moment& b) {
    if (a.seconds != b.seconds) return a.seconds < b.seconds ? -1 : 1;
    return a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds ? 1 : 0;
}

std::int64_t difference(const Moment& a, const Moment& b) {
    const Wide span = static_cast<Wide>(a.seconds - b.seconds) * kBillion + (a.nanoseconds - b.nanoseconds);
    return span > INT64_MAX ? INT64_MAX : span < INT64_MIN ? INT64_MIN : static_cast<std::int64_t>(span);
}

Moment advanced(Moment moment, std::int64_t nanoseconds) {
    const std::int64_t total = moment.nanoseconds + floor_mod(nanoseconds, kBillion);
    moment.seconds += floor_div(nanoseconds, kBillion) + total / kBillion;
    moment.nanoseconds = static_cast<std::int32_t>(total % kBillion);
    constexpr std::int64_t kLastSecond = kLastYear * 366 * kDay;
    if (moment.seconds > kLastSecond || moment.seconds < -kLastSecond) {
        throw RunError("the time is out of range");
    }
    return moment;
}

Moment now() {
    const std::int64_t since =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    return {since / kBillion, static_cast<std::int32_t>(since % kBillion), {}};
}

}  // namespace kdeps::expr
