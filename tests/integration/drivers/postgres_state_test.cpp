// SPDX-License-Identifier: Apache-2.0
// What the PostgreSQL driver tells of its connection and its statements, and what a reset leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/drivers/postgres_session.hpp"

namespace kdeps::testing {
namespace {

class PostgresState : public ::testing::Test {
protected:
    PostgresState() { make_tables(); }

    PostgresSession session_;
};

// ---- Transactions

TEST_F(PostgresState, TellsTheTransaction) {
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_NONE);
    session_.begin();
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_OPEN);  // not sent yet
    session_.value("1");
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_OPEN);
    error_of([&] { session_.value("1 / 0"); });
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_FAILED);
    session_.rollback();
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_NONE);
    session_.execute("BEGIN");  // a statement's own
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_OPEN);
    session_.execute("COMMIT");
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_NONE);
}

TEST_F(PostgresState, TellsThatAStatementHasEndedTheTransaction) {
    const auto in_transaction = [&](const std::vector<const char*>& statements) {
        session_.begin();
        session_.value("1");
        for (const char* sql : statements) session_.execute(sql);
        const std::uint32_t state = session_.state().transaction;
        session_.reset();
        return state;
    };
    EXPECT_EQ(in_transaction({"/* x */ commit"}), KDEPS_TRANSACTION_NONE);
    EXPECT_EQ(in_transaction({"ROLLBACK"}), KDEPS_TRANSACTION_NONE);
    EXPECT_EQ(in_transaction({"COMMIT AND CHAIN"}), KDEPS_TRANSACTION_OTHER);
    EXPECT_EQ(in_transaction({"ROLLBACK and Chain"}), KDEPS_TRANSACTION_OTHER);
    EXPECT_EQ(in_transaction({"COMMIT", "BEGIN"}), KDEPS_TRANSACTION_OTHER);
    EXPECT_EQ(in_transaction({"SAVEPOINT s", "ROLLBACK TO s"}), KDEPS_TRANSACTION_OPEN);
    EXPECT_EQ(in_transaction({"BEGIN"}), KDEPS_TRANSACTION_OPEN);

    session_.begin();
    session_.execute("INSERT INTO late VALUES (1)");
    session_.execute("COMMIT");
    const Error error = error_of([&] { session_.commit(); });
    EXPECT_EQ(error.status, Status::invalid_state);
    EXPECT_EQ(error.message,
              "the commit failed: a statement has ended the transaction before, and what ran until then may be "
              "committed");
}

TEST_F(PostgresState, TellsHowFarAnExchangeCame) {
    session_.value("1");
    EXPECT_EQ(session_.state().exchange, KDEPS_EXCHANGE_ANSWERED);
    error_of([&] { session_.value("1 / 0"); });
    EXPECT_EQ(session_.state().exchange, KDEPS_EXCHANGE_REFUSED);
    std::uint32_t while_reading = 0;
    session_.read_some("SELECT generate_series(1, 100000)", [&] { while_reading = session_.state().exchange; });
    EXPECT_EQ(while_reading, KDEPS_EXCHANGE_SENT);
    EXPECT_EQ(session_.state().exchange, KDEPS_EXCHANGE_ANSWERED);
    PostgresSession other;
    postgres().scalar("test", "SELECT pg_terminate_backend(" + std::to_string(other.process_id()) + ", 10000)");
    error_of([&] { other.execute("DELETE FROM item"); });
    EXPECT_EQ(other.state().exchange, KDEPS_EXCHANGE_UNSENT);
    PostgresSession killer;
    error_of([&] { killer.value("pg_terminate_backend(pg_backend_pid())"); });
    EXPECT_EQ(killer.state().exchange, KDEPS_EXCHANGE_REFUSED);  // the server's last words say that it did not end
}

TEST_F(PostgresState, TellsOfAProcedureThatItMayHaveCommittedBeforeItFailed) {
    session_.execute(
        "CREATE PROCEDURE half() LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO late VALUES (1); COMMIT; PERFORM pg_terminate_backend(pg_backend_pid()); END'");
    const Error error = error_of([&] { session_.execute("CALL half()"); });
    EXPECT_EQ(error.retry, Retry::in_doubt);
    EXPECT_EQ(session_.state().exchange, KDEPS_EXCHANGE_SENT);
    EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM late"), "1");
}

// ---- Effects

TEST_F(PostgresState, TellsWhereAStatementMayWriteThoughItsWordsAreHarmless) {
    session_.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    session_.execute("CREATE VIEW seen AS SELECT f() AS x");
    session_.execute("CREATE VIEW \"Od d\" AS SELECT f() AS x");
    session_.execute("CREATE TABLE guarded (i int)");
    session_.execute("ALTER TABLE guarded ENABLE ROW LEVEL SECURITY");
    for (const char* sql : {"SELECT * FROM seen", "SELECT x FROM Public.SEEN", "SELECT * FROM \"Od d\"",
                            "SELECT * FROM guarded", "SELECT f()", "SELECT 1 FROM U&\"s\\0065en\""})
        EXPECT_EQ(session_.effects(sql), KDEPS_EFFECTS_WRITES) << sql;
    for (const char* sql : {"SELECT * FROM item", "SELECT count(*) FROM pg_class WHERE relname = $1", "SELECT 1"})
        EXPECT_EQ(session_.effects(sql), KDEPS_EFFECTS_UNKNOWN) << sql;
    session_.begin(KDEPS_ISOLATION_DEFAULT, true);
    EXPECT_EQ(session_.effects("SELECT * FROM seen"), KDEPS_EFFECTS_READS);
    session_.execute("SET TRANSACTION READ WRITE");
    EXPECT_NE(session_.effects("SELECT * FROM seen"), KDEPS_EFFECTS_READS);
    session_.rollback();
    session_.execute("CREATE FUNCTION plus(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1'");
    session_.execute("CREATE OPERATOR ### (FUNCTION = plus, LEFTARG = int, RIGHTARG = text)");
    EXPECT_EQ(session_.effects("SELECT 1 ### 'x'::text"), KDEPS_EFFECTS_WRITES);
}

// ---- The session

TEST_F(PostgresState, TellsWhetherTheSessionIsAsItWasOpened) {
    EXPECT_EQ(session_.state().session, KDEPS_SESSION_UNTOUCHED);
    session_.prepare_only("SELECT 1");
    EXPECT_EQ(session_.state().session, KDEPS_SESSION_UNTOUCHED);
    session_.execute("INSERT INTO late VALUES (1)");
    EXPECT_EQ(session_.state().session, KDEPS_SESSION_UNKNOWN);
    session_.execute("SET application_name = 'x'");
    EXPECT_EQ(session_.state().session, KDEPS_SESSION_TOUCHED);
    session_.reset();
    EXPECT_EQ(session_.state().session, KDEPS_SESSION_UNTOUCHED);
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_NONE);
    session_.batch("INSERT INTO late VALUES ($1)", {{2}, {3}});
    EXPECT_EQ(session_.state().session, KDEPS_SESSION_UNKNOWN);
}

struct Trace {
    const char* leaves;
    const char* looks;  // the same on a fresh connection
};

class PostgresTrace : public ::testing::TestWithParam<Trace> {};

TEST_P(PostgresTrace, IsGoneAfterAReset) {
    make_tables();
    postgres().execute(
        "test",
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'guest') THEN CREATE ROLE guest; "
        "END IF; END $$; GRANT guest TO \"user\"; CREATE SEQUENCE counter; GRANT ALL ON counter TO PUBLIC");
    const auto look = [](PostgresSession& session, const char* sql) {
        try {
            return session.rows(sql);
        } catch (const Error& error) {
            return error.sqlstate;
        }
    };
    PostgresSession fresh;
    PostgresSession session;
    session.execute(GetParam().leaves);
    session.reset();
    const std::string seen = look(session, GetParam().looks);
    EXPECT_EQ(seen, look(fresh, GetParam().looks));
    EXPECT_EQ(session.value("1"), "1");
}

INSTANTIATE_TEST_SUITE_P(
    All, PostgresTrace,
    ::testing::Values(Trace{"SET app.tenant = 'a'", "SELECT coalesce(current_setting('app.tenant', true), '') AS v"},
                      Trace{"SELECT set_config('app.tenant', 'a', false)",
                            "SELECT coalesce(current_setting('app.tenant', true), '') AS v"},
                      Trace{"DO $$ BEGIN PERFORM set_config('search_path', 'pg_catalog', false); END $$",
                            "SELECT current_setting('search_path') AS v"},
                      Trace{"SET TIME ZONE 'Asia/Tokyo'", "SELECT current_setting('TimeZone') AS v"},
                      Trace{"SET default_transaction_isolation = 'serializable'",
                            "SELECT current_setting('default_transaction_isolation') AS v"},
                      Trace{"SET ROLE guest", "SELECT current_user::text AS v"},
                      Trace{"SELECT set_config('role', 'guest', false)", "SELECT current_user::text AS v"},
                      Trace{"SET SESSION AUTHORIZATION \"user\"", "SELECT session_user::text AS v"},
                      Trace{"CREATE TEMP TABLE left_over AS SELECT 1 AS x", "SELECT * FROM left_over"},
                      Trace{"CREATE TEMP VIEW left_view AS SELECT 1 AS x", "SELECT * FROM left_view"},
                      Trace{"SELECT pg_advisory_lock(4711)",
                            "SELECT count(*) AS v FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"},
                      Trace{"LISTEN channel", "SELECT count(*) AS v FROM pg_listening_channels()"},
                      Trace{"PREPARE left_statement AS SELECT 1",
                            "SELECT count(*) AS v FROM pg_prepared_statements WHERE name = 'left_statement'"},
                      Trace{"PREPARE \"Left \"\"one\" AS SELECT 1",
                            "SELECT count(*) AS v FROM pg_prepared_statements WHERE from_sql"},
                      Trace{"DECLARE c CURSOR WITH HOLD FOR SELECT 1",
                            "SELECT count(*) AS v FROM pg_cursors WHERE name = 'c'"},
                      Trace{"SELECT nextval('counter')", "SELECT lastval()"},
                      Trace{"BEGIN", "SELECT now() = statement_timestamp() AS v"},
                      Trace{"SET statement_timeout = 1000", "SELECT current_setting('statement_timeout') AS v"},
                      Trace{"SET client_encoding = 'LATIN1'", "SELECT current_setting('client_encoding') AS v"}));

TEST_F(PostgresState, AResetIsSentAtOnceAndNotWaitedFor) {
    PostgresSession other;
    session_.value("pg_advisory_lock(7)");
    session_.reset();
    // Without another use of the session.
    EXPECT_EQ(other.value("pg_advisory_lock(7)"), "\"\"");
    session_.reset();  // a second one waits for nothing either
    EXPECT_EQ(session_.value("1"), "1");
    session_.begin();
    session_.execute("INSERT INTO late VALUES (1)");
    session_.reset();
    session_.begin();
    session_.execute("INSERT INTO late VALUES (2)");
    session_.commit();
    EXPECT_EQ(session_.rows("SELECT id FROM late"), R"([{"id":2}])");
    session_.reset();
    session_.ping();
    session_.reset();
}

TEST_F(PostgresState, AResetKeepsWhatTheUrlSaysAndTheStatements) {
    PostgresSession session(postgres_url() + "?application_name=mine&options=-c%20search_path%3Dpg_catalog");
    session.value("1");
    session.execute("SET application_name = 'x'");
    session.execute("SET search_path = public");
    session.reset();
    EXPECT_EQ(session.value("current_setting('application_name')"), "\"mine\"");
    EXPECT_EQ(session.value("current_setting('search_path')"), "\"pg_catalog\"");
    session.reset();
    EXPECT_EQ(session.value("1"), "1");
    EXPECT_EQ(session.value("count(*) > 2 FROM pg_prepared_statements"), "true");
}

TEST_F(PostgresState, AResetThatFailsIsFoundBeforeAnythingIsSent) {
    session_.execute("INSERT INTO late VALUES (1)");
    const std::string process = std::to_string(session_.process_id());
    session_.reset();
    postgres().scalar("test", "SELECT pg_terminate_backend(" + process + ", 10000)");
    const Error error = error_of([&] { session_.execute("INSERT INTO late VALUES (2)"); });
    EXPECT_EQ(error.status, Status::unavailable);
    EXPECT_EQ(error.sqlstate, "08003");
    EXPECT_EQ(error.retry, Retry::fresh);
    EXPECT_EQ(session_.state().exchange, KDEPS_EXCHANGE_UNSENT);
}

// ---- Names

TEST_F(PostgresState, NamesAStatementAfterItsText) {
    PostgresSession other;
    session_.value("42");
    other.value("43");
    other.value("42");
    EXPECT_EQ(
        postgres().scalar("test", "SELECT 'kdeps_' || left(encode(sha256('SELECT 42 AS v\\000'::bytea), 'hex'), 32)"),
        "kdeps_69dc84e152819711c57135b585aa6a60");
    EXPECT_THAT(session_.rows("SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT 42 AS v'"),
                ::testing::HasSubstr("kdeps_69dc84e152819711c57135b585aa6a60"));
    const std::string names =
        "SELECT string_agg(name, ' ' ORDER BY name) AS v FROM pg_prepared_statements WHERE statement = 'SELECT 42 AS "
        "v'";
    const std::string mine = session_.rows(names);
    EXPECT_THAT(mine, ::testing::HasSubstr("kdeps_"));
    EXPECT_EQ(mine, other.rows(names));
    // What the user forgets is prepared again.
    session_.execute("DEALLOCATE ALL");
    EXPECT_EQ(session_.value("42"), "42");
    session_.reset();
    session_.execute("DISCARD ALL");
    EXPECT_EQ(session_.value("42"), "42");
    session_.execute("RESET ALL");  // the text of a statement of the reset
    session_.reset();
    EXPECT_EQ(session_.value("42"), "42");
    session_.execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");
    session_.reset();
    EXPECT_EQ(session_.value("42"), "42");
    session_.execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");
    EXPECT_EQ(session_.value("42"), "42");
    EXPECT_THAT(PostgresSession().rows("SELECT name FROM pg_prepared_statements"), ::testing::HasSubstr("kdeps_"));
}

}  // namespace
}  // namespace kdeps::testing
