// SPDX-License-Identifier: Apache-2.0
// kdeps.expression/1, kdeps.diagnostics/1 and kdeps.context/1, as an executor uses them.
#include <map>

#include <gtest/gtest.h>

#include "tests/unit/plugin/plugin_fixture.hpp"
#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::plugin {
namespace {

using value::Value;

// A run that is a map.
class FakeRun : public CallContext, public expr::Environment {
public:
    Value get(std::string_view key, std::string_view hint) override {
        return stored[std::string(hint.empty() ? "memory" : hint) + ":" + std::string(key)];
    }
    void set(std::string_view key, Value value, std::string_view storage) override {
        stored[std::string(storage.empty() ? "memory" : storage) + ":" + std::string(key)] = std::move(value);
    }
    Value info(std::string_view name) override { return name == "now" ? Value("noon") : Value(); }
    expr::Environment& environment() override { return *this; }
    Value variable(std::string_view name) override { return get(name, ""); }

    std::map<std::string, Value> stored;
};

struct Extensions : HostFixture {
    const kdeps_values& values = extension<kdeps_values>(KDEPS_VALUE_ID);
    const kdeps_expressions& expressions = extension<kdeps_expressions>(KDEPS_EXPRESSION_ID);
    const kdeps_diagnostics& diagnostics = extension<kdeps_diagnostics>(KDEPS_DIAGNOSTICS_ID);
    const kdeps_context& context = extension<kdeps_context>(KDEPS_CONTEXT_ID);
    FakeRun run;
    config::Diagnostics faults;
    workflow::ConfigValue config;
    std::unique_ptr<kdeps_value_> handles;

    kdeps_value compile(std::string_view yaml) {
        config = workflow::compile(config::read_yaml(yaml, "w.yaml", faults).at(0), config::Schema(), workflow::names(),
                                   faults);
        handles = make_handles(config);
        return handles.get();
    }
};

TEST_F(Extensions, TellWhatANodeOfConfigurationIs) {
    const kdeps_value root = compile("a: get('x')\nb: \"n {{ get('x') }}!\"\nc: text\nd: [1]\n");
    EXPECT_EQ(values.kind(root), KDEPS_MAP);
    EXPECT_EQ(values.kind(values.at(&call, root, 0)), KDEPS_EXPRESSION);
    EXPECT_EQ(values.kind(values.at(&call, root, 1)), KDEPS_TEMPLATE);
    EXPECT_EQ(values.kind(values.find(&call, root, to_str("c"))), KDEPS_STRING);
    EXPECT_EQ(values.kind(values.find(&call, root, to_str("d"))), KDEPS_LIST);
    kdeps_cell cell{};
    EXPECT_EQ(values.cell(values.at(&call, root, 0), &cell), KDEPS_INVALID_ARGUMENT);
}

TEST_F(Extensions, TakeATemplateApart) {
    const kdeps_value node = values.at(&call, compile("q: \"n {{ get('x') }}!{{ 1 }}\"\n"), 0);
    ASSERT_EQ(expressions.part_count(node), 4U);
    kdeps_part part{};
    ASSERT_EQ(expressions.part(node, 0, &part), KDEPS_OK);
    EXPECT_EQ(part.expression, nullptr);
    EXPECT_EQ(text(part.text), "n ");
    ASSERT_EQ(expressions.part(node, 1, &part), KDEPS_OK);
    EXPECT_EQ(text(part.text), "get('x')");
    EXPECT_EQ(part.offset, 2U);
    EXPECT_EQ(text(expressions.called(part.expression)), "get");
    ASSERT_EQ(expressions.part(node, 3, &part), KDEPS_OK);
    EXPECT_EQ(text(part.text), "1");
    EXPECT_EQ(expressions.part(node, 4, &part), KDEPS_INVALID_ARGUMENT);
    EXPECT_EQ(text(expressions.source(node)), "n {{ get('x') }}!{{ 1 }}");
}

TEST_F(Extensions, EvaluateInTheRunOfTheCall) {
    run.stored["memory:x"] = Value(7);
    const kdeps_value root = compile("a: [get('x'), \"<{{ get('x') }}>\", plain]\n");
    call.context = &run;
    kdeps_value out = nullptr;
    ASSERT_EQ(expressions.evaluate(&call, root, &out), KDEPS_OK);
    EXPECT_EQ(value::to_json(kdeps_call_::take(out)), R"({"a":[7,"<7>","plain"]})");
    ASSERT_EQ(expressions.evaluate(&call, nullptr, &out), KDEPS_OK);
    EXPECT_TRUE(kdeps_call_::take(out).is_null());
}

TEST_F(Extensions, EvaluateOnlyDuringARun) {
    kdeps_value out = nullptr;
    EXPECT_EQ(expressions.evaluate(&call, compile("get('x')"), &out), KDEPS_INVALID_STATE);
    EXPECT_EQ(call.failure(KDEPS_INVALID_STATE, "x").message, "expressions can be evaluated only during a run");
    EXPECT_EQ(context.get(&call, to_str("x"), {}, &out), KDEPS_INVALID_STATE);
    EXPECT_EQ(call.failure(KDEPS_INVALID_STATE, "x").message, "the call belongs to no run");
}

TEST_F(Extensions, GiveTheErrorOfAnExpression) {
    const kdeps_value root = compile("a: \"{{ len(get('x')) }}\"\n");
    run.stored["memory:x"] = Value(7);
    call.context = &run;
    kdeps_value out = nullptr;
    EXPECT_EQ(expressions.evaluate(&call, root, &out), KDEPS_INVALID_ARGUMENT);
    EXPECT_EQ(call.failure(KDEPS_INVALID_ARGUMENT, "x").message, "expression at w.yaml:1:8: len() does not take int");
}

TEST_F(Extensions, ReportFaultsAtTheirPlace) {
    const kdeps_value node = values.at(&call, compile("q: |\n  SELECT\n  ?\n"), 0);
    call.faults = &faults;
    diagnostics.report(&call, KDEPS_FAULT_ERROR, node, 7, to_str("no value for ?"));
    diagnostics.report(&call, KDEPS_FAULT_WARNING, nullptr, 0, to_str("somewhere"));
    EXPECT_EQ(faults.text(),
              "warning: somewhere\n"
              "w.yaml:3:3: error: no value for ?\n"
              "  3 |   ?\n"
              "    |   ^\n"
              "1 error, 1 warning\n");
    EXPECT_EQ(text(diagnostics.location(node)), "w.yaml:1:4");
    EXPECT_EQ(text(diagnostics.location(nullptr)), "");
}

TEST_F(Extensions, FindTheNearestName) {
    const kdeps_str candidates[] = {to_str("analytics"), to_str("inventory")};
    EXPECT_EQ(text(diagnostics.nearest(to_str("analytcs"), candidates, 2)), "analytics");
    EXPECT_EQ(text(diagnostics.nearest(to_str("other"), candidates, 2)), "");
}

TEST_F(Extensions, ReachTheRun) {
    call.context = &run;
    EXPECT_EQ(context.set(&call, to_str("k"), call.keep(Value(5)), to_str("session")), KDEPS_OK);
    kdeps_value out = nullptr;
    ASSERT_EQ(context.get(&call, to_str("k"), to_str("session"), &out), KDEPS_OK);
    EXPECT_EQ(kdeps_call_::take(out), Value(5));
    ASSERT_EQ(context.info(&call, to_str("now"), &out), KDEPS_OK);
    EXPECT_EQ(kdeps_call_::take(out), Value("noon"));
    EXPECT_EQ(text(context.resource(&call)), "query");
    EXPECT_EQ(text(context.folder(&call)), "/srv/workflow");
    EXPECT_EQ(context.set(&call, to_str("k"), compile("get('x')"), {}), KDEPS_INVALID_ARGUMENT);
    EXPECT_EQ(call.failure(KDEPS_INVALID_ARGUMENT, "x").message,
              "a node of configuration cannot be stored; evaluate it first");
}

}  // namespace
}  // namespace kdeps::plugin
