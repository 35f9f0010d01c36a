// SPDX-License-Identifier: Apache-2.0
// The report of a load, as text and as JSON.
#include <gtest/gtest.h>

#include "core/config/config.hpp"

namespace kdeps::config {
namespace {

TEST(Diagnostics, ShowsTheLineWithACaret) {
    Diagnostics faults;
    faults.add_source("w.yaml", "a: 1\nname: wrong\r\n");
    faults.error("it is wrong", {"w.yaml", 2, 7});
    EXPECT_EQ(faults.text(),
              "w.yaml:2:7: error: it is wrong\n"
              "  2 | name: wrong\n"
              "    |       ^\n"
              "1 error\n");
}

TEST(Diagnostics, SortsByPlaceAndCounts) {
    Diagnostics faults;
    faults.warning("third", {"b.yaml", 1, 1});
    faults.error("second", {"a.yaml", 10, 2});
    faults.error("first", {"a.yaml", 9, 5});
    faults.note("fourth", {"b.yaml", 2, 1});
    faults.error("no place", {});
    EXPECT_EQ(faults.text(),
              "error: no place\n"
              "a.yaml:9:5: error: first\n"
              "a.yaml:10:2: error: second\n"
              "b.yaml:1:1: warning: third\n"
              "b.yaml:2:1: note: fourth\n"
              "3 errors, 1 warning\n");
}

TEST(Diagnostics, PutsTheCaretBehindTabsAsTheLineHasThem) {
    Diagnostics faults;
    faults.add_source("w.yaml", "\ta:\tb\n");
    faults.error("here", {"w.yaml", 1, 5});
    EXPECT_EQ(faults.text(),
              "w.yaml:1:5: error: here\n"
              "  1 | \ta:\tb\n"
              "    | \t  \t^\n"
              "1 error\n");
}

TEST(Diagnostics, PutsTheCaretByCharacters) {
    Diagnostics faults;
    faults.add_source("w.yaml", "größe: x\n");
    faults.error("here", {"w.yaml", 1, 8});
    EXPECT_EQ(faults.text(),
              "w.yaml:1:8: error: here\n"
              "  1 | größe: x\n"
              "    |        ^\n"
              "1 error\n");
}

TEST(Diagnostics, HidesThePasswordInTheLineAndKeepsTheCaretInPlace) {
    Diagnostics faults;
    faults.add_source("w.yaml", "c: {url: \"postgres://me:very-secret@h/db\", x: 1}\n");
    faults.warning("unknown key 'x'", {"w.yaml", 1, 44});
    EXPECT_EQ(faults.text(),
              "w.yaml:1:44: warning: unknown key 'x'\n"
              "  1 | c: {url: \"postgres://me:***@h/db\", x: 1}\n"
              "    |                                    ^\n"
              "1 warning\n");
}

TEST(Diagnostics, HidesThePasswordInTheMessage) {
    Diagnostics faults;
    faults.error("'postgres://me:secret@h/db' is not accepted", {"w.yaml", 1, 1});
    EXPECT_EQ(faults.text(), "w.yaml:1:1: error: 'postgres://me:***@h/db' is not accepted\n1 error\n");
    EXPECT_EQ(faults.json().find("secret"), std::string::npos);
}

TEST(Diagnostics, SaysTheSameThingOnce) {
    Diagnostics faults;
    faults.error("twice", {"w.yaml", 1, 1});
    faults.error("twice", {"w.yaml", 1, 1});
    faults.error("twice", {"w.yaml", 2, 1});
    EXPECT_EQ(faults.size(), 2U);
}

TEST(Diagnostics, MakesWarningsErrorsWhenStrict) {
    Diagnostics faults(true);
    faults.note("a note stays", {});
    EXPECT_FALSE(faults.has_errors());
    faults.warning("unknown key", {});
    EXPECT_TRUE(faults.has_errors());
}

TEST(Diagnostics, WritesJson) {
    Diagnostics faults;
    faults.error("it is \"wrong\"", {"w.yaml", 2, 7});
    faults.note("by the way", {});
    EXPECT_EQ(faults.json(),
              R"([{"severity":"note","message":"by the way","file":"","line":0,"column":0},)"
              R"({"severity":"error","message":"it is \"wrong\"","file":"w.yaml","line":2,"column":7}])");
    EXPECT_EQ(Diagnostics().json(), "[]");
    EXPECT_EQ(Diagnostics().text(), "");
}

}  // namespace
}  // namespace kdeps::config
