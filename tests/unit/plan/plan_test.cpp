// SPDX-License-Identifier: Apache-2.0
// Which resources run, in what order, and which edges keep a run the same every time.
#include <gtest/gtest.h>

#include "tests/unit/plan/plan_fixture.hpp"

namespace kdeps::plan {
namespace {

TEST(Plan, RunsWhatTheTargetNeedsAndNothingElse) {
    const Planned planned({"{actionId: unused, after: '1'}", "{actionId: r, requires: [b], after: '1'}",
                           "{actionId: b, requires: [a], after: '1'}", "{actionId: a, after: '1'}"});
    EXPECT_EQ(planned.order(), "a b r");
    EXPECT_EQ(planned.edges(), "a>b b>r");
}

TEST(Plan, RunsEachResourceOnce) {
    const Planned planned({"{actionId: r, requires: [b, c], after: '1'}", "{actionId: b, requires: [a], after: '1'}",
                           "{actionId: c, requires: [a], after: '1'}", "{actionId: a, after: '1'}"});
    EXPECT_EQ(planned.order(), "a b c r");
    EXPECT_EQ(planned.edges(), "a>b a>c b>r c>r");
    EXPECT_EQ(planned.plan().nodes()[0].successors.size(), 2U);
    EXPECT_EQ(planned.plan().nodes()[3].predecessors.size(), 2U);
}

TEST(Plan, FollowsRequiresInTheirOrder) {
    EXPECT_EQ(Planned({"{actionId: r, requires: [c, a, b], after: '1'}", "{actionId: a, after: '1'}",
                       "{actionId: b, after: '1'}", "{actionId: c, after: '1'}"})
                  .order(),
              "c a b r");
}

TEST(Plan, TakesARequirementThatIsNamedTwiceOnce) {
    EXPECT_EQ(Planned({"{actionId: r, requires: [a, a], after: '1'}", "{actionId: a, after: '1'}"}).edges(), "a>r");
}

// Two resources beside each other, before the target.
std::string data_edges(const std::string& first, const std::string& second) {
    const Planned planned({"{actionId: r, requires: [a, b], after: '1'}", "{actionId: a, " + first + "}",
                           "{actionId: b, " + second + "}"});
    EXPECT_FALSE(planned.has_errors());
    const std::string edges = planned.edges();
    const std::string_view both = "a>r b>r";
    EXPECT_TRUE(edges.starts_with(both)) << edges;
    return edges.size() > both.size() ? edges.substr(both.size() + 1) : "";
}

TEST(DataEdge, StandsBetweenSetAndGetOfOneKey) {
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"get('k')\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"get('k')\"", "after: \"set('k', 1)\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"set('k', 2)\""), "a>b:k");
}

TEST(DataEdge, IsNotNeededBetweenReadersOrDifferentKeys) {
    EXPECT_EQ(data_edges("after: \"get('k')\"", "after: \"get('k')\""), "");
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"get('other')\""), "");
}

TEST(DataEdge, StandsWhereAKeyIsComputed) {
    EXPECT_EQ(data_edges("after: \"set('k' + get('x'), 1)\"", "after: \"get('y')\""), "a>b:y");
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"get('k' + 'x')\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('a' + 'b', 1)\"", "after: \"get('k' + 'x')\""), "a>b:");
}

TEST(DataEdge, KnowsTheStorages) {
    EXPECT_EQ(data_edges("after: \"set('k', 1, 'session')\"", "after: \"get('k', 'session')\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('k', 1, 'session')\"", "after: \"get('k', 'memory')\""), "");
    EXPECT_EQ(data_edges("after: \"set('k', 1, 'app')\"", "after: \"get('k', 'app')\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('k', 1, 'session')\"", "after: \"get('k')\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"get('k', 'query')\""), "");
}

TEST(DataEdge, LeavesItemsOut) {
    EXPECT_EQ(data_edges("items: [1], after: \"set('k', 1, 'item')\"", "after: \"get('k')\""), "");
    EXPECT_EQ(data_edges("items: [1], after: \"set('k', 1, 'loop')\"", "after: \"get('k')\""), "");
}

TEST(DataEdge, TakesTheIdOfAResourceForAKeyToo) {
    EXPECT_EQ(data_edges("after: \"set('r', 1)\"", "after: \"get('r')\""),
              "a>b:r");  // memory is looked at before outputs
    EXPECT_EQ(data_edges("after: \"set('r', 1)\"", "after: \"output('r')\""), "");
}

TEST(DataEdge, KnowsADefaultFromASource) {
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"get('k', 'none')\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"get('k', 'memory', 'none')\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"get('k', 'body', 'none')\""), "");
}

TEST(DataEdge, StandsWhereAWholeStoreIsRead) {
    EXPECT_EQ(data_edges("after: \"set('k', 1, 'session')\"", "after: \"len(session())\""), "a>b:k");
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "after: \"len(session())\""), "");
    EXPECT_EQ(data_edges("after: \"set('k', 1, 'a' + 'pp')\"", "after: \"get('k', 'app')\""), "a>b:k");
}

TEST(DataEdge, IsNotAddedWhereThereIsAPathAlready) {
    EXPECT_EQ(Planned({"{actionId: r, requires: [b], after: \"get('k')\"}", "{actionId: b, requires: [a], after: '1'}",
                       "{actionId: a, after: \"set('k', 1)\"}"})
                  .edges(),
              "a>b b>r");
}

TEST(DataEdge, LooksIntoTemplates) {
    EXPECT_EQ(data_edges("after: \"set('k', 1)\"", "sql: {query: \"SELECT {{ get('k') }}\"}"), "a>b:k");
}

}  // namespace
}  // namespace kdeps::plan
