// SPDX-License-Identifier: Apache-2.0
// The text forms: what a statement sends as soon as one of its columns has no binary form here.  DateStyle is ISO (see
// Connection).
#include <charconv>
#include <cmath>
#include <limits>

#include "postgres_decode.hpp"

namespace kdeps::postgres {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// Reads from the front of a text.
class Scanner {
public:
    Scanner(std::string_view text, std::string_view type) : rest_(text), type_(type) {}

    bool eat(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool eat(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void expect(char c) {
        if (!eat(c)) fail_decoding(type_);
    }
    std::int64_t number() {
        std::int64_t value = 0;
        const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (failed != std::errc()) fail_decoding(type_);
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }
    // [HH]:MM:SS[.ffffff] in microseconds, without a sign.
    std::int64_t clock() {
        std::int64_t value = number() * 3600 * kSecond;
        expect(':');
        value += number() * 60 * kSecond;
        expect(':');
        value += number() * kSecond;
        return value + fraction();
    }
    // [.ffffff] in microseconds.
    std::int64_t fraction() {
        std::int64_t value = 0;
        if (eat('.')) {
            for (std::int64_t unit = kSecond / 10; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; unit /= 10) {
                value += (rest_[0] - '0') * unit;
                rest_.remove_prefix(1);
            }
        }
        return value;
    }
    // The text ends here; it may say that the year was before Christ.
    bool end_before_christ() {
        const bool is_before = eat(" BC");
        if (!rest_.empty()) fail_decoding(type_);
        return is_before;
    }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
    std::string_view type_;
};

struct Day {
    std::int64_t year;
    std::int64_t month;
    std::int64_t day;
};

Day day_of(Scanner& scanner) {
    Day out{scanner.number(), 0, 0};
    scanner.expect('-');
    out.month = scanner.number();
    scanner.expect('-');
    out.day = scanner.number();
    return out;
}

// Days since 1970-01-01.  Source of the arithmetic: H. Hinnant, "chrono-compatible low-level date algorithms",
// days_from_civil.
std::int64_t days_of(Day at, bool is_before_christ) {
    std::int64_t year = is_before_christ ? 1 - at.year : at.year;
    if (at.month <= 2) --year;
    const std::int64_t era = columns::detail::floor_div(year, 400);
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (at.month + (at.month > 2 ? -3 : 9)) + 2) / 5 + at.day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

Cell date(std::string_view value) {
    if (value == "infinity") return {.integer = std::numeric_limits<std::int32_t>::max()};
    if (value == "-infinity") return {.integer = std::numeric_limits<std::int32_t>::min()};
    Scanner scanner(value, "date");
    const Day day = day_of(scanner);
    return {.integer = days_of(day, scanner.end_before_christ())};
}

// 2024-01-02 03:04:05.678+05:30
Cell timestamp(std::string_view value) {
    if (value == "infinity") return {.integer = std::numeric_limits<std::int64_t>::max()};
    if (value == "-infinity") return {.integer = std::numeric_limits<std::int64_t>::min()};
    Scanner scanner(value, "timestamp");
    const Day day = day_of(scanner);
    scanner.expect(' ');
    std::int64_t time = scanner.clock();
    if (scanner.rest().starts_with('+') || scanner.rest().starts_with('-')) {
        const std::int64_t sign = scanner.eat('-') ? -1 : (scanner.eat('+'), 1);
        std::int64_t east = scanner.number() * 3600;
        if (scanner.eat(':')) east += scanner.number() * 60;
        if (scanner.eat(':')) east += scanner.number();
        time -= sign * east * kSecond;
    }
    std::int64_t out = 0;
    if (__builtin_mul_overflow(days_of(day, scanner.end_before_christ()), 86'400 * kSecond, &out) ||
        __builtin_add_overflow(out, time, &out)) {
        throw Error(KDEPS_BAD_DATA, "a timestamp after the year 294246 cannot be represented; select it as text");
    }
    return {.integer = out};
}

// In each IntervalStyle:
//   postgres          1 year 2 mons -3 days +04:05:06.789
//   postgres_verbose  @ 1 year 2 mons -3 days 4 hours 5 mins 6.789 secs [ago]
//   sql_standard      +1-2 -3 +4:05:06.789, 1-2, -3 4:05:06 (the sign is of both), 4:05:06, 0
//   iso_8601          P1Y2M-3DT4H5M6.789S, which stays as it is, as does infinity
Cell interval(std::string_view value, std::string& scratch) {
    if (value.starts_with('P') || value.ends_with("infinity")) return {.text = value};
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t microseconds = 0;
    std::string_view text = value;
    if (text.starts_with("@ ")) text.remove_prefix(2);
    const bool is_ago = text.ends_with(" ago");
    if (is_ago) text.remove_suffix(4);
    std::int64_t standing_sign = 1;  // of sql_standard
    Scanner scanner(text, "interval");
    try {
        while (!scanner.rest().empty()) {
            const std::string_view word = scanner.rest().substr(0, scanner.rest().find(' '));
            const bool is_signed = word.starts_with('-') || word.starts_with('+');
            const std::int64_t sign = scanner.eat('-') ? -1 : (scanner.eat('+'), 1);
            const std::int64_t inherited = is_signed ? sign : standing_sign;
            if (word.find(':') != std::string_view::npos) {
                microseconds = inherited * scanner.clock();
            } else if (word.find('-', 1) != std::string_view::npos) {
                const std::int64_t years = scanner.number();
                scanner.expect('-');
                months = sign * (12 * years + scanner.number());
            } else {
                const std::int64_t count = scanner.number();
                const std::int64_t fraction = scanner.fraction();
                const bool has_unit = scanner.eat(' ');
                const auto unit = [&](std::string_view name) {
                    const bool is_it = has_unit && scanner.eat(name);
                    if (is_it) scanner.eat('s');
                    return is_it;
                };
                if (unit("year")) {
                    months += 12 * sign * count;
                } else if (unit("mon")) {
                    months += sign * count;
                } else if (unit("day")) {
                    days += sign * count;
                } else if (unit("hour")) {
                    microseconds += sign * count * 3600 * kSecond;
                } else if (unit("min")) {
                    microseconds += sign * count * 60 * kSecond;
                } else if (unit("sec")) {
                    microseconds += sign * (count * kSecond + fraction);
                } else {
                    days = inherited * count;
                    standing_sign = inherited;
                    continue;  // the space is eaten
                }
            }
            if (!scanner.rest().empty()) scanner.expect(' ');
        }
    } catch (const Error&) {
        return {.text = value};
    }
    const std::int64_t sign = is_ago ? -1 : 1;
    scratch.clear();
    append_interval(sign * months, sign * days, sign * microseconds, scratch);
    return {.text = scratch};
}

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

// bytea_output hex (\x00ff) or escape (\\ and \ooo).
Cell bytes(std::string_view value, std::string& out) {
    out.clear();
    if (value.starts_with("\\x")) {
        for (std::size_t i = 2; i + 1 < value.size(); i += 2) {
            if (hex(value[i]) < 0 || hex(value[i + 1]) < 0) fail_decoding("bytea");
            out += static_cast<char>(hex(value[i]) * 16 + hex(value[i + 1]));
        }
        return {.text = out};
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\') {
            out += value[i];
        } else if (i + 1 < value.size() && value[i + 1] == '\\') {
            out += '\\';
            ++i;
        } else if (i + 3 < value.size()) {
            out += static_cast<char>((value[i + 1] - '0') * 64 + (value[i + 2] - '0') * 8 + (value[i + 3] - '0'));
            i += 3;
        } else {
            fail_decoding("bytea");
        }
    }
    return {.text = out};
}

template <typename Float>
Cell real(std::string_view value) {
    Float number = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failed != std::errc() || end != value.data() + value.size()) fail_decoding("floating point");
    return {.real = static_cast<double>(number), .is_unrepresentable = !std::isfinite(number)};
}

}  // namespace

Cell decode_text(Kind kind, std::string_view value, std::string& scratch) {
    switch (kind) {
        case Kind::boolean: return {.integer = value == "t" ? 1 : 0};
        case Kind::int2:
        case Kind::int4:
        case Kind::int8:
        case Kind::unsigned4: return {.integer = Scanner(value, "integer").number()};
        case Kind::float4: return real<float>(value);
        case Kind::float8: return real<double>(value);
        case Kind::numeric:
            if (value.ends_with('N') || value.ends_with('y'))
                return {.is_unrepresentable = true};  // NaN, Infinity, -Infinity
            return {.text = value};
        case Kind::bytes: return bytes(value, scratch);
        case Kind::date: return date(value);
        case Kind::time: return {.integer = Scanner(value, "time").clock()};
        case Kind::timestamp:
        case Kind::timestamptz: return timestamp(value);
        case Kind::interval: return interval(value, scratch);
        default: return {.text = value};
    }
}

}  // namespace kdeps::postgres
