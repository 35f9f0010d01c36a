// SPDX-License-Identifier: Apache-2.0
#include "core/expr/static_type.hpp"

#include <map>

namespace kdeps::expr {

using value::Kind;
using enum TypeKind;

std::string_view StaticType::name() const {
    switch (kind) {
        case any: return "any";
        case nil: return "nil";
        case boolean: return "bool";
        case integer: return "int";
        case floating: return "float";
        case text: return "string";
        case bytes:
        case array: return "array";
        case TypeKind::map:
        case keyed_map: return "map";
        case time: return "time.Time";
        case duration: return "time.Duration";
        case zone: return "time.Location";
        case month: return "time.Month";
        case weekday: return "time.Weekday";
        case function: return "function";
    }
    return "any";
}

StaticType type_of(const value::Value& literal) {
    switch (literal.kind()) {
        case Kind::null: return nil;
        case Kind::boolean: return boolean;
        case Kind::integer: return integer;
        case Kind::floating:
        case Kind::decimal: return floating;
        case Kind::string: return text;
        case Kind::bytes: return bytes;
        default: return any;
    }
}

bool is_comparable(const StaticType& a, const StaticType& b) {
    if (a.is_any() || b.is_any() || a.is(nil) || b.is(nil) || a.kind == b.kind) {
        return true;
    }
    const auto is_list = [](const StaticType& type) { return type.is(array) || type.is(bytes); };
    return (a.is_number() && b.is_number()) || (is_list(a) && is_list(b));
}

StaticType result_of(std::string_view name, const StaticType& first) {
    static const std::map<std::string_view, StaticType> kResults = {
        {"len", integer},         {"int", integer},       {"parseInt", integer},   {"indexOf", integer},
        {"lastIndexOf", integer}, {"bitand", integer},    {"bitor", integer},      {"bitxor", integer},
        {"bitnand", integer},     {"bitnot", integer},    {"bitshl", integer},     {"bitshr", integer},
        {"bitushr", integer},     {"float", floating},    {"ceil", floating},      {"floor", floating},
        {"round", floating},      {"string", text},       {"type", text},          {"typeof", text},
        {"toJSON", text},         {"toBase64", text},     {"fromBase64", text},    {"json", text},
        {"debug", text},          {"trim", text},         {"trimPrefix", text},    {"trimSuffix", text},
        {"upper", text},          {"lower", text},        {"replace", text},       {"repeat", text},
        {"join", text},           {"urlencode", text},    {"formatDate", text},    {"generateUUID", text},
        {"bool", boolean},        {"contains", boolean},  {"startsWith", boolean}, {"endsWith", boolean},
        {"matches", boolean},     {"hasPrefix", boolean}, {"hasSuffix", boolean},  {"now", time},
        {"date", time},           {"duration", duration}, {"timezone", zone},      {"keys", array},
        {"values", array},        {"flatten", array},     {"concat", array},       {"fromPairs", keyed_map},
    };
    if (name == "split" || name == "splitAfter") return {array, text};
    if (name == "toPairs") return {array, array};
    if (name == "abs") return first.is_number() ? first : StaticType();
    if (name == "get") return first.is(array) ? first.of_element() : StaticType();
    if (name == "reverse" || name == "uniq" || name == "take" || name == "sort")
        return first.is(array) ? first : StaticType(array);
    const auto found = kResults.find(name);
    return found == kResults.end() ? StaticType() : found->second;
}

StaticType method_result(const StaticType& object, std::string_view method) {
    static const std::map<std::string_view, StaticType> kOfTime = {
        {"Year", integer},       {"Month", month},    {"Day", integer},       {"Weekday", weekday},
        {"YearDay", integer},    {"Hour", integer},   {"Minute", integer},    {"Second", integer},
        {"Nanosecond", integer}, {"Unix", integer},   {"UnixMilli", integer}, {"UnixMicro", integer},
        {"UnixNano", integer},   {"Format", text},    {"Add", time},          {"AddDate", time},
        {"Sub", duration},       {"Before", boolean}, {"After", boolean},     {"Equal", boolean},
        {"Truncate", time},      {"Round", time},     {"In", time},           {"UTC", time},
        {"Local", time},         {"Location", zone},  {"IsZero", boolean},    {"String", text},
    };
    static const std::map<std::string_view, StaticType> kOfDuration = {
        {"Hours", floating},       {"Minutes", floating},    {"Seconds", floating}, {"Milliseconds", integer},
        {"Microseconds", integer}, {"Nanoseconds", integer}, {"String", text},      {"Round", duration},
        {"Truncate", duration},    {"Abs", duration},
    };
    static const std::map<std::string_view, StaticType> kOfOthers = {
        {"String", text},      {"includes", boolean}, {"trim", text},
        {"toLowerCase", text}, {"toUpperCase", text}, {"length", integer},
    };
    const auto& results = object.is(time) ? kOfTime : object.is(duration) ? kOfDuration : kOfOthers;
    const auto found = results.find(method);
    return found == results.end() ? StaticType() : found->second;
}

}  // namespace kdeps::expr
