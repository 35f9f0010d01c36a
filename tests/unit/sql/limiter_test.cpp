// SPDX-License-Identifier: Apache-2.0
#include "limiter.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/sql/host.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Limiter, LetsSoManyIn) {
    const Host host(testing::host());
    testing::HostCall owner("query");
    const Call call(host, owner.get());
    Limiter limiter(2);
    ASSERT_TRUE(limiter.enter(call, nanoseconds(0)));
    const Limiter::Place first(&limiter);
    {
        ASSERT_TRUE(limiter.enter(call, nanoseconds(0)));
        const Limiter::Place second(&limiter);
        EXPECT_FALSE(limiter.enter(call, nanoseconds(0)));
    }
    ASSERT_TRUE(limiter.enter(call, nanoseconds(0)));
    const Limiter::Place third(&limiter);
}

TEST(Limiter, NeverLetsMoreIn) {
    const Host host(testing::host());
    Limiter limiter(2);
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::atomic<int> entered = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            const testing::HostCall owner("query");
            const Call call(host, owner.get());
            for (int k = 0; k < 200; ++k) {
                if (!limiter.enter(call, seconds(60))) continue;
                const Limiter::Place place(&limiter);
                const int count = ++inside;
                int seen = most;
                while (seen < count && !most.compare_exchange_weak(seen, count)) {
                }
                ++entered;
                --inside;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(entered, 1200);
    EXPECT_LE(most, 2);
}

TEST(Limiter, GivesUpWhenTheCallEnds) {
    const Host host(testing::host());
    testing::HostCall owner("query");
    const Call call(host, owner.get());
    Limiter limiter(1);
    ASSERT_TRUE(limiter.enter(call, nanoseconds(0)));
    const Limiter::Place place(&limiter);
    owner.cancel();
    EXPECT_FALSE(limiter.enter(call, seconds(60)));
}

}  // namespace
}  // namespace kdeps::sql
