// SPDX-License-Identifier: Apache-2.0
// "kdeps.context/1", "kdeps.progress/1", "kdeps.metrics/1" and "kdeps.background/1".
#include <unistd.h>

#include "core/plugin/call.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/registry.hpp"

namespace kdeps::plugin {

namespace {

CallContext& context_of(kdeps_call* call) {
    if (call->context == nullptr) {
        throw Error(Status::invalid_state, "the call belongs to no run");
    }
    return *call->context;
}

kdeps_status get(kdeps_call* call, kdeps_str key, kdeps_str hint, kdeps_value* out) {
    return call->guard([&] { *out = call->keep(context_of(call).get(to_view(key), to_view(hint))); });
}

kdeps_status set(kdeps_call* call, kdeps_str key, kdeps_value value, kdeps_str storage) {
    return call->guard([&] {
        const bool is_config = value != nullptr && value->config != nullptr;
        if (is_config) {
            throw Error(Status::invalid_argument, "a node of configuration cannot be stored; evaluate it first");
        }
        context_of(call).set(to_view(key), value == nullptr ? value::Value() : value->value(), to_view(storage));
    });
}

kdeps_status info(kdeps_call* call, kdeps_str name, kdeps_value* out) {
    return call->guard([&] { *out = call->keep(context_of(call).info(to_view(name))); });
}

kdeps_str resource(const kdeps_call* call) { return to_str(call->resource); }
kdeps_str folder(const kdeps_call* call) { return to_str(call->folder); }

void report_progress(kdeps_call*, kdeps_str what, std::int64_t done, std::int64_t total) {
    if (isatty(STDERR_FILENO) == 0) {
        return;
    }
    std::string line = "\r\x1b[K" + redact(to_view(what)) + " " + std::to_string(done);
    if (total > 0) {
        line += "/" + std::to_string(total);
    }
    if (total > 0 && done >= total) {
        line += '\n';
    }
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

Metrics::Labels to_labels(const kdeps_str* labels, std::size_t count) {
    Metrics::Labels out;
    for (std::size_t i = 0; i + 1 < count; i += 2) {
        out.emplace_back(to_view(labels[i]), to_view(labels[i + 1]));
    }
    return out;
}

Metrics& metrics_of(const kdeps_host* host) { return reinterpret_cast<const HostTable*>(host)->registry->metrics(); }

void count(const kdeps_host* host, kdeps_str name, const kdeps_str* labels, std::size_t label_count, double add) {
    metrics_of(host).count(to_view(name), to_labels(labels, label_count), add);
}

void gauge(const kdeps_host* host, kdeps_str name, const kdeps_str* labels, std::size_t label_count, double value) {
    metrics_of(host).gauge(to_view(name), to_labels(labels, label_count), value);
}

void observe(const kdeps_host* host, kdeps_str name, const kdeps_str* labels, std::size_t label_count, double seconds) {
    metrics_of(host).observe(to_view(name), to_labels(labels, label_count), seconds);
}

kdeps_call* begin(const kdeps_host* host, kdeps_str what, std::int64_t timeout_ns) {
    auto* call = new kdeps_call_(*reinterpret_cast<const HostTable*>(host)->registry, "", "");
    call->owned_name = std::string(to_view(what));
    call->resource = call->owned_name;
    if (timeout_ns > 0) {
        call->deadline = Deadline::after(std::chrono::nanoseconds(timeout_ns));
    }
    return call;
}

void end(kdeps_call* call) { delete call; }

}  // namespace

const kdeps_context kContextExtension = {sizeof(kdeps_context), 0, get, set, info, resource, folder};
const kdeps_progress kProgressExtension = {sizeof(kdeps_progress), 0, report_progress};
const kdeps_metrics kMetricsExtension = {sizeof(kdeps_metrics), 0, count, gauge, observe};
const kdeps_background kBackgroundExtension = {sizeof(kdeps_background), 0, begin, end};

}  // namespace kdeps::plugin
