// SPDX-License-Identifier: Apache-2.0
// Door of core/cli/conformance: what `kdeps plugins test` does with a library.  Black-box: every group of checks runs
// in a process of its own, so that a plugin which crashes, hangs or ends the process is reported like any other fault.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace kdeps::conformance {

// What differs between plugins and cannot be guessed, see README.md.
struct Options {
    std::filesystem::path library;
    std::filesystem::path quirks;  // empty = none
    std::string url;               // of a database to test a driver with; empty = that of the quirks, or none
    std::vector<std::filesystem::path> plugin_folders;  // where other plugins are found
    std::chrono::seconds limit{20};                     // for each group of checks
};

enum class Verdict { passed, failed, skipped };

struct Finding {
    Verdict verdict;
    std::string check;  // "lifecycle: shutdown"
    std::string text;   // why; empty if it passed
};

// A parameter of each kind, sent to the database and read back.
struct TypeSupport {
    std::string kind;
    std::string sent;
    std::string format;    // of the Arrow column; empty = refused
    std::string received;  // JSON, or why it was refused
};

struct Report {
    std::filesystem::path library;
    std::vector<Finding> findings;
    std::vector<TypeSupport> types;  // of drivers

    std::size_t count(Verdict verdict) const;
};

// Throws Error if the library or the quirks cannot be read at all.
Report test(const Options& options);

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace kdeps::conformance
