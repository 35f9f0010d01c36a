// SPDX-License-Identifier: Apache-2.0
// Calls of builtins and of the host, with their arguments and predicates.
#include "core/expr/parsing.hpp"
#include "core/expr/shorten.hpp"

namespace kdeps::expr {

std::vector<NodePtr> Parser::arguments() {
    std::vector<NodePtr> out;
    expect(TokenKind::bracket, "(");
    while (!is_bracket(")")) {
        out.push_back(expression());
        if (!is_op(",")) break;
        next();
    }
    expect(TokenKind::bracket, ")");
    return out;
}

NodePtr Parser::call(const Token& name, NodePtr piped, bool only_builtin) {
    const HostFunction* host = only_builtin ? nullptr : names_.function(name.text);
    if (host != nullptr) {
        NodePtr node = make(NodeKind::host_call, name.offset);
        node->text = name.text;
        node->host = host;
        fill(*node, std::move(piped), name, host->min_arguments, host->max_arguments);
        return node;
    }
    const auto found = builtins().find(name.text);
    if (found == builtins().end()) {
        if (names_.has_variable(name.text)) {
            throw CompileError("'" + name.text + "' is a variable, not a function", name.offset);
        }
        throw unknown("function", name);
    }
    const Builtin& builtin = found->second;
    if (name.text == "matches") {  // the operator, so that its pattern is compiled now
        NodePtr node = make(NodeKind::matches, name.offset);
        node->text = name.text;
        fill(*node, std::move(piped), name, 2, 2);
        compile_pattern(*node);
        return node;
    }
    NodePtr node = make(builtin.predicate != nullptr ? NodeKind::predicate : NodeKind::builtin, name.offset);
    node->text = name.text;
    node->builtin = builtin.function;
    node->predicate = builtin.predicate;
    if (builtin.predicate == nullptr) {
        fill(*node, std::move(piped), name, builtin.min_arguments, builtin.max_arguments);
    } else {
        fill_predicate(*node, std::move(piped), name, builtin);
    }
    return shorten(std::move(node));
}

void Parser::fill(Node& node, NodePtr piped, const Token& name, std::size_t least, std::size_t most) {
    if (piped != nullptr) {
        adopt(node, std::move(piped));
    }
    for (NodePtr& argument : arguments()) {
        adopt(node, std::move(argument));
    }
    check_count(node.children.size(), name, least, most);
}

void Parser::check_count(std::size_t count, const Token& name, std::size_t least, std::size_t most) {
    if (count < least || count > most) {
        const std::string wanted = least == most        ? std::to_string(least)
                                   : most >= kAnyNumber ? "at least " + std::to_string(least)
                                                        : std::to_string(least) + " to " + std::to_string(most);
        throw CompileError(name.text + "() takes " + wanted +
                               (wanted == "1" || wanted == "at least 1" ? " argument" : " arguments") + ", not " +
                               std::to_string(count),
                           name.offset);
    }
}

void Parser::fill_predicate(Node& node, NodePtr piped, const Token& name, const Builtin& builtin) {
    if (piped != nullptr) {
        adopt(node, std::move(piped));
    }
    expect(TokenKind::bracket, "(");
    while (!is_bracket(")")) {
        adopt(node, node.children.size() == builtin.predicate_at ? predicate(node.text) : expression());
        if (!is_op(",")) break;
        next();
        if (is_bracket(")") && node.children.size() < builtin.max_arguments) {
            fail_at_token("expected another argument of " + node.text + "() after ','");
        }
    }
    expect(TokenKind::bracket, ")");
    check_count(node.children.size(), name, builtin.min_arguments, builtin.max_arguments);
}

NodePtr Parser::predicate(const std::string& function) {
    predicates_.push_back(function);
    NodePtr node;
    if (is_bracket("{")) {
        next();
        node = sequence();
        expect(TokenKind::bracket, "}");
    } else {
        node = expression();
    }
    predicates_.pop_back();
    return node;
}

}  // namespace kdeps::expr
