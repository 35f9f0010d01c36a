// SPDX-License-Identifier: Apache-2.0
// Virtual environments: made on first use, kept under a name that tells their content, shared by all workflows that
// want the same.
#pragma once

#include <atomic>
#include <kdeps/cpp/call.hpp>
#include <string>
#include <vector>

#include "settings.hpp"

namespace kdeps::python {

struct Environment {
    Interpreter interpreter;
    std::vector<std::string> packages;
    std::string requirements;  // text of the file
    std::string name;          // venvName

    // Without packages and name scripts run with the system's own packages.
    bool is_venv() const { return !packages.empty() || !requirements.empty() || !name.empty(); }
    // Equal for equal content.
    std::string key() const;
};

// The Python of the environment, made if it is not there; another process that makes the same one is waited for.  Takes
// long, reports its progress.  Throws Error (UNAVAILABLE) that says why, or CANCELLED when `stop` is set.
std::string make_environment(const Environment& environment, const Call& call, const std::atomic<bool>& stop);

}  // namespace kdeps::python
