// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sql/host.hpp"

#include "core/plugin/call.hpp"
#include "core/plugin/plugin.hpp"

namespace kdeps::testing {

namespace {

plugin::Registry& registry() {
    static plugin::Registry registry(std::vector<std::filesystem::path>{});
    return registry;
}

}  // namespace

const kdeps_host* host() { return &registry().host(); }

struct HostCall::Limits {
    StopFlag stop;
};

HostCall::HostCall(const std::string& name) : limits_(new Limits), call_(new kdeps_call_(registry(), "", "")) {
    call_->owned_name = name;
    call_->resource = call_->owned_name;
    call_->stops[0] = &limits_->stop;
}

HostCall::~HostCall() {
    delete call_;
    delete limits_;
}

void HostCall::set_deadline(std::chrono::nanoseconds from_now) { call_->deadline = Deadline::after(from_now); }
void HostCall::cancel() { limits_->stop.request(); }

std::string json(kdeps_value value) { return value::to_json(kdeps_call_::take(value)); }

}  // namespace kdeps::testing
