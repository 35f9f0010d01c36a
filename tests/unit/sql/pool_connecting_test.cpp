// SPDX-License-Identifier: Apache-2.0
// connectionTimeout while a database is slow to connect or does not answer, and connections that cannot be opened.
#include "tests/unit/sql/asker.hpp"

namespace kdeps::sql {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct PoolConnecting : PoolFixture {
    // How long `work` takes.
    template <typename Work>
    nanoseconds time_of(const Work& work) {
        const auto began = TestClock::now();
        work();
        return TestClock::now() - began;
    }
};

TEST_F(PoolConnecting, SaysWhyAConnectionCannotBeOpenedAndGivesThePlaceBack) {
    options.max_connections = 1;
    database.is_down = true;
    EXPECT_EQ(error_of([&] { acquire(); }), "UNAVAILABLE connection 'main': connection refused");
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
    database.is_down = false;
    release(acquire());
    EXPECT_EQ(counts(), "1 open, 1 idle, 0 in use, 0 replaced");
}

TEST_F(PoolConnecting, EndsAfterConnectionTimeout) {
    options.max_connections = 1;
    database.open_time = hours(1);
    EXPECT_EQ(time_of([&] {
                  EXPECT_EQ(error_of([&] { acquire(); }),
                            "UNAVAILABLE connection 'main': the server did not answer (connectionTimeout, 5.0 s)");
              }),
              seconds(5));
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
    database.open_time = seconds(4);
    release(acquire());
}

TEST_F(PoolConnecting, EndsAtTheDeadlineOfTheCall) {
    host_call.set_deadline(seconds(2));
    database.open_time = hours(1);
    EXPECT_EQ(error_of([&] { acquire(); }), "TIMEOUT connection 'main': the server did not answer");
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
}

TEST_F(PoolConnecting, TakesTheTimeThatTheStepGives) {
    database.open_time = hours(1);
    EXPECT_EQ(error_of([&] { pool().acquire(call, milliseconds(500)); }),
              "UNAVAILABLE connection 'main': the server did not answer (connectionTimeout, 0.5 s)");
}

TEST_F(PoolConnecting, WaitingInLineAndConnectingShareTheTime) {
    options.max_connections = 1;
    auto held = acquire();
    Asker waiter(pool(), host, "waiter", seconds(5));
    const nanoseconds taken = time_of([&] {
        pass(seconds(3));
        database.open_time = hours(1);
        release(std::move(held), After::close);
        EXPECT_EQ(waiter.outcome(),
                  "UNAVAILABLE connection 'main': the server did not answer (connectionTimeout, 5.0 s)");
    });
    EXPECT_EQ(taken, seconds(5));
}

// A network that has forgotten an idle connection answers nothing.
TEST_F(PoolConnecting, CheckThatIsNotAnsweredLeavesTimeForAnotherConnection) {
    release(acquire());
    pass(seconds(2));
    database.ping_time = hours(1);
    database.open_time = seconds(2);
    std::unique_ptr<Connection> fresh;
    EXPECT_EQ(time_of([&] { fresh = acquire(); }), milliseconds(4500));
    EXPECT_EQ(number(fresh), 2);
    EXPECT_EQ(counts(), "1 open, 0 idle, 1 in use, 1 replaced");
    release(std::move(fresh));
}

TEST_F(PoolConnecting, CheckThatIsNotAnsweredLeavesTimeWithinTheCallToo) {
    release(acquire());
    pass(seconds(2));
    database.ping_time = hours(1);
    database.open_time = milliseconds(500);
    host_call.set_deadline(seconds(2));
    auto fresh = acquire();
    EXPECT_EQ(number(fresh), 2);
    release(std::move(fresh));
}

TEST_F(PoolConnecting, OthersAreServedWhileOneConnects) {
    options.max_connections = 2;
    release(acquire());
    auto held = acquire();
    std::string outcome;
    database.on_open = [&] {
        release(std::move(held));
        Asker other(pool(), host, "other", seconds(5));
        outcome = other.outcome();
    };
    auto second = acquire();
    EXPECT_EQ(outcome, "connection 1");
    EXPECT_EQ(number(second), 2);
    release(std::move(second));
}

TEST_F(PoolConnecting, WhoIsCancelledWhileHeIsServedConnectsNoMore) {
    options.max_connections = 1;
    auto held = acquire();
    testing::HostCall own("cancelled");
    const Call own_call(host, own.get());
    // Nothing wakes him before he is served.
    std::string error;
    std::thread waiter([&] { error = error_of([&] { pool().acquire(own_call, seconds(5)); }); });
    while (pool().counts().waiting == 0) std::this_thread::yield();
    own.cancel();
    release(std::move(held), After::close);
    waiter.join();
    EXPECT_TRUE(error.starts_with("CANCELLED the run was cancelled")) << error;
    EXPECT_EQ(database.opened, 1);
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 1 replaced");
}

TEST_F(PoolConnecting, MinimumWaitsNoLongerThanConnectionTimeout) {
    options.min_connections = 3;
    database.open_time = hours(1);
    EXPECT_EQ(time_of([&] { pool().maintain(); }), seconds(5));
    EXPECT_EQ(counts(), "0 open, 0 idle, 0 in use, 0 replaced");
}

}  // namespace
}  // namespace kdeps::sql
