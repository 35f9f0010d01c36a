// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/convert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace kdeps::testing::tds {

namespace {

std::string from_double(double value) {
    std::array<char, 64> out{};
    const auto end = std::to_chars(out.data(), out.data() + out.size(), value);
    return {out.data(), end.ptr};
}

std::string trimmed(std::string text) {
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

std::string plain_name(const Type& type) {
    const std::string name = type_name(type);
    return name.substr(0, name.find('('));
}

SqlError conversion_failed(const std::string& value, const Type& type) {
    return {245, "Conversion failed when converting the nvarchar value '" + value + "' to data type " +
                     plain_name(type) + "."};
}
SqlError overflow(const Type& type) {
    return {8115, "Arithmetic overflow error converting expression to data type " + plain_name(type) + "."};
}
SqlError clash(const std::string& from, const Type& type) {
    return {206, "Operand type clash: " + from + " is incompatible with " + plain_name(type)};
}
SqlError not_implicit(const std::string& from, const Type& type) {
    return {257, "Implicit conversion from data type " + from + " to " + plain_name(type) +
                     " is not allowed. Use the CONVERT function to run this query."};
}

std::int64_t to_integer(const Value& value, const Type& type) {
    std::int64_t number = 0;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        number = *integer;
    } else if (const auto* real = std::get_if<double>(&value)) {
        if (!(std::fabs(*real) < 9.2e18)) throw overflow(type);
        number = type.kind == Kind::bit ? (*real != 0 ? 1 : 0) : static_cast<std::int64_t>(*real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        std::string digits = trimmed(*text);
        if (type.kind == Kind::bit && (digits == "true" || digits == "false")) return digits == "true" ? 1 : 0;
        // A stored decimal of many digits is text too; a fraction that a client typed is refused by the original, cut
        // here.
        if (digits.starts_with('+')) digits.erase(0, 1);
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (failed == std::errc::result_out_of_range) throw overflow(type);
        if (digits.empty()) return 0;
        if (failed != std::errc() || end != digits.data() + digits.size()) throw conversion_failed(*text, type);
    } else {
        throw not_implicit("varbinary", type);
    }
    switch (type.kind) {
        case Kind::bit: return number != 0 ? 1 : 0;
        case Kind::tinyint:
            if (number < 0 || number > 255) throw overflow(type);
            break;
        case Kind::smallint:
            if (number < INT16_MIN || number > INT16_MAX) throw overflow(type);
            break;
        case Kind::integer:
            if (number < INT32_MIN || number > INT32_MAX) throw overflow(type);
            break;
        default: break;
    }
    return number;
}

double to_double(const Value& value, const Type& type) {
    double number = 0;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        number = static_cast<double>(*integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
        number = *real;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        std::string digits = trimmed(*text);
        if (digits.starts_with('+')) digits.erase(0, 1);
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (failed != std::errc() || end != digits.data() + digits.size()) {
            throw SqlError(8114, "Error converting data type nvarchar to " + plain_name(type) + ".");
        }
    } else {
        throw not_implicit("varbinary", type);
    }
    return type.kind == Kind::real ? static_cast<double>(static_cast<float>(number)) : number;
}

// Adds one to the digits before the end.
void round_up(std::string& digits) {
    std::size_t i = digits.size();
    while (i > 0) {
        if (digits[--i] != '9') {
            ++digits[i];
            return;
        }
        digits[i] = '0';
    }
    digits.insert(digits.begin(), '1');
}

std::string to_decimal(const Value& value, const Type& type) {
    std::string text;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        text = std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
        if (!std::isfinite(*real) || std::fabs(*real) >= 1e39) throw overflow(type);
        std::array<char, 128> digits{};
        std::snprintf(digits.data(), digits.size(), "%.*f", type.scale, *real);
        text = digits.data();
    } else if (const auto* given = std::get_if<std::string>(&value)) {
        text = trimmed(*given);
    } else {
        throw not_implicit("varbinary", type);
    }
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) text.erase(0, 1);
    std::size_t point = std::min(text.find('.'), text.size());
    std::string digits = text.substr(0, point) + (point < text.size() ? text.substr(point + 1) : "");
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
        throw SqlError(8114, "Error converting data type nvarchar to " + plain_name(type) + ".");
    }
    const auto keep = point + static_cast<std::size_t>(type.scale);
    if (digits.size() > keep) {
        const bool rounds = digits[keep] >= '5';
        digits.resize(keep);
        if (rounds) round_up(digits);
    } else {
        digits.append(keep - digits.size(), '0');
    }
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    if (digits.size() > static_cast<std::size_t>(type.precision)) throw overflow(type);
    const bool is_zero = digits.empty();
    if (digits.size() <= static_cast<std::size_t>(type.scale)) {
        digits.insert(0, static_cast<std::size_t>(type.scale) + 1 - digits.size(), '0');
    }
    if (type.scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(type.scale), ".");
    return (is_negative && !is_zero ? "-" : "") + digits;
}

std::string to_moment(const Value& value, const Type& type) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) throw clash(std::holds_alternative<Blob>(value) ? "varbinary" : "int", type);
    auto moment = parse_moment(*text);
    if (!moment) throw SqlError(241, "Conversion failed when converting date and/or time from character string.");
    if (type.kind == Kind::datetime || type.kind == Kind::smalldatetime) {
        const std::size_t point = text->find('.');
        const bool is_fine = point != std::string::npos &&
                             text->find_first_not_of("0123456789", point + 1) - point > 4 && text->size() - point > 4;
        if (is_fine || (moment->has_offset && moment->offset != 0)) {
            throw SqlError(241, "Conversion failed when converting date and/or time from character string.");
        }
        if (moment->days < 639905) {  // 1753-01-01
            throw SqlError(
                242,
                "The conversion of a nvarchar data type to a datetime data type resulted in an out-of-range value.");
        }
    }
    return moment_text(*moment, type);
}

std::string to_guid(const Value& value, const Type& type) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) throw clash("int", type);
    std::string out = trimmed(*text);
    if (out.starts_with('{') && out.ends_with('}')) out = out.substr(1, out.size() - 2);
    bool is_right = out.size() == 36;
    for (std::size_t i = 0; i < out.size() && is_right; ++i) {
        out[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[i])));
        is_right = i == 8 || i == 13 || i == 18 || i == 23 ? out[i] == '-'
                                                           : std::isxdigit(static_cast<unsigned char>(out[i])) != 0;
    }
    if (!is_right) {
        throw SqlError(8169, "Conversion failed when converting from a character string to uniqueidentifier.");
    }
    return out;
}

SqlError truncated(const std::string& value) {
    return {2628, "String or binary data would be truncated. Truncated value: '" + value + "'."};
}

std::string to_text(const Value& value, const Type& type, TooLong too_long) {
    std::string text;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        text = std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
        text = from_double(*real);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
        if (too_long == TooLong::refuse) throw not_implicit("varbinary", type);
        text = is_unicode(type.kind) ? to_utf8(blob->bytes) : from_cp1252(blob->bytes);
    } else {
        text = std::get<std::string>(value);
    }
    if (!is_unicode(type.kind)) text = from_cp1252(to_cp1252(text));
    if (type.length == kMax) return text;
    const auto most = static_cast<std::size_t>(type.length);
    const std::size_t units = is_unicode(type.kind) ? utf16_units(text) : to_cp1252(text).size();
    if (units > most) {
        std::string cut = is_unicode(type.kind) ? to_utf8(to_utf16(text).substr(0, most * 2))
                                                : from_cp1252(to_cp1252(text).substr(0, most));
        if (too_long == TooLong::refuse && text.find_first_not_of(' ', cut.size()) != std::string::npos) {
            throw truncated(cut);
        }
        return cut;
    }
    if (type.kind == Kind::nchar || type.kind == Kind::character) text.append(most - units, ' ');
    return text;
}

Blob to_binary(const Value& value, const Type& type, TooLong too_long) {
    const auto* blob = std::get_if<Blob>(&value);
    if (blob == nullptr) throw not_implicit("nvarchar", type);
    Blob out = *blob;
    if (type.length == kMax) return out;
    const auto most = static_cast<std::size_t>(type.length);
    if (out.bytes.size() > most && too_long == TooLong::refuse) throw truncated("");
    if (out.bytes.size() > most || type.kind == Kind::binary) out.bytes.resize(most);
    return out;
}

}  // namespace

std::string moment_text(const Moment& given, const Type& type) {
    const Moment moment = given.rounded(type.kind == Kind::date ? 7 : type.scale);
    switch (type.kind) {
        case Kind::date: return date_text(moment);
        case Kind::time: return time_text(moment, type.scale);
        case Kind::smalldatetime: return date_text(moment) + " " + time_text(moment, 0).substr(0, 5) + ":00";
        case Kind::datetimeoffset:
            return date_text(moment) + " " + time_text(moment, type.scale) + " " + offset_text(moment);
        default: return date_text(moment) + " " + time_text(moment, type.scale);
    }
}

Value convert(const Value& value, const Type& type, TooLong too_long) {
    if (is_null(value)) return value;
    if (is_integer(type.kind)) return to_integer(value, type);
    if (type.kind == Kind::floating || type.kind == Kind::real) return to_double(value, type);
    if (is_decimal(type.kind)) return to_decimal(value, type);
    if (is_moment(type.kind)) return to_moment(value, type);
    if (type.kind == Kind::uniqueidentifier) return to_guid(value, type);
    if (is_binary(type.kind)) return to_binary(value, type, too_long);
    return to_text(value, type, too_long);
}

Value to_storage(const Value& value, const Type& type, TooLong too_long) {
    Value out = convert(value, type, too_long);
    if (!is_decimal(type.kind) || is_null(out)) return out;
    const auto& digits = std::get<std::string>(out);
    const auto count = std::count_if(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (count > 15) return out;
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

}  // namespace kdeps::testing::tds
