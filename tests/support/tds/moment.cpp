// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/moment.hpp"

#include <chrono>
#include <cstdio>

namespace kdeps::testing::tds {

namespace {

using std::chrono::sys_days;

constexpr sys_days kFirstDay = sys_days(std::chrono::year(1) / 1 / 1);
constexpr std::int64_t kLastDay = 3652058;  // 9999-12-31

// Takes digits off the front: at least `least`, at most `most`.
std::optional<std::int64_t> digits(std::string_view& text, std::size_t least, std::size_t most) {
    std::int64_t value = 0;
    std::size_t count = 0;
    while (count < most && count < text.size() && text[count] >= '0' && text[count] <= '9') {
        value = value * 10 + (text[count++] - '0');
    }
    if (count < least) return std::nullopt;
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

bool read_date(std::string_view& text, Moment& out) {
    const auto year = digits(text, 4, 4);
    const bool has_dashes = take(text, '-');
    const auto month = digits(text, 2, 2);
    if (has_dashes && !take(text, '-')) return false;
    const auto day = digits(text, 2, 2);
    if (!year || !month || !day) return false;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok() || *year < 1) return false;
    out.days = (sys_days(date) - kFirstDay).count();
    return true;
}

bool read_time(std::string_view& text, Moment& out) {
    const auto hour = digits(text, 1, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return false;
    const auto minute = digits(text, 2, 2);
    if (!minute || *minute > 59) return false;
    std::int64_t second = 0;
    std::int64_t fraction = 0;
    if (take(text, ':')) {
        const auto given = digits(text, 2, 2);
        if (!given || *given > 59) return false;
        second = *given;
        if (take(text, '.')) {
            const std::size_t before = text.size();
            const auto part = digits(text, 1, 9);
            if (!part) return false;
            fraction = *part;
            for (std::size_t i = before - text.size(); i < 9; ++i) fraction *= 10;
            fraction = (fraction + 50) / 100;
        }
    }
    out.ticks = ((*hour * 60 + *minute) * 60 + second) * kTicksPerSecond + fraction;
    return true;
}

bool read_offset(std::string_view& text, Moment& out) {
    while (take(text, ' ')) {
    }
    if (text.empty()) return true;
    out.has_offset = true;
    if (take(text, 'Z')) return true;
    const bool is_west = text.starts_with('-');
    if (!take(text, '+') && !take(text, '-')) return false;
    const auto hour = digits(text, 2, 2);
    if (!hour || *hour > 14 || !take(text, ':')) return false;
    const auto minute = digits(text, 2, 2);
    if (!minute || *minute > 59) return false;
    out.offset = static_cast<int>(*hour * 60 + *minute) * (is_west ? -1 : 1);
    return true;
}

}  // namespace

Moment Moment::plus_minutes(std::int64_t minutes) const {
    Moment out = *this;
    const std::int64_t all = days * kTicksPerDay + ticks + minutes * 60 * kTicksPerSecond;
    out.days = all / kTicksPerDay;
    out.ticks = all % kTicksPerDay;
    return out;
}

Moment Moment::rounded(int count) const {
    std::int64_t unit = 1;
    for (int i = count; i < 7; ++i) unit *= 10;
    Moment out = *this;
    out.ticks = (ticks + unit / 2) / unit * unit;
    if (out.ticks >= kTicksPerDay) {
        out.ticks = days < kLastDay ? out.ticks - kTicksPerDay : kTicksPerDay - unit;
        out.days = days < kLastDay ? days + 1 : days;
    }
    return out;
}

std::optional<Moment> parse_moment(std::string_view text) {
    while (take(text, ' ')) {
    }
    while (text.ends_with(' ')) text.remove_suffix(1);
    Moment out;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon > 2) {
        if (!read_date(text, out)) return std::nullopt;
        if (text.empty()) return out;
        if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    }
    if (!read_time(text, out) || !read_offset(text, out) || !text.empty()) return std::nullopt;
    return out;
}

std::string date_text(const Moment& moment) {
    const std::chrono::year_month_day date(kFirstDay + std::chrono::days(moment.days));
    char out[32];
    std::snprintf(out, sizeof out, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()));
    return out;
}

std::string time_text(const Moment& moment, int count) {
    const auto seconds = static_cast<int>(moment.ticks / kTicksPerSecond);
    char out[32];
    std::snprintf(out, sizeof out, "%02d:%02d:%02d.%07d", seconds / 3600, seconds / 60 % 60, seconds % 60,
                  static_cast<int>(moment.ticks % kTicksPerSecond));
    return std::string(out).substr(0, count == 0 ? 8 : 9 + static_cast<std::size_t>(count));
}

std::string offset_text(const Moment& moment) {
    const int minutes = moment.offset < 0 ? -moment.offset : moment.offset;
    char out[32];
    std::snprintf(out, sizeof out, "%c%02d:%02d", moment.offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return out;
}

Moment now_utc() {
    using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, kTicksPerSecond>>;
    const auto now = std::chrono::system_clock::now();
    const auto day = std::chrono::floor<std::chrono::days>(now);
    Moment out;
    out.days = (day - kFirstDay).count();
    out.ticks = std::chrono::duration_cast<Ticks>(now - day).count();
    return out;
}

}  // namespace kdeps::testing::tds
