// SPDX-License-Identifier: Apache-2.0
// What a lease concludes from the facts that a driver tells: what is committed, what may be repeated, and what becomes
// of the connection.
#include "lease.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sql/fake_driver.hpp"

namespace kdeps::sql {
namespace {

// What the driver tells next; the tests of a lease run on one thread.
thread_local kdeps_state told;

constexpr std::uint32_t kNone = KDEPS_TRANSACTION_NONE;
constexpr std::uint32_t kOpen = KDEPS_TRANSACTION_OPEN;

StatementText text_of(Effect effect) {
    StatementText out;
    out.is_plain_read = effect == Effect::reads;
    out.is_undone_by_error = effect != Effect::anything;
    out.sees_session = effect == Effect::anything;
    return out;
}

struct LeaseTest : PoolFixture {
    LeaseTest() {
        told = {sizeof(kdeps_state), kNone, KDEPS_SESSION_UNTOUCHED, KDEPS_EXCHANGE_ANSWERED};
        driver.state = [](kdeps_connection*, kdeps_state* out) { *out = told; };
        driver.begin = [](kdeps_connection*, kdeps_call*, std::uint32_t, std::uint32_t) -> kdeps_status {
            told.transaction = kOpen;
            return KDEPS_OK;
        };
        driver.commit = [](kdeps_connection*, kdeps_call* of) -> kdeps_status {
            if (told.exchange != KDEPS_EXCHANGE_ANSWERED) return refuse(of, KDEPS_UNAVAILABLE, "lost");
            told.transaction = kNone;
            return KDEPS_OK;
        };
        driver.rollback = [](kdeps_connection*, kdeps_call*) -> kdeps_status {
            told.transaction = kNone;
            return KDEPS_OK;
        };
        pool_of_step = std::make_shared<Pool>(
            host, Database{&driver, reinterpret_cast<kdeps_instance*>(&database), "fake://x", "/", name}, options,
            TestClock::now);
    }

    std::unique_ptr<Lease> lease() {
        return std::make_unique<Lease>(call, pool_of_step, options.connection_timeout, activity);
    }
    static void run(Lease& lease, Effect effect, std::uint32_t transaction = kNone) {
        lease.start(nullptr, text_of(effect));
        told.exchange = KDEPS_EXCHANGE_ANSWERED;
        told.transaction = transaction;
        lease.finish();
    }
    // "message | may be repeated", after a statement failed that came as far as `exchange`.
    static std::string fail(Lease& lease, Effect effect, std::uint32_t exchange, std::uint32_t after = kNone,
                            bool is_answered = true) {
        lease.start(nullptr, text_of(effect));
        if (is_answered) lease.answered();
        told.exchange = exchange;
        told.transaction = after;
        Error error(KDEPS_UNAVAILABLE, "it failed");
        error.retry = KDEPS_RETRY_FRESH;
        lease.fail(error);
        error = lease.settled(error);
        return error.message + (error.retry == KDEPS_RETRY_IN_DOUBT ? " | no" : " | yes");
    }

    std::shared_ptr<Pool> pool_of_step;
    Activity activity;
};

constexpr std::uint32_t kSent = KDEPS_EXCHANGE_SENT;
constexpr std::uint32_t kUnsent = KDEPS_EXCHANGE_UNSENT;
constexpr std::uint32_t kAnswered = KDEPS_EXCHANGE_ANSWERED;
constexpr std::uint32_t kRefused = KDEPS_EXCHANGE_REFUSED;

TEST_F(LeaseTest, KnowsWhatAFailureLeftOfAStatementThatCommitsByItself) {
    const auto of = [&](Effect effect, std::uint32_t exchange) { return fail(*lease(), effect, exchange); };
    EXPECT_EQ(of(Effect::reads, kSent), "it failed | yes");
    EXPECT_EQ(of(Effect::reads, kAnswered), "it failed | yes");
    EXPECT_EQ(of(Effect::changes, kUnsent), "it failed | yes");
    EXPECT_EQ(of(Effect::changes, kRefused), "it failed | yes");
    EXPECT_EQ(of(Effect::changes, kSent), "it failed; it may or may not have taken effect | no");
    EXPECT_EQ(of(Effect::changes, kAnswered), "it failed; what it wrote is committed | no");
    EXPECT_EQ(of(Effect::anything, kUnsent), "it failed | yes");
    EXPECT_EQ(of(Effect::anything, kRefused), "it failed; a part of it may have taken effect | no");
    EXPECT_EQ(of(Effect::anything, kSent), "it failed; it may or may not have taken effect | no");
}

// The exchange before, in which the statement was prepared, was answered; this one never began, for all that is known.
TEST_F(LeaseTest, ClaimsNothingOfAStatementThatGaveNoAnswer) {
    EXPECT_EQ(fail(*lease(), Effect::changes, kAnswered, kNone, false),
              "it failed; it may or may not have taken effect | no");
}

// The database said that it stopped the statement, so its limit leaves nothing in doubt.
TEST_F(LeaseTest, BelievesADatabaseThatStoppedAStatement) {
    const auto held = lease();
    held->start(nullptr, text_of(Effect::changes));
    told.exchange = kRefused;
    held->fail(Error(KDEPS_TIMEOUT, "the time limit was reached"));
    EXPECT_FALSE(held->is_in_doubt());
}

TEST_F(LeaseTest, KnowsThatWhatRanBeforeIsCommitted) {
    const auto held = lease();
    run(*held, Effect::changes);
    EXPECT_TRUE(held->is_committed());
    EXPECT_EQ(fail(*held, Effect::changes, kRefused), "it failed | no");
}

TEST_F(LeaseTest, KnowsThatALostTransactionIsUndone) {
    const auto held = lease();
    held->begin({});
    run(*held, Effect::changes, kOpen);
    EXPECT_EQ(fail(*held, Effect::changes, kSent), "it failed | yes");
}

TEST_F(LeaseTest, DoubtsATransactionInWhichAProcedureWasLost) {
    const auto held = lease();
    held->begin({});
    EXPECT_EQ(fail(*held, Effect::anything, kSent), "it failed; it may or may not have taken effect | no");
}

TEST_F(LeaseTest, DoubtsACommitThatWasLost) {
    const auto held = lease();
    held->begin({});
    run(*held, Effect::changes, kOpen);
    told.exchange = kSent;
    EXPECT_THROW(held->commit(), Error);
    EXPECT_TRUE(held->is_in_doubt());
    EXPECT_FALSE(held->is_committed());
}

TEST_F(LeaseTest, DoesNotDoubtTheCommitOfWhatOnlyRead) {
    const auto held = lease();
    held->begin({.is_read_only = true});
    run(*held, Effect::anything, kOpen);
    told.exchange = kSent;
    EXPECT_THROW(held->commit(), Error);
    EXPECT_FALSE(held->is_in_doubt());
}

TEST_F(LeaseTest, SeesThatItsTransactionEnded) {
    for (const std::uint32_t after : {KDEPS_TRANSACTION_NONE, KDEPS_TRANSACTION_OTHER}) {
        const auto held = lease();
        held->begin({});
        run(*held, Effect::changes, kOpen);
        EXPECT_THROW(run(*held, Effect::anything, after), Error);
        EXPECT_TRUE(held->is_in_doubt());
        held->roll_back();
    }
}

TEST_F(LeaseTest, RefusesACommitThatLeavesATransactionOpen) {
    driver.commit = [](kdeps_connection*, kdeps_call*) -> kdeps_status { return KDEPS_OK; };
    const auto held = lease();
    held->begin({});
    run(*held, Effect::changes, kOpen);
    EXPECT_THROW(held->commit(), Error);
    EXPECT_FALSE(held->is_committed());
    held->roll_back();
    EXPECT_TRUE(held->is_usable());
}

TEST_F(LeaseTest, KeepsAConnectionOnWhichNothingIsLeft) {
    run(*lease(), Effect::reads);
    run(*lease(), Effect::changes);
    EXPECT_EQ(database.opened, 1);
    EXPECT_EQ(database.reset, 0);
}

TEST_F(LeaseTest, ResetsASessionThatWasTouchedOrMayHaveBeen) {
    for (const std::uint32_t session : {KDEPS_SESSION_TOUCHED, KDEPS_SESSION_UNKNOWN}) {
        told.session = session;
        run(*lease(), Effect::changes);
    }
    EXPECT_EQ(database.opened, 1);
    EXPECT_EQ(database.reset, 2);
    run(*lease(), Effect::reads);  // plain reads leave nothing, though the driver does not know
    EXPECT_EQ(database.reset, 2);
}

// BEGIN commits nothing, and what the step's own transaction held is undone with its connection.
TEST_F(LeaseTest, HoldsNothingOfTheStepsOwnTransactionForCommitted) {
    const auto held = lease();
    run(*held, Effect::anything, kOpen);
    run(*held, Effect::changes, kOpen);
    EXPECT_FALSE(held->is_committed());
    EXPECT_EQ(fail(*held, Effect::changes, kRefused, kOpen), "it failed | yes");
}

TEST_F(LeaseTest, ResetsAConnectionWithAnOpenTransaction) {
    run(*lease(), Effect::changes, kOpen);
    EXPECT_EQ(database.reset, 1);
}

TEST_F(LeaseTest, ClosesAConnectionThatCannotBeReset) {
    database.is_dead = true;
    told.session = KDEPS_SESSION_TOUCHED;
    run(*lease(), Effect::changes);
    EXPECT_EQ(database.closed, 1);
}

TEST_F(LeaseTest, HidesTheLastIdFromTheNextStep) {
    run(*lease(), Effect::changes);
    const auto next = lease();
    ASSERT_TRUE(next->has_traces());
    next->undo_traces();
    EXPECT_EQ(database.reset, 1);
    EXPECT_FALSE(next->has_traces());
}

// A driver of minor 0.
TEST_F(LeaseTest, ClosesWhatADriverDoesNotTellOf) {
    told = {sizeof(kdeps_state), KDEPS_TRANSACTION_UNKNOWN, KDEPS_SESSION_UNKNOWN, KDEPS_EXCHANGE_UNKNOWN};
    const auto unknown = [](Lease& held, Effect effect) {
        held.start(nullptr, text_of(effect));
        held.finish();
    };
    unknown(*lease(), Effect::reads);
    EXPECT_EQ(database.closed, 0);
    unknown(*lease(), Effect::changes);
    EXPECT_EQ(database.closed, 1);
}

TEST_F(LeaseTest, BelievesADriverThatTellsNothingWhereTheConnectionLives) {
    const auto judged = [&](std::uint8_t damage, kdeps_status status) {
        told = {sizeof(kdeps_state), KDEPS_TRANSACTION_UNKNOWN, KDEPS_SESSION_UNKNOWN, KDEPS_EXCHANGE_UNKNOWN};
        const auto held = lease();
        held->start(nullptr, text_of(Effect::changes));
        Error error(status, "it failed");
        error.damage = damage;
        held->fail(error);
        return held->is_in_doubt();
    };
    EXPECT_FALSE(judged(KDEPS_DAMAGE_NONE, KDEPS_CONSTRAINT));
    EXPECT_TRUE(judged(KDEPS_DAMAGE_CONNECTION, KDEPS_UNAVAILABLE));
    EXPECT_TRUE(judged(KDEPS_DAMAGE_NONE, KDEPS_TIMEOUT));
}

TEST_F(LeaseTest, KnowsThatAStatementWhoseRowsWereReadIsDone) {
    told = {sizeof(kdeps_state), KDEPS_TRANSACTION_UNKNOWN, KDEPS_SESSION_UNKNOWN, KDEPS_EXCHANGE_UNKNOWN};
    const auto held = lease();
    held->start(nullptr, text_of(Effect::changes));
    held->answered();
    held->fail(Error(KDEPS_INTERNAL, "the result is too large"), true);
    EXPECT_TRUE(held->is_committed());
}

}  // namespace
}  // namespace kdeps::sql
