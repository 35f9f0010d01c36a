// SPDX-License-Identifier: Apache-2.0
// The faults of a load, shown together: each with its place, the line and a caret.  One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/base.hpp"

namespace kdeps::config {

enum class Severity { error, warning, note };

struct Fault {
    Severity severity;
    std::string message;
    Position position;
};

class Diagnostics {
public:
    // Warnings become errors (validate --strict).
    explicit Diagnostics(bool is_strict = false) : is_strict_(is_strict) {}

    // Keeps the lines of a file, so that they can be shown.
    void add_source(const std::string& file, std::string_view text);
    void add(Severity severity, std::string message, Position position);
    void error(std::string message, Position position) {
        add(Severity::error, std::move(message), std::move(position));
    }
    void warning(std::string message, Position position) {
        add(Severity::warning, std::move(message), std::move(position));
    }
    void note(std::string message, Position position) { add(Severity::note, std::move(message), std::move(position)); }

    bool has_errors() const;
    bool is_empty() const { return faults_.empty(); }
    std::size_t size() const { return faults_.size(); }
    std::vector<Fault> sorted() const;  // by file and place

    // "file:line:column: error: message", the line, a caret; then how many there are.
    std::string text() const;
    std::string json() const;

    // The line of a place and a caret under its column, each with a line break behind it; empty if the line is not
    // known.
    std::string excerpt(const Position& position) const;

private:
    bool is_strict_;
    std::vector<Fault> faults_;
    std::map<std::string, std::vector<std::string>> sources_;
};

}  // namespace kdeps::config
