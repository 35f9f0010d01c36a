// SPDX-License-Identifier: Apache-2.0
#include "mysql_parameters.hpp"

#include <charconv>
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

// An integer as the server writes it.
bool is_integer(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool is_digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    return is_digits && text.size() <= 20 && (text[0] != '0' || text.size() == 1);
}

}  // namespace

bool may_have_zone(std::string_view text) {
    return text.size() >= 20 && text.size() <= 40 && text[10] == 'T' && text[0] >= '0' && text[0] <= '9';
}

bool wants_place(const kdeps_cell& cell) {
    if (cell.kind == KDEPS_STRING) {
        const std::string_view text(cell.as.s.data, cell.as.s.size);
        return may_have_zone(text) || is_integer(text);
    }
    return cell.kind == KDEPS_BOOL || cell.kind == KDEPS_INT || cell.kind == KDEPS_DOUBLE || cell.kind == KDEPS_DECIMAL;
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
        const hours hours_east(digits(2));
        skip(':');
        const minutes minutes_east(digits(2));
        is_good = is_good && hours_east < hours(24) && minutes_east < minutes(60);  // RFC 3339
        offset = is_west ? -(hours_east + minutes_east) : hours_east + minutes_east;
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

void Parameters::set(std::span<const kdeps_cell> cells, const Places& places) {
    clear();
    append(0, cells, places);
}

void Parameters::clear() {
    bytes_ = kHead;
    open_.clear();
    has_open_question_ = false;
}

void Parameters::append(std::size_t first, std::span<const kdeps_cell> cells, const Places& places) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        set_one(first + i, cells[i], places.of(i));
        bytes_ += 16 + lengths_[first + i];
    }
}

void Parameters::set_one(std::size_t i, const kdeps_cell& cell, Place target) {
    MYSQL_BIND& bind = binds_[i];
    bind = {};
    lengths_[i] = 0;
    bind.length = &lengths_[i];
    bind.buffer = &values_[i];
    // A number never makes numbers of the texts that it is compared with, where 0 would be 'abc'.
    const auto number_as_text = [&](auto value) {
        const auto [end, failed] = std::to_chars(values_[i].text, values_[i].text + sizeof(values_[i].text), value);
        bind.buffer_type = MYSQL_TYPE_STRING;
        lengths_[i] = static_cast<unsigned long>(end - values_[i].text);
        bind.buffer_length = lengths_[i];
    };
    switch (cell.kind) {
        case KDEPS_NULL: bind.buffer_type = MYSQL_TYPE_NULL; break;
        case KDEPS_BOOL:
        case KDEPS_INT:
            if (target == Place::text) {
                number_as_text(cell.as.i);
                break;
            }
            bind.buffer_type = MYSQL_TYPE_LONGLONG;
            values_[i].i = cell.as.i;
            break;
        case KDEPS_DOUBLE:
            if (!std::isfinite(cell.as.d)) {
                refuse(KDEPS_BAD_DATA, "22003", i,
                       " (double) is NaN or infinite, which the database cannot hold; give null or a number");
            }
            if (target == Place::text) {
                number_as_text(cell.as.d);
                break;
            }
            bind.buffer_type = MYSQL_TYPE_DOUBLE;
            values_[i].d = cell.as.d;
            break;
        case KDEPS_DECIMAL:
        case KDEPS_BYTES:
        case KDEPS_STRING: set_text(i, cell, target); break;
        default:
            refuse(KDEPS_BAD_DATA, "22000", i,
                   " is of a kind that cannot be bound; lists and maps are bound as JSON text");
    }
}

void Parameters::set_text(std::size_t i, const kdeps_cell& cell, Place target) {
    MYSQL_BIND& bind = binds_[i];
    if (cell.as.s.size > kLargest)
        refuse(KDEPS_EXHAUSTED, "54000", i, " is larger than 1 GiB, the most that the server's protocol takes");
    const std::string_view text(cell.as.s.size == 0 ? "" : cell.as.s.data, cell.as.s.size);
    // The library takes no null address for a value.
    bind.buffer = const_cast<char*>(text.data());
    lengths_[i] = text.size();
    bind.buffer_length = text.size();
    bind.buffer_type = cell.kind == KDEPS_BYTES                              ? MYSQL_TYPE_BLOB
                       : cell.kind == KDEPS_DECIMAL && target != Place::text ? MYSQL_TYPE_NEWDECIMAL
                                                                             : MYSQL_TYPE_STRING;
    if (cell.kind != KDEPS_STRING) return;
    if (target == Place::number && is_integer(text)) {
        // As a text it would be compared as a double.
        bind.buffer_type = MYSQL_TYPE_NEWDECIMAL;
        return;
    }
    if (target == Place::text || zoned_[i] == ZonedText::text || !may_have_zone(text)) return;
    const auto moment = zoned_moment(text);
    if (!moment) return;
    const bool is_known = target == Place::moment || target == Place::date;
    values_[i].time = *moment;
    if (!is_known) {
        open_.push_back(i);
        has_open_question_ = has_open_question_ || zoned_[i] == ZonedText::unknown;
        if (zoned_[i] != ZonedText::moment) return;
    }
    bind.buffer_type = MYSQL_TYPE_DATETIME;
    bind.buffer = &values_[i].time;
    if (target == Place::date) {
        bind.buffer_type = MYSQL_TYPE_DATE;
        values_[i].time.hour = values_[i].time.minute = values_[i].time.second = 0;
        values_[i].time.second_part = 0;
        values_[i].time.time_type = MYSQL_TIMESTAMP_DATE;
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
