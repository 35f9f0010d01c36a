// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/normalise.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/base/base.hpp"
#include "core/plugin/registry.hpp"

namespace kdeps::plugin {

namespace {

// A plugin made for an older minor ends earlier: what it does not have stays zero.
template <typename Table>
Table copy_of(const void* raw, std::string_view plugin, std::string_view interface) {
    std::uint32_t size = 0;
    std::memcpy(&size, raw, sizeof(size));
    constexpr std::uint32_t kSmallest = 2 * sizeof(std::uint32_t);
    if (size < kSmallest) {
        throw Error(Status::bad_data, "plugin '" + std::string(plugin) + "': its table for " + std::string(interface) +
                                          " gives a size of " + std::to_string(size) + " bytes");
    }
    Table table{};
    std::memcpy(static_cast<void*>(&table), raw, std::min<std::size_t>(size, sizeof(Table)));
    table.struct_size = sizeof(Table);
    return table;
}

// Requires slots of one table by name.
class Slots {
public:
    Slots(std::string_view plugin, std::string_view interface) : plugin_(plugin), interface_(interface) {}

    template <typename Slot>
    const Slots& require(Slot slot, std::string_view name) const {
        if (slot == nullptr) {
            refuse("lacks the required slot '" + std::string(name) + "'");
        }
        return *this;
    }

    const Slots& require_text(kdeps_str text, std::string_view name) const {
        if (text.data == nullptr || text.size == 0) {
            refuse("leaves '" + std::string(name) + "' empty");
        }
        return *this;
    }

private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw Error(Status::bad_data,
                    "plugin '" + std::string(plugin_) + "': its table for " + std::string(interface_) + " " + what);
    }

    std::string_view plugin_;
    std::string_view interface_;
};

template <typename Slot>
void default_to(Slot& slot, Slot stub) {
    if (slot == nullptr) {
        slot = stub;
    }
}

constexpr kdeps_status kUnsupported = KDEPS_UNSUPPORTED;

}  // namespace

kdeps_executor normalise_executor(const void* raw, std::string_view plugin) {
    auto table = copy_of<kdeps_executor>(raw, plugin, KDEPS_EXECUTOR_ID);
    Slots(plugin, KDEPS_EXECUTOR_ID)
        .require_text(table.run_key, "run_key")
        .require(table.compile, "compile")
        .require(table.run, "run")
        .require(table.destroy, "destroy");
    // The host need not watch what cannot be cancelled.
    table.flags = (table.flags & ~(kNoCancel | kNoStart)) | (table.cancel == nullptr ? kNoCancel : 0U) |
                  (table.start == nullptr ? kNoStart : 0U);
    default_to(
        table.cancel, +[](kdeps_step*, kdeps_call*) {});
    default_to(
        table.start, +[](kdeps_step*, kdeps_call*) { return kUnsupported; });
    return table;
}

kdeps_settings normalise_settings(const void* raw, std::string_view plugin) {
    auto table = copy_of<kdeps_settings>(raw, plugin, KDEPS_SETTINGS_ID);
    Slots(plugin, KDEPS_SETTINGS_ID)
        .require_text(table.settings_key, "settings_key")
        .require(table.configure, "configure");
    default_to(
        table.start, +[](kdeps_instance*, kdeps_call*) {});
    return table;
}

kdeps_health normalise_health(const void* raw, std::string_view plugin) {
    auto table = copy_of<kdeps_health>(raw, plugin, KDEPS_HEALTH_ID);
    Slots(plugin, KDEPS_HEALTH_ID).require(table.check, "check");
    return table;
}

kdeps_driver normalise_driver(const void* raw, std::string_view plugin) {
    auto table = copy_of<kdeps_driver>(raw, plugin, KDEPS_DRIVER_ID);
    Slots(plugin, KDEPS_DRIVER_ID)
        .require_text(table.name, "name")
        .require_text(table.schemes, "schemes")
        .require(table.open, "open")
        .require(table.close, "close")
        .require(table.prepare, "prepare")
        .require(table.execute, "execute")
        .require(table.finalize, "finalize");
    default_to(
        table.check, +[](kdeps_instance*, kdeps_call*, const kdeps_target*) -> kdeps_status { return KDEPS_OK; });
    default_to(
        table.server, +[](kdeps_connection*) {
            return kdeps_str{"", 0};
        });
    default_to(
        table.ping, +[](kdeps_connection*, kdeps_call*) -> kdeps_status { return KDEPS_OK; });
    default_to(
        table.reset, +[](kdeps_connection*, kdeps_call*) { return kUnsupported; });
    default_to(
        table.cancel, +[](kdeps_connection*) {});
    default_to(
        table.describe, +[](kdeps_statement*, kdeps_call*, ArrowSchema*, ArrowSchema*) { return kUnsupported; });
    // execute_batch, begin, commit and rollback answer UNSUPPORTED: the sql plugin then loops, or says that the driver
    // has no transactions.  A parameter stream is moved, so the stub releases it.
    default_to(
        table.execute_batch,
        +[](kdeps_statement*, kdeps_call*, ArrowArrayStream* parameters, ArrowArrayStream*, kdeps_batch*) {
            if (parameters->release != nullptr) {
                parameters->release(parameters);
            }
            return kUnsupported;
        });
    default_to(
        table.begin, +[](kdeps_connection*, kdeps_call*, std::uint32_t, std::uint32_t) { return kUnsupported; });
    default_to(
        table.commit, +[](kdeps_connection*, kdeps_call*) { return kUnsupported; });
    default_to(
        table.rollback, +[](kdeps_connection*, kdeps_call*) { return kUnsupported; });
    default_to(
        table.send, +[](kdeps_statement*, kdeps_call*, const kdeps_cell*, std::size_t) { return kUnsupported; });
    // Of a driver of minor 0 nothing is known.
    default_to(
        table.state, +[](kdeps_connection*, kdeps_state*) {});
    default_to(
        table.effects, +[](kdeps_statement*) -> std::uint32_t { return KDEPS_EFFECTS_UNKNOWN; });
    return table;
}

kdeps_connections normalise_connections(const void* raw, std::string_view plugin) {
    auto table = copy_of<kdeps_connections>(raw, plugin, KDEPS_CONNECTIONS_ID);
    Slots(plugin, KDEPS_CONNECTIONS_ID).require(table.acquire, "acquire").require(table.release, "release");
    return table;
}

kdeps_live normalise_live(const void* raw, std::string_view plugin) {
    auto table = copy_of<kdeps_live>(raw, plugin, KDEPS_LIVE_ID);
    Slots(plugin, KDEPS_LIVE_ID).require(table.check, "check");
    return table;
}

}  // namespace kdeps::plugin
