// SPDX-License-Identifier: Apache-2.0
// A YAML document as a tree of our own: every node and every key has file, line and column.  Immutable after it is
// read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/base.hpp"
#include "core/value/value.hpp"

#include "core/config/scalar_places.hpp"

namespace kdeps::config {

class Diagnostics;

struct Node {
    enum class Kind { null, scalar, list, map };

    Kind kind = Kind::null;
    std::string text;        // of a scalar
    bool is_quoted = false;  // a quoted or block scalar is text whatever it looks like
    bool is_block = false;   // | or >
    Position position;
    std::vector<TextRun> runs;   // of a scalar; empty: it stands in the file as it is
    std::vector<Node> children;  // elements of a list, values of a map
    std::vector<Node> keys;      // of a map: scalars

    const Node* find(std::string_view key) const;
    const Node* find_key(std::string_view key) const;

    // Where byte `offset` of the text stands in the file.
    Position position_of(std::size_t offset) const;

    // The scalar by YAML's core schema: null, bool, integer, number, text.
    value::Value scalar() const;
};

// All documents of a stream.  Faults (syntax, duplicate keys, limits) go to `faults`; what could be read is returned.
// Limits: 4 MiB, 100 levels, 1,000,000 nodes after aliases are followed.
std::vector<Node> read_yaml(std::string_view text, const std::string& file, Diagnostics& faults);

}  // namespace kdeps::config
