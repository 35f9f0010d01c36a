// SPDX-License-Identifier: Apache-2.0
// The graph of a workflow in its three formats.
#include <gtest/gtest.h>

#include "tests/unit/plan/plan_fixture.hpp"

namespace kdeps::plan {
namespace {

Planned planned() {
    return Planned({"{actionId: r, requires: [a, b], apiResponse: {response: {}}}",
                    "{actionId: a, sql: {query: SELECT 1}, after: \"set('k', 1)\"}",
                    "{actionId: b, after: \"get('k')\"}", "{actionId: unused, after: '1'}"});
}

TEST(Graph, IsMermaid) {
    EXPECT_EQ(planned().graph(GraphFormat::mermaid),
              "flowchart TD\n"
              "    r0([\"r (apiResponse)\"])\n"
              "    r1[\"a (sql)\"]\n"
              "    r2[\"b (expr)\"]\n"
              "    r3[\"unused (expr)\"]\n"
              "    r1 --> r0\n"
              "    r2 --> r0\n"
              "    r1 -. \"k\" .-> r2\n"
              "    style r3 stroke-dasharray: 4\n");
}

TEST(Graph, IsDot) {
    EXPECT_EQ(planned().graph(GraphFormat::dot),
              "digraph workflow {\n"
              "    \"r\" [label=\"r (apiResponse)\", peripheries=2];\n"
              "    \"a\" [label=\"a (sql)\"];\n"
              "    \"b\" [label=\"b (expr)\"];\n"
              "    \"unused\" [label=\"unused (expr)\", style=dashed];\n"
              "    \"a\" -> \"r\";\n"
              "    \"b\" -> \"r\";\n"
              "    \"a\" -> \"b\" [style=dotted, label=\"k\"];\n"
              "}\n");
}

TEST(Graph, IsJson) {
    EXPECT_EQ(
        planned().graph(GraphFormat::json),
        R"({"nodes":[{"id":"r","kind":"apiResponse","target":true,"runs":true},{"id":"a","kind":"sql","target":false,"runs":true},)"
        R"({"id":"b","kind":"expr","target":false,"runs":true},{"id":"unused","kind":"expr","target":false,"runs":false}],)"
        R"("edges":[{"from":"a","to":"r","cause":"requires"},{"from":"b","to":"r","cause":"requires"},{"from":"a","to":"b","cause":"data","key":"k"}]})"
        "\n");
}

TEST(Graph, SaysWhereAKeyIsComputed) {
    const Planned computed({"{actionId: r, requires: [a, b], after: '1'}",
                            "{actionId: a, after: \"set('k' + 'x', 1)\"}", "{actionId: b, after: \"get('y' + 'z')\"}"});
    EXPECT_NE(computed.graph(GraphFormat::mermaid).find("r1 -. \"computed key\" .-> r2"), std::string::npos);
    EXPECT_NE(computed.graph(GraphFormat::dot).find("label=\"computed key\""), std::string::npos);
    EXPECT_NE(computed.graph(GraphFormat::json).find(R"("key":"")"), std::string::npos);
}

TEST(Graph, KeepsQuotesOfNamesOutOfItsOwnText) {
    const Planned odd({"{actionId: r, requires: ['a\"b'], after: '1'}", "{actionId: 'a\"b', after: '1'}"});
    EXPECT_NE(odd.graph(GraphFormat::mermaid).find("[\"a#quot;b (expr)\"]"), std::string::npos);
    EXPECT_NE(odd.graph(GraphFormat::dot).find("\"a\\\"b\" -> \"r\";"), std::string::npos);
}

}  // namespace
}  // namespace kdeps::plan
