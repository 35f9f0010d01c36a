// SPDX-License-Identifier: Apache-2.0
// Times of expressions beside those of the reference engine, which were measured elsewhere: compare the columns
// `ref_ns` and `Time` as orders of magnitude.  Run a build of the preset `bench`.
#include <benchmark/benchmark.h>
#include <array>
#include <string>

#include "core/expr/expr.hpp"
#include "tests/unit/value/columns_fixture.hpp"

namespace kdeps::expr {
namespace {

using value::Value;

struct Case {
    const char* name;
    const char* source;
    double run_ns;      // of the reference
    double compile_ns;  // of the reference; 0 = not measured
};

constexpr std::array<Case, 16> kCases = {{
    {"host_call", "get(\"a\") * 2 + 1", 1267, 41028},
    {"filter_1k", "filter(r1k, .total > 500 and .paid)", 391621, 41776},
    {"sum_map_10k", "sum(map(r10k, .total))", 2354906, 41782},
    {"concatenation", "\"Hello, \" + name + \"! You have \" + string(n) + \" messages\"", 1097, 44095},
    {"members", "input.user.address.city", 561, 30919},
    {"matches", "s matches \"^[a-z]+@[a-z]+\\\\.[a-z]{2,}$\"", 613, 53483},
    {"group_1k", "groupBy(r1k, .country)", 412981, 39436},
    {"sort_1k", "sortBy(r1k, .total, \"desc\")[:10]", 503879, 42533},
    {"arithmetic", "i * 3 + j - 4 * (i - j) > 0", 556, 0},
    {"map_1k", "map(r1k, .customer)", 259468, 0},
    {"map_to_maps_1k", "map(r1k, {{\"id\": .id, \"gross\": .total * 1.21}})", 1172574, 0},
    {"reduce_1k", "reduce(r1k, #acc + .total, 0)", 290295, 0},
    {"count_matches_1k", "count(r1k, .email matches \"^user[0-9]+5@\")", 542939, 0},
    {"join_1k", "join(map(r1k, string(.id)), \",\")", 663665, 0},
    {"uniq_1k", "len(uniq(map(r1k, .customer)))", 1455107, 0},
    {"to_json_100", "toJSON(r1k[:100])", 707622, 0},
}};

Value rows(int count) {
    static constexpr std::array<const char*, 7> kCountries = {"NL", "DE", "DK", "BE", "FR", "ES", "IT"};
    value::List list;
    for (int i = 0; i < count; ++i) {
        value::Map row;
        row.set("id", i);
        row.set("customer", "customer" + std::to_string(i % 97));
        row.set("country", kCountries[static_cast<std::size_t>(i) % kCountries.size()]);
        row.set("total", (i * 7919 % 100000) / 100.0);
        row.set("qty", i % 10);
        row.set("paid", i % 2 == 0);
        row.set("email", "user" + std::to_string(i) + "@example.com");
        list.push_back(Value::map(std::move(row)));
    }
    return Value::list(std::move(list));
}

Value table(int count) {
    std::vector<value::TestRow> list;
    for (int i = 0; i < count; ++i) {
        list.push_back({i, "customer" + std::to_string(i % 97)});
    }
    static int released = 0;
    ArrowArrayStream stream;
    value::make_stream({list}, &released, &stream);
    return Value::table(value::Table::from_stream(&stream));
}

class Variables final : public Environment {
public:
    Variables() {
        variables_.set("r1k", rows(1000));
        variables_.set("r10k", rows(10000));
        variables_.set("t1k", table(1000));
        variables_.set("name", "Ada");
        variables_.set("n", 3);
        variables_.set("i", 7);
        variables_.set("j", 5);
        variables_.set("s", "someone@example.com");
        variables_.set("input", value::parse_json(R"({"user":{"address":{"city":"Utrecht"}},"n":1})"));
    }
    Value variable(std::string_view name) override { return *variables_.find(name); }
    Names names() const {
        Names names;
        for (const auto& [name, value] : variables_) names.add_variable(name);
        names.add_function({"get", 1, 3, [](Environment&, std::span<const Value>) { return Value(20); }});
        return names;
    }

private:
    value::Map variables_;
};

Variables& variables() {
    static Variables kVariables;
    return kVariables;
}

const Names& names() {
    static const Names kNames = variables().names();
    return kNames;
}

void run(benchmark::State& state, const char* source, double reference) {
    const Program program(source, names());
    for (auto _ : state) {
        benchmark::DoNotOptimize(program.run(variables()));
    }
    if (reference > 0) state.counters["ref_ns"] = reference;
}

void compile(benchmark::State& state, const char* source, double reference) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(Program(source, names()));
    }
    state.counters["ref_ns"] = reference;
}

void render(benchmark::State& state) {
    const Template text("Hello {{ get('q') }}, n = {{ input.n + 1 }}", names());
    for (auto _ : state) {
        benchmark::DoNotOptimize(text.run(variables()));
    }
    state.counters["ref_ns"] = 89556;
}

void add_all() {
    for (const Case& c : kCases) {
        benchmark::RegisterBenchmark((std::string("run/") + c.name).c_str(), run, c.source, c.run_ns);
    }
    benchmark::RegisterBenchmark("run/table_filter_1k", run, "filter(t1k, .id > 500)", 0.0);
    benchmark::RegisterBenchmark("run/table_count_text_1k", run, "count(t1k, .name == 'customer5')", 0.0);
    benchmark::RegisterBenchmark("run/template", render);
    for (const Case& c : kCases) {
        if (c.compile_ns > 0)
            benchmark::RegisterBenchmark((std::string("compile/") + c.name).c_str(), compile, c.source, c.compile_ns);
    }
}

}  // namespace
}  // namespace kdeps::expr

int main(int argc, char** argv) {
    kdeps::expr::add_all();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
