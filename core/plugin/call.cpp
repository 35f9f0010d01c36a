// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/call.hpp"

using kdeps::Error;
using kdeps::Status;
using kdeps::value::List;
using kdeps::value::Map;
using kdeps::value::Value;

const Value& kdeps_value_::value() {
    if (List* list = open_list()) {
        content = Value::list(std::move(*list));
        more.reset();
    } else if (Map* map = open_map()) {
        content = Value::map(std::move(*map));
        more.reset();
    }
    return content;
}

Status kdeps_call_::state() const {
    const auto reason = stop == nullptr ? kdeps::StopReason::none : stop->reason();
    if (reason == kdeps::StopReason::run_deadline) return Status::timeout;
    if (reason != kdeps::StopReason::none) return Status::cancelled;
    return deadline.has_passed() ? Status::timeout : Status::ok;
}

kdeps_value_* kdeps_call_::keep(Value value) {
    const std::lock_guard lock(arena_mutex);
    kdeps_value_& kept = arena.emplace_front();
    kept.content = std::move(value);
    return &kept;
}

Value kdeps_call_::take(kdeps_value handle) {
    if (handle == nullptr) {
        return {};
    }
    return handle->config == nullptr ? handle->value() : handle->config->literal();
}

kdeps_status kdeps_call_::guard(void (*work)(void*), void* given) {
    sql_offset = -1;
    try {
        work(given);
        return KDEPS_OK;
    } catch (...) {
        error = kdeps::current_error();
    }
    return static_cast<kdeps_status>(error->status);
}

Error kdeps_call_::failure(kdeps_status status, std::string_view plugin) const {
    const bool is_known = status > KDEPS_OK && status <= KDEPS_INTERNAL;
    const Status category = is_known ? static_cast<Status>(status) : Status::internal;
    if (error) {
        Error copy = *error;
        copy.status = category;
        return copy;
    }
    switch (category) {
        case Status::timeout: return {category, "the time limit was reached"};
        case Status::cancelled: return {category, "the run was cancelled"};
        default: break;
    }
    return {category, "plugin '" + std::string(plugin) + "' failed with " + std::string(status_name(category)) +
                          " and gave no reason"};
}

namespace kdeps::plugin {

std::unique_ptr<kdeps_value_> make_handles(const workflow::ConfigValue& config) {
    auto handle = std::make_unique<kdeps_value_>();
    handle->config = &config;
    handle->more = std::make_unique<kdeps_value_::More>();
    config.for_each_child(
        [&](const workflow::ConfigValue& child) { handle->more->children.push_back(make_handles(child)); });
    return handle;
}

}  // namespace kdeps::plugin
