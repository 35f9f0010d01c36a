// SPDX-License-Identifier: Apache-2.0
// Source of the forms: PostgreSQL 15, the *_recv functions of src/backend/utils/adt.
#include "postgres_encode.hpp"

#include <bit>
#include <chrono>
#include <cmath>
#include <kdeps/cpp/error.hpp>
#include <kdeps/cpp/text.hpp>
#include <limits>
#include <optional>

#include "postgres_list.hpp"

namespace kdeps::postgres {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int64_t kEpochDays = 10'957;  // PostgreSQL counts from 2000-01-01

// Reads fixed forms; a fault sticks.
class Text {
public:
    explicit Text(std::string_view rest) : rest_(rest) {}

    int digits(std::size_t count) {
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const char c = i < rest_.size() ? rest_[i] : '\0';
            is_good_ = is_good_ && c >= '0' && c <= '9';
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(std::min(count, rest_.size()));
        return is_good_ ? value : 0;
    }
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char c) { is_good_ = take(c) && is_good_; }
    void refuse_if(bool is_bad) { is_good_ = is_good_ && !is_bad; }
    std::string_view rest() const { return rest_; }
    bool is_good() const { return is_good_; }
    bool is_done() const { return is_good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool is_good_ = true;
};

std::int64_t take_date(Text& text) {
    using namespace std::chrono;
    const int y = text.digits(4);
    text.expect('-');
    const int m = text.digits(2);
    text.expect('-');
    const int d = text.digits(2);
    const year_month_day date(year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d)));
    text.refuse_if(y < 1 || !date.ok());
    return text.is_good() ? sys_days(date).time_since_epoch().count() - kEpochDays : 0;
}

std::int64_t take_time(Text& text) {
    const int hour = text.digits(2);
    text.expect(':');
    const int minute = text.digits(2);
    text.expect(':');
    const int second = text.digits(2);
    text.refuse_if(hour > 23 || minute > 59 || second > 59);
    std::int64_t micros = ((hour * 60LL + minute) * 60 + second) * kSecond;
    if (text.take('.')) {
        const std::size_t places = std::min(text.rest().find_first_not_of("0123456789"), text.rest().size());
        text.refuse_if(places == 0 || places > 6);
        if (!text.is_good()) return 0;
        std::int64_t fraction = text.digits(places);
        for (std::size_t i = places; i < 6; ++i) fraction *= 10;
        micros += fraction;
    }
    return micros;
}

// Microseconds that are subtracted to be at Greenwich.
std::int64_t take_zone(Text& text) {
    if (text.take('Z')) return 0;
    const bool is_east = text.take('+');
    if (!is_east) text.expect('-');
    const int hours = text.digits(2);
    int minutes = 0;
    if (text.take(':')) minutes = text.digits(2);
    text.refuse_if(hours > 15 || minutes > 59);
    const std::int64_t size = (hours * 60LL + minutes) * 60 * kSecond;
    return is_east ? size : -size;
}

bool encode_moment(std::string_view value, Kind kind, std::string& out) {
    Text text(value);
    if (kind == Kind::time) {
        const std::int64_t micros = take_time(text);
        append_wire(micros, out);
        return text.is_done();
    }
    const std::int64_t days = take_date(text);
    if (kind == Kind::date) {
        append_wire(static_cast<std::int32_t>(days), out);
        return text.is_done();
    }
    std::int64_t micros = days * kDay;
    if (kind == Kind::timestamptz || !text.rest().empty()) {
        if (!text.take(' ')) text.expect('T');
        micros += take_time(text);
        // PostgreSQL ignores the zone of a timestamp without one.
        const std::int64_t zone = kind == Kind::timestamptz || !text.rest().empty() ? take_zone(text) : 0;
        if (kind == Kind::timestamptz) micros -= zone;
    }
    append_wire(micros, out);
    return text.is_done();
}

// [-]digits[.digits]: groups of four decimal digits around the point.
bool encode_numeric(std::string_view value, std::string& out) {
    constexpr std::size_t kMostDigits = 1000;
    const bool is_negative = value.starts_with('-');
    if (is_negative) value.remove_prefix(1);
    const std::size_t point = std::min(value.find('.'), value.size());
    std::string_view whole = value.substr(0, point);
    const std::string_view fraction = value.substr(std::min(point + 1, value.size()));
    const auto is_digits = [](std::string_view text) {
        return text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (whole.empty() || value.size() > kMostDigits || !is_digits(whole) || !is_digits(fraction)) return false;
    if (point < value.size() && fraction.empty()) return false;
    whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));

    std::int16_t groups[kMostDigits / 4 + 2];
    std::size_t count = 0;
    const auto add = [&](std::string_view digits) {
        int group = 0;
        for (std::size_t i = 0; i < 4; ++i) group = group * 10 + (i < digits.size() ? digits[i] - '0' : 0);
        groups[count++] = static_cast<std::int16_t>(group);
    };
    const std::size_t first = whole.size() % 4;
    if (first > 0) {
        int group = 0;
        for (const char c : whole.substr(0, first)) group = group * 10 + (c - '0');
        groups[count++] = static_cast<std::int16_t>(group);
    }
    for (std::size_t i = first; i < whole.size(); i += 4) add(whole.substr(i, 4));
    auto weight = static_cast<std::int16_t>(static_cast<int>(count) - 1);
    for (std::size_t i = 0; i < fraction.size(); i += 4) add(fraction.substr(i, 4));
    const std::int16_t* begin = groups;
    while (count > 0 && *begin == 0) {
        ++begin;
        --count;
        --weight;
    }
    while (count > 0 && begin[count - 1] == 0) --count;

    append_wire(static_cast<std::int16_t>(count), out);
    append_wire(count == 0 ? std::int16_t{0} : weight, out);
    append_wire(static_cast<std::uint16_t>(is_negative && count > 0 ? 0x4000 : 0), out);
    append_wire(static_cast<std::int16_t>(fraction.size()), out);
    for (std::size_t i = 0; i < count; ++i) append_wire(begin[i], out);
    return true;
}

bool encode_uuid(std::string_view value, std::string& out) {
    if (value.size() != 36) return false;
    const auto nibble = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    for (std::size_t i = 0; i < value.size();) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (value[i++] != '-') return false;
            continue;
        }
        const int high = nibble(value[i]);
        const int low = nibble(value[i + 1]);
        if (high < 0 || low < 0) return false;
        out += static_cast<char>(high << 4 | low);
        i += 2;
    }
    return true;
}

bool encode_integer(std::int64_t value, Kind kind, std::string& out) {
    const auto fits = [&](auto limit) {
        using Integer = decltype(limit);
        if (value < std::numeric_limits<Integer>::min() || value > std::numeric_limits<Integer>::max()) return false;
        append_wire(static_cast<Integer>(value), out);
        return true;
    };
    switch (kind) {
        case Kind::int2: return fits(std::int16_t{});
        case Kind::int4: return fits(std::int32_t{});
        case Kind::int8: return fits(std::int64_t{});
        default: break;
    }
    std::string digits;
    columns::append_integer(value, digits);
    if (kind == Kind::numeric) return encode_numeric(digits, out);
    if (kind == Kind::text) out += digits;
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (kind == Kind::float8 && value >= -kExact && value <= kExact) {
        append_wire(std::bit_cast<std::uint64_t>(static_cast<double>(value)), out);
        return true;
    }
    return kind == Kind::text;
}

bool encode_double(double value, Kind kind, std::string& out) {
    if (kind == Kind::float8) {
        append_wire(std::bit_cast<std::uint64_t>(value), out);
        return true;
    }
    if (!std::isfinite(value)) return false;
    if (kind == Kind::int2 || kind == Kind::int4 || kind == Kind::int8) {
        return value >= -0x1p53 && value <= 0x1p53 && value == std::trunc(value) &&
               encode_integer(static_cast<std::int64_t>(value), kind, out);
    }
    std::string digits;
    columns::append_float(value, digits);
    if (kind == Kind::numeric) return encode_numeric(digits, out);
    if (kind == Kind::text) out += digits;
    if (kind == Kind::float4) {
        float number = 0;
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        append_wire(std::bit_cast<std::uint32_t>(number), out);
        return failed == std::errc();
    }
    return kind == Kind::text;
}

bool encode_text(std::string_view value, Kind kind, std::string& out) {
    switch (kind) {
        case Kind::text: out += value; return true;
        case Kind::jsonb:
            out += '\1';  // its version
            [[fallthrough]];
        case Kind::json:
            if (is_json_container(value)) {
                out += value;
            } else {
                columns::append_json_string(value, out);
            }
            return true;
        case Kind::date:
        case Kind::time:
        case Kind::timestamp:
        case Kind::timestamptz: return encode_moment(value, kind, out);
        case Kind::numeric: return encode_numeric(value, out);
        case Kind::uuid: return encode_uuid(value, out);
        default: return false;
    }
}

}  // namespace

bool has_encoding(Kind kind) {
    switch (kind) {
        case Kind::unsigned4:
        case Kind::quoted_char:
        case Kind::timetz:
        case Kind::interval:
        case Kind::bits:
        case Kind::other:
        case Kind::array: return false;
        default: return true;
    }
}

bool encode(const kdeps_cell& cell, Kind kind, std::string& out) {
    switch (cell.kind) {
        case KDEPS_BOOL:
            if (kind == Kind::boolean) {
                out += cell.as.i != 0 ? '\1' : '\0';
                return true;
            }
            return kind != Kind::text && encode_integer(cell.as.i, kind, out);
        case KDEPS_INT: return encode_integer(cell.as.i, kind, out);
        case KDEPS_DOUBLE: return encode_double(cell.as.d, kind, out);
        case KDEPS_DECIMAL: return kind == Kind::numeric && encode_numeric(to_view(cell.as.s), out);
        case KDEPS_STRING: return encode_text(to_view(cell.as.s), kind, out);
        case KDEPS_BYTES:
            if (kind != Kind::bytes) return false;
            out += to_view(cell.as.s);
            return true;
        default: return false;
    }
}

}  // namespace kdeps::postgres
