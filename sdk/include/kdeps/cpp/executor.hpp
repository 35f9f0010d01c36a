// SPDX-License-Identifier: Apache-2.0
// An executor from a class: its constructor compiles the configuration, its run() does the work.
#pragma once

#include <chrono>
#include <concepts>
#include <kdeps/cpp/plugin.hpp>

KDEPS_SDK_BEGIN

struct ExecutorInfo {
    std::string_view id = {};  // with KDEPS_EXECUTOR_PLUGIN only
    std::string_view version = {};
    std::string_view summary = {};
    std::string_view run_key;
    std::string_view schema = "{}";  // JSON Schema of the value under the run key
    std::chrono::nanoseconds default_timeout{0};
    std::uint32_t flags = 0;
};

// What a kdeps_step* of such an executor points to.
template <typename Step>
struct CompiledStep {
    static CompiledStep& of(kdeps_step* handle) { return *reinterpret_cast<CompiledStep*>(handle); }

    const Host& host;
    Step step;
};

// Step is constructed from (Config), (Config, const Call&) or (Instance&, Config, const Call&), and throws Error or
// reports faults through Call::report.  `Value run(Call&)` is called by several threads at once; `void cancel(Call&)`
// and `kdeps_status start(Call&)` are optional.
template <typename Instance, typename Step>
kdeps_executor make_executor(const ExecutorInfo& info) {
    using Compiled = CompiledStep<Step>;

    kdeps_executor out{};
    out.struct_size = sizeof(out);
    out.flags = info.flags;
    out.run_key = to_str(info.run_key);
    out.config_schema = to_str(info.schema);
    out.default_timeout_ns = info.default_timeout.count();
    out.compile = [](kdeps_instance* handle, kdeps_call* raw, kdeps_value config, kdeps_step** step) {
        auto& holder = Holder<Instance>::of(handle);
        return guarded(holder.host.get(), raw, [&] {
            const Call call(holder.host, raw);
            // No call: a configuration outlives the one that compiles it.
            const Config node(&holder.host, nullptr, config);
            std::unique_ptr<Compiled> made;
            if constexpr (std::is_constructible_v<Step, Instance&, Config, const Call&>) {
                made.reset(new Compiled{holder.host, Step(holder.instance, node, call)});
            } else if constexpr (std::is_constructible_v<Step, Config, const Call&>) {
                made.reset(new Compiled{holder.host, Step(node, call)});
            } else {
                made.reset(new Compiled{holder.host, Step(node)});
            }
            if (call.has_reported_error()) {
                throw Error(KDEPS_INVALID_ARGUMENT, "the configuration has faults");
            }
            *step = reinterpret_cast<kdeps_step*>(made.release());
        });
    };
    out.run = [](kdeps_step* step, kdeps_call* raw, kdeps_value* result) {
        Compiled& compiled = Compiled::of(step);
        return guarded(compiled.host.get(), raw, [&] {
            Call call(compiled.host, raw);
            *result = compiled.step.run(call).get();
        });
    };
    if constexpr (requires(Step & step, Call & call) { step.cancel(call); }) {
        out.cancel = [](kdeps_step* step, kdeps_call* raw) {
            Compiled& compiled = Compiled::of(step);
            Call call(compiled.host, raw);
            compiled.step.cancel(call);
        };
    }
    out.destroy = [](kdeps_step* step) { delete &Compiled::of(step); };
    if constexpr (requires(Step & step, Call & call) {
                      { step.start(call) } -> std::same_as<kdeps_status>;
                  }) {
        out.start = [](kdeps_step* step, kdeps_call* raw) -> kdeps_status {
            Compiled& compiled = Compiled::of(step);
            kdeps_status begun = KDEPS_UNSUPPORTED;
            const kdeps_status status = guarded(compiled.host.get(), raw, [&] {
                Call call(compiled.host, raw);
                begun = compiled.step.start(call);
            });
            return status == KDEPS_OK ? begun : status;
        };
    }
    return out;
}

// A plugin that is one executor.
template <typename Step, const ExecutorInfo& kInfo>
struct ExecutorPlugin : NoState {
    using NoState::NoState;
    static const void* interface(std::string_view id) {
        static const kdeps_executor executor = make_executor<ExecutorPlugin, Step>(kInfo);
        return id == KDEPS_EXECUTOR_ID ? &executor : nullptr;
    }
};

KDEPS_SDK_END

// A whole plugin: KDEPS_EXECUTOR_PLUGIN(Greeting, {.id = "com.example.greeting", .version = "1.0.0", .run_key =
// "greeting"})
#define KDEPS_EXECUTOR_PLUGIN(Step, ...)                                            \
    namespace {                                                                     \
    constexpr ::kdeps::ExecutorInfo kdeps_executor_info __VA_ARGS__;                \
    using KdepsExecutorPlugin = ::kdeps::ExecutorPlugin<Step, kdeps_executor_info>; \
    }                                                                               \
    KDEPS_PLUGIN(KdepsExecutorPlugin, {.id = kdeps_executor_info.id,                \
                                       .version = kdeps_executor_info.version,      \
                                       .summary = kdeps_executor_info.summary})
