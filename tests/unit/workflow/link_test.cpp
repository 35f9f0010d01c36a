// SPDX-License-Identifier: Apache-2.0
// What concerns several resources: ids, requires, cycles, references, the target.
#include <gtest/gtest.h>

#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::workflow {
namespace {

std::string first_line(const Loaded& loaded) { return loaded.report.substr(0, loaded.report.find('\n')); }

TEST(Link, ReportsADuplicateIdWithTheFirst) {
    EXPECT_EQ(first_line(load(with("actionId: r\nafter: \"1\"\n---\nactionId: r\nafter: \"1\"\n"))).substr(0, 65),
              "workflow.yaml:9:11: error: duplicate actionId 'r', first declared");
}

TEST(Link, ReportsTheCycleAsAPath) {
    const Loaded loaded =
        load(with("{actionId: r, requires: [b], after: '1'}\n---\n{actionId: b, requires: [c], after: "
                  "'1'}\n---\n{actionId: c, requires: [r], after: '1'}\n"));
    EXPECT_EQ(loaded.report,
              "workflow.yaml:6:12: error: dependency cycle: r → b → c → r\n"
              "  6 | {actionId: r, requires: [b], after: '1'}\n"
              "    |            ^\n"
              "1 error\n");
}

TEST(Link, ReportsAResourceThatRequiresItself) {
    EXPECT_EQ(first_line(load(with("{actionId: r, requires: [r], after: '1'}\n"))),
              "workflow.yaml:6:12: error: dependency cycle: r → r");
}

TEST(Link, ReportsACycleThatTheTargetDoesNotNeed) {
    EXPECT_EQ(first_line(load(with("{actionId: r, after: '1'}\n---\n{actionId: a, requires: [b], after: "
                                   "'1'}\n---\n{actionId: b, requires: [a], after: '1'}\n"))),
              "workflow.yaml:8:12: error: dependency cycle: a → b → a");
}

TEST(Link, WarnsOfAReferenceThatIsNotRequired) {
    const Loaded loaded = load(with("{actionId: r, after: \"get('other')\"}\n---\n{actionId: other, after: '1'}\n"));
    EXPECT_EQ(loaded.report,
              "workflow.yaml:6:23: warning: 'other' is not in the requires of 'r', so it may not have run; add it to "
              "requires\n"
              "  6 | {actionId: r, after: \"get('other')\"}\n"
              "    |                       ^\n"
              "1 warning\n");
}

TEST(Link, TakesAReferenceThatIsRequiredThroughOthers) {
    EXPECT_EQ(load(with("{actionId: r, requires: [m], after: \"get('other')\"}\n---\n{actionId: m, requires: [other], "
                        "after: '1'}\n---\n{actionId: other, after: '1'}\n"))
                  .report,
              "");
}

TEST(Link, RefusesTheOutputOfAResourceThatIsNotThere) {
    EXPECT_EQ(
        first_line(load(
            with("{actionId: r, requires: [query], after: \"output('qery')\"}\n---\n{actionId: query, after: '1'}\n"))),
        "workflow.yaml:6:42: error: unknown resource 'qery' (did you mean 'query'?)");
    EXPECT_EQ(first_line(load(with("{actionId: r, after: \"get('nothing', 'output')\"}\n"))),
              "workflow.yaml:6:23: error: unknown resource 'nothing'");
    EXPECT_EQ(load(with("{actionId: r, after: \"get('nothing')\"}\n")).report, "");  // may be a parameter
}

TEST(Link, FindsReferencesInEveryPlaceOfAResource) {
    for (const char* place :
         {"validations: {skip: \"output('x')\"}, after: '1'", "validations: {check: \"output('x')\"}, after: '1'",
          "before: \"output('x')\"", "sql: {query: \"SELECT {{ output('x') }}\"}",
          "apiResponse: {response: \"output('x')\"}", "items: \"output('x')\", after: '1'",
          "onError: {action: continue, fallback: \"{{ output('x') }}\"}, after: '1'",
          "onError: {when: \"output('x')\"}, after: '1'",
          "onError: {apiResponse: {response: \"output('x')\"}}, after: '1'"}) {
        const std::string line = first_line(load(with("{actionId: r, " + std::string(place) + "}\n")));
        EXPECT_NE(line.find("error: unknown resource 'x'"), std::string::npos) << place << ": " << line;
    }
}

TEST(Link, SaysThatTheTargetIsNotThere) {
    EXPECT_EQ(load(with("{actionId: rr, after: '1'}\n")).report,
              "workflow.yaml: error: target action 'r' not found in resources (did you mean 'rr'?)\n1 error\n");
    EXPECT_EQ(
        load("apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: w, targetActionId: r}\nsettings: {}\n").report,
        "workflow.yaml: error: workflow must have at least one resource\n1 error\n");
}

TEST(Link, RefusesASecondWorkflow) {
    EXPECT_EQ(first_line(load(with("kind: Workflow\n---\n{actionId: r, after: '1'}\n"))),
              "workflow.yaml:6:1: error: a second 'kind: Workflow'; there must be one");
}

}  // namespace
}  // namespace kdeps::workflow
