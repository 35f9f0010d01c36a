// SPDX-License-Identifier: Apache-2.0
// The descriptor and the entry symbol, from a class.
#pragma once

#include <kdeps/cpp/call.hpp>
#include <memory>

KDEPS_SDK_BEGIN

struct PluginInfo {
    std::string_view id;
    std::string_view version;
    std::string_view summary = {};
};

// What a kdeps_instance* of this plugin points to.
template <typename Instance>
struct Holder {
    Holder(const kdeps_host* table, kdeps_call* call) : host(table), instance(host, Call(host, call)) {}

    static Holder& of(kdeps_instance* handle) { return *reinterpret_cast<Holder*>(handle); }

    Host host;
    Instance instance;
};

// Instance has a constructor (const Host&, const Call&) and a static `const void* interface(std::string_view id)`.
template <typename Instance>
kdeps_plugin make_plugin(const PluginInfo& info) {
    kdeps_plugin out{};
    out.struct_size = sizeof(out);
    out.abi_major = KDEPS_ABI_MAJOR;
    out.abi_minor = KDEPS_ABI_MINOR;
    out.min_host_minor = KDEPS_TARGET_MINOR;
    out.id = to_str(info.id);
    out.version = to_str(info.version);
    out.summary = to_str(info.summary);
    out.init = [](const kdeps_host* host, kdeps_call* call, kdeps_instance** instance) {
        return guarded(host, call, [&] {
            auto made = std::make_unique<Holder<Instance>>(host, call);
            *instance = reinterpret_cast<kdeps_instance*>(made.release());
        });
    };
    out.get_interface = [](kdeps_instance*, const char* id) { return Instance::interface(id); };
    out.shutdown = [](kdeps_instance* instance) { delete &Holder<Instance>::of(instance); };
    return out;
}

// An instance without state of its own.
struct NoState {
    NoState(const Host&, const Call&) {}
};

KDEPS_SDK_END

// Once per plugin.  Instance as make_plugin wants it, then the fields of PluginInfo in braces.
#define KDEPS_PLUGIN(Instance, ...)                                                                         \
    extern "C" KDEPS_EXPORT const kdeps_plugin* kdeps_plugin_entry_v1(void) {                               \
        static const kdeps_plugin plugin = ::kdeps::make_plugin<Instance>(::kdeps::PluginInfo __VA_ARGS__); \
        return &plugin;                                                                                     \
    }
