// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/types.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace kdeps::testing::tds {

namespace {

struct Named {
    std::string_view name;
    Kind kind;
};

constexpr std::array kNames = {
    Named{"tinyint", Kind::tinyint},
    Named{"smallint", Kind::smallint},
    Named{"int", Kind::integer},
    Named{"integer", Kind::integer},
    Named{"bigint", Kind::bigint},
    Named{"bit", Kind::bit},
    Named{"decimal", Kind::decimal},
    Named{"dec", Kind::decimal},
    Named{"numeric", Kind::numeric},
    Named{"money", Kind::money},
    Named{"smallmoney", Kind::smallmoney},
    Named{"float", Kind::floating},
    Named{"real", Kind::real},
    Named{"date", Kind::date},
    Named{"time", Kind::time},
    Named{"datetime", Kind::datetime},
    Named{"smalldatetime", Kind::smalldatetime},
    Named{"datetime2", Kind::datetime2},
    Named{"datetimeoffset", Kind::datetimeoffset},
    Named{"nvarchar", Kind::nvarchar},
    Named{"nchar", Kind::nchar},
    Named{"varchar", Kind::varchar},
    Named{"char", Kind::character},
    Named{"ntext", Kind::ntext},
    Named{"text", Kind::text},
    Named{"varbinary", Kind::varbinary},
    Named{"binary", Kind::binary},
    Named{"image", Kind::image},
    Named{"uniqueidentifier", Kind::uniqueidentifier},
    Named{"xml", Kind::xml},
};

SqlError unknown_type(std::string_view name) {
    return {2715, "Column, parameter, or variable: Cannot find data type " + std::string(name) + "."};
}

bool has_length(Kind kind) { return is_text(kind) || is_binary(kind); }

}  // namespace

bool is_text(Kind kind) {
    return kind == Kind::nvarchar || kind == Kind::nchar || kind == Kind::varchar || kind == Kind::character ||
           kind == Kind::ntext || kind == Kind::text || kind == Kind::xml;
}
bool is_unicode(Kind kind) {
    return kind == Kind::nvarchar || kind == Kind::nchar || kind == Kind::ntext || kind == Kind::xml;
}
bool is_binary(Kind kind) { return kind == Kind::varbinary || kind == Kind::binary || kind == Kind::image; }
bool is_decimal(Kind kind) {
    return kind == Kind::decimal || kind == Kind::numeric || kind == Kind::money || kind == Kind::smallmoney;
}
bool is_integer(Kind kind) {
    return kind == Kind::tinyint || kind == Kind::smallint || kind == Kind::integer || kind == Kind::bigint ||
           kind == Kind::bit;
}
bool is_moment(Kind kind) { return kind >= Kind::date && kind <= Kind::datetimeoffset; }

Type parse_type(std::string_view name) {
    std::string word;
    std::string arguments;
    for (const char c : name) {
        if (c == ' ' || c == '[' || c == ']' || c == ')') continue;
        std::string& part = c == '(' || !arguments.empty() ? arguments : word;
        part += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    if (word == "sysname") return {Kind::nvarchar, 128};
    const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const Named& n) { return n.name == word; });
    if (found == kNames.end()) throw unknown_type(name);

    Type type{found->kind};
    std::array<int, 2> numbers{-2, -2};
    if (!arguments.empty()) {
        std::string_view rest = std::string_view(arguments).substr(1);
        for (int& number : numbers) {
            if (rest.empty()) break;
            const std::string_view one = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
            if (one == "max" && has_length(type.kind)) {
                number = kMax;
            } else if (std::from_chars(one.data(), one.data() + one.size(), number).ec != std::errc() || number < 0) {
                throw unknown_type(name);
            }
        }
    }
    const bool is_given = numbers[0] != -2;
    switch (type.kind) {
        case Kind::decimal:
        case Kind::numeric:
            type.precision = is_given ? numbers[0] : 18;
            type.scale = numbers[1] != -2 ? numbers[1] : 0;
            if (type.precision < 1 || type.precision > 38 || type.scale > type.precision) throw unknown_type(name);
            break;
        case Kind::money:
            type.precision = 19;
            type.scale = 4;
            break;
        case Kind::smallmoney:
            type.precision = 10;
            type.scale = 4;
            break;
        case Kind::floating:
            if (is_given && numbers[0] <= 24) type.kind = Kind::real;
            break;
        case Kind::time:
        case Kind::datetime2:
        case Kind::datetimeoffset:
            type.scale = is_given ? numbers[0] : 7;
            if (type.scale > 7) throw unknown_type(name);
            break;
        case Kind::datetime: type.scale = 3; break;
        case Kind::ntext:
        case Kind::text:
        case Kind::image:
        case Kind::xml: type.length = kMax; break;
        default:
            if (has_length(type.kind)) {
                type.length = is_given ? numbers[0] : 1;
                const int most = is_unicode(type.kind) ? 4000 : 8000;
                if (type.length == 0 || type.length > most) throw unknown_type(name);
            }
            break;
    }
    return type;
}

std::string type_name(const Type& type) {
    const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const Named& n) { return n.kind == type.kind; });
    std::string out(found->name);
    if (type.kind == Kind::decimal || type.kind == Kind::numeric) {
        out += "(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    } else if (type.kind == Kind::time || type.kind == Kind::datetime2 || type.kind == Kind::datetimeoffset) {
        out += "(" + std::to_string(type.scale) + ")";
    } else if (has_length(type.kind) && type.kind != Kind::xml && type.kind != Kind::ntext && type.kind != Kind::text &&
               type.kind != Kind::image) {
        out += type.length == kMax ? "(max)" : "(" + std::to_string(type.length) + ")";
    }
    return out;
}

Type wire_type(const Type& type, Version version) {
    if (version < 3 && is_moment(type.kind) && type.kind != Kind::datetime && type.kind != Kind::smalldatetime) {
        const int fraction = type.scale > 0 ? type.scale + 1 : 0;
        switch (type.kind) {
            case Kind::date: return {Kind::nvarchar, 10};
            case Kind::time: return {Kind::nvarchar, 8 + fraction};
            case Kind::datetime2: return {Kind::nvarchar, 19 + fraction};
            default: return {Kind::nvarchar, 26 + fraction};
        }
    }
    if (version < 2 && type.length == kMax) {
        return {is_binary(type.kind) ? Kind::image : is_unicode(type.kind) ? Kind::ntext : Kind::text, kMax};
    }
    return type;
}

}  // namespace kdeps::testing::tds
