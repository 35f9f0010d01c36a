// SPDX-License-Identifier: Apache-2.0
// What a call across the ABI costs, against a virtual call in C++ in the same run: an executor that does nothing, and
// one that takes a value of 20 fields and gives one back.
#include <benchmark/benchmark.h>

#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"
#include "tests/bench/abi/direct.hpp"

namespace kdeps::bench {
namespace {

// Of a run that has nothing.
class Nothing final : public plugin::CallContext, public expr::Environment {
public:
    value::Value get(std::string_view, std::string_view) override { return {}; }
    void set(std::string_view, value::Value, std::string_view) override {}
    value::Value info(std::string_view) override { return {}; }
    expr::Environment& environment() override { return *this; }
    value::Value variable(std::string_view) override { return {}; }
};

workflow::ConfigValue configuration(const std::string& yaml) {
    static const expr::Names names;
    config::Diagnostics faults;
    return workflow::compile(config::read_yaml(yaml, "bench.yaml", faults).at(0), config::Schema(), names, faults);
}

// {fields: {field0: 0, field1: text 1, ...}}
std::string twenty_fields() {
    constexpr int kFields = 20;
    std::string out = "fields:\n";
    for (int i = 0; i < kFields; ++i) {
        out += "  field" + std::to_string(i) + ": " + (i % 2 == 0 ? std::to_string(i) : "text " + std::to_string(i)) +
               "\n";
    }
    return out;
}

// The plugin's executor with one step, called as the engine calls it.
class Abi {
public:
    explicit Abi(const workflow::ConfigValue& config) : handles_(plugin::make_handles(config)) {
        executor_ = registry_.bind<kdeps_executor>(KDEPS_EXECUTOR_ID, "empty").value();
        kdeps_call_ call(registry_, "bench", "/");
        if (executor_.table->compile(executor_.instance, &call, handles_.get(), &step_) != KDEPS_OK)
            throw Error(call.failure(KDEPS_INTERNAL, "bench"));
    }
    ~Abi() { executor_.table->destroy(step_); }
    Abi(const Abi&) = delete;
    Abi& operator=(const Abi&) = delete;

    value::Value run() {
        kdeps_call_ call(registry_, "bench", "/");
        call.context = &nothing_;
        kdeps_value out = nullptr;
        if (executor_.table->run(step_, &call, &out) != KDEPS_OK) throw Error(call.failure(KDEPS_INTERNAL, "bench"));
        return call.take(out);
    }

private:
    std::unique_ptr<kdeps_value_> handles_;
    plugin::Registry registry_{{KDEPS_BENCH_PLUGINS}};
    plugin::Bound<kdeps_executor> executor_;
    kdeps_step* step_ = nullptr;
    Nothing nothing_;
};

void direct(benchmark::State& state, Direct& executor) {
    Nothing nothing;
    for (auto _ : state) benchmark::DoNotOptimize(executor.run(nothing));
}

void abi(benchmark::State& state, const workflow::ConfigValue& config) {
    Abi executor(config);
    for (auto _ : state) benchmark::DoNotOptimize(executor.run());
}

void EmptyDirect(benchmark::State& state) { direct(state, *direct_empty()); }
void EmptyAbi(benchmark::State& state) { abi(state, configuration("{}")); }
void TwentyFieldsDirect(benchmark::State& state) {
    const workflow::ConfigValue config = configuration(twenty_fields());
    direct(state, *direct_fields(*config.find("fields")));
}
void TwentyFieldsAbi(benchmark::State& state) { abi(state, configuration(twenty_fields())); }

BENCHMARK(EmptyDirect);
BENCHMARK(EmptyAbi);
BENCHMARK(TwentyFieldsDirect);
BENCHMARK(TwentyFieldsAbi);

}  // namespace
}  // namespace kdeps::bench

BENCHMARK_MAIN();
