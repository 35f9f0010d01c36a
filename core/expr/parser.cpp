// SPDX-License-Identifier: Apache-2.0
#include "core/expr/parser.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <re2/re2.h>

#include "core/expr/builtins.hpp"
#include "core/expr/error.hpp"
#include "core/expr/lexer.hpp"

namespace kdeps::expr {

Node::Node(NodeKind k, std::size_t at) : kind(k), offset(at) {}
Node::~Node() = default;

namespace {

using value::Value;

constexpr std::size_t kLongestSource = 256 * 1024;  // bytes
constexpr std::size_t kMostNodes = 10'000;
constexpr std::size_t kDeepest = 1'000;          // levels of the tree, which evaluation descends
constexpr std::size_t kDeepestNesting = 500;     // levels of the parser's own recursion, two for each level of brackets

struct Binary {
    std::string_view op;
    int precedence;
    NodeKind kind;
    bool is_right_associative = false;
};
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
constexpr int kUnaryMinus = 90;
constexpr int kUnaryNot = 50;

const Binary* find_binary(const Token& token) {
    if (token.kind != TokenKind::op) {
        return nullptr;
    }
    const auto found = std::find_if(kBinary.begin(), kBinary.end(), [&](const Binary& b) { return b.op == token.text && b.precedence >= 0; });
    return found == kBinary.end() ? nullptr : &*found;
}

bool is_negatable(std::string_view op) {
    return op == "in" || op == "matches" || op == "contains" || op == "startsWith" || op == "endsWith";
}

bool is_order(NodeKind kind) { return kind >= NodeKind::less && kind <= NodeKind::greater_equal; }

class Parser {
public:
    Parser(std::string_view source, const Names& names) : names_(names), tokens_(tokenize(source)) {}

    Parsed run() {
        NodePtr root = sequence();
        if (current().kind != TokenKind::end) {
            fail_at_token("unexpected " + shown(current()));
        }
        return {std::move(root), most_locals_};
    }

private:
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
        return token.kind == TokenKind::end ? "end of the expression" : token.kind == TokenKind::text ? "a string" : "'" + token.text + "'";
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
            throw CompileError("the expression is nested deeper than 1,000 levels; use parentheses or sum([...])", child->offset);
        }
        parent.children.push_back(std::move(child));
    }

    // seq = expr { ";" expr }
    NodePtr sequence() {
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

    // expr0: let, if, or a binary expression with ?: behind it.
    NodePtr expression() {
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

    NodePtr let() {
        next();
        const Token name = current();
        if (name.kind != TokenKind::name) {
            fail_at_token("expected a name after 'let'");
        }
        const bool is_taken = builtins().contains(name.text) ||
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

    NodePtr if_else() {
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

    // Operands joined by operators of at least this precedence.
    NodePtr binary(int precedence) {
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
                fail_at_token("'?" "?' and '" + std::string(op->op) + "' cannot be mixed without parentheses");
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

    // a < b < c is (a < b) && (b < c); the middle is evaluated twice, so it is parsed twice.
    NodePtr comparison(NodePtr left, const Binary& first, std::size_t offset) {
        const Binary* op = &first;
        NodePtr all;
        while (true) {
            const std::size_t operand = at_;
            NodePtr right = binary(op->precedence + 1);
            const std::size_t behind = at_;
            NodePtr compared = make(op->kind, offset, std::move(left), std::move(right));
            all = all == nullptr ? std::move(compared) : make(NodeKind::logical_and, offset, std::move(all), std::move(compared));
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

    static void compile_pattern(Node& node) {
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

    NodePtr pipe(NodePtr left) {
        const Token name = current();
        if (name.kind != TokenKind::name || !ahead().is(TokenKind::bracket, "(")) {
            fail_at_token("expected a function call after '|', found " + shown(current()));
        }
        next();
        return call(name, std::move(left), false);
    }

    NodePtr primary() {
        const Token token = current();
        if (token.kind == TokenKind::op) {
            if (token.text == "not" || token.text == "!") {
                next();
                return make(NodeKind::logical_not, token.offset, binary(kUnaryNot));
            }
            if (token.text == "-" || token.text == "+") {
                next();
                return make(token.text == "-" ? NodeKind::unary_minus : NodeKind::unary_plus, token.offset, binary(kUnaryMinus));
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
            return postfix(literal(token.kind == TokenKind::text ? Value(token.text) : Value::bytes(token.text), token.offset));
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

    // contains(a, b) and its like: infix words in the form of a call.
    bool callable_word(const Token& token) const {
        return token.kind == TokenKind::op && is_negatable(token.text) && token.text != "in" && ahead().is(TokenKind::bracket, "(");
    }

    NodePtr name_or_call(const Token& token) {
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
        if (names_.has_object(token.text) && is_op(".") && ahead().kind == TokenKind::name && tokens_[std::min(at_ + 2, tokens_.size() - 1)].is(TokenKind::bracket, "(")) {
            Token method = ahead();
            method.text = token.text + "." + method.text;
            method.offset = token.offset;
            if (names_.function(method.text) != nullptr || !names_.has_variable(token.text)) {
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

    CompileError unknown(std::string_view what, const Token& token) const {
        std::vector<std::string> known = names_.all();
        if (what == "function") {
            for (const auto& [name, builtin] : builtins()) known.push_back(name);
        }
        for (const Local& local : locals_) {
            known.push_back(local.name);
        }
        return {"unknown " + std::string(what) + " '" + token.text + "'" + did_you_mean(token.text, known), token.offset};
    }

    NodePtr literal(Value value, std::size_t offset) {
        NodePtr node = make(NodeKind::literal, offset);
        node->value = std::move(value);
        return node;
    }

    NodePtr pointer() {
        const Token token = current();
        next();
        if (predicates_.empty()) {
            throw CompileError("'#' stands for the element of a predicate, and there is none here", token.offset);
        }
        if (current().kind == TokenKind::name && current().offset == token.end) {
            const Token name = current();
            next();
            const std::string& function = predicates_.back();
            if (name.text == "index" && (function == "map" || function == "reduce")) return make(NodeKind::element_index, token.offset);
            if (name.text == "acc" && function == "reduce") return make(NodeKind::accumulator, token.offset);
            throw CompileError("unknown pointer '#" + name.text + "' in " + function + "(); there are #, #index (map, reduce) and #acc (reduce)",
                               token.offset);
        }
        return make(NodeKind::element, token.offset);
    }

    NodePtr list() {
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

    NodePtr map() {
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
                fail_at_token("a map key must be a name, a string, a number or an expression in parentheses, not " + shown(key));
            }
            expect(TokenKind::op, ":");
            adopt(*node, expression());
            if (!is_op(",")) break;
            next();
        }
        expect(TokenKind::bracket, "}");
        return node;
    }

    // What stands behind an operand.  A chain with ?. ends as a whole when an object is null.
    NodePtr postfix(NodePtr node) {
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
                    NodePtr index = expression();
                    expect(TokenKind::bracket, "]");
                    node = make(NodeKind::optional_index, token.offset, std::move(node), std::move(index));
                    continue;
                }
                const Token name = current();
                if (name.kind != TokenKind::name && !(name.kind == TokenKind::op && std::isalpha(static_cast<unsigned char>(name.text[0])))) {
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
                node = index_or_slice(std::move(node), token.offset);
            } else {
                close_chain();
                return node;
            }
        }
    }

    NodePtr index_or_slice(NodePtr object, std::size_t offset) {
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
        return make(NodeKind::index, offset, std::move(object), std::move(from));
    }

    std::vector<NodePtr> arguments() {
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

    // `name` has been read, the parenthesis is next.  `piped` is the first argument of a pipe.
    NodePtr call(const Token& name, NodePtr piped, bool only_builtin) {
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
            count_instead_of_filter(node);
        } else {
            fill_predicate(*node, std::move(piped), name, builtin);
        }
        return node;
    }

    // len(filter(a, p)) is count(a, p) without the array.
    static void count_instead_of_filter(NodePtr& node) {
        if (node->text != "len" || node->children[0]->kind != NodeKind::predicate || node->children[0]->text != "filter") {
            return;
        }
        NodePtr inner = std::move(node->children[0]);
        inner->predicate = builtins().find("count")->second.predicate;
        inner->counts = true;
        node = std::move(inner);
    }

    void fill(Node& node, NodePtr piped, const Token& name, std::size_t least, std::size_t most) {
        if (piped != nullptr) {
            adopt(node, std::move(piped));
        }
        for (NodePtr& argument : arguments()) {
            adopt(node, std::move(argument));
        }
        check_count(node.children.size(), name, least, most);
    }

    static void check_count(std::size_t count, const Token& name, std::size_t least, std::size_t most) {
        if (count < least || count > most) {
            const std::string wanted = least == most       ? std::to_string(least)
                                       : most >= kAnyNumber ? "at least " + std::to_string(least)
                                                            : std::to_string(least) + " to " + std::to_string(most);
            throw CompileError(name.text + "() takes " + wanted + (wanted == "1" || wanted == "at least 1" ? " argument" : " arguments") + ", not " + std::to_string(count), name.offset);
        }
    }

    void fill_predicate(Node& node, NodePtr piped, const Token& name, const Builtin& builtin) {
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

    NodePtr predicate(const std::string& function) {
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

    const Names& names_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::size_t nodes_ = 0;
    std::size_t nesting_ = 0;
    std::vector<std::string> predicates_;  // names of the functions whose predicates are open
    std::vector<Local> locals_;
    std::size_t most_locals_ = 0;
};

}  // namespace

Parsed parse(std::string_view source, const Names& names) {
    if (source.size() > kLongestSource) {
        throw CompileError("the expression is longer than 256 KiB", 0);
    }
    return Parser(source, names).run();
}

}  // namespace kdeps::expr
