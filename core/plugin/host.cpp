// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/host.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/plugin/call.hpp"
#include "core/plugin/registry.hpp"

namespace kdeps::plugin {

namespace {

static_assert(static_cast<int>(Status::internal) == KDEPS_INTERNAL &&
              static_cast<int>(Status::conflict) == KDEPS_CONFLICT &&
              static_cast<int>(Status::timeout) == KDEPS_TIMEOUT);

Registry& registry_of(const kdeps_host* host) { return *reinterpret_cast<const HostTable*>(host)->registry; }

const void* get_extension(const kdeps_host*, const char* id) {
    struct Extension {
        std::string_view id;
        const void* table;
    };
    static const std::array<Extension, 7> kExtensions = {{{KDEPS_VALUE_ID, &kValueExtension},
                                                          {KDEPS_EXPRESSION_ID, &kExpressionExtension},
                                                          {KDEPS_DIAGNOSTICS_ID, &kDiagnosticsExtension},
                                                          {KDEPS_CONTEXT_ID, &kContextExtension},
                                                          {KDEPS_PROGRESS_ID, &kProgressExtension},
                                                          {KDEPS_METRICS_ID, &kMetricsExtension},
                                                          {KDEPS_BACKGROUND_ID, &kBackgroundExtension}}};
    const auto found =
        std::find_if(kExtensions.begin(), kExtensions.end(), [&](const Extension& e) { return e.id == id; });
    return found == kExtensions.end() ? nullptr : found->table;
}

const void* find_interface(const kdeps_host* host, kdeps_call* call, const char* id, kdeps_str name,
                           kdeps_instance** owner) {
    const void* table = nullptr;
    call->guard([&] {
        Plugin* plugin = registry_of(host).find(id, to_view(name));
        if (plugin == nullptr) {
            throw Error(Status::not_found,
                        "no plugin provides " + std::string(id) + " '" + std::string(to_view(name)) + "'");
        }
        table = plugin->interface(id);
        if (table == nullptr) {
            throw Error(Status::bad_data, "plugin '" + plugin->manifest().id + "' does not provide " + std::string(id) +
                                              " although its manifest says so");
        }
        *owner = plugin->instance();
    });
    return table;
}

kdeps_status fail(kdeps_call* call, const kdeps_error* given) {
    // An older plugin's error may end earlier; what it does not have stays zero.
    kdeps_error error{};
    error.sql_offset = -1;
    error.batch_set = -1;
    std::memcpy(&error, given, std::min<std::size_t>(given->struct_size, sizeof(error)));
    const bool is_known = error.status > KDEPS_OK && error.status <= KDEPS_INTERNAL;
    Error copy(is_known ? static_cast<Status>(error.status) : Status::internal, std::string(to_view(error.message)));
    copy.detail = std::string(to_view(error.detail));
    copy.sqlstate = std::string(error.sqlstate, strnlen(error.sqlstate, 5));
    copy.retry = error.retry <= KDEPS_RETRY_IN_DOUBT ? static_cast<Retry>(error.retry) : Retry::never;
    copy.damage = error.damage <= KDEPS_DAMAGE_CONNECTION ? static_cast<Damage>(error.damage) : Damage::connection;
    copy.vendor_code = error.vendor_code;
    call->sql_offset = error.sql_offset;
    copy.batch_set = error.batch_set;
    // A plugin that passes on what the host told it, such as a failed expression, keeps the place in the workflow.
    if (call->error && !call->error->message.empty() && copy.message.find(call->error->message) != std::string::npos) {
        copy.position = call->error->position;
    }
    call->error = std::move(copy);
    return static_cast<kdeps_status>(call->error->status);
}

kdeps_status check(kdeps_call* call) { return static_cast<kdeps_status>(call->state()); }

std::int64_t remaining_ns(const kdeps_call* call) { return call->deadline.remaining_ns(); }

void log_line(const kdeps_host*, kdeps_call* call, std::int32_t level, kdeps_str message) {
    const auto to = level <= KDEPS_LOG_DEBUG     ? log::Level::debug
                    : level == KDEPS_LOG_INFO    ? log::Level::info
                    : level == KDEPS_LOG_WARNING ? log::Level::warning
                                                 : log::Level::error;
    if (call == nullptr) {
        log::write(to, to_view(message));
    } else if (call->request_id.empty()) {
        log::write(to, to_view(message), {{"resource", call->resource}});
    } else {
        log::write(to, to_view(message), {{"resource", call->resource}, {"request", call->request_id}});
    }
}

// The size of kdeps_error in 1.0, whose plugins may give 0 as the size of theirs.
constexpr std::uint32_t kErrorOf10 = offsetof(kdeps_error, detail) + sizeof(kdeps_str);

// Into a struct of the other side, as far as it reaches; its size is the other side's to say.
template <typename Struct>
void fill(const Struct& from, Struct* out, std::uint32_t size_of_10) {
    const std::uint32_t size = out->struct_size == 0 ? size_of_10 : out->struct_size;
    constexpr std::size_t kSizeField = sizeof(out->struct_size);
    if (size <= kSizeField) return;
    std::memcpy(reinterpret_cast<char*>(out) + kSizeField, reinterpret_cast<const char*>(&from) + kSizeField,
                std::min<std::size_t>(size, sizeof(Struct)) - kSizeField);
}

std::int32_t last_error(const kdeps_call* call, kdeps_error* out) {
    if (!call->error) {
        return 0;
    }
    const Error& error = *call->error;
    kdeps_error told{};
    told.status = static_cast<kdeps_status>(error.status);
    std::copy_n(error.sqlstate.data(), std::min<std::size_t>(error.sqlstate.size(), 5), told.sqlstate);
    told.retry = static_cast<std::uint8_t>(error.retry);
    told.damage = static_cast<std::uint8_t>(error.damage);
    told.vendor_code = error.vendor_code;
    told.sql_offset = call->sql_offset;
    told.batch_set = error.batch_set;
    told.message = to_str(error.message);
    told.detail = to_str(error.detail);
    fill(told, out, kErrorOf10);
    return 1;
}

}  // namespace

HostTable make_host(Registry& registry) {
    kdeps_host table{};
    table.struct_size = sizeof(table);
    table.abi_major = KDEPS_ABI_MAJOR;
    table.abi_minor = KDEPS_ABI_MINOR;
    table.name = to_str("kdeps");
    table.version = to_str(KDEPS_VERSION);
    table.get_extension = get_extension;
    table.find_interface = find_interface;
    table.fail = fail;
    table.check = check;
    table.remaining_ns = remaining_ns;
    table.log = log_line;
    table.last_error = last_error;
    return {table, &registry};
}

}  // namespace kdeps::plugin
