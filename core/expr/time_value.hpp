// SPDX-License-Identifier: Apache-2.0
// Moments, time zones, months and weekdays in expressions: date("2024-01-15"), timezone("Europe/Paris"), now().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/expr/ast.hpp"

namespace date {
class time_zone;
}

namespace kdeps::expr {

// UTC, a fixed offset with a name that may be empty, or a zone of the time zone database, which lives as long as the
// process.
struct Zone {
    const date::time_zone* named = nullptr;
    bool is_fixed = false;
    std::int32_t offset = 0;  // seconds east, of a fixed zone
    std::string abbreviation;

    std::string name() const;
};

// "UTC" and "" are UTC; nothing for a name that the database does not have.
std::optional<Zone> find_zone(std::string_view name);

// A moment in a zone.  The year may be any that an expression can write, so that 64-bit nanoseconds would not do.
struct Moment {
    std::int64_t seconds = 0;  // since 1970, UTC
    std::int32_t nanoseconds = 0;
    Zone zone;
};

struct Offset {
    std::int32_t seconds = 0;
    std::string abbreviation;
};
Offset offset_at(const Zone& zone, std::int64_t seconds);

// Calendar fields of a moment in its zone.
struct Fields {
    std::int64_t year = 1970;
    int month = 1;
    int day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int nanosecond = 0;
    int weekday = 4;  // 0 = Sunday
    int year_day = 1;
    Offset offset;
};
Fields fields_of(const Moment& moment);

// The moment of a local date and time; fields out of range carry over (31 April is 1 May).
Moment moment_of(const Fields& fields, const Zone& zone);

class TimeValue final : public value::Object {
public:
    explicit TimeValue(Moment m) : moment_(std::move(m)) {}
    std::string_view type_name() const override { return "time.Time"; }
    std::string text() const override;    // 2024-01-15 00:00:00 +0000 UTC
    value::Value plain() const override;  // RFC 3339
    bool equals(const value::Object& other) const override;
    const Moment& moment() const { return moment_; }

private:
    Moment moment_;
};

class ZoneValue final : public value::Object {
public:
    explicit ZoneValue(Zone z) : zone_(std::move(z)) {}
    std::string_view type_name() const override { return "time.Location"; }
    std::string text() const override { return zone_.name(); }
    value::Value plain() const override { return zone_.name(); }
    bool equals(const value::Object& other) const override;
    const Zone& zone() const { return zone_; }

private:
    Zone zone_;
};

// time.Month (1 = January) or time.Weekday (0 = Sunday): a number that prints as its name.
class NamedNumber final : public value::Object {
public:
    enum class Of : std::uint8_t { month, weekday };
    NamedNumber(Of of, int n) : of_(of), number_(n) {}
    std::string_view type_name() const override { return of_ == Of::month ? "time.Month" : "time.Weekday"; }
    std::string text() const override;
    value::Value plain() const override { return number_; }
    bool equals(const value::Object& other) const override;
    int number() const { return number_; }

private:
    Of of_;
    int number_;
};

value::Value make_time(Moment moment);
const TimeValue* as_time(const value::Value& value);
const ZoneValue* as_zone(const value::Value& value);
const NamedNumber* as_named_number(const value::Value& value);

// <0, 0, >0.
int compare(const Moment& a, const Moment& b);
// Nanoseconds from b to a; the extremes where it does not fit.
std::int64_t difference(const Moment& a, const Moment& b);
Moment advanced(Moment moment, std::int64_t nanoseconds);
Moment now();

value::Value time_method(const TimeValue& time, const std::string& name, Arguments arguments);
value::Value zone_method(const ZoneValue& zone, const std::string& name, Arguments arguments);
value::Value named_number_method(const NamedNumber& number, const std::string& name, Arguments arguments);

}  // namespace kdeps::expr
