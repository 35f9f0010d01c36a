// SPDX-License-Identifier: Apache-2.0
// A real host without plugins, and calls of it.  Knows nothing of the core: its Error and the plugins' must not meet in
// one file.
#pragma once

#include <chrono>
#include <string>

#include <kdeps/kdeps.h>

namespace kdeps::testing {

const kdeps_host* host();

// A call as the host would make it for the resource `name`.
class HostCall {
public:
    explicit HostCall(const std::string& name);
    ~HostCall();
    HostCall(const HostCall&) = delete;
    HostCall& operator=(const HostCall&) = delete;

    kdeps_call* get() const { return call_; }
    void set_deadline(std::chrono::nanoseconds from_now);
    void cancel();

private:
    struct Limits;
    Limits* limits_;
    kdeps_call* call_;
};

std::string json(kdeps_value value);

}  // namespace kdeps::testing
