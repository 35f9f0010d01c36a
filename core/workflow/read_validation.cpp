// SPDX-License-Identifier: Apache-2.0
// validation: required fields, rules per field, custom rules.
#include "core/workflow/fields.hpp"

namespace kdeps::workflow {

using config::Node;

namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 40;

std::optional<double> number(Fields& fields, std::string_view key) {
    const Node* node = fields.get(key);
    if (node == nullptr) return std::nullopt;
    Node plain = *node;
    plain.is_quoted = false;
    const value::Value value = plain.scalar();
    if (!value.is_number()) {
        fields.faults().error(fields.field(key) + ": '" + node->text + "' is not accepted. Expected type: number",
                              node->position);
        return std::nullopt;
    }
    return value.floating();
}

std::optional<std::size_t> length(Fields& fields, std::string_view key) {
    const auto found = fields.integer(key, 0, kLargest);
    return found ? std::optional(static_cast<std::size_t>(*found)) : std::nullopt;
}

FieldRule read_rule(Fields& fields, std::string name) {
    FieldRule rule;
    rule.field = std::move(name);
    rule.type =
        fields
            .word("type", {"string", "integer", "number", "boolean", "array", "object", "email", "url", "uuid", "date"})
            .value_or("");
    rule.min_length = length(fields, "minLength");
    rule.max_length = length(fields, "maxLength");
    rule.pattern = fields.text("pattern").value_or("");
    rule.least = number(fields, "min");
    rule.most = number(fields, "max");
    if (const auto least = number(fields, "minimum")) rule.least = least;
    if (const auto most = number(fields, "maximum")) rule.most = most;
    rule.min_items = length(fields, "minItems");
    rule.max_items = length(fields, "maxItems");
    rule.message = fields.text("message").value_or("");
    if (const Node* options = fields.get("enum")) {
        if (options->kind != Node::Kind::list) {
            fields.faults().error(fields.field("enum") + ": Expected type: array. Example: [small, large]",
                                  options->position);
        }
        for (const Node& option : options->children) rule.options.push_back(option.scalar());
    }
    fields.report_unknown();
    return rule;
}

}  // namespace

void read_validation(Fields& validation, Fields& custom, std::string_view custom_key, Resource& resource,
                     Reading& reading) {
    resource.required_fields = validation.texts("required").value_or(std::vector<std::string>());
    if (const Node* rules = validation.get("rules")) {
        if (rules->kind != Node::Kind::list) {
            reading.faults.error(
                validation.field("rules") + ": Expected type: array. Example: [{field: email, type: email}]",
                rules->position);
        }
        for (std::size_t i = 0; i < rules->children.size(); ++i) {
            Fields fields(&rules->children[i], validation.field("rules") + "[" + std::to_string(i) + "]",
                          reading.faults);
            fields.require("field");
            std::string name = fields.text("field").value_or("");
            resource.field_rules.push_back(read_rule(fields, std::move(name)));
        }
    }
    // The map forms replace the list; properties wins over its alias.
    for (const char* key : {"fields", "properties"}) {
        const Node* map = validation.get(key);
        if (map != nullptr && map->kind != Node::Kind::map && map->kind != Node::Kind::null) {
            reading.faults.error(validation.field(key) + ": Expected type: object. Example: {email: {type: email}}",
                                 map->position);
        }
        if (map == nullptr || map->kind != Node::Kind::map || map->keys.empty()) continue;
        resource.field_rules.clear();
        for (std::size_t i = 0; i < map->keys.size(); ++i) {
            Fields fields(&map->children[i], validation.field(key) + "." + map->keys[i].text, reading.faults);
            resource.field_rules.push_back(read_rule(fields, map->keys[i].text));
        }
    }
    if (const Node* rules = custom.get(custom_key)) {
        if (rules->kind != Node::Kind::list) {
            reading.faults.error(custom.field(custom_key) + ": Expected type: array", rules->position);
            return;
        }
        for (std::size_t i = 0; i < rules->children.size(); ++i) {
            const Node& one = rules->children[i];
            const std::string name = custom.field(custom_key) + "[" + std::to_string(i) + "]";
            if (one.kind == Node::Kind::scalar) {
                resource.custom_rules.push_back(
                    {compile_expression(one, reading.names, reading.faults), "validation failed: " + one.text});
                continue;
            }
            Fields fields(&one, name, reading.faults);
            fields.require("expr");
            fields.require("message");
            if (const Node* condition = fields.get("expr")) {
                resource.custom_rules.push_back({compile_expression(*condition, reading.names, reading.faults),
                                                 fields.text("message").value_or("")});
            }
            fields.report_unknown();
        }
    }
}

}  // namespace kdeps::workflow
