// SPDX-License-Identifier: Apache-2.0
// Configuration with its strings compiled: literals, expressions and templates told apart, each with its place.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/expr/expr.hpp"

namespace kdeps::workflow {

// Immutable; any thread.
class ConfigValue {
public:
    enum class Kind { literal, expression, templ, list, map };

    ConfigValue() = default;  // null

    Kind kind() const { return kind_; }
    const value::Value& literal() const { return literal_; }
    const std::vector<expr::TemplatePart>& parts() const { return template_->parts(); }
    std::size_t size() const { return children_.size(); }
    const ConfigValue& at(std::size_t i) const { return children_[i]; }
    const std::string& key(std::size_t i) const { return keys_[i]; }
    const ConfigValue* find(std::string_view key) const;

    // The string as its author wrote it; empty for what is no string.
    const std::string& source() const { return node_.text; }
    const std::string& called_function() const { return called_; }  // empty: not a call
    const std::string& location() const { return location_; }
    Position position_of(std::size_t offset) const { return node_.position_of(offset); }

    // A map with one entry more, or with the entry replaced; a map of its own if this is no map.
    ConfigValue with(std::string_view key, ConfigValue entry) const;

    // Elements, entries, or one for each expression of a template.
    void for_each_child(const std::function<void(const ConfigValue&)>& visit) const;

    // Through lists and maps.  Errors carry the place in the file.
    value::Value evaluate(expr::Environment& environment) const;

    // May its value depend on the current item of an iteration?
    bool reads_item() const;

    // Every get('x'), set('x') and the like in it.
    void collect_references(std::vector<std::pair<expr::Reference, Position>>& out) const;

private:
    friend ConfigValue compile(const config::Node&, const config::Schema&, const expr::Names&, config::Diagnostics&);
    friend ConfigValue compile_expression(const config::Node&, const expr::Names&, config::Diagnostics&);
    void set_expression(std::shared_ptr<const expr::Program> program, std::size_t skipped);

    Kind kind_ = Kind::literal;
    value::Value literal_;
    std::shared_ptr<const expr::Program> program_;
    std::size_t skipped_ = 0;  // bytes of the text before the program's source
    std::shared_ptr<const expr::Template> template_;
    std::vector<ConfigValue> children_;  // also the expressions of a template
    std::vector<std::string> keys_;
    config::Node node_;  // place and text; without children
    std::string location_;
    std::string called_;
};

// Compiles a node; "x-kdeps-read" in the schema tells how its strings are read.
ConfigValue compile(const config::Node& node, const config::Schema& schema, const expr::Names& names,
                    config::Diagnostics& faults);

// A string that is always an expression; one enclosing {{ }} is taken off.
ConfigValue compile_expression(const config::Node& node, const expr::Names& names, config::Diagnostics& faults);

}  // namespace kdeps::workflow
