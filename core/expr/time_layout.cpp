// SPDX-License-Identifier: Apache-2.0
#include "core/expr/time_layout.hpp"

#include <array>
#include <cstdlib>

#include "core/expr/layout_words.hpp"

namespace kdeps::expr {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

void append_padded(std::int64_t number, std::size_t width, std::string& out, char filler = '0') {
    if (number < 0) {
        out += '-';
        number = -number;
    }
    const std::string digits = std::to_string(number);
    if (digits.size() < width) out.append(width - digits.size(), filler);
    out += digits;
}

void append_offset(std::int32_t seconds, bool has_colon, bool has_minutes, bool has_seconds, std::string& out) {
    out += seconds < 0 ? '-' : '+';
    const std::int32_t size = std::abs(seconds);
    append_padded(size / 3600, 2, out);
    if (!has_minutes) return;
    if (has_colon) out += ':';
    append_padded(size / 60 % 60, 2, out);
    if (!has_seconds) return;
    if (has_colon) out += ':';
    append_padded(size % 60, 2, out);
}

void append_fraction(int nanosecond, const LayoutWord& word, std::string& out) {
    std::string digits;
    append_padded(nanosecond, 9, digits);
    digits.resize(word.digits);
    if (word.kind == Word::fraction_9) {
        digits.resize(digits.find_last_not_of('0') + 1);
        if (digits.empty()) return;
    }
    out += word.separator;
    out += digits;
}

void append_word(const Fields& at, const LayoutWord& word, std::string& out) {
    const int hour_12 = at.hour % 12 == 0 ? 12 : at.hour % 12;
    const std::int32_t offset = at.offset.seconds;
    switch (word.kind) {
        case Word::none: break;
        case Word::month_long: out += month_name(at.month); break;
        case Word::month_short: out += month_name(at.month).substr(0, 3); break;
        case Word::month: append_padded(at.month, 1, out); break;
        case Word::month_2: append_padded(at.month, 2, out); break;
        case Word::weekday_long: out += weekday_name(at.weekday); break;
        case Word::weekday_short: out += weekday_name(at.weekday).substr(0, 3); break;
        case Word::day: append_padded(at.day, 1, out); break;
        case Word::day_space: append_padded(at.day, 2, out, ' '); break;
        case Word::day_2: append_padded(at.day, 2, out); break;
        case Word::year_day_space: append_padded(at.year_day, 3, out, ' '); break;
        case Word::year_day_3: append_padded(at.year_day, 3, out); break;
        case Word::hour_24: append_padded(at.hour, 2, out); break;
        case Word::hour_12: append_padded(hour_12, 1, out); break;
        case Word::hour_12_2: append_padded(hour_12, 2, out); break;
        case Word::minute: append_padded(at.minute, 1, out); break;
        case Word::minute_2: append_padded(at.minute, 2, out); break;
        case Word::second: append_padded(at.second, 1, out); break;
        case Word::second_2: append_padded(at.second, 2, out); break;
        case Word::year_4: append_padded(at.year, 4, out); break;
        case Word::year_2: append_padded(at.year % 100, 2, out); break;
        case Word::pm_upper: out += at.hour >= 12 ? "PM" : "AM"; break;
        case Word::pm_lower: out += at.hour >= 12 ? "pm" : "am"; break;
        case Word::zone_name:
            if (at.offset.abbreviation.empty()) {
                append_offset(offset, false, true, false, out);
            } else {
                out += at.offset.abbreviation;
            }
            break;
        case Word::offset:
            if (word.is_iso && offset == 0) {
                out += 'Z';
            } else {
                append_offset(offset, word.has_colon, word.digits > 2, word.digits > 4, out);
            }
            break;
        case Word::fraction_0:
        case Word::fraction_9: append_fraction(at.nanosecond, word, out); break;
    }
}

}  // namespace

std::string_view month_name(int month) { return kMonths[static_cast<std::size_t>(month - 1)]; }
std::string_view weekday_name(int weekday) { return kWeekdays[static_cast<std::size_t>(weekday)]; }

std::string format_time(const Moment& moment, std::string_view layout) {
    const Fields at = fields_of(moment);
    std::string out;
    while (!layout.empty()) {
        const LayoutWord word = next_word(layout);
        out += layout.substr(0, word.at);
        append_word(at, word, out);
        layout.remove_prefix(word.at + word.length);
    }
    return out;
}

std::optional<Moment> parse_time(std::string_view text, const Zone& zone) {
    static constexpr std::array<std::string_view, 7> kLayouts = {"2006-01-02",
                                                                 "15:04:05",
                                                                 "2006-01-02 15:04:05",
                                                                 "2006-01-02T15:04:05Z07:00",
                                                                 "02 Jan 06 15:04 MST",
                                                                 "Monday, 02-Jan-06 15:04:05 MST",
                                                                 "Mon, 02 Jan 2006 15:04:05 MST"};
    for (const std::string_view layout : kLayouts) {
        if (auto moment = parse_time(text, layout, zone)) return moment;
    }
    return std::nullopt;
}

}  // namespace kdeps::expr
