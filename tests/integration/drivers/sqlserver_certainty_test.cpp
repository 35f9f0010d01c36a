// SPDX-License-Identifier: Apache-2.0
// What the SQL Server driver tells of transactions, sessions and lost answers, and that no network hurts it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "core/base/deadline.hpp"
#include "core/base/stop.hpp"
#include "tests/integration/drivers/session.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;
using tds::Event;
using tds::SqlError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDatabase = "drivers";

class SqlServerCertainty : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        // None of them counts.
        ::setenv("TDSPORT", "1", 1);
        ::setenv("TDSHOST", "192.0.2.1", 1);
        ::setenv("TDSVER", "5.0", 1);
        ::setenv("TDSDUMP", "/nowhere/at/all", 1);
        driver_ = std::make_unique<LoadedDriver>("mssql");
    }
    static void TearDownTestSuite() { driver_.reset(); }
    SqlServerCertainty() {
        server_.create_database(kDatabase);
        server_.execute(kDatabase, "CREATE TABLE t (id int PRIMARY KEY, n int)");
    }

    std::string url(const std::string& options = "") const { return server_.url(kDatabase) + options; }
    std::string rows() { return server_.scalar(kDatabase, "SELECT COUNT(*) FROM t"); }
    static const LoadedDriver& driver() { return *driver_; }

    TdsServer server_;

private:
    static std::unique_ptr<LoadedDriver> driver_;
};

std::unique_ptr<LoadedDriver> SqlServerCertainty::driver_;

TEST_F(SqlServerCertainty, NoVariableOfTheEnvironmentCounts) {
    EXPECT_EQ(DriverSession(driver(), url()).rows("SELECT 1 AS n"), R"([{"n":1}])");
    for (const char* name : {"TDSPORT", "TDSHOST", "TDSVER", "TDSDUMP", "FREETDSCONF"})
        EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST_F(SqlServerCertainty, TellsATransactionThatAProcedureLeavesOpen) {
    DriverSession session(driver(), url());
    session.execute("CREATE PROCEDURE leaves_open AS BEGIN TRANSACTION; INSERT INTO t VALUES (1, 1)");
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_NONE);
    const Failure failure = failure_of([&] { session.execute("EXEC leaves_open"); });
    EXPECT_EQ(failure.status, KDEPS_INVALID_STATE);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_TRANSACTION);
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_OPEN);

    session.rollback();

    DriverSession own(driver(), url());
    own.execute("BEGIN TRANSACTION");
    EXPECT_EQ(own.facts().transaction, KDEPS_TRANSACTION_OPEN);
    own.execute("COMMIT");
    EXPECT_EQ(own.facts().transaction, KDEPS_TRANSACTION_NONE);
    own.execute("SET IMPLICIT_TRANSACTIONS ON");
    own.execute("UPDATE t SET n = 1");
    EXPECT_EQ(own.facts().transaction, KDEPS_TRANSACTION_OPEN);
    own.reset();
    EXPECT_EQ(own.facts().transaction, KDEPS_TRANSACTION_NONE);
    EXPECT_EQ(own.facts().session, KDEPS_SESSION_UNTOUCHED);
    own.execute("UPDATE t SET n = 1");
    EXPECT_EQ(own.facts().transaction, KDEPS_TRANSACTION_NONE);
}

TEST_F(SqlServerCertainty, ANestedTransactionIsNoCommit) {
    DriverSession session(driver(), url());
    session.begin();
    session.execute("BEGIN TRANSACTION; INSERT INTO t VALUES (1, 1)");
    const Failure failure = failure_of([&] { session.commit(); });
    EXPECT_EQ(failure.status, KDEPS_INVALID_STATE);
    EXPECT_EQ(failure.message,
              "nothing is committed: a statement began a transaction of its own and did not end it (@@TRANCOUNT is 2); "
              "leave BEGIN TRANSACTION out, or add its COMMIT");
    EXPECT_EQ(session.facts().exchange, KDEPS_EXCHANGE_REFUSED);
    session.rollback();
    EXPECT_EQ(rows(), "0");
    session.begin();
    session.execute("BEGIN TRANSACTION; INSERT INTO t VALUES (1, 1); COMMIT");
    session.commit();
    EXPECT_EQ(rows(), "1");
}

TEST_F(SqlServerCertainty, TellsATransactionThatEndedUnderIt) {
    DriverSession session(driver(), url());
    session.begin();
    session.execute("ROLLBACK TRANSACTION");
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_NONE);
    EXPECT_THAT(failure_of([&] { session.commit(); }).message, HasSubstr("had ended before its COMMIT"));
    session.rollback();
    session.begin();
    session.execute("COMMIT; BEGIN TRANSACTION");
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_OTHER);
    EXPECT_THAT(failure_of([&] { session.commit(); }).message, HasSubstr("had ended before its COMMIT"));
    session.rollback();
    // An error that ends it.
    session.begin();
    EXPECT_EQ(failure_of([&] { session.execute("INSERT INTO t VALUES (@p1, 1)", {"abc"}); }).damage,
              KDEPS_DAMAGE_TRANSACTION);
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_NONE);
}

TEST_F(SqlServerCertainty, AttentionLeavesATransactionOpen) {
    DriverSession session(driver(), url());
    session.set_limit(300ms);
    const Failure failure = failure_of(
        [&] { session.execute("BEGIN TRANSACTION; INSERT INTO t VALUES (1, 1); WAITFOR DELAY '00:10:00'"); });
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.retry, KDEPS_RETRY_IN_DOUBT);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_TRANSACTION);
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_OPEN);
    session.set_limit(60s);
    session.reset();
    EXPECT_EQ(rows(), "0");
}

TEST_F(SqlServerCertainty, AWriteWhoseAnswerIsLostIsInDoubt) {
    struct Case {
        const char* sql;
        Cells parameters;
        std::uint8_t retry;
    };
    const std::vector<Case> cases = {
        {"INSERT INTO t VALUES (1, 77)", {}, KDEPS_RETRY_IN_DOUBT},
        {"INSERT INTO t VALUES (@p1, 77)", {2}, KDEPS_RETRY_IN_DOUBT},
        {"EXEC writes @p1, 77", {3}, KDEPS_RETRY_IN_DOUBT},
        {"SELECT 77 AS n", {}, KDEPS_RETRY_FRESH},
    };
    server_.execute(kDatabase, "CREATE PROCEDURE writes @a int, @b int AS INSERT INTO t VALUES (@a, @b)");
    for (const Case& c : cases) {
        SCOPED_TRACE(c.sql);
        DriverSession session(driver(), url());
        server_.faults().drop_next(tds::Faults::Drop::after, "77");
        const Failure failure = failure_of([&] { session.execute(c.sql, c.parameters); });
        EXPECT_EQ(failure.status, KDEPS_UNAVAILABLE);
        EXPECT_EQ(failure.retry, c.retry);
        EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
        EXPECT_EQ(session.facts().exchange, KDEPS_EXCHANGE_SENT);
    }
    EXPECT_EQ(rows(), "3");
    // In a transaction nothing is left of it.
    DriverSession session(driver(), url());
    session.begin();
    server_.faults().drop_next(tds::Faults::Drop::after, "77");
    EXPECT_EQ(failure_of([&] { session.execute("INSERT INTO t VALUES (9, 77)"); }).retry, KDEPS_RETRY_FRESH);
    // Nothing was sent, and what the server refused.
    DriverSession other(driver(), url());
    EXPECT_EQ(failure_of([&] { other.execute("INSERT INTO t VALUES (@p1, 1)", {"\xff"}); }).status, KDEPS_BAD_DATA);
    EXPECT_EQ(other.facts().exchange, KDEPS_EXCHANGE_UNSENT);
    EXPECT_EQ(failure_of([&] { other.execute("INSERT INTO t VALUES (1, 1)"); }).status, KDEPS_CONFLICT);
    EXPECT_EQ(other.facts().exchange, KDEPS_EXCHANGE_REFUSED);
    other.execute("INSERT INTO t VALUES (11, 1)");
    EXPECT_EQ(other.facts().exchange, KDEPS_EXCHANGE_ANSWERED);
}

TEST_F(SqlServerCertainty, ATimeLimitOnCommitIsInDoubt) {
    DriverSession session(driver(), url());
    session.begin();
    session.execute("INSERT INTO t VALUES (1, 1)");
    server_.delay(600ms);
    session.set_limit(200ms);
    const Failure failure = failure_of([&] { session.commit(); });
    server_.delay(0ms);
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.retry, KDEPS_RETRY_IN_DOUBT);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
}

TEST_F(SqlServerCertainty, ABatchStopsWhereItsTransactionEnded) {
    DriverSession session(driver(), url());
    std::vector<Cells> sets;
    for (int i = 0; i < 10; ++i) sets.push_back({i});
    const std::string sql = "IF @p1 = 4 ROLLBACK TRANSACTION\nIF @p1 <> 4 INSERT INTO t VALUES (@p1, 0)";
    const Failure failure = failure_of([&] { session.batch(sql, sets); });
    EXPECT_EQ(failure.batch_set, 4);
    EXPECT_EQ(rows(), "0") << "sets 5 to 9 would have committed one by one";
    session.begin();
    EXPECT_EQ(failure_of([&] { session.batch(sql, sets); }).damage, KDEPS_DAMAGE_TRANSACTION);
    session.rollback();
    EXPECT_EQ(rows(), "0");
    // Behind a set that failed none is executed.
    sets[6] = {3};
    session.batch("IF @p1 >= 0 INSERT INTO t VALUES (@p1, 0)", {{100}});
    EXPECT_EQ(failure_of([&] { session.batch("IF @p1 >= 0 INSERT INTO t VALUES (@p1, 0)", sets); }).batch_set, 6);
    EXPECT_EQ(rows(), "1");
}

TEST_F(SqlServerCertainty, ABatchKeepsTheIsolationLevelAndTheTransaction) {
    DriverSession session(driver(), url());
    session.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    session.execute("BEGIN TRANSACTION");
    session.batch("INSERT INTO t VALUES (@p1, 0)", {{1}, {2}});
    EXPECT_EQ(session.rows("SELECT @@TRANCOUNT AS n, @@ISOLATION AS i"), R"([{"n":1,"i":"SERIALIZABLE"}])");
    session.execute("ROLLBACK TRANSACTION");
    EXPECT_EQ(rows(), "0");
    session.begin();
    session.commit();
    EXPECT_EQ(session.rows("SELECT @@ISOLATION AS i"), R"([{"i":"SERIALIZABLE"}])");
    session.begin(KDEPS_ISOLATION_SNAPSHOT);
    session.commit();
    EXPECT_EQ(session.rows("SELECT @@ISOLATION AS i"), R"([{"i":"READ COMMITTED"}])");
}

TEST_F(SqlServerCertainty, ResetUndoesWhatItCanAndRefusesTheRest) {
    DriverSession session(driver(), url());
    const std::string look =
        "SELECT @@DATEFIRST AS f, @@LANGUAGE AS l, @@LOCK_TIMEOUT AS t, @@ISOLATION AS i, DB_NAME() AS d";
    const std::string fresh = session.rows(look);
    for (const char* sql : {"SET DATEFIRST 3", "SET LANGUAGE Deutsch", "SET LOCK_TIMEOUT 5",
                            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "USE master"}) {
        session.execute(sql);
        EXPECT_NE(session.rows(look), fresh) << sql;
        EXPECT_EQ(session.facts().session, KDEPS_SESSION_UNKNOWN);
        session.reset();
        EXPECT_EQ(session.rows(look), fresh) << sql;
        EXPECT_EQ(session.facts().session, KDEPS_SESSION_UNTOUCHED) << "a SELECT leaves nothing";
    }
    session.execute("SET ROWCOUNT 1");
    session.reset();
    EXPECT_EQ(session.rows("SELECT 1 AS n UNION ALL SELECT 2"), R"([{"n":1},{"n":2}])");
    server_.execute(kDatabase, "CREATE PROCEDURE harmless AS SELECT 1 AS n");
    for (const char* sql : {"EXEC harmless", "SET IDENTITY_INSERT t ON", "SELECT 1 AS n INTO #t"}) {
        DriverSession touched(driver(), url());
        try {
            touched.execute(sql);
        } catch (const Failure&) {
            // The server of the tests has no temporary tables; the words are what counts.
        }
        EXPECT_EQ(failure_of([&] { touched.reset(); }).damage, KDEPS_DAMAGE_CONNECTION) << sql;
    }
}

// What one client leaves, in any order, is not there for the next one.
TEST_F(SqlServerCertainty, WhatTheNextSeesIsWhatAFreshConnectionShows) {
    server_.execute(kDatabase, "CREATE PROCEDURE harmless AS SELECT 1 AS n");
    const std::vector<std::string> statements = {
        "SET DATEFIRST 3",
        "SET LANGUAGE Deutsch",
        "SET LOCK_TIMEOUT 7",
        "SET TRANSACTION ISOLATION LEVEL SNAPSHOT",
        "SET ROWCOUNT 1",
        "SET NOCOUNT ON",
        "SET XACT_ABORT ON",
        "SET IMPLICIT_TRANSACTIONS ON",
        "USE master",
        "BEGIN TRANSACTION",
        "COMMIT",
        "UPDATE t SET n = 1",
        "DECLARE @x int = 1; SELECT @x AS x",
        "SELECT 1 AS n",
        "EXEC harmless",
        "SELECT * FROM nowhere",
        "SELECT 1\nSET DATEFIRST 4",
        "IF 1 = 1 BEGIN TRANSACTION",
    };
    const auto seen = [](DriverSession& session) {
        return session.rows(
                   "SELECT @@DATEFIRST AS f, @@LANGUAGE AS l, @@LOCK_TIMEOUT AS t, @@ISOLATION AS i, DB_NAME() AS d, "
                   "@@TRANCOUNT AS c UNION ALL SELECT 0, N'', 0, N'', N'', 0") +
               std::to_string(session.execute("UPDATE t SET n = 2 WHERE id = 5").rows_affected) +
               session.rows("SELECT @@TRANCOUNT AS c");
    };
    const std::string fresh = [&] {
        DriverSession session(driver(), url());
        return seen(session);
    }();
    std::mt19937 random(20261130);  // NOLINT: the same sequences each time
    auto session = std::make_unique<DriverSession>(driver(), url());
    int kept = 0;
    for (int round = 0; round < 150; ++round) {
        std::string story;
        for (auto left = 1 + random() % 4; left > 0; --left) {
            const std::string& sql = statements[random() % statements.size()];
            story += sql + "; ";
            try {
                session->execute(sql);
            } catch (const Failure&) {
                // Some of them fail behind some others.
            }
        }
        const kdeps_state told = session->facts();
        if (told.session != KDEPS_SESSION_UNTOUCHED || told.transaction != KDEPS_TRANSACTION_NONE) {
            try {
                session->reset();
            } catch (const Failure& failure) {
                EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
                session = std::make_unique<DriverSession>(driver(), url());
                --kept;
            }
        }
        ++kept;
        EXPECT_EQ(seen(*session), fresh) << story;
        session->reset();
    }
    EXPECT_GT(kept, 50) << "most connections are given back";
}

TEST_F(SqlServerCertainty, GivesUpAServerThatGoesOnAfterItWasToldToStop) {
    DriverSession session(driver(), url());
    server_.faults().be_deaf(true);
    session.set_limit(300ms);
    const auto start = Clock::now();
    const Failure failure = failure_of([&] {
        session.rows(
            "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT CAST(i AS int) AS i "
            "FROM n");
    });
    EXPECT_LT(Clock::now() - start, 5s * kPatience);
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
    server_.faults().be_deaf(false);
}

TEST_F(SqlServerCertainty, TextThatCannotBeConvertedIsAnError) {
    DriverSession session(driver(), url());
    session.execute("CREATE TABLE texts (v varchar(10)) INSERT INTO texts VALUES (@p1)", {"a\xC2\x81"
                                                                                          "b"});
    const Failure failure = failure_of([&] { session.rows("SELECT v FROM texts"); });
    EXPECT_EQ(failure.status, KDEPS_BAD_DATA);
    EXPECT_EQ(failure.sqlstate, "22021");
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
}

TEST_F(SqlServerCertainty, ShowsNoValueInAnyLanguage) {
    DriverSession session(driver(), url());
    struct Case {
        SqlError error;
        const char* message;
        kdeps_status status;
    };
    const std::vector<Case> cases = {
        {{232, "Arithmetic overflow error for type int, value = 3000000000.500000."},
         "Arithmetic overflow error for type int, value = ***",
         KDEPS_BAD_DATA},
        {{220, "Arithmetic overflow error for data type tinyint, value = 300."},
         "Arithmetic overflow error for data type tinyint, value = ***",
         KDEPS_BAD_DATA},
        {{103, "The identifier that starts with 'sec'ret' is too long. Maximum length is 128.", 15},
         "The identifier that starts with *** is too long. Maximum length is 128",
         KDEPS_INVALID_ARGUMENT},
        {{13609, "JSON text is not properly formatted. Unexpected character 's' is found at position 0."},
         "JSON text is not properly formatted. Unexpected character *** is found at position 0",
         KDEPS_BAD_DATA},
        {{2627, "Verletzung der UNIQUE KEY-Einschr\u00e4nkung \"UQ\". Der doppelte Schl\u00fcsselwert ist (secret@x).",
          14},
         "Verletzung der UNIQUE KEY-Einschr\u00e4nkung \"UQ\". Der doppelte Schl\u00fcsselwert ist (***)",
         KDEPS_CONFLICT},
        {{245, "Fehler beim Konvertieren des nvarchar-Werts \"secret\" in den int-Datentyp."},
         "Fehler beim Konvertieren des nvarchar-Werts *** in den int-Datentyp",
         KDEPS_BAD_DATA},
        {{9999, "Nobody knows 'secret' and \u00absecret\u00bb."}, "Nobody knows *** and ***", KDEPS_INVALID_ARGUMENT},
        {{49918, "Cannot process request."}, "Cannot process request", KDEPS_UNAVAILABLE},
        {{976, "The target database, 'shop', is participating in an availability group."},
         "The target database, ***, is participating in an availability group",
         KDEPS_UNAVAILABLE},
    };
    for (const Case& c : cases) {
        server_.faults().fail_next(c.error, "SELECT 5");
        DriverSession one(driver(), url());
        const Failure failure = failure_of([&] { one.rows("SELECT 5 AS n"); });
        EXPECT_EQ(failure.message, c.message);
        EXPECT_EQ(failure.status, c.status) << c.message;
    }
}

TEST_F(SqlServerCertainty, ArgumentsOfProceduresHaveTheirNames) {
    server_.faults().want_names();
    DriverSession session(driver(), url());
    EXPECT_EQ(session.rows("SELECT @p1 AS a", {5}), R"([{"a":5}])");
    session.batch("INSERT INTO t VALUES (@p1, @p2)", {{1, 2}, {2, nullptr}});
    session.batch("UPDATE t SET n = @p1 WHERE id = @p2", {{7, 1}, {8, 2}});
    session.batch("IF @p1 > 0 UPDATE t SET n = n + @p1", {{1}, {2}});
    EXPECT_EQ(session.rows("SELECT n FROM t ORDER BY id"), R"([{"n":10},{"n":11}])");
    // Variables, OUTPUT and named arguments of the statement's own.
    session.execute("CREATE PROCEDURE twice @a int, @b int OUTPUT AS SET @b = @a * 2");
    EXPECT_EQ(session.rows("DECLARE @out int; EXEC twice @a = @p1, @b = @out OUTPUT; SELECT @out AS o", {21}),
              R"([{"o":42}])");
}

TEST_F(SqlServerCertainty, AnswersOfSeveralPiecesAreOneText) {
    DriverSession session(driver(), url());
    EXPECT_EQ(session.rows("SELECT N'{\"a\":' AS [JSON_F52E2B61-18A1-11d1-B105-00805F49916B] UNION ALL SELECT N'1}'"),
              R"([{"JSON_F52E2B61-18A1-11d1-B105-00805F49916B":"{\"a\":1}"}])");
}

TEST_F(SqlServerCertainty, DecimalsHaveTheirOwnDigits) {
    DriverSession session(driver(), url());
    for (const char* digits :
         {"1.2345", "-0.25", "0.001", "12345678901234567890123456789012345678", "100", "0", "0.10"})
        EXPECT_EQ(session.rows("SELECT @p1 AS a", {decimal(digits)}), std::string("[{\"a\":") + digits + "}]");
    session.execute("CREATE TABLE prices (id int, p decimal(20,6), t nvarchar(30))");
    session.batch("INSERT INTO prices VALUES (@p1, @p2, @p3)",
                  {{1, decimal("1.5"), decimal("1.5")}, {2, decimal("22.125"), decimal("2.25")}, {3, nullptr, "x"}});
    EXPECT_EQ(session.rows("SELECT * FROM prices ORDER BY id"),
              R"([{"id":1,"p":1.500000,"t":"1.5"},{"id":2,"p":22.125000,"t":"2.25"},{"id":3,"p":null,"t":"x"}])");
}

TEST_F(SqlServerCertainty, ReadsTheWordsOfAdo) {
    for (const char* options :
         {"?Encrypt=False&TrustServerCertificate=True&Application Name=x&Connect Timeout=5",
          "?Initial%20Catalog=drivers", "?charset=varchar", "?ApplicationName=y&Encrypt=Optional"}) {
        DriverSession session(driver(), (std::string(options).find("Initial") == std::string::npos
                                             ? url()
                                             : "sqlserver://user:pass@127.0.0.1:" + std::to_string(server_.port())) +
                                            options);
        EXPECT_EQ(session.rows("SELECT @p1 AS a, DB_NAME() AS d", {"x"}), R"([{"a":"x","d":"drivers"}])") << options;
    }
    EXPECT_THAT(failure_of([&] { driver().check("sqlserver://u:p@h/d?encrypt=off&ca_file=/etc/passwd"); }).message,
                HasSubstr("'encrypt=off' gives up"));
}

// Forwards one connection and breaks it, with a reset, when the client has sent so many bytes.
class BreakingNetwork {
public:
    BreakingNetwork(std::uint16_t to, std::size_t bytes) : to_(to), bytes_(bytes), port_(free_port()) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        sockaddr_in address = at(port_);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 8), 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~BreakingNetwork() {
        is_over_ = true;
        thread_.join();
        ::close(listener_);
    }
    BreakingNetwork(const BreakingNetwork&) = delete;
    BreakingNetwork& operator=(const BreakingNetwork&) = delete;

    std::uint16_t port() const { return port_; }
    // What counts is sent from here on.
    void arm() { is_armed_ = true; }

private:
    static sockaddr_in at(std::uint16_t port) {
        sockaddr_in out{};
        out.sin_family = AF_INET;
        out.sin_port = htons(port);
        out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return out;
    }
    void serve() {
        while (!is_over_) {
            pollfd entry{listener_, POLLIN, 0};
            if (::poll(&entry, 1, 20) > 0) forward(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
        }
    }
    void forward(int client) {
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = at(to_);
        EXPECT_EQ(::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        std::size_t sent = 0;
        std::vector<char> buffer(65536);
        while (!is_over_) {
            pollfd entries[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
            if (::poll(entries, 2, 20) <= 0) continue;
            if (entries[0].revents != 0) {
                const std::size_t most = is_armed_ ? std::min(buffer.size(), bytes_ - sent) : buffer.size();
                const ssize_t got = most == 0 ? 0 : ::recv(client, buffer.data(), most, 0);
                if (got <= 0) break;
                if (is_armed_) sent += static_cast<std::size_t>(got);
                if (::send(server, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) break;
                if (is_armed_ && sent >= bytes_) break;
            }
            if (entries[1].revents != 0) {
                const ssize_t got = ::recv(server, buffer.data(), buffer.size(), 0);
                if (got <= 0 || ::send(client, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got)
                    break;
            }
        }
        const linger hard{1, 0};
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        ::close(client);
        ::close(server);
    }

    const std::uint16_t to_;
    const std::size_t bytes_;
    const std::uint16_t port_;
    int listener_ = -1;
    std::atomic<bool> is_over_{false};
    std::atomic<bool> is_armed_{false};
    std::thread thread_;
};

TEST_F(SqlServerCertainty, NoLossOfTheConnectionHurtsWhileARequestIsSent) {
    Cells many(2000, Cell(std::int64_t{5}));
    for (std::size_t i = 0; i < many.size(); i += 2) many[i] = "hello";
    std::vector<Cells> sets;
    for (int i = 0; i < 1000; ++i) sets.push_back({i, 5});
    const auto start = Clock::now();
    for (const std::size_t bytes : {1, 8, 100, 4095, 4096, 4097, 9000, 20000, 60000, 100000}) {
        for (const bool is_batch : {false, true}) {
            SCOPED_TRACE(std::to_string(bytes) + (is_batch ? " of a batch" : ""));
            BreakingNetwork network(server_.port(), bytes);
            DriverSession session(
                driver(), "sqlserver://user:pass@127.0.0.1:" + std::to_string(network.port()) + "/" + kDatabase);
            session.begin();
            network.arm();
            try {
                if (is_batch) {
                    session.batch("IF 1 = 1 INSERT INTO t VALUES (@p1, @p2)", sets);
                } else {
                    session.execute("SELECT 1", many);
                }
                ADD_FAILURE() << "the connection was lost";
            } catch (const Failure& failure) {
                EXPECT_EQ(failure.status, KDEPS_UNAVAILABLE) << failure.message;
                EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
            }
        }
    }
    EXPECT_LT(Clock::now() - start, 60s * kPatience);
    EXPECT_EQ(rows(), "0");
}

}  // namespace
}  // namespace kdeps::testing
