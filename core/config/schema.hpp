// SPDX-License-Identifier: Apache-2.0
// Checks a node against a JSON Schema (draft 7: type, enum, required, properties, additionalProperties, items, minimum,
// maximum, pattern, examples), in words that name the field and what is accepted.  Why not a library:
// core/decisions/0002-schema-check.md.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"
#include "core/value/value.hpp"

namespace kdeps::config {

// A parsed schema, or a part of one.  Cheap to copy.
class Schema {
public:
    Schema() = default;
    // Throws Error if the text is not a JSON object.
    explicit Schema(std::string_view text);
    // A part of a schema that was parsed before.
    static Schema of(value::Value part) {
        Schema schema;
        schema.value_ = std::move(part);
        return schema;
    }

    bool is_empty() const { return !value_.is_map(); }
    // The schema of a property or of the elements of a list; empty if it says nothing.
    Schema property(std::string_view key) const;
    Schema items() const;
    // "x-kdeps-read", inherited from above where a part does not say: value, template, expression, literal.
    std::string read() const;
    const value::Value& value() const { return value_; }

private:
    value::Value value_;
    std::string inherited_read_;
};

// `field` is the dotted name of the node.  Faults go to `faults`; unknown keys are warnings.
void check(const Node& node, const Schema& schema, const std::string& field, Diagnostics& faults);

}  // namespace kdeps::config
