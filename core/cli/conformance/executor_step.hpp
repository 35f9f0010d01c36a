// SPDX-License-Identifier: Apache-2.0
// A compiled step of the executor under test.
#pragma once

#include "core/cli/conformance/subject.hpp"

namespace kdeps::conformance {

std::string_view schema_of(const kdeps_executor& table);

// How a run ended.
struct Ran {
    kdeps_status status;
    std::string text;   // JSON of the value, or the message
    std::string wrong;  // what is against the contract; empty if nothing
};

// Any thread runs it.  Throws Error if compile refuses the configuration.
class Step {
public:
    Step(Subject& subject, const kdeps_executor& table, const config::Node& node);
    ~Step();
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

    Ran run(Invocation& invocation) const;
    void cancel(Invocation& invocation) const { table_.cancel(step_, invocation.handle()); }

private:
    plugin::Registry& registry_;
    const kdeps_executor& table_;
    Configuration config_;
    kdeps_step* step_ = nullptr;
};

}  // namespace kdeps::conformance
