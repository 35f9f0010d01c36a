// SPDX-License-Identifier: Apache-2.0
// A compiled expression, and text with {{ }} in it.  Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/expr/error.hpp"
#include "core/expr/names.hpp"

namespace kdeps::expr {

struct Parsed;

// A call of a host function, such as get('q'); for edges between resources and for warnings.
struct Reference {
    std::string function;  // "get", "set", "output", "python.stdout"
    std::string key;       // the literal; empty if it is computed, or if there is no argument
    bool is_literal = true;
    std::string storage;     // third argument of set ("*" = computed), second of get, where literal
    std::size_t offset = 0;  // of the call in the source
};

class Program {
public:
    // Throws CompileError.
    Program(std::string_view source, const Names& names);
    ~Program();
    Program(Program&&) noexcept;
    Program& operator=(Program&&) noexcept;

    // Throws RunError, or what a host function throws.
    value::Value run(Environment& environment) const;

    const std::string& source() const { return source_; }
    // Name of the function that the whole expression is a call of; empty if it is anything else.
    std::string called_function() const;
    const std::vector<Reference>& references() const { return references_; }
    // Names of the host's variables in it, each once; "$env" for all of them.
    const std::vector<std::string>& variables() const { return variables_; }
    // Does it call a host function or read a host variable anywhere?
    bool uses_host() const { return uses_host_; }

private:
    std::string source_;
    std::unique_ptr<Parsed> parsed_;
    std::vector<Reference> references_;
    std::vector<std::string> variables_;
    bool uses_host_ = false;
};

struct TemplatePart {
    std::string text;                           // literal text, or the expression's source
    std::shared_ptr<const Program> expression;  // null for literal text
    std::size_t offset = 0;                     // byte in the whole text, braces included
};

class Template {
public:
    // Throws CompileError with offsets in the whole text.
    Template(std::string_view text, const Names& names);

    // A template that is one single {{ e }} keeps e's type; otherwise text (rules §3).
    value::Value run(Environment& environment) const;
    const std::vector<TemplatePart>& parts() const { return parts_; }

private:
    std::vector<TemplatePart> parts_;
};

// How a string of the workflow is read (rules §3, "Which strings are evaluated").
enum class Mode {
    value,       // template, else an expression if it is one, else text
    templates,   // only {{ }} counts
    expression,  // always an expression; one enclosing {{ }} is taken off
    literal,     // never evaluated
};
enum class Reading { literal, expression, templ };
Reading classify(std::string_view text, Mode mode, const Names& names);

// Takes off one enclosing {{ }}; `skipped` is how many bytes went at the front.
std::string_view without_braces(std::string_view text, std::size_t& skipped);

// Is a condition met?  false, null, "" and zero are not; a map is an error.
bool truthy(const value::Value& value);

}  // namespace kdeps::expr
