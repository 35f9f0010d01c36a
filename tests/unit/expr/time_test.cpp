// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

TEST(Date, ReadsTheUsualForms) {
    EXPECT_EQ(run("date('2024-01-15')"), R"("2024-01-15T00:00:00Z")");
    EXPECT_EQ(run("date('2024-01-15 10:30:00')"), R"("2024-01-15T10:30:00Z")");
    EXPECT_EQ(run("date('2024-01-15T10:30:00.123456789+02:00')"), R"("2024-01-15T10:30:00.123456789+02:00")");
    EXPECT_EQ(run("date('10:30:00').Year()"), "0");
    EXPECT_EQ(fault("date('15.1.2024')").text,
              "cannot read '15.1.2024' as a date; write it like 2024-01-15, 2024-01-15 10:30:00 or "
              "2024-01-15T10:30:00Z, or give a layout");
}

TEST(Date, ReadsAndWritesByLayout) {
    EXPECT_EQ(run("date('3/7/24 9:05PM', '2/1/06 3:04PM')"), R"("2024-07-03T21:05:00Z")");
    EXPECT_EQ(run("date('2024-060', '2006-002')"), R"("2024-02-29T00:00:00Z")");
    EXPECT_EQ(run("date('2024-01-05 13:04:05.678').Format('Mon Jan _2 03:04:05.000 PM 2006 Z07:00')"),
              R"("Fri Jan  5 01:04:05.678 PM 2024 Z")");
    EXPECT_EQ(run("date('2024-01-05').Format('Janet')"), R"("Janet")");
    EXPECT_EQ(fault("date('2024-02-30')").text.substr(0, 24), "cannot read '2024-02-30'");
}

TEST(Date, KnowsTimeZones) {
    EXPECT_EQ(run("date('2024-07-15 12:00', '2006-01-02 15:04', 'America/New_York')"),
              R"("2024-07-15T12:00:00-04:00")");
    EXPECT_EQ(run("date('2024-01-15T10:30:00Z').In(timezone('Asia/Tokyo')).Hour()"), "19");
    EXPECT_EQ(run("date('2024-03-31 02:30', '2006-01-02 15:04', 'Europe/Paris')"), R"("2024-03-31T03:30:00+02:00")")
        << "an hour that does not exist";
    EXPECT_EQ(fault("timezone('Europe/Pariss')").text,
              "there is no time zone 'Europe/Pariss'; use a name like 'Europe/Paris'");
}

TEST(Date, Calculates) {
    EXPECT_EQ(run("date('2024-01-31').AddDate(0, 1, 0)"), R"("2024-03-02T00:00:00Z")");
    EXPECT_EQ(run("(date('2024-03-10') - date('2024-03-01')).Hours() / 24"), "9");
    EXPECT_EQ(run("date('2024-01-15') + duration('36h')"), R"("2024-01-16T12:00:00Z")");
    EXPECT_EQ(run("date('2024-01-15T10:00:00Z') == date('2024-01-15T12:00:00+02:00')"), "true");
    EXPECT_EQ(run("int(date('2024-03-10').Weekday())"), "0");
    EXPECT_EQ(run("string(date('2024-03-10').Month())"), R"("March")");
    EXPECT_EQ(run("now() - now() < duration('1s')"), "true");
    EXPECT_TRUE(fault("date('2024-01-15').AddDate(99999, 0, 0)").text.ends_with("is out of range"));
    EXPECT_EQ(run("date('2024-01-15').Sub(date('0001-01-01')) > duration('1h')"), "true")
        << "as long as a duration can be";
}

TEST(Duration, ReadsAndWrites) {
    EXPECT_EQ(run("duration('1h30m')"), R"("1h30m0s")");
    EXPECT_EQ(run("duration('-1.5s')"), R"("-1.5s")");
    EXPECT_EQ(run("duration('1.5ms')"), R"("1.5ms")");
    EXPECT_EQ(run("toJSON(duration('1us'))"), R"("1000")");
    EXPECT_EQ(run("duration('90m').Round(duration('1h'))"), R"("2h0m0s")");
    EXPECT_EQ(fault("duration('1d')").text, "cannot read '1d' as a duration; write it like 90s, 1h30m or 500ms");
    EXPECT_EQ(fault("duration('9999999h')").text,
              "cannot read '9999999h' as a duration; write it like 90s, 1h30m or 500ms");
}

TEST(FormatDate, TakesTimesTextsAndSeconds) {
    EXPECT_EQ(run("formatDate('2024-01-15T10:30:00', '02.01.2006 15:04')"), R"("15.01.2024 10:30")");
    EXPECT_EQ(run("formatDate(date('2024-01-15'), 'YYYY/MM/DD HH:mm:ss')"), R"("2024/01/15 00:00:00")");
    EXPECT_EQ(run("formatDate(1705314600, '%Y-%m-%d %H:%M', 'Europe/Paris')"), R"("2024-01-15 11:30")");
    EXPECT_EQ(run("formatDate('2024-01-15T10:30:00Z')"), R"("2024-01-15")");
    EXPECT_EQ(fault("formatDate(1705314600000)").text.substr(0, 40), "formatDate() takes seconds since 1970; 1");
}

}  // namespace
}  // namespace kdeps::expr
