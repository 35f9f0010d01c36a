// SPDX-License-Identifier: Apache-2.0
// What a pool lends, checks, and takes back (rules §5, Pools).
#include "tests/unit/sql/fake_driver.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using PoolTest = PoolFixture;

TEST_F(PoolTest, ReusesAConnection) {
    release(acquire());
    auto again = acquire();
    EXPECT_EQ(number(again), 1);
    EXPECT_EQ(database.pinged, 0);
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 0 replaced");
    release(std::move(again));
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
}

TEST_F(PoolTest, LendsTheOneThatWasUsedLast) {
    auto first = acquire();
    auto second = acquire();
    EXPECT_NE(number(first), number(second));
    release(std::move(second));
    release(std::move(first));
    auto again = acquire();
    EXPECT_EQ(number(again), 1);
    release(std::move(again));
}

TEST_F(PoolTest, WithoutACacheStatementsAreOneShot) {
    options.statement_cache = 0;
    release(acquire());
    EXPECT_EQ(database.flags, KDEPS_TARGET_ONE_SHOT);
}

TEST_F(PoolTest, WithACacheTheyAreNot) {
    database.flags = KDEPS_TARGET_ONE_SHOT;
    release(acquire());
    EXPECT_EQ(database.flags, 0U);
}

TEST_F(PoolTest, ChecksAConnectionThatWasIdleForMoreThanASecond) {
    release(acquire());
    pass(seconds(1));
    release(acquire());
    EXPECT_EQ(database.pinged, 0);
    pass(seconds(1) + nanoseconds(1));
    release(acquire());
    EXPECT_EQ(database.pinged, 1);
    release(acquire());
    EXPECT_EQ(database.pinged, 1);
}

TEST_F(PoolTest, DoesNotCheckAfterALongUse) {
    auto held = acquire();
    pass(seconds(60));
    release(std::move(held));
    release(acquire());
    EXPECT_EQ(database.pinged, 0);
}

TEST_F(PoolTest, ReplacesADeadConnectionUnseen) {
    release(acquire());
    database.is_dead = true;
    pass(seconds(2));
    auto fresh = acquire();
    EXPECT_EQ(number(fresh), 2);
    EXPECT_EQ(database.closed, 1);
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 1 replaced");
    release(std::move(fresh));
}

TEST_F(PoolTest, SaysWhyADeadConnectionCannotBeReplaced) {
    release(acquire());
    database.is_dead = true;
    database.is_down = true;
    pass(seconds(2));
    EXPECT_EQ(error_of([&] { acquire(); }), "UNAVAILABLE connection 'main': connection refused");
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
}

TEST_F(PoolTest, GivesWithoutWaitingWhatNeedsNoCheck) {
    bool is_full = true;
    EXPECT_EQ(pool().try_acquire(call, is_full), nullptr);
    EXPECT_FALSE(is_full);
    release(acquire());
    auto ready = pool().try_acquire(call, is_full);
    EXPECT_EQ(number(ready), 1);
    release(std::move(ready));
    pass(milliseconds(1001));
    EXPECT_EQ(pool().try_acquire(call, is_full), nullptr);
    EXPECT_FALSE(is_full);
    EXPECT_EQ(database.pinged, 0);
}

TEST_F(PoolTest, ClosesAConnectionThatIsBroken) {
    release(acquire(), After::close);
    EXPECT_EQ(database.closed, 1);
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
    auto fresh = acquire();
    EXPECT_EQ(number(fresh), 2);
    release(std::move(fresh));
}

TEST_F(PoolTest, SuspectsTheOthersAfterOneBroke) {
    auto first = acquire();
    auto second = acquire();
    release(std::move(second));
    release(std::move(first), After::close);
    bool is_full = false;
    EXPECT_EQ(pool().try_acquire(call, is_full), nullptr);
    release(acquire());
    EXPECT_EQ(database.pinged, 1);
    release(acquire());
    EXPECT_EQ(database.pinged, 1);  // it has proved to be well
}

TEST_F(PoolTest, ResetsWhatComesBackWithinATransaction) {
    release(acquire(), After::reset);
    EXPECT_EQ(database.reset, 1);
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
    auto again = acquire();
    EXPECT_EQ(number(again), 1);
    release(std::move(again));
    EXPECT_EQ(database.reset, 1);
}

TEST_F(PoolTest, ReplacesWhatCannotBeReset) {
    database.is_dead = true;
    release(acquire(), After::reset);
    EXPECT_EQ(database.reset, 1);
    EXPECT_EQ(database.closed, 1);
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
}

TEST_F(PoolTest, KnowsWhetherItIsUsed) {
    EXPECT_TRUE(pool().is_unused());
    bool is_unused_while_opening = true;
    database.on_open = [&] { is_unused_while_opening = pool().is_unused(); };
    auto held = acquire();
    EXPECT_FALSE(is_unused_while_opening);
    EXPECT_FALSE(pool().is_unused());
    release(std::move(held));
    EXPECT_TRUE(pool().is_unused());
}

}  // namespace
}  // namespace kdeps::sql
