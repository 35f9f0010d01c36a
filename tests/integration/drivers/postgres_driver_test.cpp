// SPDX-License-Identifier: Apache-2.0
// The PostgreSQL driver against a real server: URLs, errors, transactions, batches.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <numeric>
#include <thread>

#include "tests/integration/drivers/postgres_session.hpp"
#include "tests/support/patience.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Postgres : public ::testing::Test {
protected:
    Postgres() { make_tables(); }
};

// ---- URLs and connecting

TEST_F(Postgres, FindsEveryFaultOfAUrlWithoutConnecting) {
    const std::pair<const char*, const char*> faults[] = {
        {"postgres://h/db?sslmoed=require",
         "unknown option 'sslmoed' in the connection URL (did you mean 'sslmode'?); accepted: application_name, "},
        {"postgres://h/db?sslmode=requir",
         "option 'sslmode' of the connection URL cannot be 'requir' (did you mean 'require'?); accepted: disable, "
         "allow, prefer, require, "
         "verify-ca, verify-full"},
        {"postgres://h/db?connect_timeout=soon",
         "option 'connect_timeout' of the connection URL must be a whole number of at least 0, not 'soon'"},
        {"postgres://h", "the connection URL names no database; write postgres://user:password@host:5432/database"},
        {"postgres://h:0/db", "the port of the connection URL must be between 1 and 65535"},
        {"postgres://u@h/db?user=v", "the connection URL gives 'user' twice"},
        {"postgres://h/db?client_encoding=LATIN1", "option 'client_encoding' cannot stand in the connection URL: "},
        {"postgres://h/d%00b", "'dbname' of the connection URL holds a zero byte (%00)"},
    };
    for (const auto& [url, message] : faults) {
        const Error error = error_of([&, at = url] { check_url(at); });
        EXPECT_EQ(error.status, Status::invalid_argument) << url;
        EXPECT_THAT(error.message, StartsWith(message)) << url;
    }
    check_url(
        "postgresql://u:p%40ss@[::1]:5433/db?sslmode=verify-full&application_name=x&target_session_attrs=read-write");
    check_url("postgres:///db?host=/var/run/postgresql");
}

TEST_F(Postgres, ConnectsAndTellsTheServer) {
    PostgresSession session(postgres_url() + "?application_name=my%20app");
    EXPECT_THAT(session.server(), StartsWith("PostgreSQL 1"));
    EXPECT_EQ(session.value("current_setting('application_name')"), "\"my app\"");
    EXPECT_EQ(PostgresSession().value("current_setting('application_name')"), "\"kdeps\"");
    session.ping();
}

TEST_F(Postgres, SaysWhyItCannotConnect) {
    const auto open = [](const std::string& url) { return error_of([&] { PostgresSession session(url); }); };

    Error error = open(postgres().url("test", "user", "wrong"));
    EXPECT_EQ(error.status, Status::unauthenticated);
    EXPECT_EQ(error.sqlstate, "28P01");
    EXPECT_EQ(error.message, "cannot connect to PostgreSQL: password authentication failed");

    error = open("postgres://user@127.0.0.1:" + std::to_string(postgres().port()) + "/test");
    EXPECT_EQ(error.status, Status::unauthenticated);
    EXPECT_THAT(error.message, HasSubstr("no password supplied"));

    error = open(postgres().url("absent"));
    EXPECT_EQ(error.status, Status::invalid_argument);
    EXPECT_EQ(error.sqlstate, "3D000");
    EXPECT_EQ(error.message, "cannot connect to PostgreSQL: the database does not exist");

    error = open("postgres://user:s3cret@127.0.0.1:1/test");
    EXPECT_EQ(error.status, Status::unavailable);
    EXPECT_EQ(error.retry, Retry::fresh);
    EXPECT_EQ(error.sqlstate, "08001");
    EXPECT_EQ(error.message, "cannot connect to PostgreSQL: Connection refused");
    EXPECT_THAT(error.detail, HasSubstr("127.0.0.1"));

    error = open(postgres_url() + "?sslmode=require");
    EXPECT_EQ(error.status, Status::unavailable);
    EXPECT_THAT(error.message, HasSubstr("server does not support SSL"));
}

// A port that accepts and never answers.
class SilentPort {
public:
    SilentPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(socket_, 8), 0);
        EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~SilentPort() { close(socket_); }
    std::string url() const { return "postgres://u:p@127.0.0.1:" + port() + "/db"; }
    std::string port() const { return std::to_string(port_); }

private:
    int socket_;
    int port_ = 0;
};

TEST_F(Postgres, StopsConnectingAtTheDeadline) {
    const SilentPort port;
    const auto start = Clock::now();
    Error error = error_of([&] { PostgresSession session(port.url(), 100ms); });
    EXPECT_EQ(error.status, Status::timeout);
    EXPECT_EQ(error.message, "cannot connect to PostgreSQL: the time limit was reached");
    EXPECT_LT(Clock::now() - start, 2s * kPatience);

    error = error_of([&] { PostgresSession session(port.url() + "?connect_timeout=1"); });
    EXPECT_EQ(error.status, Status::unavailable);
    EXPECT_EQ(error.message, "cannot connect to PostgreSQL: no answer within connect_timeout");
}

TEST_F(Postgres, GoesOnToTheNextHost) {
    const SilentPort silent;
    const std::string port = std::to_string(postgres().port());
    const auto expect_served = [](const std::string& url) {
        const auto start = Clock::now();
        PostgresSession session(url, 20s);
        EXPECT_EQ(session.value("1"), "1");
        EXPECT_LT(Clock::now() - start, 15s);
    };
    const std::string user = "postgres://user:pass@";
    // One that refuses, one that never answers: each has its share.
    expect_served(user + "127.0.0.1:1,127.0.0.1:" + port + "/test");
    expect_served(user + "127.0.0.1:" + silent.port() + ",127.0.0.1:" + port + "/test?connect_timeout=2");
    expect_served(user + "127.0.0.1:" + silent.port() + ",[::1]:1,127.0.0.1:" + port + "/test");
    expect_served("postgres://user:pass@/test?host=127.0.0.1,127.0.0.1&port=" + silent.port() + "," + port +
                  "&connect_timeout=2&target_session_attrs=read-write");
    expect_served(user + "127.0.0.1:" + port + ",127.0.0.1:1/test?target_session_attrs=prefer-standby");
    Error error = error_of([&] {
        PostgresSession session(user + "127.0.0.1:" + port + ",127.0.0.1:1/test?target_session_attrs=standby");
    });
    EXPECT_EQ(error.status, Status::unavailable);
    EXPECT_EQ(error.message, "cannot connect to PostgreSQL: Connection refused; 2 addresses were tried");
    // A login that was refused is refused.
    error = error_of([&] { PostgresSession session("postgres://user:no@127.0.0.1:" + port + ",127.0.0.1:1/test"); });
    EXPECT_EQ(error.sqlstate, "28P01");
}

TEST_F(Postgres, AServerThatHasBecomeReadOnlyCostsTheConnection) {
    PostgresSession session(postgres_url() + "?options=-c%20default_transaction_read_only%3Don");
    const Error error = error_of([&] { session.execute("INSERT INTO late VALUES (1)"); });
    EXPECT_EQ(error.sqlstate, "25006");
    EXPECT_EQ(error.damage, Damage::connection);
}

TEST_F(Postgres, AValueThatIsTooLargeIsTheCallersFault) {
    PostgresSession session;
    const Error error = error_of([&] { session.value("length(repeat('x', 1100000000))"); });
    EXPECT_EQ(error.sqlstate, "54000");
    EXPECT_EQ(error.status, Status::bad_data);
}

TEST_F(Postgres, ABatchCollectsNoMoreThanItsLimit) {
    PostgresSession session;
    std::vector<Set> sets(600, Set{1});
    const Error error = error_of([&] {
        session.batch(
            "INSERT INTO item VALUES ($1, 'a', 1) ON CONFLICT (id) DO UPDATE SET name = 'b' "
            "RETURNING repeat('x', 100000) AS x",
            sets, 1'000'000);
    });
    EXPECT_EQ(error.status, Status::exhausted);
    EXPECT_EQ(error.damage, Damage::none);
    EXPECT_EQ(session.value("count(*) FROM item"), "0");
}

TEST_F(Postgres, ReportsTooManyConnections) {
    std::vector<std::unique_ptr<PostgresSession>> sessions;
    const Error error = error_of([&] {
        for (int i = 0; i < 200; ++i) sessions.push_back(std::make_unique<PostgresSession>());
    });
    EXPECT_EQ(error.status, Status::exhausted);
    EXPECT_EQ(error.sqlstate, "53300");
    EXPECT_EQ(error.retry, Retry::fresh);
}

// ---- Statements and errors

TEST_F(Postgres, CountsChangedRows) {
    PostgresSession session;
    EXPECT_EQ(
        session.execute("INSERT INTO item VALUES ($1, $2, $3), (2, 'b', 1)", {1, std::string("a"), Decimal{"1.5"}})
            .rows_affected,
        2);
    const Answer answer = session.execute("UPDATE item SET name = 'x' WHERE id = $1", {2});
    EXPECT_EQ(answer.rows_affected, 1);
    EXPECT_EQ(answer.last_insert_id, -1);
    EXPECT_EQ(answer.rows, "");
    EXPECT_EQ(session.rows("DELETE FROM item WHERE id = 1 RETURNING id, name"), R"([{"id":1,"name":"a"}])");
    EXPECT_EQ(session.execute("CREATE TEMP TABLE t (i int)").rows_affected, -1);
    EXPECT_EQ(session.execute("").rows_affected, -1);
}

TEST_F(Postgres, PutsErrorsIntoCategories) {
    PostgresSession session;
    session.execute("INSERT INTO item VALUES (1, 'a', 1)");
    struct Fault {
        const char* sql;
        Status status;
        const char* sqlstate;
        const char* message;
    };
    const Fault faults[] = {
        {"INSERT INTO item VALUES (1, 'b', 1)", Status::conflict, "23505",
         "the statement failed: duplicate key value violates unique constraint \"item_pkey\""},
        {"INSERT INTO late VALUES (1), (1)", Status::conflict, "23505",
         "the statement failed: duplicate key value violates unique constraint \"late_id_key\""},
        {"INSERT INTO child VALUES (9)", Status::constraint, "23503",
         "the statement failed: insert or update on table \"child\" violates foreign key constraint \"child_id_fkey\""},
        {"INSERT INTO item VALUES (2, 'b', 0)", Status::constraint, "23514",
         "the statement failed: new row for relation \"item\" violates check constraint \"item_amount_check\""},
        {"INSERT INTO item VALUES (2, NULL, 1)", Status::constraint, "23502",
         "the statement failed: null value in column \"name\" of relation \"item\" violates not-null constraint"},
        {"SELECT * FROM nothing", Status::invalid_argument, "42P01",
         "the statement could not be prepared: relation \"nothing\" does not exist"},
        {"SELECT nothing FROM item", Status::invalid_argument, "42703",
         "the statement could not be prepared: column \"nothing\" does not exist"},
        {"SELEC 1", Status::invalid_argument, "42601",
         "the statement could not be prepared: syntax error at or near \"SELEC\""},
        {"SELECT 1; SELECT 2", Status::invalid_argument, "42601",
         "the statement could not be prepared: cannot insert multiple commands into a prepared statement"},
        {"CREATE TABLE item (i int)", Status::already_exists, "42P07",
         "the statement failed: relation \"item\" already exists"},
        {"SELECT 1 / 0", Status::bad_data, "22012", "the statement failed: division by zero"},
        {"SELECT 10 / (9000 - i) FROM generate_series(1, 10000) i", Status::bad_data, "22012",
         "reading the rows failed: division by zero"},
        {"SELECT pg_read_file('x')", Status::forbidden, "42501",
         "the statement failed: permission denied for function pg_read_file"},
        {"DO $$BEGIN RAISE EXCEPTION 'my rule'; END$$", Status::constraint, "P0001", "the statement failed: my rule"},
    };
    for (const Fault& fault : faults) {
        const Error error = error_of([&] { session.execute(fault.sql); });
        EXPECT_EQ(error.status, fault.status) << fault.sql;
        EXPECT_EQ(error.sqlstate, fault.sqlstate) << fault.sql;
        EXPECT_EQ(error.message, fault.message) << fault.sql;
        EXPECT_EQ(error.damage, Damage::none) << fault.sql;
        EXPECT_EQ(session.value("1"), "1") << fault.sql;
    }
}

TEST_F(Postgres, RefusesToCopy) {
    for (const char* sql : {"COPY item TO STDOUT", "/* x */ copy item FROM STDIN"}) {
        PostgresSession session;
        const Error error = error_of([&] { session.execute(sql); });
        EXPECT_EQ(error.status, Status::unsupported);
        EXPECT_EQ(error.message,
                  "COPY from STDIN or to STDOUT cannot run as a statement; use INSERT with paramsBatch, or SELECT");
        EXPECT_EQ(error.damage, Damage::connection);
    }
    EXPECT_EQ(PostgresSession().value("'copy to stdout'"), "\"copy to stdout\"");
}

TEST_F(Postgres, CountsParameters) {
    PostgresSession session;
    const Error error = error_of([&] { session.execute("SELECT $1::int, $2::int", {1}); });
    EXPECT_EQ(error.status, Status::invalid_argument);
    EXPECT_EQ(error.message, "the statement has 2 parameters, but the number of values given is 1");
}

TEST_F(Postgres, PreparesAgainWhenTheTableHasChanged) {
    PostgresSession session;
    session.execute("INSERT INTO item VALUES (1, 'a', 1)");
    EXPECT_EQ(session.rows("SELECT * FROM item"), R"([{"id":1,"name":"a","amount":1}])");
    postgres().execute("test", "ALTER TABLE item DROP COLUMN amount");
    EXPECT_EQ(session.rows("SELECT * FROM item"), R"([{"id":1,"name":"a"}])");
    postgres().execute("test", "ALTER TABLE item DROP COLUMN name");
    session.begin();  // the first statement of a transaction can still be prepared again
    EXPECT_EQ(session.rows("SELECT * FROM item"), R"([{"id":1}])");
    session.commit();
    session.execute("DEALLOCATE ALL");
    EXPECT_EQ(session.rows("SELECT * FROM item"), R"([{"id":1}])");

    postgres().execute("test", "ALTER TABLE item ADD COLUMN extra int");
    session.begin();
    session.value("1");
    const Error error = error_of([&] { session.rows("SELECT * FROM item"); });
    EXPECT_EQ(error.status, Status::conflict);
    EXPECT_EQ(error.retry, Retry::same);
    EXPECT_EQ(error.damage, Damage::transaction);
    session.rollback();
    EXPECT_EQ(session.rows("SELECT * FROM item"), R"([{"id":1,"extra":null}])");
}

// ---- Transactions

TEST_F(Postgres, CommitsAndRollsBack) {
    PostgresSession session;
    session.begin();
    session.execute("INSERT INTO item VALUES (1, 'a', 1)");
    session.rollback();
    session.begin();
    session.execute("INSERT INTO item VALUES (2, 'a', 1)");
    session.commit();
    EXPECT_EQ(session.rows("SELECT id FROM item"), R"([{"id":2}])");
    session.begin();
    session.commit();
    session.begin();
    session.rollback();
}

TEST_F(Postgres, BeginsWithIsolationAndAccessMode) {
    PostgresSession session;
    session.begin(KDEPS_ISOLATION_SERIALIZABLE, true);
    EXPECT_EQ(session.value("current_setting('transaction_isolation')"), "\"serializable\"");
    const Error error = error_of([&] { session.execute("INSERT INTO item VALUES (1, 'a', 1)"); });
    EXPECT_EQ(error.status, Status::forbidden);
    EXPECT_EQ(error.sqlstate, "25006");
    EXPECT_EQ(error.damage, Damage::transaction);
    session.rollback();
    session.begin(KDEPS_ISOLATION_REPEATABLE_READ);
    EXPECT_EQ(session.value("current_setting('transaction_isolation')"), "\"repeatable read\"");
    EXPECT_EQ(error_of([&] { session.begin(); }).status, Status::invalid_state);
    session.rollback();
}

TEST_F(Postgres, ReportsAFailedTransaction) {
    PostgresSession session;
    session.begin();
    EXPECT_EQ(error_of([&] { session.value("1 / 0"); }).damage, Damage::transaction);
    const Error error = error_of([&] { session.value("1"); });
    EXPECT_EQ(error.status, Status::invalid_state);
    EXPECT_EQ(error.sqlstate, "25P02");
    EXPECT_EQ(error_of([&] { session.commit(); }).message,
              "the commit failed: a statement of the transaction had failed before, so all of it was rolled back");
    session.begin();
    session.execute("INSERT INTO late VALUES (5), (5)");
    EXPECT_EQ(error_of([&] { session.commit(); }).sqlstate, "23505");
    EXPECT_EQ(session.value("count(*) FROM late"), "0");
}

TEST_F(Postgres, ReportsSerializationFailuresAndDeadlocksAsRetriable) {
    PostgresSession first;
    PostgresSession second;
    first.execute("INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 1)");
    first.begin(KDEPS_ISOLATION_SERIALIZABLE);
    second.begin(KDEPS_ISOLATION_SERIALIZABLE);
    first.rows("SELECT * FROM item");
    second.rows("SELECT * FROM item");
    first.execute("UPDATE item SET name = 'x' WHERE id = 1");
    first.commit();
    Error error = error_of([&] { second.execute("UPDATE item SET name = 'y' WHERE id = 1"); });
    EXPECT_EQ(error.sqlstate, "40001");
    EXPECT_EQ(error.status, Status::conflict);
    EXPECT_EQ(error.retry, Retry::same);
    EXPECT_EQ(error.damage, Damage::transaction);
    second.reset();

    first.begin();
    second.begin();
    first.execute("UPDATE item SET name = 'x' WHERE id = 1");
    second.execute("UPDATE item SET name = 'x' WHERE id = 2");
    Error other(Status::ok, "");
    std::thread thread([&] {
        try {
            second.execute("UPDATE item SET name = 'x' WHERE id = 1");
        } catch (const Error& failed) {
            other = failed;
        }
    });
    try {
        first.execute("UPDATE item SET name = 'x' WHERE id = 2");
        error = Error(Status::ok, "");
    } catch (const Error& failed) {
        error = failed;
        first.rollback();
    }
    if (error.status == Status::ok) first.commit();
    thread.join();
    const Error& victim = error.status == Status::ok ? other : error;
    EXPECT_EQ(victim.sqlstate, "40P01");
    EXPECT_EQ(victim.status, Status::conflict);
    EXPECT_EQ(victim.retry, Retry::same);
}

TEST_F(Postgres, ResetMakesTheSessionAsNew) {
    PostgresSession session;
    session.execute("SET search_path = pg_catalog");
    session.value("pg_advisory_lock(7)");
    session.begin();
    error_of([&] { session.value("1 / 0"); });
    session.reset();
    EXPECT_EQ(session.value("current_setting('search_path')"), "\"\\\"$user\\\", public\"");
    EXPECT_EQ(session.value("(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"), "0");
}

// ---- Batches

std::vector<Set> items(int count, int first = 0) {
    std::vector<Set> sets;
    for (int i = 0; i < count; ++i) sets.push_back({first + i, "name " + std::to_string(i), Decimal{"1.50"}});
    return sets;
}

TEST_F(Postgres, RunsALargeBatchWithoutARoundTripPerSet) {
    PostgresSession session;
    const auto start = Clock::now();
    const Answer answer = session.batch("INSERT INTO item VALUES ($1, $2, $3)", items(20000));
    const auto batch_time = Clock::now() - start;
    EXPECT_EQ(std::accumulate(answer.affected.begin(), answer.affected.end(), std::int64_t{0}), 20000);
    EXPECT_EQ(session.value("count(*) FROM item"), "20000");
    const auto single_start = Clock::now();
    for (int i = 0; i < 1000; ++i) session.execute("UPDATE item SET name = $2 WHERE id = $1", {i, std::string("x")});
    EXPECT_LT(batch_time, (Clock::now() - single_start) * 20);
}

TEST_F(Postgres, CountsEachSetAndReturnsTheRowsOfAll) {
    PostgresSession session;
    session.batch("INSERT INTO item VALUES ($1, $2, $3)", items(3));
    EXPECT_EQ(session.batch("UPDATE item SET name = 'x' WHERE id >= $1", {{0}, {2}, {9}}).affected,
              (std::vector<std::int64_t>{3, 1, 0}));
    const Answer answer = session.batch("INSERT INTO item VALUES ($1, $2, $3) RETURNING id", items(10000, 10));
    EXPECT_EQ(answer.row_count, 10000);
    EXPECT_TRUE(answer.rows.starts_with(R"([{"id":10},{"id":11})"));
    EXPECT_TRUE(answer.rows.ends_with("{\"id\":10009}]"));
    EXPECT_TRUE(session.batch("DELETE FROM item WHERE id = $1", {}).affected.empty());
    session.batch("INSERT INTO item VALUES ($1, $2, $3)",
                  {{-1, std::string("text"), nullptr}, {std::string("-2"), 5, 1.5}});
    EXPECT_EQ(session.rows("SELECT name, amount FROM item WHERE id < 0 ORDER BY id DESC"),
              R"([{"name":"text","amount":null},{"name":"5","amount":1.5}])");
}

TEST_F(Postgres, NamesTheFailingSetAndTakesBackTheBatch) {
    PostgresSession session;
    const std::string sql = "INSERT INTO item VALUES ($1, $2, $3)";
    const std::pair<Parameter, Status> wrong[] = {
        {7, Status::conflict}, {std::string("x"), Status::bad_data}, {1.5, Status::bad_data}};
    for (const auto& [value, status] : wrong) {
        std::vector<Set> sets = items(20000);
        sets[12345][0] = value;
        Error error = error_of([&] { session.batch(sql, sets); });
        EXPECT_EQ(error.status, status);
        EXPECT_EQ(error.batch_set, 12345);
        EXPECT_EQ(error.damage, Damage::none);
        EXPECT_EQ(session.value("count(*) FROM item"), "0");
        session.begin();
        error = error_of([&] { session.batch(sql, sets); });
        EXPECT_EQ(error.batch_set, 12345);
        EXPECT_EQ(error.damage, Damage::transaction);
        session.rollback();
    }
    EXPECT_EQ(error_of([&] {
                  session.batch(sql, {{1, std::string("a")}});
              }).message,
              "the statement has 3 parameters, but the number of values given is 2");
    session.begin();
    session.batch(sql, items(100));
    session.rollback();
    EXPECT_EQ(session.value("count(*) FROM item"), "0");
}

TEST_F(Postgres, StopsABatchAtTheDeadline) {
    PostgresSession session;
    session.prepare_only("SELECT pg_sleep($1)");
    session.set_limit(300ms);
    const auto start = Clock::now();
    const Error error = error_of([&] { session.batch("SELECT pg_sleep($1)", std::vector<Set>(5000, Set{0.01})); });
    EXPECT_LT(Clock::now() - start, 3s * kPatience);
    EXPECT_EQ(error.status, Status::timeout);
    EXPECT_EQ(error.batch_set, -1);
    session.set_limit(60s);
    EXPECT_EQ(session.value("1"), "1");
}

}  // namespace
}  // namespace kdeps::testing
