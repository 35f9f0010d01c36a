// SPDX-License-Identifier: Apache-2.0
// An executor that breaks the contract in one way, which CRIME names; written against the C headers alone, because the
// C++ side would not let it.  The conformance kit must tell each crime.
#include <fcntl.h>
#include <kdeps/kdeps.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace {

enum class Crime {
    needs_a_later_major,
    needs_a_later_host,
    short_descriptor,
    another_id,
    fails_silently_at_init,
    lies_about_its_size,
    short_table,
    misses_a_slot,
    unlisted_interface,
    leaves_a_thread,
    accepts_everything,
    fails_silently,
    unknown_status,
    writes_out_on_failure,
    writes_no_value,
    foreign_value,
    ignores_cancel,
    crashes,
    ends_the_process,
    throws,
    not_thread_safe,
    leaks_memory,
    leaks_a_file,
    exports_more
};
constexpr Crime kCrime = Crime::CRIME;
constexpr bool is(Crime crime) { return kCrime == crime; }

constexpr kdeps_str str(std::string_view text) { return {text.data(), text.size()}; }

// What init found; the tables of the host outlive the plugin.
struct Instance {
    const kdeps_host* host;
    const kdeps_values* values;
    const kdeps_expressions* expressions;
};

struct Step {
    const Instance* plugin;
    kdeps_value who;   // greeted
    kdeps_value wait;  // absent: answer at once
};

kdeps_status fail(const Instance& plugin, kdeps_call* call, kdeps_status status, std::string_view message) {
    kdeps_error error{};
    error.struct_size = sizeof(error);
    error.status = status;
    error.sql_offset = -1;
    error.batch_set = -1;
    error.message = str(message);
    return plugin.host->fail(call, &error);
}

kdeps_status compile(kdeps_instance* instance, kdeps_call* call, kdeps_value config, kdeps_step** out) {
    const auto& plugin = *reinterpret_cast<const Instance*>(instance);
    auto* const step = new Step{&plugin, plugin.values->find(nullptr, config, str("who")),
                                plugin.values->find(nullptr, config, str("wait"))};
    if (step->who == nullptr && !is(Crime::accepts_everything)) {
        delete step;
        return fail(plugin, call, KDEPS_INVALID_ARGUMENT, "'who' is missing");
    }
    *out = reinterpret_cast<kdeps_step*>(step);
    return KDEPS_OK;
}

// Until the call should end.
kdeps_status wait(const Instance& plugin, kdeps_call* call) {
    for (;;) {
        if (const kdeps_status status = plugin.host->check(call); status != KDEPS_OK && !is(Crime::ignores_cancel))
            return status;
        std::this_thread::yield();
    }
}

kdeps_status run(kdeps_step* handle, kdeps_call* call, kdeps_value* out) {
    const auto& step = *reinterpret_cast<const Step*>(handle);
    const Instance& plugin = *step.plugin;
    if (step.wait != nullptr) return wait(plugin, call);
    kdeps_value who = nullptr;
    if (const kdeps_status status = plugin.expressions->evaluate(call, step.who, &who); status != KDEPS_OK)
        return status;
    if (plugin.values->kind(who) != KDEPS_STRING) {
        if constexpr (is(Crime::fails_silently)) return KDEPS_BAD_DATA;
        if constexpr (is(Crime::unknown_status)) return 99;
        if constexpr (is(Crime::writes_out_on_failure)) *out = who;
        return fail(plugin, call, KDEPS_INVALID_ARGUMENT, "'who' must be a string");
    }
    switch (kCrime) {
        case Crime::writes_no_value: return KDEPS_OK;
        case Crime::foreign_value: {
            static kdeps_value kept = who;  // of the first call, which ends
            *out = kept;
            return KDEPS_OK;
        }
        case Crime::crashes: std::abort();
        case Crime::ends_the_process: std::_Exit(0);
        case Crime::throws: throw std::runtime_error("nobody catches this");
        case Crime::not_thread_safe: {
            static std::mutex mutex;  // two at once are refused, where they should wait or not meet
            const std::unique_lock lock(mutex, std::try_to_lock);
            if (!lock.owns_lock()) return fail(plugin, call, KDEPS_INVALID_STATE, "is busy");
            for (int i = 0; i < 200; ++i) std::this_thread::yield();
            break;
        }
        case Crime::leaks_memory: {
            void* volatile lost = std::malloc(100);
            static_cast<void>(lost);
            break;
        }
        case Crime::leaks_a_file: static_cast<void>(!open("/dev/null", O_RDONLY)); break;
        default: break;
    }
    *out = who;
    return KDEPS_OK;
}

void destroy(kdeps_step* step) { delete reinterpret_cast<Step*>(step); }

constexpr kdeps_executor executor() {
    kdeps_executor out{};
    out.struct_size = is(Crime::lies_about_its_size) ? 4000 : is(Crime::short_table) ? 48 : sizeof(out);
    out.run_key = str(CRIME_NAME);
    out.config_schema = str("{}");
    out.compile = compile;
    out.run = is(Crime::misses_a_slot) ? nullptr : run;
    out.destroy = destroy;
    return out;
}
constexpr kdeps_executor kExecutor = executor();
constexpr kdeps_health kHealth{sizeof(kdeps_health), 0, [](kdeps_instance*, kdeps_call*, kdeps_value*) -> kdeps_status {
                                   return KDEPS_UNSUPPORTED;
                               }};

kdeps_status init(const kdeps_host* host, kdeps_call*, kdeps_instance** out) {
    if constexpr (is(Crime::fails_silently_at_init)) return KDEPS_UNAVAILABLE;
    if constexpr (is(Crime::leaves_a_thread)) std::thread([] { pause(); }).detach();
    *out = reinterpret_cast<kdeps_instance*>(
        new Instance{host, static_cast<const kdeps_values*>(host->get_extension(host, KDEPS_VALUE_ID)),
                     static_cast<const kdeps_expressions*>(host->get_extension(host, KDEPS_EXPRESSION_ID))});
    return KDEPS_OK;
}

const void* get_interface(kdeps_instance*, const char* id) {
    if (is(Crime::unlisted_interface) && std::strcmp(id, KDEPS_HEALTH_ID) == 0) return &kHealth;
    return std::strcmp(id, KDEPS_EXECUTOR_ID) == 0 ? &kExecutor : nullptr;
}

constexpr kdeps_plugin plugin() {
    kdeps_plugin out{};
    out.struct_size = is(Crime::short_descriptor) ? 16 : sizeof(out);
    out.abi_major = is(Crime::needs_a_later_major) ? 2 : KDEPS_ABI_MAJOR;
    out.abi_minor = KDEPS_ABI_MINOR;
    out.min_host_minor = is(Crime::needs_a_later_host) ? 99 : KDEPS_TARGET_MINOR;
    out.id = str(is(Crime::another_id) ? "com.example.somebody.else" : "com.example." CRIME_NAME);
    out.version = str("1.0.0");
    out.summary = str("Misbehaves on purpose");
    out.init = init;
    out.get_interface = get_interface;
    out.shutdown = [](kdeps_instance* instance) { delete reinterpret_cast<Instance*>(instance); };
    return out;
}
constexpr kdeps_plugin kPlugin = plugin();

}  // namespace

extern "C" const kdeps_plugin* kdeps_plugin_entry_v1(void) { return &kPlugin; }
