// SPDX-License-Identifier: Apache-2.0
// What /metrics tells of pools.
#include <gmock/gmock.h>

#include "pool_gauges.hpp"
#include "tests/unit/sql/asker.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

// The metrics are of the whole program and only grow, so each test has a connection name of its own.
struct PoolMetrics : PoolFixture {
    PoolMetrics() {
        options.max_connections = 1;
        static int made = 0;
        name = "pool " + std::to_string(++made);
    }
    std::string line(const std::string& metric, const std::string& value) const {
        return "kdeps_sql_pool_" + metric + "{connection=\"" + name + "\"} " + value + "\n";
    }
    std::shared_ptr<Pool> another() {
        return std::make_shared<Pool>(
            host, Database{&driver, reinterpret_cast<kdeps_instance*>(&database), "fake://x", "/", name}, options,
            TestClock::now);
    }
};

TEST_F(PoolMetrics, TotalsAreThereBeforeAnythingHappens) {
    pool();
    EXPECT_THAT(testing::metrics(), HasSubstr(line("waited", "0")));
    EXPECT_THAT(testing::metrics(), HasSubstr(line("replaced", "0")));
    EXPECT_THAT(testing::metrics(), HasSubstr("# TYPE kdeps_sql_pool_waited counter\n"));
    EXPECT_THAT(testing::metrics(), HasSubstr("# TYPE kdeps_sql_pool_replaced counter\n"));
}

TEST_F(PoolMetrics, WhoWaitsIsCountedAndHisTimeMeasured) {
    auto held = acquire();
    EXPECT_THAT(testing::metrics(), HasSubstr(line("waited", "0")));
    Asker served(pool(), host, "served", seconds(60));
    Asker hasty(pool(), host, "hasty", seconds(2));
    EXPECT_THAT(testing::metrics(), HasSubstr(line("waited", "2")));
    pass(seconds(2));
    hasty.outcome();
    pass(seconds(1));
    release(std::move(held));
    served.outcome();
    EXPECT_THAT(testing::metrics(), HasSubstr(line("wait_seconds_count", "2")));
    EXPECT_THAT(testing::metrics(), HasSubstr(line("wait_seconds_sum", "5")));
}

TEST_F(PoolMetrics, EveryReplacementIsCounted) {
    options.max_idle_time = std::chrono::nanoseconds(0);
    release(acquire(), After::close);
    EXPECT_THAT(testing::metrics(), HasSubstr(line("replaced", "1")));
    release(acquire());
    pass(seconds(2));
    database.is_dead = true;
    release(acquire());
    EXPECT_THAT(testing::metrics(), HasSubstr(line("replaced", "2")));
    pass(std::chrono::hours(1));
    release(acquire());
    EXPECT_THAT(testing::metrics(), HasSubstr(line("replaced", "3")));
    pass(std::chrono::hours(1));
    pool().maintain();
    EXPECT_THAT(testing::metrics(), HasSubstr(line("replaced", "4")));
    EXPECT_EQ(pool().counts().replaced, 4U);
}

TEST_F(PoolMetrics, GaugesTellWhatIsNow) {
    options.max_connections = 2;
    const auto pool = another();
    PoolGauges gauges(host);
    auto first = pool->acquire(call, seconds(5));
    auto second = pool->acquire(call, seconds(5));
    Asker waiter(*pool, host, "waiter", seconds(5));
    gauges.write({pool});
    for (const auto& [metric, value] :
         {std::pair("open", "2"), std::pair("in_use", "2"), std::pair("idle", "0"), std::pair("waiting", "1")}) {
        EXPECT_THAT(testing::metrics(), HasSubstr(line(metric, value)));
    }
    EXPECT_THAT(testing::metrics(), HasSubstr("# TYPE kdeps_sql_pool_open gauge\n"));
    pool->release(call, std::move(first), After::keep);
    pool->release(call, std::move(second), After::keep);
    waiter.outcome();
    gauges.write({pool});
    for (const auto& [metric, value] :
         {std::pair("open", "2"), std::pair("in_use", "1"), std::pair("idle", "1"), std::pair("waiting", "0")}) {
        EXPECT_THAT(testing::metrics(), HasSubstr(line(metric, value)));
    }
}

TEST_F(PoolMetrics, PoolsOfOneNameAreAddedUp) {
    PoolGauges gauges(host);
    const auto one = another();
    const auto other = another();
    one->release(call, one->acquire(call, seconds(5)), After::keep);
    auto held = other->acquire(call, seconds(5));
    gauges.write({one, other});
    EXPECT_THAT(testing::metrics(), HasSubstr(line("open", "2")));
    EXPECT_THAT(testing::metrics(), HasSubstr(line("idle", "1")));
    EXPECT_THAT(testing::metrics(), HasSubstr(line("in_use", "1")));
    other->release(call, std::move(held), After::keep);
}

TEST_F(PoolMetrics, PoolThatIsGoneHoldsNothing) {
    PoolGauges gauges(host);
    auto pool = another();
    pool->release(call, pool->acquire(call, seconds(5)), After::keep);
    gauges.write({pool});
    EXPECT_THAT(testing::metrics(), HasSubstr(line("open", "1")));
    pool.reset();
    gauges.write({});
    EXPECT_THAT(testing::metrics(), HasSubstr(line("open", "0")));
    EXPECT_THAT(testing::metrics(), Not(HasSubstr(line("open", "1"))));
}

}  // namespace
}  // namespace kdeps::sql
