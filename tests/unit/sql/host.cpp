// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sql/host.hpp"

#include "core/plugin/call.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/plugin.hpp"

namespace kdeps::testing {

namespace {

// Far from zero, so that nothing of the past lies before it.
std::atomic<std::int64_t> passed = std::chrono::nanoseconds(std::chrono::hours(1000)).count();

plugin::Registry& registry() {
    static plugin::Registry registry(std::vector<std::filesystem::path>{});
    return registry;
}

Deadline deadline_after(std::chrono::nanoseconds span) { return Deadline(TestClock::now() + span); }

// The slots that tell the time, by the clock of the test; all others are the real host's.

kdeps_status check(kdeps_call* call) {
    const bool is_stopped = call->stop != nullptr && call->stop->is_requested();
    return is_stopped ? KDEPS_CANCELLED : call->deadline.at() <= TestClock::now() ? KDEPS_TIMEOUT : KDEPS_OK;
}

std::int64_t remaining_ns(const kdeps_call* call) {
    if (call->deadline.is_never()) return std::numeric_limits<std::int64_t>::max();
    return std::max<std::int64_t>(std::chrono::nanoseconds(call->deadline.at() - TestClock::now()).count(), 0);
}

kdeps_call* begin(const kdeps_host* host, kdeps_str what, std::int64_t timeout_ns) {
    kdeps_call* call = plugin::kBackgroundExtension.begin(host, what, 0);
    if (timeout_ns > 0) call->deadline = deadline_after(std::chrono::nanoseconds(timeout_ns));
    return call;
}

const void* get_extension(const kdeps_host*, const char* id) {
    static const kdeps_background background = {sizeof(kdeps_background), 0, begin, plugin::kBackgroundExtension.end};
    return std::string_view(id) == KDEPS_BACKGROUND_ID ? &background
                                                       : registry().host().get_extension(&registry().host(), id);
}

plugin::HostTable make_host() {
    plugin::HostTable out = plugin::make_host(registry());
    out.table.check = check;
    out.table.remaining_ns = remaining_ns;
    out.table.get_extension = get_extension;
    return out;
}

}  // namespace

std::chrono::steady_clock::time_point TestClock::now() {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(passed));
}
void TestClock::pass(std::chrono::nanoseconds span) { passed += span.count(); }

const kdeps_host* host() {
    static const plugin::HostTable host = make_host();
    return &host.table;
}

std::string metrics() { return registry().metrics().text(); }

struct HostCall::Limits {
    StopFlag stop;
};

HostCall::HostCall(const std::string& name) : limits_(new Limits), call_(new kdeps_call_(registry(), "", "")) {
    call_->owned_name = name;
    call_->resource = call_->owned_name;
    call_->stop = &limits_->stop;
}

HostCall::~HostCall() {
    delete call_;
    delete limits_;
}

void HostCall::set_deadline(std::chrono::nanoseconds from_now) { call_->deadline = deadline_after(from_now); }
void HostCall::cancel() { limits_->stop.request(); }

std::string json(kdeps_value value) { return value::to_json(kdeps_call_::take(value)); }

}  // namespace kdeps::testing
