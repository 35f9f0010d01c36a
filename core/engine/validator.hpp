// SPDX-License-Identifier: Apache-2.0
// Checks the input of a request against the rules of a resource's validation (rules §4; spec: resource validation).
#pragma once

#include <memory>
#include <vector>

#include "core/workflow/workflow.hpp"

namespace re2 {
class RE2;
}

namespace kdeps::engine {

class Scope;

// Immutable; any thread.
class Validator {
public:
    // Bad patterns go to `faults`.
    Validator(const workflow::Resource& resource, config::Diagnostics& faults);
    ~Validator();

    // Throws Error VALIDATION_ERROR (400) whose details list every fault.
    void check(Scope& scope) const;

private:
    void check_rule(std::size_t i, const value::Value& value, value::List& faults) const;

    const workflow::Resource& resource_;
    std::vector<std::unique_ptr<re2::RE2>> patterns_;  // per field rule; null without a pattern
};

}  // namespace kdeps::engine
