// SPDX-License-Identifier: Apache-2.0
// What the parts of the parser share: operators (parser.cpp), operands (parse_operand.cpp), calls (parse_call.cpp).
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/expr/builtins.hpp"
#include "core/expr/error.hpp"
#include "core/expr/lexer.hpp"
#include "core/expr/names.hpp"
#include "core/expr/parser.hpp"

namespace kdeps::expr {

constexpr int kUnaryMinus = 90;  // precedences
constexpr int kUnaryNot = 50;

// An operator between two operands.
struct Binary {
    std::string_view op;
    int precedence;
    NodeKind kind;
    bool is_right_associative = false;
};

// Words among them that may have `not` before them.
inline bool is_negatable(std::string_view op) {
    return op == "in" || op == "matches" || op == "contains" || op == "startsWith" || op == "endsWith";
}

// Reads one expression, once.  One thread.
class Parser {
public:
    Parser(std::string_view source, const Names& names);

    // Throws CompileError.
    Parsed run();

private:
    static constexpr std::size_t kMostNodes = 10'000;
    static constexpr std::size_t kDeepest = 1'000;  // levels of the tree, which evaluation descends
    static constexpr std::size_t kDeepestNesting =
        500;  // levels of the parser's own recursion, two for each level of brackets

    struct Local {
        std::string name;
        std::size_t slot;
    };

    // Guards the parser's own stack.
    class Nesting {
    public:
        explicit Nesting(Parser& parser) : parser_(parser) {
            if (++parser_.nesting_ > kDeepestNesting) {
                parser_.fail_at_token("the expression is nested deeper than 250 levels");
            }
        }
        ~Nesting() { --parser_.nesting_; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

    private:
        Parser& parser_;
    };

    const Token& current() const { return tokens_[at_]; }
    const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    void next() {
        if (at_ + 1 < tokens_.size()) ++at_;
    }
    bool is_op(std::string_view text) const { return current().is(TokenKind::op, text); }
    bool is_bracket(std::string_view text) const { return current().is(TokenKind::bracket, text); }

    static std::string shown(const Token& token) {
        return token.kind == TokenKind::end    ? "end of the expression"
               : token.kind == TokenKind::text ? "a string"
                                               : "'" + token.text + "'";
    }
    [[noreturn]] void fail_at_token(std::string text) const { throw CompileError(std::move(text), current().offset); }

    void expect(TokenKind kind, std::string_view text) {
        if (!current().is(kind, text)) {
            fail_at_token("expected '" + std::string(text) + "', found " + shown(current()));
        }
        next();
    }

    NodePtr make(NodeKind kind, std::size_t offset) {
        if (++nodes_ > kMostNodes) {
            throw CompileError("the expression has more than 10,000 parts", offset);
        }
        return std::make_unique<Node>(kind, offset);
    }

    template <typename... Children>
    NodePtr make(NodeKind kind, std::size_t offset, Children... children) {
        NodePtr node = make(kind, offset);
        (adopt(*node, std::move(children)), ...);
        return node;
    }

    void adopt(Node& parent, NodePtr child) {
        parent.depth = std::max(parent.depth, child->depth + 1);
        if (parent.depth > kDeepest) {
            throw CompileError("the expression is nested deeper than 1,000 levels; use parentheses or sum([...])",
                               child->offset);
        }
        parent.children.push_back(std::move(child));
    }

    // Operators.
    // seq = expr { ";" expr }
    NodePtr sequence();
    // expr0: let, if, or a binary expression with ?: behind it.
    NodePtr expression();
    NodePtr let();
    NodePtr if_else();
    // Operands joined by operators of at least this precedence.
    NodePtr binary(int precedence);
    // a < b < c is (a < b) && (b < c); the middle is evaluated twice, so it is parsed twice.
    NodePtr comparison(NodePtr left, const Binary& first, std::size_t offset);
    static void compile_pattern(Node& node);
    NodePtr pipe(NodePtr left);

    // Operands.
    NodePtr primary();
    // contains(a, b) and its like: infix words in the form of a call.
    bool callable_word(const Token& token) const;
    NodePtr name_or_call(const Token& token);
    CompileError unknown(std::string_view what, const Token& token) const;
    NodePtr literal(value::Value value, std::size_t offset);
    NodePtr pointer();
    NodePtr list();
    NodePtr map();
    // What stands behind an operand.  A chain with ?. ends as a whole when an object is null.
    NodePtr postfix(NodePtr node);
    // `index` is what it becomes where it is no slice: index or optional_index.
    NodePtr index_or_slice(NodePtr object, std::size_t offset, NodeKind index);

    // Calls.
    std::vector<NodePtr> arguments();
    // `name` has been read, the parenthesis is next.  `piped` is the first argument of a pipe.
    NodePtr call(const Token& name, NodePtr piped, bool only_builtin);
    void fill(Node& node, NodePtr piped, const Token& name, std::size_t least, std::size_t most);
    static void check_count(std::size_t count, const Token& name, std::size_t least, std::size_t most);
    void fill_predicate(Node& node, NodePtr piped, const Token& name, const Builtin& builtin);
    NodePtr predicate(const std::string& function);

    const Names& names_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::size_t nodes_ = 0;
    std::size_t nesting_ = 0;
    std::vector<std::string> predicates_;  // names of the functions whose predicates are open
    std::vector<Local> locals_;
    std::size_t most_locals_ = 0;
};

}  // namespace kdeps::expr
