// SPDX-License-Identifier: Apache-2.0
#include "core/workflow/config_value.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace kdeps::workflow {

using config::Node;
using value::Value;

const ConfigValue* ConfigValue::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (keys_[i] == key) return &children_[i];
    }
    return nullptr;
}

ConfigValue ConfigValue::with(std::string_view key, ConfigValue entry) const {
    ConfigValue out = kind_ == Kind::map ? *this : ConfigValue();
    out.kind_ = Kind::map;
    const auto place = static_cast<std::size_t>(std::find(out.keys_.begin(), out.keys_.end(), key) - out.keys_.begin());
    if (place == out.keys_.size()) {
        out.keys_.emplace_back(key);
        out.children_.push_back(std::move(entry));
    } else {
        out.children_[place] = std::move(entry);
    }
    return out;
}

void ConfigValue::for_each_child(const std::function<void(const ConfigValue&)>& visit) const {
    for (const ConfigValue& child : children_) {
        visit(child);
    }
}

Value ConfigValue::evaluate(expr::Environment& environment) const {
    const auto run = [&](const expr::Program& program, std::size_t offset) {
        try {
            return value::to_plain(program.run(environment));
        } catch (expr::RunError& error) {
            if (!error.position.known()) {
                error.position = node_.position_of(offset + error.offset);
                // Clients may see the message, so it tells no folder of this machine.
                Position shown = error.position;
                shown.file = std::filesystem::path(shown.file).filename().string();
                error.message = "expression at " + shown.text() + ": " + error.message;
            }
            throw;
        } catch (Error& error) {  // of a function of the host
            if (!error.position.known()) error.position = node_.position_of(offset);
            throw;
        }
    };
    switch (kind_) {
        case Kind::literal: return literal_;
        case Kind::expression: return run(*program_, skipped_);
        case Kind::templ: {
            const auto source_offset = [&](const expr::TemplatePart& part) {
                return node_.text.find(part.text, part.offset);
            };
            if (parts().size() == 1 && parts()[0].expression != nullptr) {
                return run(*parts()[0].expression, source_offset(parts()[0]));
            }
            std::string text;
            for (const expr::TemplatePart& part : parts()) {
                if (part.expression == nullptr) {
                    text += part.text;
                } else {
                    value::append_text(run(*part.expression, source_offset(part)), text);
                }
            }
            return text;
        }
        case Kind::list: {
            value::List list;
            list.reserve(children_.size());
            for (const ConfigValue& child : children_) {
                list.push_back(child.evaluate(environment));
            }
            return Value::list(std::move(list));
        }
        case Kind::map: {
            value::Map map;
            map.reserve(children_.size());
            for (std::size_t i = 0; i < children_.size(); ++i) {
                map.set(keys_[i], children_[i].evaluate(environment));
            }
            return Value::map(std::move(map));
        }
    }
    return {};
}

bool ConfigValue::reads_item() const {
    // What get() and info() know during an iteration (spec: items, context).
    static constexpr std::array<std::string_view, 14> kKeys = {"item",  "current", "prev",  "previous", "next",
                                                               "index", "i",       "count", "total",    "length",
                                                               "items", "all",     "list",  ""};
    const auto is_key = [](const std::string& key) {
        return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
    };
    if (kind_ == Kind::expression) {
        const auto& variables = program_->variables();
        const auto& references = program_->references();
        return std::any_of(variables.begin(), variables.end(),
                           [](const std::string& name) { return name == "item" || name == "$env"; }) ||
               std::any_of(references.begin(), references.end(), [&](const expr::Reference& one) {
                   const bool asks_item = one.storage == "item" || one.storage == "loop";
                   const bool may_ask = one.function == "get" || one.function == "info" || one.function == "input";
                   return one.function.starts_with("item.") || one.function.starts_with("loop.") || asks_item ||
                          (may_ask && is_key(one.key));
               });
    }
    return std::any_of(children_.begin(), children_.end(), [](const ConfigValue& child) { return child.reads_item(); });
}

void ConfigValue::collect_references(std::vector<std::pair<expr::Reference, Position>>& out) const {
    if (kind_ == Kind::expression) {
        for (const expr::Reference& reference : program_->references()) {
            out.emplace_back(reference, node_.position_of(skipped_ + reference.offset));
        }
    }
    for (const ConfigValue& child : children_) {
        child.collect_references(out);
    }
}

void ConfigValue::set_expression(std::shared_ptr<const expr::Program> program, std::size_t skipped) {
    kind_ = Kind::expression;
    called_ = program->called_function();
    program_ = std::move(program);
    skipped_ = skipped;
}

namespace {

expr::Mode mode_of(const config::Schema& schema) {
    const std::string read = schema.read();
    return read == "template"     ? expr::Mode::templates
           : read == "expression" ? expr::Mode::expression
           : read == "literal"    ? expr::Mode::literal
                                  : expr::Mode::value;
}

Node without_children(const Node& node) {
    Node copy;
    copy.kind = node.kind;
    copy.text = node.text;
    copy.is_quoted = node.is_quoted;
    copy.is_block = node.is_block;
    copy.position = node.position;
    copy.runs = node.runs;
    return copy;
}

// '{{1,2},{3,4}}' in quotes may be meant as an array of SQL and no expression.
std::string about_braces(std::string_view text, std::size_t offset) {
    const std::size_t braces = text.rfind("{{", offset);
    const bool is_quoted = braces != std::string_view::npos && braces > 0 && text[braces - 1] == '\'';
    return is_quoted ? "; braces that are text are written '{ {1,2},{3,4}}' or {{ '{{1,2},{3,4}}' }}" : "";
}

// What calls get() was meant as an expression; one that does not parse would be sent to the client as it stands.
void warn_of_broken_call(const Node& node, const expr::Names& names, config::Diagnostics& faults) {
    if (node.text.find("get('") == std::string::npos && node.text.find("get(\"") == std::string::npos) return;
    try {
        expr::Program(node.text, names);
    } catch (const expr::CompileError& error) {
        faults.warning("this calls get() but is no expression, so it stays text: " + error.message,
                       node.position_of(error.offset));
    }
}

}  // namespace

ConfigValue compile(const Node& node, const config::Schema& schema, const expr::Names& names,
                    config::Diagnostics& faults) {
    ConfigValue out;
    out.node_ = without_children(node);
    out.location_ = node.position.text();
    switch (node.kind) {
        case Node::Kind::null: return out;
        case Node::Kind::list:
            out.kind_ = ConfigValue::Kind::list;
            for (const Node& child : node.children) {
                out.children_.push_back(compile(child, schema.items(), names, faults));
            }
            return out;
        case Node::Kind::map:
            out.kind_ = ConfigValue::Kind::map;
            for (std::size_t i = 0; i < node.children.size(); ++i) {
                out.keys_.push_back(node.keys[i].text);
                out.children_.push_back(compile(node.children[i], schema.property(node.keys[i].text), names, faults));
            }
            return out;
        case Node::Kind::scalar: break;
    }
    const Value scalar = node.scalar();
    if (!scalar.is_string()) {
        out.literal_ = scalar;
        return out;
    }
    const expr::Mode mode = mode_of(schema);
    switch (expr::classify(node.text, mode, names)) {
        case expr::Reading::literal:
            if (mode == expr::Mode::value) warn_of_broken_call(node, names, faults);
            out.literal_ = scalar;
            return out;
        case expr::Reading::expression: return compile_expression(node, names, faults);
        case expr::Reading::templ: break;
    }
    try {
        out.template_ = std::make_shared<const expr::Template>(node.text, names);
        out.kind_ = ConfigValue::Kind::templ;
        for (const expr::TemplatePart& part : out.parts()) {
            if (part.expression != nullptr) {
                ConfigValue child;
                child.node_ = out.node_;
                child.location_ = node.position_of(part.offset).text();
                child.set_expression(part.expression, node.text.find(part.text, part.offset));
                out.children_.push_back(std::move(child));
            }
        }
    } catch (const expr::CompileError& error) {
        faults.error("expression: " + error.message + about_braces(node.text, error.offset),
                     node.position_of(error.offset));
    }
    return out;
}

ConfigValue compile_expression(const Node& node, const expr::Names& names, config::Diagnostics& faults) {
    ConfigValue out;
    out.node_ = without_children(node);
    out.location_ = node.position.text();
    if (node.kind != Node::Kind::scalar) {
        faults.error("an expression must be text", node.position);
        return out;
    }
    std::size_t skipped = 0;
    const std::string_view source = expr::without_braces(node.text, skipped);
    try {
        out.set_expression(std::make_shared<const expr::Program>(source, names), skipped);
    } catch (const expr::CompileError& error) {
        faults.error("expression: " + error.message, node.position_of(skipped + error.offset));
    }
    return out;
}

}  // namespace kdeps::workflow
