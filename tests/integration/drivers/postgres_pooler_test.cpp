// SPDX-License-Identifier: Apache-2.0
// One-shot connections behind pgbouncer in transaction mode: every transaction may get another session, and none finds
// or leaves anything in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "tests/integration/drivers/postgres_session.hpp"
#include "tests/support/pgbouncer.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr const char* kInsert = "INSERT INTO item (id, name, amount) VALUES ($1, $2, $3)";

struct OneShot : PostgresSession {
    explicit OneShot(const std::string& url, std::chrono::nanoseconds limit = 60s)
        : PostgresSession(url, limit, KDEPS_TARGET_ONE_SHOT) {}
};

class PostgresPooler : public ::testing::Test {
protected:
    static void SetUpTestSuite() { pooler_ = std::make_unique<PgBouncer>(postgres()); }
    static void TearDownTestSuite() { pooler_.reset(); }

    PostgresPooler() { make_tables(); }

    static std::string url() { return pooler_->url("test"); }
    static void expect_nothing_left() {
        const std::map<int, int> counts = pooler_->prepared_statements("test");
        EXPECT_THAT(counts, SizeIs(PgBouncer::kServerConnections));
        EXPECT_THAT(counts, Each(Pair(::testing::_, 0)));
        EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
    }
    static std::vector<Set> items(int first, int count) {
        std::vector<Set> sets;
        for (int i = first; i < first + count; ++i) sets.push_back({i, "item " + std::to_string(i), 1});
        return sets;
    }

    static std::unique_ptr<PgBouncer> pooler_;
};

std::unique_ptr<PgBouncer> PostgresPooler::pooler_;

TEST_F(PostgresPooler, ExecutesAStatementInWhateverSessionTheTransactionGets) {
    OneShot session(url());
    OneShot other(url());
    const std::string here = session.rows("SELECT pg_backend_pid() AS p, $1::int AS v", {1});
    other.begin();
    other.process_id();  // takes the session that was free last
    const std::string there = session.rows("SELECT pg_backend_pid() AS p, $1::int AS v", {1});
    EXPECT_NE(here, there);
    EXPECT_NE(session.process_id(), other.process_id());
    other.rollback();
    expect_nothing_left();
}

TEST_F(PostgresPooler, ServesManyClientsWithMixedStatements) {
    constexpr int kClients = 8;
    constexpr int kRounds = 40;
    constexpr int kSets = 100;  // enough for COPY
    postgres().execute("test", "CREATE TYPE mood AS ENUM ('sad', 'ok')");
    std::vector<std::unique_ptr<OneShot>> sessions;
    for (int i = 0; i < kClients; ++i) sessions.push_back(std::make_unique<OneShot>(url()));
    std::vector<std::thread> threads;
    for (int client = 0; client < kClients; ++client) {
        threads.emplace_back([&, client] {
            OneShot& session = *sessions[static_cast<std::size_t>(client)];
            for (int round = 0; round < kRounds; ++round) {
                const int id = (client * kRounds + round) * kSets;
                const std::string text = std::to_string(id);
                // Each client's texts come in another order, so that statements of many shapes meet in a session.
                switch ((round + client) % 5) {
                    case 0:
                        EXPECT_EQ(session.rows("SELECT $1::int AS a, $2::mood AS b", {id, "ok"}),
                                  "[{\"a\":" + text + ",\"b\":\"ok\"}]");
                        break;
                    case 1:
                        EXPECT_EQ(session.value("$1 = ANY ($2::bigint[])", {id, "[1, " + text + "]"}), "true");
                        break;
                    case 2:
                        EXPECT_EQ(session.batch(kInsert, items(id, kSets)).affected,
                                  std::vector<std::int64_t>(kSets, 1));
                        break;
                    case 3:
                        EXPECT_EQ(session.batch("INSERT INTO late VALUES ($1) RETURNING id", {{id}, {id + 1}}).rows,
                                  "[{\"id\":" + text + "},{\"id\":" + std::to_string(id + 1) + "}]");
                        break;
                    default:
                        session.begin(KDEPS_ISOLATION_REPEATABLE_READ);
                        EXPECT_EQ(session.value("current_setting('transaction_isolation')"), "\"repeatable read\"");
                        EXPECT_EQ(session.execute("INSERT INTO child SELECT NULL").rows_affected, 1);
                        EXPECT_EQ(error_of([&] { session.value("1 / $1::int", {0}); }).sqlstate, "22012");
                        session.rollback();
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sessions[0]->value("(SELECT count(*) FROM item)"), std::to_string(kClients * kRounds / 5 * kSets));
    EXPECT_EQ(sessions[0]->value("(SELECT count(*) FROM late)"), std::to_string(kClients * kRounds / 5 * 2));
    EXPECT_EQ(sessions[0]->value("(SELECT count(*) FROM child)"), "0");
    expect_nothing_left();
}

TEST_F(PostgresPooler, SendsALargeBatchByCopy) {
    constexpr int kSets = 20'000;
    OneShot session(url());
    const Answer answer = session.batch(kInsert, items(0, kSets));
    EXPECT_EQ(answer.affected, std::vector<std::int64_t>(kSets, 1));
    // COPY inserts all rows as one command.
    EXPECT_EQ(session.value("(SELECT count(*) = 20000 AND count(DISTINCT cmin::text) = 1 FROM item)"), "true");
    // The second batch fails behind the COPY, and all of it is taken back, set by set too.
    std::vector<Set> sets = items(kSets, 100);
    sets[70][2] = -1;
    const Error error = error_of([&] { session.batch(kInsert, sets); });
    EXPECT_EQ(error.sqlstate, "23514");
    EXPECT_EQ(error.batch_set, 70);
    EXPECT_EQ(error.damage, Damage::none);
    EXPECT_EQ(session.value("(SELECT count(*) FROM item)"), "20000");
    expect_nothing_left();
}

TEST_F(PostgresPooler, AFailedStatementLeavesNothing) {
    OneShot session(url());
    OneShot other(url());
    const auto expect_usable = [&] {
        // Both sessions of the server are free, and outside of a transaction.
        other.begin();
        other.value("1");
        EXPECT_EQ(session.value("$1::int", {2}), "2");
        other.rollback();
    };
    // Found when it is prepared.
    Error error = error_of([&] { session.execute("SELECT nothing FROM item"); });
    EXPECT_EQ(error.sqlstate, "42703");
    EXPECT_EQ(error.damage, Damage::none);
    expect_usable();
    // Found between its preparation and its execution.
    error = error_of([&] { session.value("$1::smallint", {70'000}); });
    EXPECT_EQ(error.status, Status::bad_data);
    EXPECT_EQ(error.damage, Damage::none);
    expect_usable();
    EXPECT_EQ(error_of([&] { session.value("$1::int"); }).sqlstate, "08P01");
    expect_usable();
    // Found when it is executed, in a batch too.
    EXPECT_EQ(error_of([&] { session.value("1 / $1::int", {0}); }).sqlstate, "22012");
    expect_usable();
    error = error_of([&] { session.batch("INSERT INTO late SELECT 1 / $1::int", {{1}, {0}}); });
    EXPECT_EQ(error.sqlstate, "22012");
    EXPECT_EQ(error.batch_set, 1);
    EXPECT_EQ(error.damage, Damage::none);
    expect_usable();
    error = error_of([&] { session.batch("INSERT INTO nowhere VALUES ($1)", {{1}}); });
    EXPECT_EQ(error.sqlstate, "42P01");
    EXPECT_EQ(error.damage, Damage::none);
    expect_usable();
    EXPECT_EQ(session.value("(SELECT count(*) FROM late)"), "0");
    // In a transaction it ends the transaction, and no more.
    session.begin();
    session.execute("INSERT INTO late VALUES (1)");
    EXPECT_EQ(error_of([&] { session.batch("INSERT INTO nowhere VALUES ($1)", {{1}}); }).damage, Damage::transaction);
    session.reset();
    expect_usable();
    EXPECT_EQ(session.value("(SELECT count(*) FROM late)"), "0");
    expect_nothing_left();
}

TEST_F(PostgresPooler, ResetKeepsTheEncodingOfTheClient) {
    postgres().execute("postgres",
                       "CREATE DATABASE latin OWNER \"user\" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' "
                       "LC_CTYPE 'C'");
    pooler_->prepared_statements("latin");  // clients that leave the encoding to the server are its first
    OneShot session(pooler_->url("latin"));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(session.value("length($1::text)", {"\u00e4"}), "1");
        session.begin();
        EXPECT_EQ(error_of([&] { session.value("1 / $1::int", {0}); }).damage, Damage::transaction);
        session.reset();
    }
}

TEST_F(PostgresPooler, ATransactionThatOnlyReadsIsOne) {
    OneShot session(url());
    session.begin(KDEPS_ISOLATION_DEFAULT, true);
    EXPECT_EQ(error_of([&] { session.execute("INSERT INTO late VALUES ($1)", {1}); }).sqlstate, "25006");
    session.rollback();
    EXPECT_EQ(session.execute("INSERT INTO late VALUES ($1)", {1}).rows_affected, 1);
}

TEST_F(PostgresPooler, DescribesWithoutExecuting) {
    OneShot session(url());
    EXPECT_EQ(session.describe("INSERT INTO item (id, name) VALUES ($1, $2) RETURNING amount"), "i,u -> u");
    EXPECT_EQ(error_of([&] { session.describe("SELECT * FROM nowhere"); }).sqlstate, "42P01");
    EXPECT_EQ(session.value("(SELECT count(*) FROM item)"), "0");
    expect_nothing_left();
}

TEST_F(PostgresPooler, ReadsDatesWhateverTheSessionsDateStyle) {
    postgres().execute("test", "ALTER ROLE \"user\" SET datestyle = 'German'");
    // As text, because of the column that has no binary form here.
    const std::string sql = "SELECT $1::date AS d, '1.2.3.4'::inet AS i";
    const std::string wanted = R"([{"d":"2024-02-29","i":"1.2.3.4"}])";
    {
        const PgBouncer pooler(postgres());  // its server connections have that style from the start
        OneShot session(pooler.url("test"));
        for (int i = 0; i < 2; ++i) EXPECT_EQ(session.rows(sql, {"2024-02-29"}), wanted);
        EXPECT_EQ(session.batch(sql, {{"2024-02-29"}}).rows, wanted);
        session.begin();
        EXPECT_EQ(session.rows(sql, {"2024-02-29"}), wanted);
        session.commit();
        EXPECT_EQ(session.value("current_setting('datestyle')"), "\"German, DMY\"");
    }
    postgres().execute("test", "ALTER ROLE \"user\" RESET datestyle");
}

TEST_F(PostgresPooler, StopsAtTheDeadline) {
    OneShot session(url(), 200ms);
    const Error error = error_of([&] { session.value("pg_sleep(60)"); });
    EXPECT_EQ(error.status, Status::timeout);
    EXPECT_EQ(error.message, "the statement failed: it was stopped at its time limit");
    EXPECT_EQ(error.damage, Damage::none);
    session.set_limit(60s);
    EXPECT_EQ(session.value("1"), "1");
    // While it is prepared: the table is locked.
    OneShot other(url());
    other.begin();
    other.execute("LOCK TABLE item");
    session.set_limit(200ms);
    EXPECT_EQ(error_of([&] { session.rows("SELECT * FROM item"); }).status, Status::timeout);
    other.rollback();
    session.set_limit(60s);
    EXPECT_EQ(session.rows("SELECT * FROM item"), "[]");
}

TEST_F(PostgresPooler, ReportsTheDeadlineWhileAllServerConnectionsAreInUse) {
    OneShot one(url());
    OneShot other(url());
    for (OneShot* session : {&one, &other}) {
        session->begin();
        session->value("1");
    }
    OneShot waiting(url());
    waiting.set_limit(200ms);
    EXPECT_EQ(error_of([&] { waiting.execute("INSERT INTO late VALUES (1)"); }).status, Status::timeout);
    one.commit();
    other.commit();
    EXPECT_EQ(one.value("(SELECT count(*) FROM late)"), "0");
}

TEST_F(PostgresPooler, SaysWhetherALostServerConnectionMayHaveCommitted) {
    const auto failure_when = [&](const std::function<void()>& end) {
        OneShot session(url());
        Error error(Status::ok, "");
        std::thread writer(
            [&] { error = error_of([&] { session.execute("INSERT INTO late SELECT 1 FROM pg_sleep(60)"); }); });
        while (postgres().scalar("test", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "0")
            continue;
        end();
        writer.join();
        EXPECT_EQ(error.status, Status::unavailable);
        EXPECT_EQ(error.damage, Damage::connection);
        return error;
    };
    // The server's own words come through: it has not.
    Error error = failure_when([] {
        postgres().execute("test",
                           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    });
    EXPECT_EQ(error.sqlstate, "57P01");
    EXPECT_EQ(error.retry, Retry::fresh);
    // The pooler only knows that the connection is lost.
    error = failure_when([] { postgres().kill(); });
    EXPECT_EQ(error.sqlstate, "08006");
    EXPECT_EQ(error.retry, Retry::in_doubt);
    postgres().start();
    EXPECT_EQ(PostgresSession().value("(SELECT count(*) FROM late)"), "0");
}

// With the pooler's default settings and statements that have names: no statement runs in the place of another, and
// each runs once.
TEST_F(PostgresPooler, StatementsWithNamesGoOnWithoutThem) {
    constexpr int kClients = 8;
    constexpr int kRounds = 60;
    postgres().execute("test",
                       "CREATE TABLE kept AS SELECT generate_series(0, 479) AS id; GRANT ALL ON kept TO PUBLIC");
    std::vector<std::unique_ptr<PostgresSession>> sessions;
    for (int i = 0; i < kClients; ++i) sessions.push_back(std::make_unique<PostgresSession>(url()));
    std::vector<std::thread> threads;
    for (int client = 0; client < kClients; ++client) {
        threads.emplace_back([&, client] {
            PostgresSession& session = *sessions[static_cast<std::size_t>(client)];
            for (int round = 0; round < kRounds; ++round) {
                const int id = client * kRounds + round;
                const std::string row = "[{\"id\":" + std::to_string(id) + "}]";
                EXPECT_EQ(session.rows("SELECT id FROM kept WHERE id = $1", {id}), row);
                EXPECT_EQ(session.rows("INSERT INTO late (id) VALUES ($1) RETURNING id", {id}), row);
                EXPECT_EQ(session.rows("SELECT count(*) AS n FROM kept WHERE id = $1 AND $2::text = 'x'",
                                       {id, std::string("x")}),
                          R"([{"n":1}])");
                session.begin();
                session.execute("INSERT INTO child SELECT NULL");
                EXPECT_EQ(session.execute("UPDATE kept SET id = id WHERE id = $1", {id}).rows_affected, 1);
                session.commit();
                if (round % 10 == 0) session.reset();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM kept"), std::to_string(kClients * kRounds));
    EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM late"), std::to_string(kClients * kRounds));
    EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM child"), std::to_string(kClients * kRounds));
}

TEST_F(PostgresPooler, TypesOfParametersFollowTheTableBehindItToo) {
    postgres().execute("test", "CREATE TABLE moment (x date); GRANT ALL ON moment TO PUBLIC");
    PostgresSession session(url());
    const std::string insert = "INSERT INTO moment VALUES ($1) RETURNING *";
    EXPECT_EQ(session.rows(insert, {std::string("2024-05-06")}), R"([{"x":"2024-05-06"}])");
    postgres().execute("test", "ALTER TABLE moment ALTER x TYPE timestamp");
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(session.rows(insert, {std::string("2024-05-06T23:30:00")}), R"([{"x":"2024-05-06T23:30:00"}])");
    EXPECT_EQ(session.batch(insert, {{std::string("2024-05-06T23:30:00")}}).rows, R"([{"x":"2024-05-06T23:30:00"}])");
}

TEST_F(PostgresPooler, NamesTheSettingThatLetsAStartupParameterThrough) {
    const std::string given = url() + "?options=-c%20work_mem%3D8MB";
    const Error error = error_of([&] { OneShot session(given); });
    EXPECT_EQ(error.status, Status::invalid_argument);
    EXPECT_EQ(error.retry, Retry::never);
    EXPECT_EQ(error.message,
              "cannot connect to PostgreSQL: unsupported startup parameter: options; remove it from the connection URL "
              "or the environment (PGOPTIONS), or have pgbouncer drop it: ignore_startup_parameters");
    const PgBouncer pooler(postgres(), "ignore_startup_parameters = options\n");
    OneShot session(pooler.url("test") + "?options=-c%20work_mem%3D8MB");
    session.ping();
    EXPECT_EQ(session.value("1"), "1");
}

}  // namespace
}  // namespace kdeps::testing
