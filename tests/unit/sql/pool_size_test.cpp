// SPDX-License-Identifier: Apache-2.0
// maxConnections and minConnections.
#include "tests/unit/sql/asker.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using PoolSize = PoolFixture;

TEST_F(PoolSize, HasTheDefaultsOfTheRules) {
    EXPECT_EQ(options.max_connections, 10U);
    EXPECT_EQ(options.min_connections, 0U);
    EXPECT_EQ(options.max_idle_time, minutes(30));
    EXPECT_EQ(options.max_lifetime, hours(1));
    EXPECT_EQ(options.connection_timeout, seconds(5));
    EXPECT_EQ(options.statement_cache, 128U);
}

TEST_F(PoolSize, OpensNothingBeforeItIsAsked) {
    pool().maintain();
    EXPECT_EQ(database.opened, 0);
}

TEST_F(PoolSize, NeverOpensMoreThanTheMost) {
    options.max_connections = 3;
    std::vector<std::unique_ptr<Connection>> held;
    for (int i = 0; i < 3; ++i) held.push_back(acquire());
    bool is_full = false;
    EXPECT_EQ(pool().try_acquire(call, is_full), nullptr);
    EXPECT_TRUE(is_full);
    Asker fourth(pool(), host, "fourth", seconds(5));
    EXPECT_EQ(counts(), "3 open, 0 idle, 3 in use, 0 replaced");
    EXPECT_EQ(pool().counts().waiting, 1U);
    for (auto& connection : held) release(std::move(connection));
    EXPECT_EQ(fourth.outcome(), "connection 1");
    EXPECT_EQ(database.opened, 3);
}

// A database that allows just as many must not refuse the one that comes in place of another.
TEST_F(PoolSize, ClosesAConnectionBeforeItOpensAnotherInItsPlace) {
    options.max_connections = 1;
    options.max_lifetime = hours(1);
    database.on_close = [&] { EXPECT_EQ(pool().counts().open, 1U); };
    auto broken = acquire();
    Asker after_broken(pool(), host, "a", seconds(5));
    release(std::move(broken), After::close);
    EXPECT_EQ(after_broken.outcome(), "connection 2");
    pass(hours(1));
    Asker after_expired(pool(), host, "b", seconds(5));
    after_broken.give_back();
    EXPECT_EQ(after_expired.outcome(), "connection 3");
    after_expired.give_back();
    pass(seconds(2));
    database.is_dead = true;
    release(acquire());
    pass(hours(1));
    pool().maintain();
    EXPECT_EQ(database.opened, 4);
    EXPECT_EQ(database.closed, 4);
    EXPECT_EQ(database.most_at_once, 1);
}

TEST_F(PoolSize, OpensTheMinimum) {
    options.min_connections = 3;
    pool().maintain();
    EXPECT_EQ(counts(), "3 open, 3 idle, 0 in use, 0 replaced");
    pool().maintain();
    EXPECT_EQ(database.opened, 3);
}

TEST_F(PoolSize, CountsWhatIsInUseTowardsTheMinimum) {
    options.min_connections = 2;
    auto held = acquire();
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 1 idle, 1 in use, 0 replaced");
    release(std::move(held));
}

TEST_F(PoolSize, OpensTheMinimumAgainAfterOneBroke) {
    options.min_connections = 2;
    pool().maintain();
    release(acquire(), After::close);
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 1 replaced");
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 2 idle, 0 in use, 1 replaced");
}

TEST_F(PoolSize, OpensTheMinimumWhenTheDatabaseIsBack) {
    options.min_connections = 2;
    database.is_down = true;
    int tried = 0;
    database.on_open = [&] { ++tried; };
    pool().maintain();
    EXPECT_EQ(tried, 1);  // one refusal is enough for a round
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
    database.is_down = false;
    pool().maintain();
    EXPECT_EQ(counts(), "2 open, 2 idle, 0 in use, 0 replaced");
}

TEST_F(PoolSize, ConnectionsOfTheMinimumGoToThoseWhoWait) {
    options.max_connections = options.min_connections = 1;
    std::unique_ptr<Asker> waiter;
    database.on_open = [&] {
        if (waiter == nullptr) waiter = std::make_unique<Asker>(pool(), host, "waiter", seconds(5));
    };
    pool().maintain();
    EXPECT_EQ(waiter->outcome(), "connection 1");
}

TEST_F(PoolSize, MinimumThatCannotBeOpenedLeavesThePlaceToThoseWhoWait) {
    options.max_connections = options.min_connections = 1;
    database.is_down = true;
    std::unique_ptr<Asker> waiter;
    database.on_open = [&] {
        if (waiter == nullptr) waiter = std::make_unique<Asker>(pool(), host, "waiter", seconds(5));
    };
    pool().maintain();
    EXPECT_EQ(waiter->outcome(), "UNAVAILABLE connection 'main': connection refused");
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
}

}  // namespace
}  // namespace kdeps::sql
