// SPDX-License-Identifier: Apache-2.0
// "kdeps.expression/1" and "kdeps.diagnostics/1": configuration as an executor sees it, unevaluated, with its places.
#include "core/plugin/call.hpp"
#include "core/plugin/host.hpp"

namespace kdeps::plugin {

namespace {

using workflow::ConfigValue;

kdeps_status evaluate(kdeps_call* call, kdeps_value config, kdeps_value* out) {
    return call->guard([&] {
        if (config == nullptr) {
            *out = call->keep(value::Value());
        } else if (config->config == nullptr) {
            *out = config;
        } else if (call->context == nullptr) {
            throw Error(Status::invalid_state, "expressions can be evaluated only during a run");
        } else {
            *out = call->keep(config->config->evaluate(call->context->environment()));
        }
    });
}

std::size_t part_count(kdeps_value config) {
    if (config == nullptr || config->config == nullptr) {
        return 0;
    }
    switch (config->config->kind()) {
        case ConfigValue::Kind::expression: return 1;
        case ConfigValue::Kind::templ: return config->config->parts().size();
        default: return 0;
    }
}

kdeps_status part(kdeps_value config, std::size_t i, kdeps_part* out) {
    if (i >= part_count(config)) {
        return KDEPS_INVALID_ARGUMENT;
    }
    if (config->config->kind() == ConfigValue::Kind::expression) {
        *out = {config, to_str(config->config->source()), 0};
        return KDEPS_OK;
    }
    // The handles of a template's expressions are its children, in order; literal parts have none.
    const auto& parts = config->config->parts();
    std::size_t child = 0;
    for (std::size_t before = 0; before < i; ++before) {
        child += parts[before].expression ? 1 : 0;
    }
    const auto& wanted = parts[i];
    *out = {wanted.expression ? config->more->children[child].get() : nullptr, to_str(wanted.text), wanted.offset};
    return KDEPS_OK;
}

kdeps_str source(kdeps_value config) {
    return config == nullptr || config->config == nullptr ? kdeps_str{"", 0} : to_str(config->config->source());
}

kdeps_str called(kdeps_value config) {
    return config == nullptr || config->config == nullptr ? kdeps_str{"", 0}
                                                          : to_str(config->config->called_function());
}

void report(kdeps_call* call, std::int32_t severity, kdeps_value at, std::size_t offset, kdeps_str message) {
    if (call->faults == nullptr) {
        log::warning(to_view(message), {{"resource", call->resource}});
        return;
    }
    const auto level = severity == KDEPS_FAULT_ERROR     ? config::Severity::error
                       : severity == KDEPS_FAULT_WARNING ? config::Severity::warning
                                                         : config::Severity::note;
    const std::lock_guard lock(call->arena_mutex);
    if (at == nullptr || at->config == nullptr) {
        call->faults->add(level, std::string(to_view(message)), Position());
    } else {
        call->faults->add(level, std::string(to_view(message)), at->config->position_of(offset));
    }
}

kdeps_str location(kdeps_value config) {
    return config == nullptr || config->config == nullptr ? kdeps_str{"", 0} : to_str(config->config->location());
}

kdeps_str nearest_name(kdeps_str name, const kdeps_str* candidates, std::size_t count) {
    std::vector<std::string_view> views;
    for (std::size_t i = 0; i < count; ++i) {
        views.push_back(to_view(candidates[i]));
    }
    const auto found = nearest(to_view(name), std::span<const std::string_view>(views));
    return found ? to_str(*found) : kdeps_str{"", 0};
}

}  // namespace

const kdeps_expressions kExpressionExtension = {
    sizeof(kdeps_expressions), 0, evaluate, part_count, part, source, called};

const kdeps_diagnostics kDiagnosticsExtension = {sizeof(kdeps_diagnostics), 0, report, location, nearest_name};

}  // namespace kdeps::plugin
