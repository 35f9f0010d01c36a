// SPDX-License-Identifier: Apache-2.0
#include "limiter.hpp"

#include <atomic>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/sql/host.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::TestClock;

struct LimiterTest : ::testing::Test {
    // What a run that enters on a thread of its own is told; `meanwhile` happens once it waits.
    template <typename Meanwhile>
    std::string error_of_waiter(testing::HostCall& who, const Meanwhile& meanwhile) {
        std::string out = "no error";
        std::thread waiter([&] {
            try {
                limiter.enter(Call(host, who.get()), seconds(5));
            } catch (const Error& error) {
                out = std::to_string(error.status) + " " + error.message;
            }
        });
        while (limiter.waiting() == 0) std::this_thread::yield();
        meanwhile();
        waiter.join();
        return out;
    }

    const Host host{testing::host()};
    testing::HostCall owner{"report"};
    const Call call{host, owner.get()};
    Limiter limiter{"main", 2, TestClock::now};
};

TEST_F(LimiterTest, LetsSoManyIn) {
    const Limiter::Place first = limiter.enter(call, seconds(5));
    std::optional<Limiter::Place> second(limiter.enter(call, seconds(5)));
    EXPECT_THROW(limiter.enter(call, nanoseconds(0)), Error);
    second.reset();
    const Limiter::Place third = limiter.enter(call, nanoseconds(0));
}

TEST_F(LimiterTest, SaysHowLongItHasBeenFull) {
    const Limiter::Place first = limiter.enter(call, seconds(5));
    TestClock::pass(seconds(3));
    const Limiter::Place second = limiter.enter(call, seconds(5));
    EXPECT_EQ(error_of_waiter(owner, [] { TestClock::pass(seconds(5)); }),
              std::to_string(KDEPS_EXHAUSTED) +
                  " run.sql.pool of 'report' is full: 2 of 2 connections of 'main' in use, waited 5.0 s; longest held "
                  "for 8.0 s");
    EXPECT_EQ(limiter.waiting(), 0U);
}

TEST_F(LimiterTest, GivesUpAtTheDeadlineOfTheCall) {
    const Limiter::Place first = limiter.enter(call, seconds(5));
    const Limiter::Place second = limiter.enter(call, seconds(5));
    testing::HostCall hasty("hasty");
    hasty.set_deadline(milliseconds(200));
    EXPECT_EQ(error_of_waiter(hasty, [] { TestClock::pass(milliseconds(200)); }),
              std::to_string(KDEPS_TIMEOUT) +
                  " run.sql.pool of 'hasty' is full: 2 of 2 connections of 'main' in use, waited 0.2 s; longest held "
                  "for 0.2 s");
}

TEST_F(LimiterTest, GivesUpWhenTheCallIsCancelled) {
    const Limiter::Place first = limiter.enter(call, seconds(5));
    std::optional<Limiter::Place> second(limiter.enter(call, seconds(5)));
    testing::HostCall cancelled("cancelled");
    EXPECT_EQ(error_of_waiter(cancelled, [&] { cancelled.cancel(); }),
              std::to_string(KDEPS_CANCELLED) + " the run was cancelled");
    second.reset();
    const Limiter::Place third = limiter.enter(call, nanoseconds(0));  // the line has gone on
}

TEST_F(LimiterTest, NeverLetsMoreIn) {
    std::atomic<std::size_t> inside = 0;
    std::atomic<std::size_t> most = 0;
    std::atomic<int> entered = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            const testing::HostCall own("query");
            const Call own_call(host, own.get());
            for (int k = 0; k < 200; ++k) {
                const Limiter::Place place = limiter.enter(own_call, seconds(60));
                const std::size_t count = ++inside;
                std::size_t seen = most;
                while (seen < count && !most.compare_exchange_weak(seen, count)) {
                }
                ++entered;
                --inside;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(entered, 1200);
    EXPECT_LE(most, 2U);
}

}  // namespace
}  // namespace kdeps::sql
