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
