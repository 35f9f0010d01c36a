// SPDX-License-Identifier: Apache-2.0
#include "core/engine/validator.hpp"

#include <date/date.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/engine/scope.hpp"

namespace kdeps::engine {

using value::Kind;
using value::Value;

namespace {

std::string_view json_type(const Value& value) {
    switch (value.kind()) {
        case Kind::null: return "null";
        case Kind::boolean: return "boolean";
        case Kind::integer:
        case Kind::floating:
        case Kind::decimal: return "number";
        case Kind::list:
        case Kind::table: return "array";
        case Kind::map: return "object";
        default: return "string";
    }
}

bool is_empty(const Value& value) {
    switch (value.kind()) {
        case Kind::null: return true;
        case Kind::string: return value.text().empty();
        case Kind::list:
        case Kind::table:
        case Kind::map: return value.size() == 0;
        default: return false;
    }
}

bool is_integral(const Value& value) {
    if (value.is_int()) return true;
    if (value.is_number()) return std::trunc(value.floating()) == value.floating();
    static const RE2 kInteger("[+-]?[0-9]+");
    return value.is_string() && RE2::FullMatch(value.text(), kInteger);
}

// A long double holds every 64-bit integer, which a double does not: a bound of 2^53 would let 2^53 + 1 pass.
std::optional<long double> as_number(const Value& value, bool from_text) {
    if (value.is_int()) return static_cast<long double>(value.integer());
    if (value.kind() == Kind::decimal) return std::strtold(value.text().c_str(), nullptr);
    if (value.is_number()) return value.floating();
    static const RE2 kNumber("[-+]?[0-9.eE+-]+");
    if (!from_text || !value.is_string() || !RE2::FullMatch(value.text(), kNumber)) return std::nullopt;
    char* end = nullptr;
    const long double number = std::strtold(value.text().c_str(), &end);
    return *end == '\0' ? std::optional(number) : std::nullopt;
}

// Is there such a day?  `text` begins with YYYY-MM-DD.
bool is_day(const std::string& text) {
    const date::year_month_day day{date::year(std::stoi(text.substr(0, 4))),
                                   date::month(static_cast<unsigned>(std::stoi(text.substr(5, 2)))),
                                   date::day(static_cast<unsigned>(std::stoi(text.substr(8, 2))))};
    return day.ok();
}

// The message if `value` is not of the type, else nothing.
std::string type_fault(const std::string& type, const Value& value) {
    static const RE2 kEmail(
        R"((?:[^<>]*<)?[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*>?)");
    static const RE2 kUuid(
        R"((?i)(?:urn:uuid:)?\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?|[0-9a-f]{32})");
    static const RE2 kDate(
        R"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2}))?)");
    const auto expected = [&](std::string_view what) {
        return "expected " + std::string(what) + ", got " + std::string(json_type(value));
    };
    const std::string_view given = json_type(value);
    if (type.empty()) return "";
    if (type == "integer") return is_integral(value) ? "" : expected("integer");
    if (type == "number") return as_number(value, true) ? "" : expected("number");
    if (type == "boolean")
        return given == "boolean" || (value.is_string() && (value.text() == "true" || value.text() == "false"))
                   ? ""
                   : expected("boolean");
    if (type == "array" || type == "object") return given == type ? "" : expected(type);
    if (!value.is_string()) return expected("string");
    if (type == "email") return RE2::FullMatch(value.text(), kEmail) ? "" : "invalid email format";
    if (type == "uuid") return RE2::FullMatch(value.text(), kUuid) ? "" : "invalid UUID format";
    if (type == "date")
        return RE2::FullMatch(value.text(), kDate) && is_day(value.text())
                   ? ""
                   : "invalid date format (expected RFC3339 or YYYY-MM-DD)";
    if (type == "url") {
        if (!value.text().starts_with("http://") && !value.text().starts_with("https://"))
            return "URL must start with http:// or https://";
        const std::size_t host = value.text().find("://") + 3;
        const bool has_host = host < value.text().size() && value.text()[host] != '/' && value.text()[host] != '?' &&
                              value.text()[host] != ':';
        if (!has_host) return "URL must have a valid host";
        return value.text().find_first_of(" \t\r\n") == std::string::npos ? "" : "invalid URL format";
    }
    return "";
}

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

Value fault(const std::string& field, std::string_view type, const std::string& message, const Value* value) {
    value::Map map;
    if (!field.empty()) map.set("field", field);
    map.set("type", type);
    map.set("message", message);
    if (value != nullptr) map.set("value", *value);
    return Value::map(std::move(map));
}

std::string number_text(double number) {
    std::string out;
    value::append_text(number, out);
    return out;
}

[[noreturn]] void fail(const std::string& message, value::List faults) {
    value::Map details;
    details.set("errors", Value::list(std::move(faults)));
    Error error(Status::invalid_argument, message);
    error.code = "VALIDATION_ERROR";
    error.http_status = 400;
    error.details_json = value::to_json(Value::map(std::move(details)));
    error.reaches_on_error = false;
    throw Error(std::move(error));
}

}  // namespace

Validator::Validator(const workflow::Resource& resource, config::Diagnostics& faults) : resource_(resource) {
    for (const workflow::FieldRule& rule : resource.field_rules) {
        patterns_.push_back(rule.pattern.empty() ? nullptr : std::make_unique<re2::RE2>(rule.pattern, RE2::Quiet));
        if (patterns_.back() != nullptr && !patterns_.back()->ok()) {
            faults.error(
                "validation of '" + rule.field + "': pattern '" + rule.pattern + "': " + patterns_.back()->error(),
                resource.position);
        }
    }
}

Validator::~Validator() = default;

void Validator::check_rule(std::size_t i, const Value& value, value::List& faults) const {
    const workflow::FieldRule& rule = resource_.field_rules[i];
    const auto report = [&](std::string_view type, const std::string& message) {
        faults.push_back(fault(rule.field, type, rule.message.empty() ? message : rule.message, &value));
    };
    if (const std::string wrong = type_fault(rule.type, value); !wrong.empty()) return report("type", wrong);
    if (value.is_string() && rule.type != "integer" && rule.type != "number") {
        const std::size_t size = characters(value.text());
        if (rule.min_length && size < *rule.min_length)
            return report("minLength", "must be at least " + std::to_string(*rule.min_length) + " characters");
        if (rule.max_length && size > *rule.max_length)
            return report("maxLength", "must be at most " + std::to_string(*rule.max_length) + " characters");
        if (patterns_[i] != nullptr && !RE2::PartialMatch(value.text(), *patterns_[i]))
            return report("pattern", "does not match required pattern");
    }
    if (const auto number = as_number(value, rule.type == "integer" || rule.type == "number")) {
        if (rule.least && *number < *rule.least) return report("min", "must be at least " + number_text(*rule.least));
        if (rule.most && *number > *rule.most) return report("max", "must be at most " + number_text(*rule.most));
    }
    if (value.is_array()) {
        if (rule.min_items && value.size() < *rule.min_items)
            return report("minItems", "must have at least " + std::to_string(*rule.min_items) + " items");
        if (rule.max_items && value.size() > *rule.max_items)
            return report("maxItems", "must have at most " + std::to_string(*rule.max_items) + " items");
    }
    if (!rule.options.empty()) {
        const auto text_of = [](const Value& v) {
            std::string out;
            value::append_text(v, out);
            return out;
        };
        const std::string given = text_of(value);
        if (std::none_of(rule.options.begin(), rule.options.end(),
                         [&](const Value& option) { return text_of(option) == given; })) {
            std::string list;
            for (const Value& option : rule.options) list += (list.empty() ? "" : " ") + text_of(option);
            report("enum", "must be one of: [" + list + "]");
        }
    }
}

void Validator::check(Scope& scope) const {
    if (resource_.required_fields.empty() && resource_.field_rules.empty() && resource_.custom_rules.empty()) return;
    const auto find = [&](const std::string& field) { return scope.from_request(field); };
    value::List faults;
    for (const std::string& field : resource_.required_fields) {
        const auto found = find(field);
        if (!found || is_empty(*found))
            faults.push_back(fault(field, "required", "field '" + field + "' is required", nullptr));
    }
    for (std::size_t i = 0; i < resource_.field_rules.size(); ++i) {
        if (const auto found = find(resource_.field_rules[i].field)) check_rule(i, *found, faults);
    }
    if (!faults.empty()) fail("Input validation failed", std::move(faults));
    for (const workflow::CustomRule& rule : resource_.custom_rules) {
        try {
            if (!expr::truthy(rule.condition.evaluate(scope)))
                faults.push_back(fault("", "custom", rule.message, nullptr));
        } catch (const Error& error) {
            faults.push_back(fault("", "expression", "expression evaluation failed: " + error.message, nullptr));
        }
    }
    if (!faults.empty()) fail("Custom validation failed", std::move(faults));
}

}  // namespace kdeps::engine
