// SPDX-License-Identifier: Apache-2.0
#include "core/config/schema.hpp"

#include <re2/re2.h>
#include <algorithm>

namespace kdeps::config {

using value::Value;

namespace {

bool is_text(const Value& value, std::string_view text) { return value.is_string() && value.text() == text; }

// The types that a schema accepts; empty = any.
std::vector<std::string> types_of(const Value& schema) {
    std::vector<std::string> out;
    const auto type = schema.find("type");
    if (type && type->is_string()) {
        out.push_back(type->text());
    } else if (type && type->is_array()) {
        for (const Value& one : type->list()) {
            out.push_back(one.text());
        }
    }
    return out;
}

std::string joined(const Value& list) {
    std::string out = "[";
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) out += ", ";
        value::append_text(list.at(i), out);
    }
    return out + "]";
}

std::string example_of(const Value& schema) {
    const auto examples = schema.find("examples");
    if (!examples || !examples->is_array() || examples->size() == 0) return "";
    std::string out = ". Example: ";
    value::append_text(examples->at(0), out);
    return out;
}

std::string_view given_type(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null: return "null";
        case Node::Kind::list: return "array";
        case Node::Kind::map: return "object";
        case Node::Kind::scalar: break;
    }
    switch (node.scalar().kind()) {
        case value::Kind::boolean: return "boolean";
        case value::Kind::integer: return "integer";
        case value::Kind::floating:
        case value::Kind::decimal: return "number";
        case value::Kind::null: return "null";
        default: return "string";
    }
}

// Quoted booleans and numbers count as what they hold, and a template may become anything (rules §1).
bool fits(const Node& node, std::string_view type, bool may_be_evaluated) {
    const std::string_view given = given_type(node);
    if (given == type || (type == "number" && given == "integer")) return true;
    if (given != "string") return false;
    if (may_be_evaluated && type != "string") {
        if (node.text.find("{{") != std::string::npos || node.text.find('(') != std::string::npos) return true;
    }
    if (type == "boolean")
        return parse_bool(node.text).has_value() && !std::isdigit(static_cast<unsigned char>(node.text[0]));
    if (type == "integer" || type == "number") {
        Node plain = node;
        plain.is_quoted = false;
        const Value read = plain.scalar();
        return type == "integer" ? read.is_int() : read.is_number();
    }
    return false;
}

void check_map(const Node& node, const Schema& schema, const std::string& field, Diagnostics& faults) {
    const Value& text = schema.value();
    if (const auto required = text.find("required"); required && required->is_array()) {
        for (const Value& key : required->list()) {
            if (node.find(key.text()) == nullptr) {
                faults.error(field + ": " + key.text() + " is required", node.position);
            }
        }
    }
    const auto properties = text.find("properties");
    const auto additional = text.find("additionalProperties");
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const std::string& key = node.keys[i].text;
        const std::string name = field.empty() ? key : field + "." + key;
        const Schema part = schema.property(key);
        if (!part.is_empty()) {
            check(node.children[i], part, name, faults);
        } else if (additional && additional->is_map()) {
            check(node.children[i], Schema::of(*additional), name, faults);
        } else if (properties && !(additional && additional->is_bool() && additional->boolean())) {
            std::vector<std::string> known;
            for (std::size_t p = 0; p < properties->size(); ++p) {
                known.emplace_back(properties->key_at(p));
            }
            faults.warning("unknown key '" + name + "'" + did_you_mean(key, known), node.keys[i].position);
        }
    }
}

void check_scalar(const Node& node, const Value& schema, const std::string& field, Diagnostics& faults) {
    if (const auto options = schema.find("enum"); options && options->is_array()) {
        const Value given = node.scalar();
        const bool is_known = std::any_of(options->list().begin(), options->list().end(), [&](const Value& option) {
            return option == given || is_text(option, node.text);
        });
        if (!is_known) {
            std::vector<std::string> known;
            for (const Value& option : options->list()) {
                value::append_text(option, known.emplace_back());
            }
            faults.error(field + ": '" + node.text + "' is not accepted" + did_you_mean(node.text, known) +
                             ". Available options: " + joined(*options),
                         node.position);
        }
    }
    Node plain = node;
    plain.is_quoted = false;
    const Value number = plain.scalar();
    const auto least = schema.find("minimum");
    const auto most = schema.find("maximum");
    if (number.is_number() &&
        ((least && number.floating() < least->floating()) || (most && number.floating() > most->floating()))) {
        const std::string range = least && most
                                      ? "must be between " + value::to_json(*least) + " and " + value::to_json(*most)
                                  : least ? "must be at least " + value::to_json(*least)
                                          : "must be at most " + value::to_json(*most);
        faults.error(field + ": '" + node.text + "' " + range, node.position);
    }
    if (const auto pattern = schema.find("pattern"); pattern && pattern->is_string() &&
                                                     node.text.find("{{") == std::string::npos &&
                                                     !RE2::PartialMatch(node.text, pattern->text())) {
        const auto hint = schema.find("x-kdeps-hint");
        faults.error(field + ": '" + node.text + "' " + (hint ? hint->text() : "does not match " + pattern->text()) +
                         example_of(schema),
                     node.position);
    }
}

}  // namespace

Schema::Schema(std::string_view text) : value_(value::parse_json(text)) {
    if (!value_.is_map()) {
        throw Error(Status::bad_data, "a JSON Schema must be an object");
    }
}

std::string Schema::read() const {
    const auto own = value_.is_map() ? value_.find("x-kdeps-read") : std::nullopt;
    return own && own->is_string() ? own->text() : inherited_read_.empty() ? "value" : inherited_read_;
}

Schema Schema::property(std::string_view key) const {
    Schema part;
    if (value_.is_map()) {
        const auto properties = value_.find("properties");
        const auto found = properties && properties->is_map() ? properties->find(key) : std::nullopt;
        const auto additional = value_.find("additionalProperties");
        if (found) {
            part.value_ = *found;
        } else if (additional && additional->is_map()) {
            part.value_ = *additional;
        }
    }
    part.inherited_read_ = read();
    return part;
}

Schema Schema::items() const {
    Schema part;
    if (const auto found = value_.is_map() ? value_.find("items") : std::nullopt) {
        part.value_ = *found;
    }
    part.inherited_read_ = read();
    return part;
}

void check(const Node& node, const Schema& schema, const std::string& field, Diagnostics& faults) {
    if (schema.is_empty()) {
        return;
    }
    const std::string read = schema.read();
    const bool may_be_evaluated = read != "literal";
    const auto types = types_of(schema.value());
    const bool is_accepted = types.empty() || std::any_of(types.begin(), types.end(), [&](const std::string& type) {
                                 return fits(node, type, may_be_evaluated);
                             });
    if (!is_accepted) {
        std::string wanted;
        for (const std::string& type : types) {
            wanted += (wanted.empty() ? "" : " or ") + type;
        }
        faults.error(field + ": given " + std::string(given_type(node)) +
                         (node.text.empty() ? "" : " '" + redact(node.text) + "'") + ". Expected type: " + wanted +
                         example_of(schema.value()),
                     node.position);
        return;
    }
    switch (node.kind) {
        case Node::Kind::map: check_map(node, schema, field, faults); break;
        case Node::Kind::list:
            for (std::size_t i = 0; i < node.children.size(); ++i) {
                check(node.children[i], schema.items(), field + "[" + std::to_string(i) + "]", faults);
            }
            break;
        case Node::Kind::scalar: check_scalar(node, schema.value(), field, faults); break;
        case Node::Kind::null: break;
    }
}

}  // namespace kdeps::config
