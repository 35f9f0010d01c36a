// SPDX-License-Identifier: Apache-2.0
// A group of checks in a process of its own.
#pragma once

#include <functional>
#include <mutex>

#include "core/cli/conformance/conformance.hpp"

namespace kdeps::conformance {

// The child's side: tells the parent what it found.  Any thread.
class Reporter {
public:
    Reporter(int descriptor, std::string group) : descriptor_(descriptor), group_(std::move(group)) {}

    // Which slot of the plugin is called next: what is blamed if the process does not survive it.
    void at(std::string_view slot) { write("at", slot, ""); }
    void pass(std::string_view check) { write("passed", check, ""); }
    void fail(std::string_view check, std::string_view why) { write("failed", check, why); }
    void skip(std::string_view check, std::string_view why) { write("skipped", check, why); }
    // Passed if nothing is wrong.
    void result(std::string_view check, std::string_view wrong) { wrong.empty() ? pass(check) : fail(check, wrong); }
    void type(const TypeSupport& type);
    void end() { write("end", "", ""); }
    // Ends the process here: a thread of it is caught in the plugin, and nothing can be taken down under it.
    [[noreturn]] void leave();

private:
    void write(std::string_view verdict, std::string_view check, std::string_view text);

    int descriptor_;
    std::string group_;
    std::mutex mutex_;  // lines are written whole
};

// Appends to `report` what `work` finds, and how its process ended if not by itself.  Call it while the process has one
// thread.
void isolate(const std::string& group, std::chrono::seconds limit, const std::function<void(Reporter&)>& work,
             Report& report);

}  // namespace kdeps::conformance
