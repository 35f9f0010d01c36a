// SPDX-License-Identifier: Apache-2.0
// A real host without plugins, whose clock the test moves, and calls of it.  Knows nothing of the core: its Error and
// the plugins' must not meet in one file.
#pragma once

#include <chrono>
#include <string>

#include <kdeps/kdeps.h>

namespace kdeps::testing {

// The time by which calls of the host end.  It stands still but for pass().  One for the program, as the slots of the
// ABI that ask for it know only their call.  Any thread.
class TestClock {
public:
    static std::chrono::steady_clock::time_point now();
    static void pass(std::chrono::nanoseconds span);
};

const kdeps_host* host();

// All metrics of the host, as Prometheus reads them.
std::string metrics();

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
