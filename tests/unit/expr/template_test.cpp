// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

const Names& names() {
    static const Names kNames = Host::names();
    return kNames;
}

value::Value render(std::string_view text, std::string_view variables = "{}") {
    Host host;
    host.variables = value::parse_json(variables).map();
    return Template(text, names()).run(host);
}

std::pair<std::string, std::size_t> fault(std::string_view text) {
    try {
        Template parsed(text, names());
    } catch (const CompileError& error) {
        return {error.message, error.offset};
    }
    return {"no error", 0};
}

TEST(Template, KeepsTheTypeOfASingleExpression) {
    EXPECT_EQ(render("{{ get('n') }}", R"({"n":[1,2]})"), value::parse_json("[1,2]"));
    EXPECT_TRUE(render("{{1 + 2}}").is_int());
    EXPECT_TRUE(render("{{ get('missing') }}").is_null());
    EXPECT_EQ(render(" {{ 1 }}"), value::Value(" 1")) << "text, since there is a space";
}

TEST(Template, WritesValuesAsText) {
    const char* env =
        R"({"big":1000000.0,"f":0.5,"l":[1,"a"],"m":{"b":1,"a":null},"s":"x","n":null,"i":9007199254740993})";
    EXPECT_EQ(render("<{{ get('n') }}|{{ get('big') }}|{{ get('f') }}|{{ get('l') }}|{{ get('m') }}|{{ get('s') }}|{{ "
                     "get('i') }}|{{ true }}>",
                     env),
              value::Value(R"(<|1000000|0.5|[1,"a"]|{"b":1,"a":null}|x|9007199254740993|true>)"));
    EXPECT_EQ(render("d={{ duration('90s') }} t={{ date('2024-01-15') }}"),
              value::Value("d=1m30s t=2024-01-15 00:00:00 +0000 UTC"));
}

TEST(Template, ReadsStringsAndBracesInside) {
    EXPECT_EQ(render("a{{ '}}' }}b"), value::Value("a}}b"));
    EXPECT_EQ(render("{{ {a: {b: 1}} }}"), value::parse_json(R"({"a":{"b":1}})"));
    EXPECT_EQ(render("{{{a: 1}}}"), value::parse_json(R"({"a":1})"));
    EXPECT_EQ(render("{{ 'it\\'s }}' }}!"), value::Value("it's }}!"));
    EXPECT_EQ(render("{{ `}}` }} {{ \"{{\" }}"), value::Value("}} {{"));
    EXPECT_EQ(render("{{ 1 }} and {{ 2 }}"), value::Value("1 and 2"));
    EXPECT_EQ(render("{ not } a }} template"), value::Value("{ not } a }} template"));
}

TEST(Template, NeverReadsSubstitutedTextAgain) {
    EXPECT_EQ(render("x {{ get('q') }}", R"({"q":"{{ 1 + 1 }}"})"), value::Value("x {{ 1 + 1 }}"));
}

TEST(Template, SaysWhereItIsWrong) {
    EXPECT_EQ(fault("abc {{ 1 + }} d"), (std::pair<std::string, std::size_t>("unexpected end of the expression", 10)));
    EXPECT_EQ(fault("abc {{ 1"), (std::pair<std::string, std::size_t>("'{{' is not closed: '}}' is missing", 4)));
    EXPECT_EQ(fault("abc {{ 'x }}"), (std::pair<std::string, std::size_t>("string is not closed inside '{{ }}'", 7)));
    EXPECT_EQ(fault("{{  }}"), (std::pair<std::string, std::size_t>("'{{ }}' holds no expression", 0)));
    EXPECT_EQ(fault("{{ 1 }} {{ gett('a') }}"),
              (std::pair<std::string, std::size_t>("unknown function 'gett' (did you mean 'get'?)", 11)));
}

TEST(Template, KnowsItsParts) {
    const Template parsed("a {{ get('x') }} b", names());
    ASSERT_EQ(parsed.parts().size(), 3U);
    EXPECT_EQ(parsed.parts()[0].text, "a ");
    EXPECT_EQ(parsed.parts()[1].text, "get('x')");
    EXPECT_EQ(parsed.parts()[1].offset, 2U);
    ASSERT_NE(parsed.parts()[1].expression, nullptr);
    EXPECT_EQ(parsed.parts()[2].offset, 16U);
}

}  // namespace
}  // namespace kdeps::expr
