// SPDX-License-Identifier: Apache-2.0
// Who waits for a connection, in what order, how long, and what he is told.
#include "tests/unit/sql/asker.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct PoolWaiting : PoolFixture {
    PoolWaiting() { options.max_connections = 1; }
    std::unique_ptr<Asker> ask(const std::string& resource, nanoseconds timeout = seconds(5)) {
        return std::make_unique<Asker>(pool(), host, resource, timeout);
    }
};

TEST_F(PoolWaiting, SaysWhoHoldsAFullPool) {
    auto held = acquire();
    pass(milliseconds(4900));
    const auto waiter = ask("report");
    pass(seconds(5) - nanoseconds(1));
    EXPECT_EQ(pool().counts().waiting, 1U);
    EXPECT_FALSE(waiter->is_answered());
    pass(nanoseconds(1));
    EXPECT_EQ(
        waiter->outcome(),
        "EXHAUSTED pool 'main' is full: 1 of 1 connections in use, waited 5.0 s; longest held by 'query' for 9.9 s");
    EXPECT_EQ(pool().counts().waiting, 0U);
    EXPECT_EQ(pool().counts().waited, 1U);
    release(std::move(held));
}

TEST_F(PoolWaiting, NamesTheOneWhoHoldsLongest) {
    options.max_connections = 3;
    const auto first = ask("first");
    pass(seconds(10));
    const auto second = ask("second");
    first->give_back();
    const auto third = ask("third");
    pass(seconds(2));
    const auto fourth = ask("fourth");
    const auto waiter = ask("waiter", milliseconds(300));
    pass(milliseconds(300));
    EXPECT_EQ(
        waiter->outcome(),
        "EXHAUSTED pool 'main' is full: 3 of 3 connections in use, waited 0.3 s; longest held by 'second' for 2.3 s");
}

TEST_F(PoolWaiting, SaysWhatIsStillBeingOpened) {
    options.max_connections = 2;
    auto held = acquire();
    std::string told;
    database.on_open = [&] {
        const auto waiter = ask("waiter");
        pass(seconds(5));
        told = waiter->outcome();
    };
    testing::HostCall patient("patient");
    auto opened = pool().acquire(Call(host, patient.get()), seconds(60));
    EXPECT_EQ(told,
              "EXHAUSTED pool 'main' is full: 1 of 2 connections in use, 1 being opened, waited 5.0 s; longest held by "
              "'query' for 5.0 s");
    release(std::move(opened));
    release(std::move(held));
}

TEST_F(PoolWaiting, ServesInOrder) {
    auto held = acquire();
    std::vector<std::unique_ptr<Asker>> line;
    for (int i = 0; i < 5; ++i) line.push_back(ask("waiter"));
    EXPECT_EQ(pool().counts().waiting, 5U);
    release(std::move(held));
    for (std::size_t i = 0; i < line.size(); ++i) {
        EXPECT_EQ(line[i]->outcome(), "connection 1");
        EXPECT_EQ(pool().counts().waiting, line.size() - i - 1);
        for (std::size_t later = i + 1; later < line.size(); ++later) EXPECT_FALSE(line[later]->is_answered());
        line[i]->give_back();
    }
    EXPECT_EQ(database.opened, 1);
    EXPECT_EQ(pool().counts().waited, 5U);
}

// A connection that comes back belongs to the first in line at once, before its thread has woken up.
TEST_F(PoolWaiting, NobodyOvertakesTheLine) {
    auto held = acquire();
    const auto first = ask("first");
    release(std::move(held));
    bool is_full = false;
    EXPECT_EQ(pool().try_acquire(call, is_full), nullptr);
    EXPECT_TRUE(is_full);
    const auto late = ask("late");
    EXPECT_EQ(first->outcome(), "connection 1");
    EXPECT_FALSE(late->is_answered());
    first->give_back();
    EXPECT_EQ(late->outcome(), "connection 1");
}

TEST_F(PoolWaiting, WhoGivesUpLeavesTheLineToTheOthers) {
    auto held = acquire();
    const auto first = ask("first", seconds(20));
    const auto hasty = ask("hasty", seconds(2));
    const auto last = ask("last", seconds(20));
    pass(seconds(2));
    EXPECT_EQ(
        hasty->outcome(),
        "EXHAUSTED pool 'main' is full: 1 of 1 connections in use, waited 2.0 s; longest held by 'query' for 2.0 s");
    EXPECT_EQ(pool().counts().waiting, 2U);
    release(std::move(held));
    EXPECT_EQ(first->outcome(), "connection 1");
    EXPECT_FALSE(last->is_answered());
    first->give_back();
    EXPECT_EQ(last->outcome(), "connection 1");
}

TEST_F(PoolWaiting, WhoIsCancelledLeavesTheLineToTheOthers) {
    auto held = acquire();
    const auto cancelled = ask("cancelled");
    const auto next = ask("next");
    cancelled->cancel();
    EXPECT_EQ(cancelled->outcome(), "CANCELLED the run was cancelled while it waited for a connection of 'main'");
    EXPECT_EQ(pool().counts().waiting, 1U);
    EXPECT_FALSE(next->is_answered());
    release(std::move(held));
    EXPECT_EQ(next->outcome(), "connection 1");
}

TEST_F(PoolWaiting, EndsAtTheDeadlineOfTheCall) {
    auto held = acquire();
    Asker waiter(pool(), host, "waiter", seconds(5), seconds(2));
    pass(seconds(2) - nanoseconds(1));
    EXPECT_FALSE(waiter.is_answered());
    pass(nanoseconds(1));
    EXPECT_EQ(
        waiter.outcome(),
        "TIMEOUT pool 'main' is full: 1 of 1 connections in use, waited 2.0 s; longest held by 'query' for 2.0 s");
    release(std::move(held));
}

TEST_F(PoolWaiting, LetsTheFirstOpenOneWhenAConnectionBreaks) {
    auto held = acquire();
    const auto first = ask("first");
    const auto second = ask("second");
    release(std::move(held), After::close);
    EXPECT_EQ(first->outcome(), "connection 2");
    EXPECT_FALSE(second->is_answered());
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 1 replaced");
    first->give_back();
    EXPECT_EQ(second->outcome(), "connection 2");
}

TEST_F(PoolWaiting, WhoCannotOpenLeavesThePlaceToTheNext) {
    auto held = acquire();
    const auto first = ask("first");
    const auto second = ask("second");
    database.on_open = [&] {
        const std::lock_guard lock(database.mutex);
        database.is_down = !database.is_down;  // down for the first only
    };
    release(std::move(held), After::close);
    EXPECT_EQ(first->outcome(), "UNAVAILABLE connection 'main': connection refused");
    EXPECT_EQ(second->outcome(), "connection 2");
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 1 replaced");
}

// Who was given the connection or the place in the moment in which he is cancelled gives it on.
TEST_F(PoolWaiting, NothingIsLostWhenCancellingAndServingMeet) {
    for (int i = 0; i < 300; ++i) {
        auto held = acquire();
        const auto meeting = ask("meeting");
        std::thread cancelling([&] { meeting->cancel(); });
        release(std::move(held), i % 2 == 0 ? After::keep : After::close);
        cancelling.join();
        if (meeting->outcome().starts_with("connection")) meeting->give_back();
        EXPECT_EQ(pool().counts().in_use, 0U);
        EXPECT_EQ(pool().counts().open, pool().counts().idle);
        EXPECT_EQ(pool().counts().waiting, 0U);
    }
    EXPECT_EQ(database.most_at_once, 1);
}

TEST_F(PoolWaiting, WorksUnderManyThreads) {
    options.max_connections = 3;
    pool();
    std::vector<std::thread> threads;
    std::atomic<int> done = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            const testing::HostCall own("waiter");
            const Call own_call(host, own.get());
            for (int k = 0; k < 200; ++k) {
                auto connection = pool().acquire(own_call, seconds(60));
                pool().release(own_call, std::move(connection), (k + i) % 17 == 0 ? After::close : After::keep);
                ++done;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(done, 1600);
    const PoolCounts after = pool().counts();
    EXPECT_EQ(after.in_use, 0U);
    EXPECT_EQ(after.open, after.idle);
    EXPECT_LE(database.most_at_once, 3);
    EXPECT_EQ(database.opened - database.closed, static_cast<int>(after.open));
}

}  // namespace
}  // namespace kdeps::sql
