// SPDX-License-Identifier: Apache-2.0
#include "core/value/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace kdeps::value {

namespace {

constexpr std::int64_t kMostDigits = 100'000;
constexpr std::size_t kMostOfProduct = 10'000;
constexpr double kTwo63 = 9223372036854775808.0;

// ± coefficient × 10^-scale.
struct Decimal {
    bool is_negative = false;
    std::string coefficient;  // digits without leading zeros; empty is zero
    std::int64_t scale = 0;

    // Place of the first digit before the point: 123.4 has 3, 0.01 has -1.
    std::int64_t magnitude() const { return static_cast<std::int64_t>(coefficient.size()) - scale; }
};

// Of a JSON number; its exponent is cut off at ±10^15, where no two numbers are told apart any more.
Decimal decimal_of_text(std::string_view text) {
    Decimal out;
    if (text.starts_with('-')) {
        out.is_negative = true;
        text.remove_prefix(1);
    }
    const std::size_t end = std::min(text.find_first_of("eE"), text.size());
    if (end < text.size()) {
        std::string_view exponent = text.substr(end + 1);
        if (exponent.starts_with('+')) exponent.remove_prefix(1);
        constexpr std::int64_t kFurthest = 1'000'000'000'000'000;
        std::int64_t read = 0;
        const auto [stop, failed] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), read);
        if (failed == std::errc::result_out_of_range) read = exponent.starts_with('-') ? -kFurthest : kFurthest;
        out.scale = -std::clamp(read, -kFurthest, kFurthest);
    }
    out.coefficient.reserve(end);
    bool is_fraction = false;
    for (const char c : text.substr(0, end)) {
        if (c == '.') {
            is_fraction = true;
            continue;
        }
        if (is_fraction) ++out.scale;
        if (c != '0' || !out.coefficient.empty()) out.coefficient += c;
    }
    return out;
}

Decimal decimal_of(std::int64_t integer) {
    std::array<char, 24> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), integer);
    return decimal_of_text({text.data(), static_cast<std::size_t>(end.ptr - text.data())});
}

// The shortest digits that read as the double.
Decimal shortest_of(double number) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
    return decimal_of_text({text.data(), static_cast<std::size_t>(end.ptr - text.data())});
}

// Of a finite double, as compare_numbers() sees it.
Decimal decimal_of(double number) {
    if (std::trunc(number) != number) return shortest_of(number);
    std::array<char, 400> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, 0);
    return decimal_of_text({text.data(), static_cast<std::size_t>(end.ptr - text.data())});
}

// Of an integer or a decimal.
Decimal decimal_of(const Value& value) {
    return value.is_int() ? decimal_of(value.integer()) : decimal_of_text(value.text());
}

std::strong_ordering compare_sizes(const Decimal& a, const Decimal& b) {
    if (a.coefficient.empty() || b.coefficient.empty()) return !a.coefficient.empty() <=> !b.coefficient.empty();
    if (a.magnitude() != b.magnitude()) return a.magnitude() <=> b.magnitude();
    const std::size_t common = std::min(a.coefficient.size(), b.coefficient.size());
    const int first = a.coefficient.compare(0, common, b.coefficient, 0, common);
    if (first != 0) return first <=> 0;
    const auto has_rest = [&](const Decimal& one) {
        return one.coefficient.find_first_not_of('0', common) != std::string::npos;
    };
    return has_rest(a) <=> has_rest(b);
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
    const auto sign = [](const Decimal& one) { return one.coefficient.empty() ? 0 : one.is_negative ? -1 : 1; };
    if (sign(a) != sign(b)) return sign(a) <=> sign(b);
    return a.is_negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

// Two numbers of which one at least is a decimal.
std::partial_ordering compare_decimals(const Value& a, const Value& b) {
    const double x = a.floating();
    const double y = b.floating();
    // Rounding keeps the order, so doubles that differ tell it; NaN too.
    if (const auto rounded = x <=> y; rounded != 0) return rounded;
    if (!std::isfinite(x) && (a.kind() == Kind::floating || b.kind() == Kind::floating)) {
        // Infinity itself is beyond every decimal.
        const bool is_first = a.kind() == Kind::floating;
        return (x > 0) == is_first ? std::partial_ordering::greater : std::partial_ordering::less;
    }
    const auto exact = [](const Value& value) {
        return value.kind() == Kind::floating ? decimal_of(value.floating()) : decimal_of(value);
    };
    return compare(exact(a), exact(b));
}

// Plain digits; nothing if there would be too many.
std::optional<Value> to_value(Decimal number) {
    if (number.scale < 0) {
        if (number.magnitude() > kMostDigits) return std::nullopt;
        if (!number.coefficient.empty()) number.coefficient.append(static_cast<std::size_t>(-number.scale), '0');
        number.scale = 0;
    }
    if (number.scale > kMostDigits) return std::nullopt;
    const auto scale = static_cast<std::size_t>(number.scale);
    std::string& digits = number.coefficient;
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    const bool is_zero = digits.find_first_not_of('0') == std::string::npos;
    if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
    if (number.is_negative && !is_zero) digits.insert(0, 1, '-');
    return Value::decimal(std::move(digits));
}

bool is_exact(const Value& value) { return value.is_int() || value.kind() == Kind::decimal; }

// Fills `number` up with zeros to a larger scale.
bool stretch(Decimal& number, std::int64_t scale) {
    const std::int64_t zeros = scale - number.scale;
    if (zeros + static_cast<std::int64_t>(number.coefficient.size()) > kMostDigits) return false;
    if (!number.coefficient.empty()) number.coefficient.append(static_cast<std::size_t>(zeros), '0');
    number.scale = scale;
    return true;
}

// Sum of two digit strings.
std::string sum_of(const std::string& a, const std::string& b) {
    std::string out(std::max(a.size(), b.size()) + 1, '0');
    int carry = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int digit =
            (i < a.size() ? a[a.size() - 1 - i] - '0' : 0) + (i < b.size() ? b[b.size() - 1 - i] - '0' : 0) + carry;
        out[out.size() - 1 - i] = static_cast<char>('0' + digit % 10);
        carry = digit / 10;
    }
    return out;
}

// Difference of two digit strings, the first of which is not smaller.
std::string difference_of(const std::string& a, const std::string& b) {
    std::string out(a.size(), '0');
    int borrow = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        int digit = a[a.size() - 1 - i] - '0' - borrow - (i < b.size() ? b[b.size() - 1 - i] - '0' : 0);
        borrow = digit < 0 ? 1 : 0;
        digit += borrow * 10;
        out[out.size() - 1 - i] = static_cast<char>('0' + digit);
    }
    return out;
}

void strip_leading_zeros(std::string& digits) {
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
}

std::optional<Value> sum_of(Decimal a, Decimal b) {
    const std::int64_t scale = std::max(a.scale, b.scale);
    if (!stretch(a, scale) || !stretch(b, scale)) return std::nullopt;
    Decimal out{a.is_negative, {}, scale};
    if (a.is_negative == b.is_negative) {
        out.coefficient = sum_of(a.coefficient, b.coefficient);
    } else if (compare_sizes(a, b) >= 0) {
        out.coefficient = difference_of(a.coefficient, b.coefficient);
    } else {
        out.is_negative = b.is_negative;
        out.coefficient = difference_of(b.coefficient, a.coefficient);
    }
    strip_leading_zeros(out.coefficient);
    return to_value(std::move(out));
}

// Nine digits each, the last first.
std::vector<std::uint32_t> limbs_of(const std::string& digits) {
    constexpr std::size_t kDigits = 9;
    std::vector<std::uint32_t> out;
    for (std::size_t end = digits.size(); end > 0;) {
        const std::size_t start = end > kDigits ? end - kDigits : 0;
        std::uint32_t limb = 0;
        std::from_chars(digits.data() + start, digits.data() + end, limb);
        out.push_back(limb);
        end = start;
    }
    return out;
}

std::string product_of(const std::string& a, const std::string& b) {
    constexpr std::uint64_t kBase = 1'000'000'000;
    const auto x = limbs_of(a);
    const auto y = limbs_of(b);
    std::vector<std::uint32_t> limbs(x.size() + y.size(), 0);
    for (std::size_t i = 0; i < x.size(); ++i) {
        std::uint64_t carry = 0;
        for (std::size_t k = 0; k < y.size() || carry > 0; ++k) {
            const std::uint64_t limb =
                limbs[i + k] + carry + (k < y.size() ? std::uint64_t{x[i]} * y[k] : std::uint64_t{0});
            limbs[i + k] = static_cast<std::uint32_t>(limb % kBase);
            carry = limb / kBase;
        }
    }
    std::string out;
    for (std::size_t i = limbs.size(); i-- > 0;) {
        const std::string digits = std::to_string(limbs[i]);
        out.append(9 - digits.size(), '0').append(digits);
    }
    strip_leading_zeros(out);
    return out;
}

std::size_t significant_digits(std::string_view text) {
    const std::string_view mantissa = text.substr(0, text.find_first_of("eE"));
    const std::size_t first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) return 0;
    const std::size_t last = mantissa.find_last_of("123456789");
    const std::size_t point = mantissa.find('.');
    return last - first + 1 - (point != std::string_view::npos && point > first && point < last ? 1 : 0);
}

}  // namespace

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
    if (a.is_int() && b.is_int()) return a.integer() <=> b.integer();
    if (a.kind() == Kind::decimal || b.kind() == Kind::decimal) return compare_decimals(a, b);
    return a.floating() <=> b.floating();
}

Value uniform_number(const Value& number) {
    if (number.is_int()) return number;
    if (const auto integer = truncated(number)) {
        if (compare_numbers(Value(*integer), number) == 0) return *integer;
    }
    if (number.kind() == Kind::floating) return number;
    const Value rounded(number.floating());
    if (std::isfinite(rounded.floating()) && compare_numbers(rounded, number) == 0) return rounded;
    Decimal exact = decimal_of_text(number.text());
    const std::size_t last = exact.coefficient.find_last_not_of('0');
    exact.scale -= static_cast<std::int64_t>(exact.coefficient.size() - 1 - last);
    exact.coefficient.resize(last + 1);
    return Value::decimal((exact.is_negative ? "-" : "") + exact.coefficient + "e" + std::to_string(-exact.scale));
}

std::optional<Value> add_decimals(const Value& a, const Value& b) {
    if (!is_exact(a) || !is_exact(b)) return std::nullopt;
    return sum_of(decimal_of(a), decimal_of(b));
}

std::optional<Value> subtract_decimals(const Value& a, const Value& b) {
    if (!is_exact(a) || !is_exact(b)) return std::nullopt;
    Decimal negative = decimal_of(b);
    negative.is_negative = !negative.is_negative;
    return sum_of(decimal_of(a), std::move(negative));
}

std::optional<Value> multiply_decimals(const Value& a, const Value& b) {
    if (!is_exact(a) || !is_exact(b)) return std::nullopt;
    const Decimal x = decimal_of(a);
    const Decimal y = decimal_of(b);
    if (x.coefficient.size() + y.coefficient.size() > kMostOfProduct) return std::nullopt;
    return to_value({x.is_negative != y.is_negative, product_of(x.coefficient, y.coefficient), x.scale + y.scale});
}

Value negate_decimal(const Value& decimal) {
    const std::string& digits = decimal.text();
    return Value::decimal(digits.starts_with('-') ? digits.substr(1) : "-" + digits);
}

bool is_above_one(std::string_view decimal) {
    const Decimal exact = decimal_of_text(decimal);
    return !exact.coefficient.empty() && exact.magnitude() > 0;
}

std::optional<std::int64_t> truncated(const Value& number) {
    if (number.is_int()) return number.integer();
    if (number.kind() == Kind::floating) {
        const double whole = std::trunc(number.floating());
        return whole >= -kTwo63 && whole < kTwo63 ? std::optional(static_cast<std::int64_t>(whole)) : std::nullopt;
    }
    const Decimal exact = decimal_of_text(number.text());
    if (exact.coefficient.empty() || exact.magnitude() <= 0) return 0;
    constexpr std::int64_t kMostOfInteger = 19;
    if (exact.magnitude() > kMostOfInteger) return std::nullopt;
    std::string digits = exact.is_negative ? "-" : "";
    digits += exact.coefficient.substr(0, static_cast<std::size_t>(exact.magnitude()));
    if (exact.scale < 0) digits.append(static_cast<std::size_t>(-exact.scale), '0');
    std::int64_t integer = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), integer);
    return failed == std::errc() ? std::optional(integer) : std::nullopt;
}

Value number_of_text(std::string_view text) {
    const char* end = text.data() + text.size();
    if (text.find_first_of(".eE") == std::string_view::npos) {
        std::int64_t integer = 0;
        const auto [stop, failed] = std::from_chars(text.data(), end, integer);
        return failed == std::errc() ? Value(integer) : Value::decimal(std::string(text));
    }
    double number = 0;
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    if (failed == std::errc()) {
        // Digits that every double of the normal range keeps.
        const bool is_plain = significant_digits(text) <= std::numeric_limits<double>::digits10 &&
                              (number == 0 || std::fabs(number) >= std::numeric_limits<double>::min());
        if (is_plain) return number;
        if (compare(decimal_of_text(text), shortest_of(number)) == 0) return number;
    }
    return Value::decimal(std::string(text));
}

}  // namespace kdeps::value
