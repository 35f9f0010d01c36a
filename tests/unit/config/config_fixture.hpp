// SPDX-License-Identifier: Apache-2.0
// YAML given as text, the nodes that it gives, and the report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"

namespace kdeps::config {

// The first document of a text, as the file "w.yaml".
struct Document {
    explicit Document(std::string_view text) : documents(read_yaml(text, "w.yaml", faults)) {}

    const Node& root() const { return documents.at(0); }
    // Through maps by dotted keys.
    const Node& at(std::string_view path) const {
        const Node* node = &root();
        while (!path.empty()) {
            const std::size_t dot = std::min(path.find('.'), path.size());
            node = node->find(path.substr(0, dot));
            if (node == nullptr) throw Error(Status::not_found, "no key '" + std::string(path) + "'");
            path.remove_prefix(std::min(dot + 1, path.size()));
        }
        return *node;
    }
    std::string place(std::string_view path) const { return at(path).position.text(); }
    // "line:column: severity: message" of each fault.
    std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const Fault& fault : faults.sorted()) {
            const char* severity = fault.severity == Severity::error     ? "error"
                                   : fault.severity == Severity::warning ? "warning"
                                                                         : "note";
            out.push_back(std::to_string(fault.position.line) + ":" + std::to_string(fault.position.column) + ": " +
                          severity + ": " + fault.message);
        }
        return out;
    }

    Diagnostics faults;
    std::vector<Node> documents;
};

}  // namespace kdeps::config
