// SPDX-License-Identifier: Apache-2.0
// What a pool keeps, checks, replaces and closes (rules §5, Pools).
#include "tests/unit/sql/fake_driver.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
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

TEST_F(PoolTest, SaysWhyAConnectionCannotBeOpenedAndGivesTheSlotBack) {
    options.max_connections = 1;
    database.is_down = true;
    EXPECT_EQ(error_of([&] { acquire(); }), "11 connection 'main': connection refused");
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
    database.is_down = false;
    release(acquire());
}

TEST_F(PoolTest, ChecksAConnectionThatWasIdleForMoreThanASecond) {
    release(acquire());
    pass(seconds(1));
    release(acquire());
    EXPECT_EQ(database.pinged, 0);
    pass(milliseconds(1001));
    release(acquire());
    EXPECT_EQ(database.pinged, 1);
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

TEST_F(PoolTest, ClosesAConnectionThatIsBroken) {
    release(acquire(), KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(database.closed, 1);
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
}

TEST_F(PoolTest, SuspectsTheOthersAfterOneBroke) {
    auto first = acquire();
    auto second = acquire();
    release(std::move(second));
    release(std::move(first), KDEPS_DAMAGE_CONNECTION);
    release(acquire());
    EXPECT_EQ(database.pinged, 1);
    release(acquire());
    EXPECT_EQ(database.pinged, 1);  // it has proved to be well
}

TEST_F(PoolTest, ResetsAfterADamagedTransaction) {
    release(acquire(), KDEPS_DAMAGE_TRANSACTION);
    EXPECT_EQ(database.reset, 1);
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
    database.is_dead = true;
    release(acquire(), KDEPS_DAMAGE_TRANSACTION);
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
}

TEST_F(PoolTest, ReplacesWhatHasLivedTooLongNeverWhileItIsUsed) {
    options.max_lifetime = hours(1);
    auto held = acquire();
    pass(hours(2));
    pool().maintain();
    EXPECT_EQ(database.closed, 0);
    release(std::move(held));
    EXPECT_EQ(database.closed, 1);
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
}

TEST_F(PoolTest, SpreadsLifetimesByATenthAtMost) {
    options.max_lifetime = hours(10);
    for (int i = 0; i < 50; ++i) {
        auto connection = acquire();
        EXPECT_LE(connection->expires - connection->created, hours(10));
        EXPECT_GE(connection->expires - connection->created, hours(9));
        release(std::move(connection), KDEPS_DAMAGE_CONNECTION);
    }
}

TEST_F(PoolTest, ClosesWhatWasIdleForLongButNotBelowTheMinimum) {
    options.min_connections = 1;
    options.max_idle_time = minutes(30);
    auto first = acquire();
    auto second = acquire();
    auto third = acquire();
    release(std::move(first));
    release(std::move(second));
    release(std::move(third));
    pass(minutes(29));
    pool().maintain();
    EXPECT_EQ(database.closed, 0);
    pass(minutes(1));
    pool().maintain();
    EXPECT_EQ(database.closed, 2);
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
}

TEST_F(PoolTest, OpensTheMinimum) {
    options.min_connections = 3;
    pool().maintain();
    EXPECT_EQ(counts(), "3 open, 3 idle, 0 in use, 0 replaced");
    pool().maintain();
    EXPECT_EQ(database.opened, 3);
}

TEST_F(PoolTest, OpensTheMinimumWhenTheDatabaseIsBack) {
    options.min_connections = 2;
    database.is_down = true;
    pool().maintain();
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
    database.is_down = false;
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 2 idle, 0 in use, 0 replaced");
}

TEST_F(PoolTest, KnowsWhetherItIsUsed) {
    EXPECT_TRUE(pool().is_unused());
    auto held = acquire();
    EXPECT_FALSE(pool().is_unused());
    release(std::move(held));
    EXPECT_TRUE(pool().is_unused());
}

TEST_F(PoolTest, TakesAConnectionAwayOnce) {
    options.max_connections = 2;
    auto first = acquire();
    auto second = acquire();
    EXPECT_NE(number(first), number(second));
    release(std::move(first));
    release(std::move(second));
}

TEST_F(PoolTest, KeepsTheStatementsThatWereUsedLast) {
    auto connection = acquire();
    kdeps_statement* a = connection->prepare(call, "a", 2);
    connection->prepare(call, "b", 2);
    EXPECT_EQ(connection->prepare(call, "a", 2), a);
    connection->prepare(call, "c", 2);
    EXPECT_EQ(database.prepared, (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(database.finalized, (std::vector<std::string>{"b"}));
    connection->forget(a);
    EXPECT_EQ(database.finalized, (std::vector<std::string>{"b", "a"}));
    EXPECT_NE(connection->prepare(call, "a", 2), nullptr);
    EXPECT_EQ(database.prepared.size(), 4U);
    EXPECT_EQ(error_of([&] { connection->prepare(call, "bad", 2); }), "11 syntax error");
    release(std::move(connection), KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(database.finalized.size(), 4U);  // all that were prepared
}

}  // namespace
}  // namespace kdeps::sql
