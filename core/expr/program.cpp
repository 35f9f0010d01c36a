// SPDX-License-Identifier: Apache-2.0
#include "core/expr/program.hpp"

#include <algorithm>
#include <array>

#include "core/expr/check.hpp"
#include "core/expr/evaluate.hpp"
#include "core/expr/lexer.hpp"
#include "core/expr/parser.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

// outputs.id and outputs["id"] read a resource as output('id') does.
void collect_output(const Node& node, std::vector<Reference>& references) {
    const bool is_member = node.kind == NodeKind::member || node.kind == NodeKind::optional_member;
    const bool is_index = node.kind == NodeKind::index || node.kind == NodeKind::optional_index;
    if ((!is_member && !is_index) || node.children[0]->kind != NodeKind::variable ||
        node.children[0]->text != "outputs") {
        return;
    }
    Reference reference;
    reference.function = "output";
    reference.is_literal =
        is_member || (node.children[1]->kind == NodeKind::literal && node.children[1]->value.is_string());
    if (reference.is_literal) {
        reference.key = is_member ? node.text : node.children[1]->value.text();
    }
    reference.offset = node.children[0]->offset;
    references.push_back(std::move(reference));
}

void collect(const Node& node, std::vector<Reference>& references, std::vector<std::string>& variables,
             bool& uses_host) {
    if (node.kind == NodeKind::host_call) {
        uses_host = true;
        const auto literal = [&](std::size_t i) {
            return i < node.children.size() && node.children[i]->kind == NodeKind::literal &&
                   node.children[i]->value.is_string();
        };
        Reference reference;
        reference.function = node.text;
        reference.is_literal = literal(0);
        reference.key = literal(0) ? node.children[0]->value.text() : "";
        const bool is_change = node.text == "increment" || node.text == "append" || node.text == "compareAndSet";
        const bool writes = node.text == "set" || is_change;
        const std::size_t storage = node.text == "compareAndSet" ? 3 : writes ? 2 : 1;
        const bool is_computed = writes && storage < node.children.size() && !literal(storage);
        reference.storage = literal(storage) ? node.children[storage]->value.text() : is_computed ? "*" : "";
        reference.offset = node.offset;
        references.push_back(std::move(reference));
    } else if (node.kind == NodeKind::variable || node.kind == NodeKind::environment) {
        uses_host = true;
        const std::string name = node.kind == NodeKind::environment ? "$env" : node.text;
        if (std::find(variables.begin(), variables.end(), name) == variables.end()) variables.push_back(name);
    }
    collect_output(node, references);
    for (const NodePtr& child : node.children) {
        collect(*child, references, variables, uses_host);
    }
}

// Is every binary operator surrounded by white space, and are there only operators and literals?
bool is_spaced_arithmetic(std::string_view text) {
    const std::vector<Token> tokens = tokenize(text);
    bool has_operator = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Token& token = tokens[i];
        if (token.kind == TokenKind::name && token.text != "true" && token.text != "false") {
            return false;
        }
        if (token.kind == TokenKind::bracket && token.text != "(" && token.text != ")") {
            return false;
        }
        const bool follows_operand =
            i > 0 && (tokens[i - 1].kind == TokenKind::number || tokens[i - 1].kind == TokenKind::text ||
                      tokens[i - 1].kind == TokenKind::name || tokens[i - 1].is(TokenKind::bracket, ")"));
        if (token.kind == TokenKind::op && follows_operand) {
            const auto is_space = [&](std::size_t at) {
                return at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) != 0;
            };
            if (token.offset == 0 || !is_space(token.offset - 1) || !is_space(token.end)) {
                return false;
            }
            has_operator = true;
        }
    }
    return has_operator;
}

// Does the program call a function of the language anywhere?  (A call of the host's shows in uses_host.)
bool has_call(const Node& node) {
    if (node.kind == NodeKind::builtin || node.kind == NodeKind::predicate || node.kind == NodeKind::host_call ||
        (node.kind == NodeKind::matches && !node.text.empty())) {
        return true;
    }
    for (const NodePtr& child : node.children) {
        if (has_call(*child)) return true;
    }
    return false;
}

bool has_object_member(const Node& node) {
    const bool is_access = node.kind == NodeKind::member || node.kind == NodeKind::optional_member ||
                           node.kind == NodeKind::index || node.kind == NodeKind::optional_index ||
                           node.kind == NodeKind::method_call;
    if (is_access && node.children[0]->kind == NodeKind::variable) {
        return true;
    }
    for (const NodePtr& child : node.children) {
        if (has_object_member(*child)) return true;
    }
    return false;
}

}  // namespace

Program::Program(std::string_view source, const Names& names)
    : source_(source), parsed_(std::make_unique<Parsed>(parse(source, names))) {
    check_types(*parsed_, names);
    collect(*parsed_->root, references_, variables_, uses_host_);
}

Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

Value Program::run(Environment& environment) const {
    Frame frame{environment, std::vector<Value>(parsed_->locals), {}};
    return evaluate(frame, *parsed_->root);
}

std::string Program::called_function() const {
    const Node& root = *parsed_->root;
    const bool is_call =
        root.kind == NodeKind::builtin || root.kind == NodeKind::predicate || root.kind == NodeKind::host_call;
    return is_call ? root.text : std::string();
}

Template::Template(std::string_view text, const Names& names) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = std::min(text.find("{{", at), text.size());
        if (open > at) {
            parts_.push_back({std::string(text.substr(at, open - at)), nullptr, at});
        }
        if (open == text.size()) {
            break;
        }
        // The end is the }} outside of strings and of braces that the expression itself opens.
        std::size_t depth = 0;
        std::size_t i = open + 2;
        while (true) {
            if (i >= text.size()) {
                throw CompileError("'{{' is not closed: '}}' is missing", open);
            }
            const char c = text[i];
            if (c == '\'' || c == '"' || c == '`') {
                const std::size_t end = skip_string(text, i);
                if (end == std::string_view::npos) {
                    throw CompileError("string is not closed inside '{{ }}'", i);
                }
                i = end;
            } else if (c == '{') {
                ++depth;
                ++i;
            } else if (c == '}' && depth > 0) {
                --depth;
                ++i;
            } else if (c == '}' && i + 1 < text.size() && text[i + 1] == '}') {
                break;
            } else {
                ++i;
            }
        }
        const std::size_t first = std::min(text.find_first_not_of(" \t\r\n", open + 2), i);
        const std::size_t last = text.find_last_not_of(" \t\r\n", i - 1);
        const std::string_view source = first < i ? text.substr(first, last + 1 - first) : std::string_view();
        if (source.empty()) {
            throw CompileError("'{{ }}' holds no expression", open);
        }
        try {
            parts_.push_back({std::string(source), std::make_shared<const Program>(source, names), open});
        } catch (CompileError& error) {
            error.offset += first;
            throw;
        }
        at = i + 2;
    }
}

Value Template::run(Environment& environment) const {
    if (parts_.size() == 1 && parts_[0].expression != nullptr) {
        return parts_[0].expression->run(environment);
    }
    std::string out;
    for (const TemplatePart& part : parts_) {
        if (part.expression == nullptr) {
            out += part.text;
        } else {
            value::append_text(part.expression->run(environment), out);
        }
    }
    return out;
}

std::string_view without_braces(std::string_view text, std::size_t& skipped) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    skipped = 0;
    if (first == std::string_view::npos) {
        return text;
    }
    const std::string_view trimmed = text.substr(first, last + 1 - first);
    if (trimmed.size() >= 4 && trimmed.starts_with("{{") && trimmed.ends_with("}}")) {
        skipped = first + 2;
        return trimmed.substr(2, trimmed.size() - 4);
    }
    return text;
}

Reading classify(std::string_view text, Mode mode, const Names& names) {
    if (mode == Mode::literal) return Reading::literal;
    if (mode == Mode::expression) return Reading::expression;
    if (text.find("{{") != std::string_view::npos) return Reading::templ;
    if (mode == Mode::templates || text.empty()) return Reading::literal;
    try {
        const Parsed parsed = parse(text, names);
        return has_call(*parsed.root) || has_object_member(*parsed.root) || is_spaced_arithmetic(text)
                   ? Reading::expression
                   : Reading::literal;
    } catch (const CompileError&) {
        return Reading::literal;
    }
}

bool truthy(const Value& value) {
    switch (value.kind()) {
        case value::Kind::null: return false;
        case value::Kind::boolean: return value.boolean();
        case value::Kind::integer:
        case value::Kind::floating:
        case value::Kind::decimal: return value.floating() != 0;
        case value::Kind::string:
        case value::Kind::bytes: return !value.text().empty();
        case value::Kind::list:
        case value::Kind::table: return true;
        default: break;
    }
    throw RunError("a condition must be true or false, not " + std::string(type_name(value)));
}

}  // namespace kdeps::expr
