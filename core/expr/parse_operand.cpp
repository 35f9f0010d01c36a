// SPDX-License-Identifier: Apache-2.0
// Literals, names, pointers, lists, maps, and what stands behind an operand.
#include "core/expr/methods.hpp"
#include "core/expr/parsing.hpp"
#include "core/expr/shorten.hpp"

namespace kdeps::expr {

using value::Value;

NodePtr Parser::primary() {
    const Token token = current();
    if (token.kind == TokenKind::op) {
        if (token.text == "not" || token.text == "!") {
            next();
            return make(NodeKind::logical_not, token.offset, binary(kUnaryNot));
        }
        if (token.text == "-" || token.text == "+") {
            next();
            return make(token.text == "-" ? NodeKind::unary_minus : NodeKind::unary_plus, token.offset,
                        binary(kUnaryMinus));
        }
        if (token.text == "#") {
            return postfix(pointer());
        }
        if (token.text == ".") {
            if (predicates_.empty()) {
                fail_at_token("'.name' stands for the element of a predicate, and there is none here");
            }
            return postfix(make(NodeKind::element, token.offset));
        }
        if (token.text == "::") {
            next();
            const Token name = current();
            if (name.kind != TokenKind::name || !ahead().is(TokenKind::bracket, "(")) {
                fail_at_token("expected the call of a function after '::'");
            }
            next();
            return postfix(call(name, nullptr, true));
        }
    }
    if (token.is(TokenKind::bracket, "(")) {
        next();
        NodePtr inner = sequence();
        expect(TokenKind::bracket, ")");
        return postfix(std::move(inner));
    }
    if (token.kind == TokenKind::number) {
        next();
        return literal(token.number, token.offset);
    }
    if (token.kind == TokenKind::text || token.kind == TokenKind::bytes) {
        next();
        return postfix(
            literal(token.kind == TokenKind::text ? Value(token.text) : Value::bytes(token.text), token.offset));
    }
    if (token.is(TokenKind::bracket, "[")) {
        return postfix(list());
    }
    if (token.is(TokenKind::bracket, "{")) {
        return postfix(map());
    }
    if (token.kind == TokenKind::name || callable_word(token)) {
        return name_or_call(token);
    }
    fail_at_token("unexpected " + shown(token));
}

bool Parser::callable_word(const Token& token) const {
    return token.kind == TokenKind::op && is_negatable(token.text) && token.text != "in" &&
           ahead().is(TokenKind::bracket, "(");
}

NodePtr Parser::name_or_call(const Token& token) {
    next();
    if (is_bracket("(")) {
        return postfix(call(token, nullptr, false));
    }
    if (token.text == "true" || token.text == "false") {
        return literal(token.text == "true", token.offset);
    }
    if (token.text == "nil" || (token.text == "null" && !names_.has_variable("null"))) {
        return literal({}, token.offset);
    }
    for (auto local = locals_.rbegin(); local != locals_.rend(); ++local) {
        if (local->name == token.text) {
            NodePtr node = make(NodeKind::local, token.offset);
            node->slot = local->slot;
            return postfix(std::move(node));
        }
    }
    if (token.text == "$env") {
        return postfix(make(NodeKind::environment, token.offset));
    }
    if (names_.has_object(token.text) && is_op(".") && ahead().kind == TokenKind::name &&
        tokens_[std::min(at_ + 2, tokens_.size() - 1)].is(TokenKind::bracket, "(")) {
        Token method = ahead();
        method.text = token.text + "." + method.text;
        method.offset = token.offset;
        // Where the object is a value too, as the current item, it may have a method of its own.
        if (names_.function(method.text) != nullptr || !names_.has_variable(token.text) ||
            !is_method_name(ahead().text)) {
            next();
            next();
            return postfix(call(method, nullptr, false));
        }
    }
    if (names_.has_variable(token.text)) {
        NodePtr node = make(NodeKind::variable, token.offset);
        node->text = token.text;
        return postfix(std::move(node));
    }
    if (builtins().contains(token.text)) {
        NodePtr function = literal({}, token.offset);
        function->text = token.text;  // its value is null, its type is not
        return postfix(std::move(function));
    }
    throw unknown("name", token);
}

CompileError Parser::unknown(std::string_view what, const Token& token) const {
    std::vector<std::string> known = names_.all();
    if (what == "function") {
        for (const auto& [name, builtin] : builtins()) known.push_back(name);
    }
    for (const Local& local : locals_) {
        known.push_back(local.name);
    }
    return {"unknown " + std::string(what) + " '" + token.text + "'" + did_you_mean(token.text, known), token.offset};
}

NodePtr Parser::literal(Value value, std::size_t offset) {
    NodePtr node = make(NodeKind::literal, offset);
    node->value = std::move(value);
    return node;
}

NodePtr Parser::pointer() {
    const Token token = current();
    next();
    if (predicates_.empty()) {
        throw CompileError("'#' stands for the element of a predicate, and there is none here", token.offset);
    }
    const bool is_word = current().kind == TokenKind::op && std::isalpha(static_cast<unsigned char>(current().text[0]));
    if ((current().kind == TokenKind::name || is_word) && current().offset == token.end) {
        const Token name = current();
        next();
        const std::string& function = predicates_.back();
        if (name.text == "index" && (function == "map" || function == "reduce"))
            return make(NodeKind::element_index, token.offset);
        if (name.text == "acc" && function == "reduce") return make(NodeKind::accumulator, token.offset);
        throw CompileError("unknown pointer '#" + name.text + "' in " + function +
                               "(); there are #, #index (map, reduce) and #acc (reduce)",
                           token.offset);
    }
    return make(NodeKind::element, token.offset);
}

NodePtr Parser::list() {
    NodePtr node = make(NodeKind::list, current().offset);
    next();
    while (!is_bracket("]")) {
        adopt(*node, expression());
        if (!is_op(",")) break;
        next();
    }
    expect(TokenKind::bracket, "]");
    return node;
}

NodePtr Parser::map() {
    NodePtr node = make(NodeKind::map, current().offset);
    next();
    while (!is_bracket("}")) {
        const Token key = current();
        // The first character tells a computed key from a literal one, which may be empty.
        if (key.kind == TokenKind::name || key.kind == TokenKind::text || key.kind == TokenKind::number) {
            node->keys.emplace_back(1, '=').append(key.text);
            next();
        } else if (key.is(TokenKind::bracket, "(")) {
            node->keys.emplace_back(1, '(');
            adopt(*node, expression());
        } else {
            fail_at_token("a map key must be a name, a string, a number or an expression in parentheses, not " +
                          shown(key));
        }
        expect(TokenKind::op, ":");
        adopt(*node, expression());
        if (!is_op(",")) break;
        next();
    }
    expect(TokenKind::bracket, "}");
    return node;
}

NodePtr Parser::postfix(NodePtr node) {
    bool has_optional = false;
    const auto close_chain = [&] {
        if (has_optional) {
            const std::size_t offset = node->offset;
            node = make(NodeKind::chain, offset, std::move(node));
            has_optional = false;
        }
    };
    while (true) {
        const Token token = current();
        if (token.is(TokenKind::op, ".") || token.is(TokenKind::op, "?.")) {
            const bool is_optional = token.text == "?.";
            has_optional = has_optional || is_optional;
            next();
            if (is_optional && is_bracket("[")) {
                next();
                node = index_or_slice(std::move(node), token.offset, NodeKind::optional_index);
                continue;
            }
            const Token name = current();
            if (name.kind != TokenKind::name &&
                !(name.kind == TokenKind::op && std::isalpha(static_cast<unsigned char>(name.text[0])))) {
                fail_at_token("expected a name after '" + token.text + "'");
            }
            next();
            NodePtr member;
            if (is_bracket("(")) {
                member = make(NodeKind::method_call, name.offset, std::move(node));
                member->slot = is_optional ? 1 : 0;
                for (NodePtr& argument : arguments()) {
                    adopt(*member, std::move(argument));
                }
            } else {
                member = make(is_optional ? NodeKind::optional_member : NodeKind::member, name.offset, std::move(node));
            }
            member->text = name.text;
            node = std::move(member);
        } else if (token.is(TokenKind::bracket, "[")) {
            close_chain();
            next();
            node = index_or_slice(std::move(node), token.offset, NodeKind::index);
        } else {
            close_chain();
            return node;
        }
    }
}

NodePtr Parser::index_or_slice(NodePtr object, std::size_t offset, NodeKind index) {
    NodePtr from;
    if (!is_op(":")) {
        from = expression();
    }
    if (is_op(":")) {
        next();
        NodePtr node = make(NodeKind::slice, offset, std::move(object));
        node->slot = from == nullptr ? 0 : 1;  // bit 0: has a start, bit 1: has an end
        if (from != nullptr) {
            adopt(*node, std::move(from));
        }
        if (!is_bracket("]")) {
            node->slot |= 2;
            adopt(*node, expression());
        }
        expect(TokenKind::bracket, "]");
        return node;
    }
    expect(TokenKind::bracket, "]");
    return shorten(make(index, offset, std::move(object), std::move(from)));
}

}  // namespace kdeps::expr
