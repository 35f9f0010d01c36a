// SPDX-License-Identifier: Apache-2.0
#include "mysql_parameters.hpp"

#include <chrono>
#include <cmath>
#include <kdeps/cpp/error.hpp>
#include <optional>
#include <string_view>

namespace kdeps::mysql {

namespace {

// The protocol's own limit of one packet (max_allowed_packet).
constexpr std::size_t kLargest = std::size_t{1} << 30;

[[noreturn]] void refuse(kdeps_status status, const char* sqlstate, std::size_t i, const std::string& what) {
    Error error(status, "parameter " + std::to_string(i + 1) + what);
    error.sqlstate = sqlstate;
    throw error;
}

// YYYY-MM-DDTHH:MM:SS[.f...](Z|+HH:MM|-HH:MM) of RFC 3339, in UTC.
std::optional<MYSQL_TIME> zoned_moment(std::string_view text) {
    using namespace std::chrono;
    bool is_good = true;
    const auto digits = [&](std::size_t count) {
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const char c = i < text.size() ? text[i] : '\0';
            is_good = is_good && c >= '0' && c <= '9';
            value = value * 10 + (is_good ? c - '0' : 0);
        }
        text.remove_prefix(std::min(count, text.size()));
        return value;
    };
    const auto skip = [&](char c) {
        is_good = is_good && text.starts_with(c);
        text.remove_prefix(std::min<std::size_t>(1, text.size()));
    };
    const int year_number = digits(4);
    skip('-');
    const auto month_number = static_cast<unsigned>(digits(2));
    skip('-');
    const auto day_number = static_cast<unsigned>(digits(2));
    skip('T');
    seconds time_of_day = hours(digits(2));
    skip(':');
    time_of_day += minutes(digits(2));
    skip(':');
    time_of_day += seconds(digits(2));
    if (!is_good || text.empty()) return std::nullopt;

    unsigned long micros = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        int place = 0;
        for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++place) {
            if (place < 6) micros = micros * 10 + static_cast<unsigned long>(text[0] - '0');
        }
        if (place == 0) return std::nullopt;
        for (; place < 6; ++place) micros *= 10;
    }
    minutes offset(0);
    if (text.starts_with('+') || text.starts_with('-')) {
        const bool is_west = text[0] == '-';
        text.remove_prefix(1);
        offset = hours(digits(2));
        skip(':');
        offset += minutes(digits(2));
        if (is_west) offset = -offset;
    } else {
        skip('Z');
    }
    const year_month_day date{year(year_number), month(month_number), day(day_number)};
    if (!is_good || !text.empty() || !date.ok() || time_of_day >= hours(24)) return std::nullopt;

    const sys_seconds moment = sys_days(date) + time_of_day - offset;
    const auto day_start = floor<days>(moment);
    const year_month_day utc(day_start);
    if (utc.year() < year(0) || utc.year() > year(9999)) return std::nullopt;
    const hh_mm_ss clock(moment - day_start);
    MYSQL_TIME out{};
    out.year = static_cast<unsigned>(static_cast<int>(utc.year()));
    out.month = static_cast<unsigned>(utc.month());
    out.day = static_cast<unsigned>(utc.day());
    out.hour = static_cast<unsigned>(clock.hours().count());
    out.minute = static_cast<unsigned>(clock.minutes().count());
    out.second = static_cast<unsigned>(clock.seconds().count());
    out.second_part = micros;
    out.time_type = MYSQL_TIMESTAMP_DATETIME;
    return out;
}

}  // namespace

void Parameters::set(std::span<const kdeps_cell> cells) {
    bytes_ = 32;
    open_.clear();
    has_open_question_ = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        set_one(i, cells[i]);
        bytes_ += 16 + lengths_[i];
    }
}

void Parameters::set_one(std::size_t i, const kdeps_cell& cell) {
    MYSQL_BIND& bind = binds_[i];
    bind = {};
    lengths_[i] = 0;
    bind.length = &lengths_[i];
    bind.buffer = &values_[i];
    const auto text = [&](enum_field_types type) {
        if (cell.as.s.size > kLargest)
            refuse(KDEPS_EXHAUSTED, "54000", i, " is larger than 1 GiB, the most that the server's protocol takes");
        bind.buffer_type = type;
        // The library takes no null address for a value.
        bind.buffer = const_cast<char*>(cell.as.s.size == 0 ? "" : cell.as.s.data);
        lengths_[i] = cell.as.s.size;
        bind.buffer_length = cell.as.s.size;
    };
    switch (cell.kind) {
        case KDEPS_NULL: bind.buffer_type = MYSQL_TYPE_NULL; break;
        case KDEPS_BOOL:
        case KDEPS_INT:
            bind.buffer_type = MYSQL_TYPE_LONGLONG;
            values_[i].i = cell.as.i;
            break;
        case KDEPS_DOUBLE:
            if (!std::isfinite(cell.as.d)) {
                refuse(KDEPS_BAD_DATA, "22003", i,
                       " (double) is NaN or infinite, which the database cannot hold; give null or a number");
            }
            bind.buffer_type = MYSQL_TYPE_DOUBLE;
            values_[i].d = cell.as.d;
            break;
        case KDEPS_DECIMAL: text(MYSQL_TYPE_NEWDECIMAL); break;
        case KDEPS_BYTES: text(MYSQL_TYPE_BLOB); break;
        case KDEPS_STRING:
            text(MYSQL_TYPE_STRING);
            if (zoned_[i] != ZonedText::text && lengths_[i] >= 20 && lengths_[i] <= 40) {
                if (const auto moment = zoned_moment({cell.as.s.data, cell.as.s.size})) {
                    values_[i].time = *moment;
                    open_.push_back(i);
                    has_open_question_ = has_open_question_ || zoned_[i] == ZonedText::unknown;
                    if (zoned_[i] == ZonedText::moment) {
                        bind.buffer_type = MYSQL_TYPE_DATETIME;
                        bind.buffer = &values_[i].time;
                    }
                }
            }
            break;
        default:
            refuse(KDEPS_BAD_DATA, "22000", i,
                   " is of a kind that cannot be bound; lists and maps are bound as JSON text");
    }
}

void Parameters::settle(ZonedText answer) {
    for (const std::size_t i : open_) {
        if (zoned_[i] != ZonedText::unknown) continue;
        zoned_[i] = answer;
        if (answer == ZonedText::moment) {
            binds_[i].buffer_type = MYSQL_TYPE_DATETIME;
            binds_[i].buffer = &values_[i].time;
        }
    }
    has_open_question_ = false;
}

}  // namespace kdeps::mysql
