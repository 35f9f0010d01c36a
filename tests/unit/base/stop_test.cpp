// SPDX-License-Identifier: Apache-2.0
#include "core/base/stop.hpp"

#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace kdeps {
namespace {

TEST(StopFlag, KeepsTheFirstReason) {
    StopFlag flag;
    EXPECT_FALSE(flag.is_requested());
    flag.request(StopReason::client_left);
    flag.request(StopReason::shutdown);
    EXPECT_TRUE(flag.is_requested());
    EXPECT_EQ(flag.reason(), StopReason::client_left);
}

TEST(StopFlag, TellsEachWhoRegisteredOnce) {
    StopFlag flag;
    int calls = 0;
    const StopFlag::Callback first(flag, [&] { ++calls; });
    {
        const StopFlag::Callback gone(flag, [&] { calls += 100; });
    }
    const StopFlag::Callback second(flag, [&] { calls += 10; });
    flag.request();
    flag.request();
    EXPECT_EQ(calls, 11);
}

TEST(StopFlag, TellsAtOnceWhoComesTooLate) {
    StopFlag flag;
    flag.request();
    bool is_told = false;
    const StopFlag::Callback late(flag, [&] { is_told = true; });
    EXPECT_TRUE(is_told);
}

TEST(StopFlag, EndsAWait) {
    StopFlag flag;
    auto waiting = std::async(std::launch::async, [&] { return flag.wait_until(Deadline()); });
    flag.request();
    EXPECT_TRUE(waiting.get());
    EXPECT_TRUE(flag.wait_until(Deadline::after(std::chrono::hours(1))));
    const StopFlag never;
    EXPECT_FALSE(never.wait_until(Deadline::after(std::chrono::milliseconds(1))));
}

TEST(Deadline, ThatReachesPastTheClockIsNever) {
    EXPECT_TRUE(Deadline::after(std::chrono::nanoseconds::max()).is_never());
}

}  // namespace
}  // namespace kdeps
