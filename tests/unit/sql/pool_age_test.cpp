// SPDX-License-Identifier: Apache-2.0
// maxIdleTime and maxLifetime.
#include "tests/unit/sql/asker.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct PoolAge : PoolFixture {
    // That many idle ones, opened and given back one after the other.
    void open(int count) {
        std::vector<std::unique_ptr<Connection>> held;
        for (int i = 0; i < count; ++i) held.push_back(acquire());
        for (auto& connection : held) release(std::move(connection));
    }
    // Until just before, and then at, the end of a connection's life.
    nanoseconds life_of(const Connection& connection) { return connection.expires - TestClock::now(); }
};

TEST_F(PoolAge, ClosesWhatWasIdleForLong) {
    options.max_idle_time = minutes(30);
    open(2);
    pass(minutes(30) - nanoseconds(1));
    pool().maintain();
    EXPECT_EQ(database.closed, 0);
    pass(nanoseconds(1));
    pool().maintain();
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
}

TEST_F(PoolAge, ClosesOnlyThoseThatWereIdle) {
    options.max_idle_time = minutes(30);
    open(3);
    for (int i = 0; i < 3; ++i) {
        pass(minutes(15));
        release(acquire());
        pool().maintain();
    }
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
    auto kept = acquire();
    EXPECT_EQ(number(kept), 3);  // the one that was used
    release(std::move(kept));
}

TEST_F(PoolAge, IdleTimeBeginsWhenAConnectionComesBack) {
    options.max_idle_time = minutes(30);
    options.max_lifetime = nanoseconds(0);
    auto held = acquire();
    pass(hours(3));
    release(std::move(held));
    pass(minutes(29));
    pool().maintain();
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
}

TEST_F(PoolAge, KeepsTheMinimumHoweverLongItIsIdle) {
    options.min_connections = 2;
    options.max_idle_time = minutes(30);
    options.max_lifetime = nanoseconds(0);
    open(4);
    pass(hours(100));
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 2 idle, 0 in use, 0 replaced");
    EXPECT_EQ(database.opened, 4);
}

TEST_F(PoolAge, MinimumIsOfAllNotOfTheIdleOnes) {
    options.min_connections = 2;
    options.max_idle_time = minutes(30);
    options.max_lifetime = nanoseconds(0);
    open(3);
    auto held = acquire();
    pass(hours(1));
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 1 idle, 1 in use, 0 replaced");
    release(std::move(held));
}

TEST_F(PoolAge, WithoutIdleTimeAndLifetimeNothingIsClosed) {
    options.max_idle_time = options.max_lifetime = nanoseconds(0);
    open(2);
    pass(hours(24 * 365));
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 2 idle, 0 in use, 0 replaced");
    release(acquire());
    EXPECT_EQ(database.opened, 2);
}

TEST_F(PoolAge, SpreadsLifetimesByATenthAtMost) {
    options.max_lifetime = hours(10);
    nanoseconds shortest = nanoseconds::max();
    nanoseconds longest{0};
    for (int i = 0; i < 200; ++i) {
        auto connection = acquire();
        const nanoseconds life = life_of(*connection);
        shortest = std::min(shortest, life);
        longest = std::max(longest, life);
        release(std::move(connection), After::close);
    }
    EXPECT_GE(shortest, hours(9));
    EXPECT_LE(longest, hours(10));
    EXPECT_GT(longest - shortest, minutes(30));  // 200 of them do not end together
}

TEST_F(PoolAge, EndsAtItsTimeWhenItComesBack) {
    options.max_lifetime = hours(1);
    auto held = acquire();
    pass(life_of(*held) - nanoseconds(1));
    release(std::move(held));
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
    held = acquire();
    pass(nanoseconds(1));
    release(std::move(held));
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
}

TEST_F(PoolAge, NeverEndsWhileItIsUsed) {
    options.max_lifetime = hours(1);
    options.max_idle_time = minutes(30);
    auto held = acquire();
    pass(hours(20));
    pool().maintain();
    EXPECT_EQ(database.closed, 0);
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 0 replaced");
    release(std::move(held));
    EXPECT_EQ(database.closed, 1);
}

TEST_F(PoolAge, ReplacesAnExpiredOneBeforeItIsUsedAndWithoutACheck) {
    options.max_lifetime = hours(1);
    release(acquire());
    pass(hours(1));
    auto fresh = acquire();
    EXPECT_EQ(number(fresh), 2);
    EXPECT_EQ(database.pinged, 0);
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 1 replaced");
    release(std::move(fresh));
}

TEST_F(PoolAge, ReplacesTheExpiredOnesOfTheMinimumInTheSameRound) {
    options.min_connections = 2;
    options.max_lifetime = hours(1);
    pool().maintain();
    pass(hours(1));
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 2 idle, 0 in use, 2 replaced");
    EXPECT_EQ(database.opened, 4);
    EXPECT_EQ(database.most_at_once, 2);
}

TEST_F(PoolAge, WhoWaitsForAnExpiredOneGetsAnother) {
    options.max_connections = 1;
    options.max_lifetime = hours(1);
    auto held = acquire();
    pass(hours(1));
    Asker waiter(pool(), host, "waiter", seconds(5));
    release(std::move(held));
    EXPECT_EQ(waiter.outcome(), "connection 2");
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 1 replaced");
}

}  // namespace
}  // namespace kdeps::sql
