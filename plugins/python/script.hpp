// SPDX-License-Identifier: Apache-2.0
// The source of a resource's script: {{ }} replaced by names, and the way back from its lines to those of the workflow.
#pragma once

#include <kdeps/cpp/call.hpp>
#include <string>
#include <vector>

namespace kdeps::python {

// Immutable; any thread.
class Script {
public:
    // Of run.python with `script` or `scriptFile`.  Reports faults; the script is then empty.
    Script(const Config& config, const Call& call);

    const std::string& source() const { return source_; }
    // What Python calls it: a path, or the resource in angle brackets.
    const std::string& file() const { return file_; }
    // The expressions, in order; value i is bound to the name __kdeps_<i>__.
    const std::vector<Config>& expressions() const { return expressions_; }

    // "resources/a.yaml:17, line 3 of the script", or "clean.py:3".
    std::string place(int line) const;
    // A fault at a line and column that Python named.
    void report(const Call& call, int line, int column, const std::string& message) const;

private:
    void read_text(const Call& call);
    void read_file(const Call& call);
    int original_line(int line) const;

    Config config_;
    std::string folder_;  // of the workflow, with its slash: answers do not tell where it lies
    bool is_file_ = false;
    std::string source_;
    std::string file_;
    std::vector<Config> expressions_;
    std::vector<int> folded_;  // lines of the script after which an expression took one more line than its name does
};

}  // namespace kdeps::python
