// SPDX-License-Identifier: Apache-2.0
// Resources with items.
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

TEST(Items, RunTheBodyOncePerElement) {
    EXPECT_EQ(run("actionId: r\nitems: [a, b]\necho: {value: \"{{ item }}!\"}"), R"(["a!","b!"])");
}

TEST(Items, MayComeFromAnExpression) {
    EXPECT_EQ(run("actionId: r\nitems: \"[1, 2, 3]\"\necho: {value: \"{{ item * 2 }}\"}"), "[2,4,6]");
    EXPECT_EQ(run("actionId: r\nitems: \"get('none')\"\necho: {value: 1}"), "[]");
    EXPECT_EQ(run("actionId: r\nitems: [0, \"{{ [1, 2] }}\", [3]]\necho: {value: \"{{ item }}\"}"), "[0,1,2,[3]]");
}

TEST(Items, KnowWhereTheyStand) {
    EXPECT_EQ(run("actionId: r\nitems: [a, b]\necho: {value: \"{{ [item.current(), item.prev(), item.next(), "
                  "item.index(), item.count(), len(item.values())] }}\"}"),
              R"([["a",null,"b",0,2,2],["b","a",null,1,2,2]])");
    EXPECT_EQ(run("actionId: r\nitems: [a, b]\necho: {value: \"{{ [get('item'), get('index'), get('count'), "
                  "get('prev'), get('next')] }}\"}"),
              R"([["a",0,2,null,"b"],["b",1,2,"a",null]])");
}

TEST(Items, SkipEachForItself) {
    EXPECT_EQ(run("actionId: r\nitems: [1, 2, 3]\nvalidations: {skip: \"item == 2\"}\necho: {value: \"{{ item }}\"}"),
              "[1,null,3]");
    EXPECT_EQ(
        run("actionId: r\nitems: [1, 2, 3]\nvalidations: {skip: \"get('q') == nil\"}\necho: {value: \"{{ item }}\"}"),
        "null");
}

TEST(Items, FailEachForItself) {
    EXPECT_EQ(run("actionId: r\nitems: [1, 2]\necho: {value: \"{{ item == 1 ? len(get('n', 5)) : item }}\"}\nonError: "
                  "{action: continue, fallback: none}"),
              R"(["none",2])");
}

// The answer is for the whole run: no further item begins, side by side neither.
TEST(Items, EndWithTheAnswerOfOnError) {
    for (const char* concurrency : {"1", "2"}) {
        const Loaded loaded(
            "{actionId: r, requires: [a], echo: {value: never}}\n---\nactionId: a\nitems: [1, 2, 3, 4, 5, 6]\n"
            "itemsConcurrency: " +
            std::string(concurrency) +
            "\nbefore: [\"increment('n', 1, 'app')\"]\necho: {fail: {status: 13, message: slow}}\n"
            "onError: {apiResponse: {success: false, response: {item: \"{{ item }}\", n: \"{{ get('n', 'app') }}\"}}}");
        const Outcome outcome = loaded.run();
        EXPECT_FALSE(outcome.success);
        EXPECT_EQ(outcome.status, 504);
        EXPECT_LE(outcome.data.find("n")->integer(), std::stoi(concurrency));
    }
}

TEST(Items, OfAResponseAreEnvelopes) {
    EXPECT_EQ(run("actionId: r\nitems: [a, b]\napiResponse: {success: true, response: {i: \"{{ get('index') }}\"}}"),
              R"([{"success":true,"data":{"i":0}},{"success":true,"data":{"i":1}}])");
}

TEST(Items, AreAskedOncePerRunForWhatTheyAre) {
    EXPECT_EQ(run("actionId: r\nitems: []\necho: {value: once}"), "\"once\"");
    EXPECT_EQ(run("actionId: r\nitems: [\"{{ nil }}\", \"[]\"]\necho: {value: \"{{ item }}\"}"), R"([null,"[]"])");
}

// In sequence as side by side: nothing that an item leaves reaches another.
TEST(Items, HaveAStateOfTheirOwnInBothModes) {
    for (const char* concurrency : {"1", "3"}) {
        EXPECT_EQ(run("actionId: r\nitems: [1, 2, 3]\nitemsConcurrency: " + std::string(concurrency) +
                      "\nbefore: [\"set('sum', get('sum', 'item', 0) + item, 'item')\"]\n"
                      "echo: {value: \"{{ get('sum', 'item') }}\"}"),
                  "[1,2,3]");
    }
    EXPECT_EQ(run("actionId: r\nitems: [1, 2, 3]\necho: {value: \"{{ [item, get('r')] }}\"}"),
              "[[1,null],[2,null],[3,null]]");
    EXPECT_EQ(run("actionId: r\nitems: [1, 2]\necho: {value: \"{{ item == 2 ? int(get('x', 'no')) : item }}\"}\n"
                  "onError: {action: continue, fallback: \"{{ get('r', 'none') }}\"}"),
              R"([1,"none"])");
}

TEST(Items, RefuseWhatWouldMeanSomethingElseSideBySide) {
    const auto report = [](const std::string& rest) {
        return Loaded("actionId: r\nitems: [1, 2]\nitemsConcurrency: 2\n" + rest).report();
    };
    EXPECT_NE(report("before: [\"set('n', get('n', 0) + item)\"]\necho: {}")
                  .find("items side by side would lose each other's values of 'n'"),
              std::string::npos);
    EXPECT_NE(report("before: [\"set('n', get('n', 'app', 0) + item, 'app')\"]\necho: {}").find("of 'n'"),
              std::string::npos);
    EXPECT_NE(report("echo: {value: \"{{ get('r') }}\"}").find("'r' reads its own output"), std::string::npos);
    EXPECT_EQ(report("before: [\"set('n', get('n', 'item', 0) + item, 'item')\"]\necho: {}"), "");
    EXPECT_EQ(report("before: [\"set('n', get('n', 'query'))\"]\necho: {}"), "");
}

// The first one that fails stops those that are at work: they would wait for ever.
TEST(Items, StopEachOtherSideBySide) {
    EXPECT_EQ(run("actionId: r\nitems: [wait, fail]\nitemsConcurrency: 2\n"
                  "before: [\"item == 'fail' ? int('no number') : 0\"]\necho: {wait: true}")
                  .substr(0, 41),
              "INTERNAL_ERROR 500 INVALID_ARGUMENT r: ex");
}

TEST(Items, FailTheResourceWithTheFirstError) {
    EXPECT_EQ(run("actionId: r\nitems: [1, 2, 3]\nbefore: [\"set('n', get('n', 0) + 1)\"]\n"
                  "echo: {fail: {status: 13, message: \"item {{ item }} is slow\"}}"),
              "TIMEOUT 504 TIMEOUT r: item 1 is slow");
}

TEST(Items, RunSideBySideWithResultsInOrder) {
    EXPECT_EQ(run("actionId: r\nitems: \"1..20\"\nitemsConcurrency: 4\nvalidations: {skip: \"item % 5 == 0\"}\n"
                  "echo: {value: \"{{ [item, item.prev(), item.index()] }}\"}")
                  .substr(0, 52),
              "[[1,null,0],[2,1,1],[3,2,2],[4,3,3],null,[6,5,5],[7,");
}

TEST(Items, HaveAStoreOfTheirOwn) {
    EXPECT_EQ(run("actionId: r\nitems: [1, 2]\nbefore: [\"set('k', item, 'item')\"]\necho: {value: \"{{ get('k', "
                  "'item') }}\"}\n---\n{actionId: other, after: '1'}"),
              "[1,2]");
    EXPECT_EQ(run("actionId: r\nbefore: [\"set('k', 1, 'item')\"]\necho: {}").substr(0, 44),
              "INTERNAL_ERROR 500 INVALID_STATE r: set('k',");
}

TEST(Items, AreSeenByOthersThroughItemValues) {
    EXPECT_EQ(run("{actionId: r, requires: [a], echo: {value: \"{{ item.values('a') }}\"}}\n---\n{actionId: a, items: "
                  "[x, y], echo: {value: 1}}"),
              R"(["x","y"])");
}

}  // namespace
}  // namespace kdeps::engine
