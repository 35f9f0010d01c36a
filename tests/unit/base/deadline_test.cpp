// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/base/base.hpp"

namespace kdeps {
namespace {

TEST(Deadline, NeverHasNoEnd) {
    EXPECT_TRUE(Deadline().is_never());
    EXPECT_FALSE(Deadline().has_passed());
    EXPECT_EQ(Deadline().remaining_ns(), std::numeric_limits<std::int64_t>::max());
}

TEST(Deadline, HasPassedAtItsTime) {
    const Deadline past = Deadline::after(std::chrono::nanoseconds(-1));
    EXPECT_TRUE(past.has_passed());
    EXPECT_EQ(past.remaining_ns(), 0);
}

TEST(Deadline, TheEarlierOneWins) {
    const Deadline near = Deadline::after(std::chrono::seconds(1));
    EXPECT_EQ(earlier(near, Deadline()).at(), near.at());
    EXPECT_EQ(earlier(Deadline::after(std::chrono::hours(1)), near).at(), near.at());
}

TEST(Metrics, AreWrittenInPrometheusText) {
    Metrics metrics;
    metrics.count("kdeps_runs_total", {{"outcome", "ok"}}, 2);
    metrics.gauge("kdeps_open", {}, 3);
    const std::string text = metrics.text();
    EXPECT_NE(text.find("kdeps_runs_total{outcome=\"ok\"} 2"), std::string::npos) << text;
    EXPECT_NE(text.find("kdeps_open 3"), std::string::npos) << text;
}

}  // namespace
}  // namespace kdeps
