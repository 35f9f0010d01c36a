// SPDX-License-Identifier: Apache-2.0
// Operators, let and if.
#include "core/expr/parser.hpp"

#include <re2/re2.h>
#include <array>

#include "core/expr/parsing.hpp"
#include "core/expr/shorten.hpp"

namespace kdeps::expr {

Node::Node(NodeKind k, std::size_t at) : kind(k), offset(at) {}
Node::~Node() = default;

namespace {

constexpr std::size_t kLongestSource = 256 * 1024;  // bytes

constexpr std::array<Binary, 26> kBinary = {{{"??", 500, NodeKind::coalesce},
                                             {"**", 100, NodeKind::power, true},
                                             {"^", 100, NodeKind::power, true},
                                             {"*", 60, NodeKind::multiply},
                                             {"/", 60, NodeKind::divide},
                                             {"%", 60, NodeKind::modulo},
                                             {"+", 30, NodeKind::add},
                                             {"-", 30, NodeKind::subtract},
                                             {"..", 25, NodeKind::range},
                                             {"==", 20, NodeKind::equal},
                                             {"!=", 20, NodeKind::not_equal},
                                             {"<", 20, NodeKind::less},
                                             {">", 20, NodeKind::greater},
                                             {"<=", 20, NodeKind::less_equal},
                                             {">=", 20, NodeKind::greater_equal},
                                             {"in", 20, NodeKind::in},
                                             {"matches", 20, NodeKind::matches},
                                             {"contains", 20, NodeKind::contains},
                                             {"startsWith", 20, NodeKind::starts_with},
                                             {"endsWith", 20, NodeKind::ends_with},
                                             {"and", 15, NodeKind::logical_and},
                                             {"&&", 15, NodeKind::logical_and},
                                             {"or", 10, NodeKind::logical_or},
                                             {"||", 10, NodeKind::logical_or},
                                             {"|", 0, NodeKind::builtin},
                                             {"?", -1, NodeKind::conditional}}};
const Binary* find_binary(const Token& token) {
    if (token.kind != TokenKind::op) {
        return nullptr;
    }
    const auto found = std::find_if(kBinary.begin(), kBinary.end(),
                                    [&](const Binary& b) { return b.op == token.text && b.precedence >= 0; });
    return found == kBinary.end() ? nullptr : &*found;
}

bool is_order(NodeKind kind) { return kind >= NodeKind::less && kind <= NodeKind::greater_equal; }

}  // namespace

Parser::Parser(std::string_view source, const Names& names) : names_(names), tokens_(tokenize(source)) {}

Parsed Parser::run() {
    NodePtr root = sequence();
    if (current().kind != TokenKind::end) {
        fail_at_token("unexpected " + shown(current()));
    }
    return {std::move(root), most_locals_};
}

NodePtr Parser::sequence() {
    const std::size_t scope = locals_.size();
    NodePtr first = expression();
    if (is_op(";")) {
        NodePtr node = make(NodeKind::sequence, first->offset);
        adopt(*node, std::move(first));
        while (is_op(";")) {
            next();
            if (current().kind == TokenKind::end) {
                break;
            }
            adopt(*node, expression());
        }
        first = std::move(node);
    }
    locals_.resize(scope);
    return first;
}

NodePtr Parser::expression() {
    const Nesting nesting(*this);
    if (is_op("let")) {
        return let();
    }
    if (is_op("if")) {
        return if_else();
    }
    NodePtr node = binary(0);
    while (is_op("?")) {
        const std::size_t offset = current().offset;
        next();
        if (is_op(":")) {  // a ?: b
            next();
            NodePtr otherwise = expression();
            NodePtr elvis = make(NodeKind::conditional, offset, std::move(node), std::move(otherwise));
            node = std::move(elvis);
        } else {
            NodePtr then = expression();
            expect(TokenKind::op, ":");
            NodePtr otherwise = expression();
            node = make(NodeKind::conditional, offset, std::move(node), std::move(then), std::move(otherwise));
        }
    }
    return node;
}

NodePtr Parser::let() {
    next();
    const Token name = current();
    if (name.kind != TokenKind::name) {
        fail_at_token("expected a name after 'let'");
    }
    const bool is_taken =
        builtins().contains(name.text) ||
        std::any_of(locals_.begin(), locals_.end(), [&](const Local& l) { return l.name == name.text; });
    if (is_taken) {
        fail_at_token("'" + name.text + "' exists already; choose another name");
    }
    next();
    expect(TokenKind::op, "=");
    NodePtr value = expression();
    expect(TokenKind::op, ";");
    NodePtr node = make(NodeKind::let, name.offset);
    node->slot = locals_.size();
    locals_.push_back({name.text, node->slot});
    most_locals_ = std::max(most_locals_, locals_.size());
    adopt(*node, std::move(value));
    adopt(*node, sequence());
    return node;
}

NodePtr Parser::if_else() {
    const std::size_t offset = current().offset;
    next();
    NodePtr condition = expression();
    expect(TokenKind::bracket, "{");
    NodePtr then = sequence();
    expect(TokenKind::bracket, "}");
    expect(TokenKind::op, "else");
    NodePtr otherwise;
    if (is_op("if")) {
        const Nesting nesting(*this);
        otherwise = if_else();
    } else {
        expect(TokenKind::bracket, "{");
        otherwise = sequence();
        expect(TokenKind::bracket, "}");
    }
    return make(NodeKind::conditional, offset, std::move(condition), std::move(then), std::move(otherwise));
}

NodePtr Parser::binary(int precedence) {
    const Nesting nesting(*this);
    NodePtr left = primary();
    bool after_coalesce = false;
    while (true) {
        const bool negated = is_op("not") && ahead().kind == TokenKind::op && is_negatable(ahead().text);
        const Token& token = negated ? ahead() : current();
        const Binary* op = find_binary(token);
        if (op == nullptr || op->precedence < precedence) {
            return left;
        }
        const std::size_t offset = token.offset;
        if (after_coalesce && op->kind != NodeKind::coalesce && op->op != "|") {
            fail_at_token(
                "'?"
                "?' and '" +
                std::string(op->op) + "' cannot be mixed without parentheses");
        }
        next();
        if (negated) next();
        if (op->op == "|") {
            left = pipe(std::move(left));
            continue;
        }
        if (is_order(op->kind)) {
            left = comparison(std::move(left), *op, offset);
        } else {
            NodePtr right = binary(op->is_right_associative ? op->precedence : op->precedence + 1);
            left = make(op->kind, offset, std::move(left), std::move(right));
            if (op->kind == NodeKind::matches) {
                compile_pattern(*left);
            }
        }
        if (negated) {
            left = make(NodeKind::logical_not, offset, std::move(left));
        }
        after_coalesce = op->kind == NodeKind::coalesce;
    }
}

NodePtr Parser::comparison(NodePtr left, const Binary& first, std::size_t offset) {
    const Binary* op = &first;
    NodePtr all;
    while (true) {
        const std::size_t operand = at_;
        NodePtr right = binary(op->precedence + 1);
        const std::size_t behind = at_;
        NodePtr compared = shorten(make(op->kind, offset, std::move(left), std::move(right)));
        all = all == nullptr ? std::move(compared)
                             : make(NodeKind::logical_and, offset, std::move(all), std::move(compared));
        const Binary* another = find_binary(current());
        if (another == nullptr || !is_order(another->kind)) {
            return all;
        }
        offset = current().offset;
        at_ = operand;
        left = binary(op->precedence + 1);
        at_ = behind;
        next();
        op = another;
    }
}

void Parser::compile_pattern(Node& node) {
    const Node& right = *node.children[1];
    if (right.kind != NodeKind::literal || !right.value.is_string()) {
        return;
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    node.pattern = std::make_unique<re2::RE2>(right.value.text(), options);
    if (!node.pattern->ok()) {
        throw CompileError("bad regular expression: " + node.pattern->error(), right.offset);
    }
}

NodePtr Parser::pipe(NodePtr left) {
    const Token name = current();
    if (name.kind != TokenKind::name || !ahead().is(TokenKind::bracket, "(")) {
        fail_at_token("expected a function call after '|', found " + shown(current()));
    }
    next();
    return call(name, std::move(left), false);
}

Parsed parse(std::string_view source, const Names& names) {
    if (source.size() > kLongestSource) {
        throw CompileError("the expression is longer than 256 KiB", 0);
    }
    return Parser(source, names).run();
}

}  // namespace kdeps::expr
