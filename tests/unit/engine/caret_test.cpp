// SPDX-License-Identifier: Apache-2.0
// A fault of an expression is shown with its line and a caret, in whatever form YAML has the text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

// The report without the line of its count; the resource begins in line 6.
std::string report_of(const std::string& resource) {
    const std::string report = Loaded(resource).report();
    return report.substr(0, report.rfind('\n', report.size() - 2) + 1);
}

TEST(Caret, StandsInALiteralBlock) {
    EXPECT_EQ(
        report_of("actionId: r\nvalidations:\n  skip:\n    - |\n      1 == 2 or\n        lenn(get('q')) > 1\necho: {}"),
        "workflow.yaml:11:9: error: expression: unknown function 'lenn' (did you mean 'len'?)\n"
        "  11 |         lenn(get('q')) > 1\n"
        "     |         ^\n");
}

TEST(Caret, StandsInAFoldedBlock) {
    EXPECT_EQ(report_of("actionId: r\nafter:\n  - >-\n    set('a',\n\n    1)\n      + gett('ä') +\n    sett('b')\n"),
              "workflow.yaml:12:9: error: expression: unknown function 'gett' (did you mean 'get'?)\n"
              "  12 |       + gett('ä') +\n"
              "     |         ^\n");
    EXPECT_EQ(report_of("actionId: r\necho:\n  value: >\n    folded {{ get('a') }}\n    more {{ uper('b') }}\n"),
              "workflow.yaml:10:13: error: expression: unknown function 'uper' (did you mean 'upper'?)\n"
              "  10 |     more {{ uper('b') }}\n"
              "     |             ^\n");
}

TEST(Caret, StandsBehindEscapesOfAQuotedString) {
    EXPECT_EQ(report_of("actionId: r\nafter: \"'\\tä\\u00e9\\x41' == uper('x')\"\n"),
              "workflow.yaml:7:28: error: expression: unknown function 'uper' (did you mean 'upper'?)\n"
              "  7 | after: \"'\\tä\\u00e9\\x41' == uper('x')\"\n"
              "    |                            ^\n");
    EXPECT_EQ(report_of("actionId: r\nafter: '''it'' == uper(''It'')'\n"),
              "workflow.yaml:7:19: error: expression: unknown function 'uper' (did you mean 'upper'?)\n"
              "  7 | after: '''it'' == uper(''It'')'\n"
              "    |                   ^\n");
}

TEST(Caret, StandsInTheLineInWhichAScalarGoesOn) {
    EXPECT_EQ(report_of("actionId: r\nafter: \"1 == \\\n  uper('x')\"\n"),
              "workflow.yaml:8:3: error: expression: unknown function 'uper' (did you mean 'upper'?)\n"
              "  8 |   uper('x')\"\n"
              "    |   ^\n");
    EXPECT_EQ(report_of("actionId: r\nafter:\n  1 == 2 and\n  uper('x') == 'x'\n"),
              "workflow.yaml:9:3: error: expression: unknown function 'uper' (did you mean 'upper'?)\n"
              "  9 |   uper('x') == 'x'\n"
              "    |   ^\n");
}

TEST(Caret, StandsInTheRightPartOfATemplate) {
    EXPECT_EQ(report_of("actionId: r\necho: {value: \"x {{ get('q') }} y {{ item.curent() }} z {{ 1 }}\"}\n"),
              "workflow.yaml:7:38: error: expression: unknown function 'item.curent' (did you mean 'item.current'?)\n"
              "  7 | echo: {value: \"x {{ get('q') }} y {{ item.curent() }} z {{ 1 }}\"}\n"
              "    |                                      ^\n");
    EXPECT_EQ(report_of("actionId: r\necho:\n  value: |\n    one {{ get('q') }}\n    two {{ get('q') +\n      "
                        "python.stdot('x') }}\n"),
              "workflow.yaml:11:7: error: expression: unknown function 'python.stdot' (did you mean 'python.stdout'?)\n"
              "  11 |       python.stdot('x') }}\n"
              "     |       ^\n");
    EXPECT_EQ(report_of("actionId: r\necho: {value: \"a {{ 1 }} {{ get('x')\"}\n"),
              "workflow.yaml:7:26: error: expression: '{{' is not closed: '}}' is missing\n"
              "  7 | echo: {value: \"a {{ 1 }} {{ get('x')\"}\n"
              "    |                          ^\n");
}

TEST(Caret, StandsWhereARunFails) {
    const Loaded loaded(
        "actionId: r\necho:\n  value: >\n    folded {{ get('a', 1) }}\n    more {{ get('q').deep.er }}\n");
    const Outcome outcome = loaded.run(with_body(R"({"q": {}})"));
    ASSERT_TRUE(outcome.error);
    EXPECT_THAT(outcome.error->message,
                ::testing::StartsWith("expression at workflow.yaml:10:27: cannot fetch 'er' from nil"));
    EXPECT_THAT(outcome.error->detail,
                ::testing::HasSubstr("  10 |     more {{ get('q').deep.er }}\n     |                           ^"));
}

}  // namespace
}  // namespace kdeps::engine
