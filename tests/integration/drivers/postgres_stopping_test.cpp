// SPDX-License-Identifier: Apache-2.0
// What stops early: statements at their deadline, streams that are released, sessions and servers that end.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "tests/integration/drivers/postgres_session.hpp"
#include "tests/support/patience.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;

// Statements that sleep on the server now.
int sleeping() {
    return std::stoi(postgres().scalar("test", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"));
}

// Until that many sleep; each look is a round trip to the server.
void wait_for_sleeping(int count) {
    const auto end = Clock::now() + 30s;
    while (sleeping() != count) {
        if (Clock::now() > end) throw std::runtime_error("the statements did not come to sleep");
    }
}

class PostgresStopping : public ::testing::Test {
protected:
    PostgresStopping() { make_tables(); }
};

TEST_F(PostgresStopping, StopsTheStatementOnTheServerAtTheDeadline) {
    PostgresSession session;
    session.set_limit(200ms);
    const auto start = Clock::now();
    const Error error = error_of([&] { session.value("pg_sleep(60)"); });
    EXPECT_LT(Clock::now() - start, 2s * kPatience);
    EXPECT_EQ(error.status, Status::timeout);
    EXPECT_EQ(error.sqlstate, "57014");
    EXPECT_EQ(error.damage, Damage::none);
    EXPECT_EQ(sleeping(), 0);
    session.set_limit(60s);
    EXPECT_EQ(session.value("1"), "1");

    session.begin();
    session.value("1");
    session.set_limit(100ms);
    EXPECT_EQ(error_of([&] { session.value("count(*) FROM generate_series(1, 1000000000)"); }).damage,
              Damage::transaction);
    // The rollback has time of its own.
    session.set_limit(0s);
    session.rollback();
    EXPECT_EQ(error_of([&] { session.value("1"); }).status, Status::timeout);
    session.set_limit(60s);
    EXPECT_EQ(session.value("1"), "1");
}

TEST_F(PostgresStopping, StopsTheStatementWhenTheRunIsCancelled) {
    PostgresSession session;
    std::thread other([&] {
        wait_for_sleeping(1);
        session.stop();
        session.stop();
    });
    const Error error = error_of([&] { session.value("pg_sleep(60)"); });
    other.join();
    EXPECT_EQ(error.status, Status::cancelled);
    EXPECT_EQ(error.message, "the statement failed: it was stopped because the run was cancelled");
    EXPECT_EQ(sleeping(), 0);
}

TEST_F(PostgresStopping, ARequestToStopTouchesNoLaterStatement) {
    PostgresSession session;
    for (int i = 0; i < 100; ++i) {
        std::thread other([&] {
            wait_for_sleeping(1);
            session.cancel();
        });
        const Error error = error_of([&] { session.value("pg_sleep(60)"); });
        EXPECT_NO_THROW(session.value("1"));
        other.join();
        EXPECT_EQ(error.status, Status::cancelled);
    }
}

TEST_F(PostgresStopping, ReportsTheServersOwnTimeLimit) {
    PostgresSession session(postgres_url() + "?options=-c%20statement_timeout%3D50ms");
    const Error error = error_of([&] { session.value("pg_sleep(60)"); });
    EXPECT_EQ(error.status, Status::timeout);
    EXPECT_EQ(error.message, "the statement failed: canceling statement due to statement timeout");
}

TEST_F(PostgresStopping, GivesUpAConnectionThatDoesNotAnswer) {
    PostgresSession session;
    PostgresSession committing;
    const int process = session.process_id();
    const int other_process = committing.process_id();
    committing.begin();
    committing.execute("INSERT INTO item VALUES (1, 'a', 1)");
    session.set_limit(100ms);
    committing.set_limit(100ms);
    kill(process, SIGSTOP);
    kill(other_process, SIGSTOP);
    const auto start = Clock::now();
    const Error error = error_of([&] { session.value("2"); });
    EXPECT_LT(Clock::now() - start, 4s * kPatience);
    EXPECT_EQ(error.status, Status::timeout);
    EXPECT_EQ(error.damage, Damage::connection);
    const Error doubt = error_of([&] { committing.commit(); });
    EXPECT_EQ(doubt.status, Status::unavailable);
    EXPECT_EQ(doubt.retry, Retry::in_doubt);
    EXPECT_EQ(doubt.damage, Damage::connection);
    kill(process, SIGCONT);
    kill(other_process, SIGCONT);
    session.set_limit(60s);
    EXPECT_EQ(error_of([&] { session.value("1"); }).damage, Damage::connection);
}

// ---- Streams

TEST_F(PostgresStopping, StreamsManyRows) {
    PostgresSession session;
    const Answer answer = session.execute("SELECT i FROM generate_series(1, 100000) i");
    EXPECT_EQ(answer.row_count, 100000);
    EXPECT_TRUE(answer.rows.ends_with("{\"i\":100000}]"));
    EXPECT_EQ(session.execute("SELECT repeat('x', 3000000) AS x FROM generate_series(1, 3)").rows.size(),
              3 * 3000009 - 1 + 2U);
}

TEST_F(PostgresStopping, StopsEarlyAndStaysUsable) {
    PostgresSession session;
    const auto start = Clock::now();
    // Wide rows: what is under way when the server stops is then soon read.
    session.begin(KDEPS_ISOLATION_DEFAULT, true);
    EXPECT_EQ(session.read_some("SELECT repeat('x', 200) AS x, generate_series(1, 1000000000) AS i"), 4096);
    EXPECT_LT(Clock::now() - start, 10s * kPatience);
    session.rollback();
    EXPECT_EQ(session.value("1"), "1");
    // The caller knows that it only reads, and cancels it.
    EXPECT_EQ(session.read_some("SELECT repeat('x', 200) AS x, generate_series(1, 1000000001) AS i",
                                [&] { session.cancel(); }),
              4096);
    EXPECT_LT(Clock::now() - start, 20s * kPatience);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(session.value("1"), "1");
    EXPECT_EQ(session.state().transaction, KDEPS_TRANSACTION_NONE);
    // Nobody knows it of a function that writes.
    session.execute(
        "CREATE FUNCTION note(i int) RETURNS int LANGUAGE sql AS 'INSERT INTO late VALUES (-i) RETURNING id'");
    EXPECT_EQ(session.read_some("SELECT note(i) FROM generate_series(1, 20000) i"), 4096);
    EXPECT_EQ(session.value("count(*) FROM late"), "20000");
    session.execute("DELETE FROM late");
    // In a transaction the rest is dropped, because a cancel would undo it.
    session.begin();
    session.execute("INSERT INTO item VALUES (1, 'a', 1)");
    EXPECT_EQ(session.read_some("SELECT generate_series(1, 200000) AS i"), 4096);
    session.commit();
    EXPECT_EQ(session.value("count(*) FROM item"), "1");
    // A statement that writes is finished.
    EXPECT_EQ(session.read_some("INSERT INTO late SELECT generate_series(1, 300000) RETURNING id"), 4096);
    EXPECT_EQ(session.value("count(*) FROM late"), "300000");
}

// ---- Lost connections

TEST_F(PostgresStopping, ReportsAnEndedSession) {
    PostgresSession idle;
    PostgresSession busy;
    const std::string busy_process = std::to_string(busy.process_id());
    EXPECT_EQ(
        postgres().scalar("test", "SELECT pg_terminate_backend(" + std::to_string(idle.process_id()) + ", 10000)"),
        "t");
    Error error = error_of([&] { idle.value("1"); });
    EXPECT_EQ(error.status, Status::unavailable);
    EXPECT_EQ(error.retry, Retry::fresh);
    EXPECT_EQ(error.damage, Damage::connection);
    EXPECT_EQ(error.message,
              "the connection to PostgreSQL was lost: terminating connection due to administrator command");
    EXPECT_EQ(error_of([&] { idle.ping(); }).damage, Damage::connection);

    std::thread other([&] {
        wait_for_sleeping(1);
        postgres().execute("test", "SELECT pg_terminate_backend(" + busy_process + ")");
    });
    error = error_of([&] { busy.value("pg_sleep(60)"); });
    other.join();
    EXPECT_EQ(error.status, Status::unavailable);
    EXPECT_EQ(error.sqlstate, "57P01");
    EXPECT_EQ(error.damage, Damage::connection);
}

TEST_F(PostgresStopping, ReportsAServerThatCrashed) {
    PostgresSession reading;
    PostgresSession writing;
    PostgresSession idle;
    Error write_error(Status::ok, "");
    std::thread writer(
        [&] { write_error = error_of([&] { writing.execute("INSERT INTO late SELECT 1 FROM pg_sleep(60)"); }); });
    Error read_error(Status::ok, "");
    std::thread reader([&] { read_error = error_of([&] { reading.value("pg_sleep(60)"); }); });
    wait_for_sleeping(2);
    postgres().kill();
    writer.join();
    reader.join();
    EXPECT_EQ(read_error.status, Status::unavailable);
    EXPECT_EQ(read_error.retry, Retry::in_doubt);  // a function may write, and only the caller knows the text
    EXPECT_EQ(read_error.damage, Damage::connection);
    // Outside of a transaction a write may have been committed before the answer was lost.
    EXPECT_EQ(write_error.status, Status::unavailable);
    EXPECT_EQ(write_error.retry, Retry::in_doubt);
    EXPECT_EQ(write_error.sqlstate, "08006");
    // Nothing was sent: certainly not.
    const Error idle_error = error_of([&] { idle.execute("INSERT INTO late VALUES (1)"); });
    EXPECT_EQ(idle_error.status, Status::unavailable);
    EXPECT_EQ(idle_error.retry, Retry::fresh);
    EXPECT_EQ(idle_error.sqlstate, "08003");
    EXPECT_EQ(error_of([] { PostgresSession session; }).status, Status::unavailable);
    postgres().start();
    EXPECT_EQ(PostgresSession().value("1"), "1");
}

}  // namespace
}  // namespace kdeps::testing
