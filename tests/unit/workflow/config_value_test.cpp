// SPDX-License-Identifier: Apache-2.0
// Configuration with its strings compiled: how each is read, what it gives, where its errors are.
#include <gtest/gtest.h>

#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::workflow {
namespace {

class Variables : public expr::Environment {
public:
    value::Value variable(std::string_view name) override {
        return name == "n" ? value::Value(7) : name == "t" ? value::Value("text") : value::Value();
    }
};

struct Compiled {
    explicit Compiled(std::string_view yaml, std::string_view schema = "{}") {
        const auto documents = config::read_yaml(yaml, "w.yaml", faults);
        EXPECT_FALSE(documents.empty()) << faults.text();
        value = compile(documents.at(0), config::Schema(schema), names(), faults);
    }
    std::string json() const {
        Variables variables;
        return value::to_json(value.evaluate(variables));
    }
    config::Diagnostics faults;
    ConfigValue value;
};

TEST(ConfigValue, EvaluatesThroughListsAndMaps) {
    EXPECT_EQ(
        Compiled("a: get('n')\nb: [\"{{ get('t') }}\", \"n = {{ get('n') }}\", plain, 2024-01-01]\nc: {d: ~, e: 1.5}\n")
            .json(),
        R"({"a":7,"b":["text","n = 7","plain","2024-01-01"],"c":{"d":null,"e":1.5}})");
}

TEST(ConfigValue, ReadsStringsAsTheSchemaSays) {
    EXPECT_EQ(Compiled("get('n')", R"({"x-kdeps-read": "literal"})").json(), "\"get('n')\"");
    EXPECT_EQ(Compiled("get('n')", R"({"x-kdeps-read": "template"})").json(), "\"get('n')\"");
    EXPECT_EQ(Compiled("get('n')", R"({"x-kdeps-read": "expression"})").json(), "7");
    EXPECT_EQ(Compiled("get('n')").json(), "7");
}

TEST(ConfigValue, KnowsThePlacesOfTheExpressionsOfATemplate) {
    const Compiled compiled("q: |\n  SELECT {{ get('n') }},\n    {{ get('t') }}\n");
    const ConfigValue& query = *compiled.value.find("q");
    ASSERT_EQ(query.kind(), ConfigValue::Kind::templ);
    ASSERT_EQ(query.size(), 2U);
    EXPECT_EQ(query.at(0).location(), "w.yaml:2:10");
    EXPECT_EQ(query.at(1).location(), "w.yaml:3:5");
    EXPECT_EQ(query.at(1).called_function(), "get");
}

TEST(ConfigValue, SaysWhereAnExpressionFails) {
    const Compiled compiled("a:\n  b: \"{{ 1 + len(get('n')) }}\"\n");
    try {
        compiled.json();
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.message, "expression at w.yaml:2:14: len() does not take int");
        EXPECT_EQ(error.position.text(), "w.yaml:2:14");
    }
}

TEST(ConfigValue, ReportsAFaultyTemplateAtItsPlace) {
    const Compiled compiled("a: \"x {{ 1 + }} y\"\n");
    EXPECT_EQ(compiled.faults.text().substr(0, 31), "w.yaml:1:13: error: expression:");
}

}  // namespace
}  // namespace kdeps::workflow
