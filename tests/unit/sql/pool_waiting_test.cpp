// SPDX-License-Identifier: Apache-2.0
// Who waits for a connection, in what order, and how long.
#include <thread>

#include "tests/unit/sql/fake_driver.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct PoolWaiting : PoolFixture {
    PoolWaiting() { options.max_connections = 1; }

    void until_waiting(std::size_t count) {
        while (pool().counts().waiting < count) std::this_thread::yield();
    }
};

TEST_F(PoolWaiting, SaysWhoHoldsAFullPool) {
    auto held = acquire();
    pass(milliseconds(4900));
    EXPECT_EQ(error_of([&] { acquire(); }),
              "12 pool 'main' is full: 1 of 1 connections in use, waited 0.0 s; longest held by 'query' for 4.9 s");
    release(std::move(held));
    EXPECT_EQ(pool().counts().waited, 1U);
}

TEST_F(PoolWaiting, ServesInOrder) {
    auto held = acquire();
    std::mutex mutex;
    std::vector<int> order;
    std::vector<std::thread> threads;
    for (int i = 0; i < 5; ++i) {
        threads.emplace_back([&, i] {
            const testing::HostCall own("waiter");
            const Call own_call(host, own.get());
            auto connection = pool().acquire(own_call, seconds(60));
            {
                const std::lock_guard lock(mutex);
                order.push_back(i);
            }
            pool().release(own_call, std::move(connection), KDEPS_DAMAGE_NONE);
        });
        until_waiting(static_cast<std::size_t>(i) + 1);
    }
    release(std::move(held));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(database.opened, 1);
    EXPECT_EQ(pool().counts().waited, 5U);
}

TEST_F(PoolWaiting, LetsTheFirstOpenOneWhenAConnectionBreaks) {
    auto held = acquire();
    int got = 0;
    std::thread waiter([&] {
        const testing::HostCall own("waiter");
        const Call own_call(host, own.get());
        auto connection = pool().acquire(own_call, seconds(60));
        got = number(connection);
        pool().release(own_call, std::move(connection), KDEPS_DAMAGE_NONE);
    });
    until_waiting(1);
    release(std::move(held), KDEPS_DAMAGE_CONNECTION);
    waiter.join();
    EXPECT_EQ(got, 2);
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 1 replaced");
}

TEST_F(PoolWaiting, EndsWhenTheRunIsCancelled) {
    auto held = acquire();
    testing::HostCall own("waiter");
    const Call own_call(host, own.get());
    std::string error;
    std::thread waiter([&] { error = error_of([&] { pool().acquire(own_call, seconds(60)); }); });
    until_waiting(1);
    own.cancel();
    pool().wake();
    waiter.join();
    EXPECT_EQ(error, "14 the run was cancelled while it waited for a connection of 'main'");
    EXPECT_EQ(pool().counts().waiting, 0U);
    release(std::move(held));
}

TEST_F(PoolWaiting, EndsAtTheDeadlineOfTheCall) {
    auto held = acquire();
    testing::HostCall own("waiter");
    const Call own_call(host, own.get());
    own.set_deadline(milliseconds(20));
    const std::string error = error_of([&] { pool().acquire(own_call, seconds(60)); });
    EXPECT_EQ(error.substr(0, error.find(',')), "13 pool 'main' is full: 1 of 1 connections in use");
    release(std::move(held));
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
                pool().release(own_call, std::move(connection),
                               (k + i) % 17 == 0 ? KDEPS_DAMAGE_CONNECTION : KDEPS_DAMAGE_NONE);
                ++done;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(done, 1600);
    const PoolCounts after = pool().counts();
    EXPECT_EQ(after.in_use, 0U);
    EXPECT_EQ(after.open, after.idle);
    EXPECT_LE(after.open, 3U);
    EXPECT_EQ(database.opened - database.closed, static_cast<int>(after.open));
}

}  // namespace
}  // namespace kdeps::sql
