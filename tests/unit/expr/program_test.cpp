// SPDX-License-Identifier: Apache-2.0
#include "core/expr/program.hpp"

#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

Program compile(std::string_view source) {
    static const Names kNames = Host::names();
    return {source, kNames};
}

TEST(Program, RunsWithWhatTheHostGives) {
    Host host;
    host.variables.set("q", 20);
    const Program program = compile("get('q') * 2 + get('missing', 1)");
    EXPECT_EQ(program.run(host), value::Value(41));
    host.variables.set("q", 1);
    EXPECT_EQ(program.run(host), value::Value(3)) << "compiled once, run often";
}

TEST(Program, HostFunctionsReplaceBuiltins) {
    Host host;
    host.variables.set("m", "host");
    EXPECT_EQ(compile("get('m')").run(host), value::Value("host"));
    EXPECT_EQ(compile("::get({m: 'builtin'}, 'm')").run(host), value::Value("builtin"));
}

TEST(Program, KnowsItsReferences) {
    const Program program =
        compile("set('a', get('b', 'session'), 'memory') and len(get(item.id)) > 0 or python.stdout('p') == ''");
    const auto& references = program.references();
    ASSERT_EQ(references.size(), 4U);
    EXPECT_EQ(references[0].function, "set");
    EXPECT_EQ(references[0].key, "a");
    EXPECT_EQ(references[0].storage, "memory");
    EXPECT_EQ(references[0].offset, 0U);
    EXPECT_EQ(references[1].key, "b");
    EXPECT_EQ(references[1].storage, "session");
    EXPECT_EQ(references[1].offset, 9U);
    EXPECT_FALSE(references[2].is_literal);
    EXPECT_EQ(references[3].function, "python.stdout");
    EXPECT_EQ(references[3].key, "p");
}

TEST(Program, SeesMembersOfOutputsAsReferences) {
    const Program program = compile("1 + outputs.first.x + outputs?.['second'].y + outputs[item.id]");
    const auto& references = program.references();
    ASSERT_EQ(references.size(), 3U);
    EXPECT_EQ(references[0].function, "output");
    EXPECT_EQ(references[0].key, "first");
    EXPECT_EQ(references[0].offset, 4U);
    EXPECT_EQ(references[1].key, "second");
    EXPECT_FALSE(references[2].is_literal);
}

TEST(Program, KnowsWhetherItAsksTheHost) {
    EXPECT_FALSE(compile("upper('a') + 'b'").uses_host());
    EXPECT_TRUE(compile("upper(request.path)").uses_host());
    EXPECT_TRUE(compile("[info('now')]").uses_host());
    EXPECT_TRUE(compile("$env").uses_host());
}

TEST(Program, KnowsWhichFunctionItCalls) {
    EXPECT_EQ(compile("identifier('t')").called_function(), "identifier");
    EXPECT_EQ(compile("get('t')").called_function(), "get");
    EXPECT_EQ(compile("map([1], #)").called_function(), "map");
    EXPECT_EQ(compile("get('t') + 1").called_function(), "");
}

TEST(Truthy, AsConditionsWantIt) {
    for (const value::Value& value : {value::Value(), value::Value(false), value::Value(0), value::Value(0.0),
                                      value::Value(""), value::Value::decimal("0.00")}) {
        EXPECT_FALSE(truthy(value)) << value::to_json(value);
    }
    for (const value::Value& value :
         {value::Value(true), value::Value(-1), value::Value(0.1), value::Value("false"), value::Value::list({})}) {
        EXPECT_TRUE(truthy(value)) << value::to_json(value);
    }
    EXPECT_THROW(truthy(value::Value::map({})), RunError);
    Host host;
    try {
        truthy(compile("date('2024-01-15')").run(host));
        FAIL();
    } catch (const RunError& error) {
        EXPECT_EQ(error.message, "a condition must be true or false, not time.Time");
    }
}

}  // namespace
}  // namespace kdeps::expr
