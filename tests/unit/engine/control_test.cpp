// SPDX-License-Identifier: Apache-2.0
// What decides when and how often a resource runs, and where a failure points.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Skip, IsAskedForEachItemOnlyWhereItReadsTheItem) {
    const auto skipped = [](const std::string& condition) {
        return run(
            "actionId: r\nitems: [1, 2]\nvalidations: {skip: \"" + condition + "\"}\necho: {value: \"{{ item }}\"}",
            with_body(R"({"items": []})"));
    };
    EXPECT_EQ(skipped("get('index') == 0"), "[null,2]");
    EXPECT_EQ(skipped("get('next') == nil"), "[1,null]");
    EXPECT_EQ(skipped("info('index') == 0"), "[null,2]");
    EXPECT_EQ(skipped("item.index() == 0"), "[null,2]");
    EXPECT_EQ(skipped("len(input.items) == 0"), "null");  // the body's, not the iteration's
    EXPECT_EQ(skipped("get('items_left', 'query') == nil"), "null");
}

TEST(Get, KnowsThatNothingIsIteratedOver) {
    EXPECT_EQ(run("{actionId: r, echo: {value: \"{{ [get('index', 'item'), get('count', 'item'), get('current', "
                  "'item'), get('items', 'item')] }}\"}}"),
              "[0,0,null,[]]");
}

TEST(Before, TakesNoActions) {
    EXPECT_THAT(Loaded("actionId: r\nbefore:\n  - echo: {value: 1}\necho: {}\n").report(),
                StartsWith("workflow.yaml:8:5: error: before: actions inside a list are not supported; make the action "
                           "a resource of its own and name it in requires"));
}

TEST(OnError, WarnsOfAFallbackThatIsNeverUsed) {
    EXPECT_THAT(Loaded("actionId: r\necho: {}\nonError: {fallback: 1}\n").report(),
                HasSubstr("warning: onError.fallback is never used with 'action: fail', which holds where no action is "
                          "given; write 'action: continue', or 'action: retry'"));
}

TEST(RunError, ShowsTheLineWithACaret) {
    // In an expression of the core's, and in one that a plugin evaluates.
    const Loaded core("actionId: r\nbefore: [\"set('k', get('q').deep.er)\"]\necho: {}");
    const Loaded plugin("actionId: r\necho:\n  value: \"so: {{ get('q').deep.er }}\"");
    for (const auto& [loaded, line, column] : {std::tuple(&core, 7, 27), std::tuple(&plugin, 8, 27)}) {
        const Outcome outcome = loaded->run(with_body(R"({"q": {}})"));
        ASSERT_TRUE(outcome.error);
        const std::string place = "workflow.yaml:" + std::to_string(line) + ":";
        EXPECT_THAT(outcome.error->message, StartsWith("expression at " + place));
        EXPECT_THAT(outcome.error->message, HasSubstr("cannot fetch 'er' from nil"));
        EXPECT_THAT(outcome.error->detail, HasSubstr(place));
        const std::string& detail = outcome.error->detail;
        const std::size_t caret = detail.rfind('^') - detail.rfind('\n', detail.rfind('^')) - 1;
        const std::size_t source = detail.find('\n') + 1;
        EXPECT_EQ(detail.substr(source + caret, 2), "er") << detail << column;
    }
}

// What a resource set()s, one that does not require it get()s in the order in which the target names them.  Without an
// edge the slow one would end last.
constexpr const char* kSlowSet = "{actionId: slow, before: [\"len(map(1..400000, # * 2))\"], after: [\"set('k', 1)\"]}";
constexpr const char* kGet = "{actionId: quick, echo: {value: \"{{ get('k', 'none') }}\"}}";

TEST(DataEdge, HoldsInBothOrders) {
    const auto target = [](const char* requires_ids) {
        return "{actionId: r, requires: " + std::string(requires_ids) + ", echo: {value: \"{{ output('quick') }}\"}}";
    };
    for (const auto& [first, second] : {std::pair(kSlowSet, kGet), std::pair(kGet, kSlowSet)}) {
        const std::string both = std::string("\n---\n") + first + "\n---\n" + second;
        const Loaded sets_first(target("[slow, quick]") + both);
        const Loaded gets_first(target("[quick, slow]") + both);
        for (int i = 0; i < 10; ++i) {
            ASSERT_EQ(sets_first.text(), "1");
            ASSERT_EQ(gets_first.text(), "\"none\"");
        }
    }
}

// Twice the iterations take about twice the time, whatever they ask each time.
TEST(Loop, CostsTheSameInEachIteration) {
    const auto seconds = [](const std::string& what, std::size_t iterations) {
        const Loaded loaded("actionId: r\nloop: {while: \"loop.index() < " + std::to_string(iterations) +
                            "\", maxIterations: 100000}\nbefore: [\"" + what + "\"]\nafter: ['1']");
        double best = 1e9;
        for (int round = 0; round < 3; ++round) {
            timespec start{};
            timespec end{};
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
            EXPECT_FALSE(loaded.run().error.has_value());
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
            best = std::min(best, static_cast<double>(end.tv_sec - start.tv_sec) +
                                      static_cast<double>(end.tv_nsec - start.tv_nsec) / 1e9);
        }
        return best;
    };
    for (const std::string what :
         {"len(loop.results())", "loop.results()[0:1]", "append('k', 1)", "len(get('k', [])) + append('k', 1)[0]",
          "increment('k')", "loop.count()", "item.values()", "get('current')", "set('k', loop.index())"}) {
        const double one = seconds(what, 4000);
        const double two = seconds(what, 8000);
        EXPECT_LT(two, 3 * one + 0.01) << what << ": " << one << " s, then " << two << " s";
    }
}

}  // namespace
}  // namespace kdeps::engine
