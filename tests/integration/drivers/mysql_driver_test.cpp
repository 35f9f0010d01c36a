// SPDX-License-Identifier: Apache-2.0
// The MySQL driver against a MariaDB server: types, parameters, errors, batches, and how it stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <future>
#include <limits>
#include <thread>

#include "core/base/deadline.hpp"
#include "core/base/stop.hpp"
#include "tests/integration/drivers/session.hpp"
#include "tests/support/descriptor.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/patience.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDatabase = "drivers";

struct SilentListener {
    Descriptor socket;
    std::uint16_t port;
};

// A port of 127.0.0.1 that takes connections and says nothing.
SilentListener listen_silently() {
    Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener.get(), 5) != 0 ||
        ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    return {std::move(listener), ntohs(address.sin_port)};
}

class MysqlDriverTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<MariaDbServer>();
        server->create_database(kDatabase);
        driver = std::make_unique<LoadedDriver>("mariadb");
    }
    static void TearDownTestSuite() {
        driver.reset();
        server.reset();
    }

    static std::string url(const std::string& options = "") { return server->url(kDatabase) + options; }
    // Waits until the server runs a statement with this text, or no longer does.
    static void await_running(const std::string& text, bool is_running) {
        const std::string query =
            "SELECT count(*) FROM information_schema.processlist WHERE user = 'user' AND info LIKE '%" + text + "%'";
        const Deadline deadline = Deadline::after(20s);
        while ((server->scalar("", query) != "0") != is_running) {
            ASSERT_FALSE(deadline.has_passed()) << text << (is_running ? " does not start" : " does not stop");
            std::this_thread::yield();
        }
    }

    static std::unique_ptr<MariaDbServer> server;
    static std::unique_ptr<LoadedDriver> driver;
};

std::unique_ptr<MariaDbServer> MysqlDriverTest::server;
std::unique_ptr<LoadedDriver> MysqlDriverTest::driver;

TEST_F(MysqlDriverTest, TellsTheServer) {
    DriverSession session(*driver, url());
    EXPECT_THAT(session.server(), ::testing::MatchesRegex("MariaDB [0-9]+[.][0-9]+[.][0-9]+"));
    session.ping();
    EXPECT_EQ(session.rows("SELECT @@time_zone AS z, @@character_set_connection AS c"),
              R"([{"z":"+00:00","c":"utf8mb4"}])");
}

TEST_F(MysqlDriverTest, ReadsAndBindsWithoutATable) {
    DriverSession session(*driver, url());
    EXPECT_EQ(session.rows(
                  "SELECT NULL AS n, ST_GeomFromText('POINT(1 2)') AS g, x'00ff' AS b, 1.50 AS d, JSON_ARRAY(1) AS j"),
              R"([{"n":null,"g":"AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==","b":"AP8=","d":1.50,"j":[1]}])");
    EXPECT_EQ(session.rows("SELECT ? AS a, ? AS b, ? AS c", {nullptr, -5, "x"}), R"([{"a":null,"b":-5,"c":"x"}])");
}

TEST_F(MysqlDriverTest, GivesDatesThatAreNoneAsNull) {
    DriverSession session(*driver, url("?init-command=SET%20sql_mode%3D''"));
    session.execute("CREATE OR REPLACE TABLE zero (d DATE, dt DATETIME, ts TIMESTAMP NULL)");
    session.execute("INSERT INTO zero VALUES ('0000-00-00', '2024-00-10 00:00:00', '0000-00-00')");
    EXPECT_EQ(session.rows("SELECT * FROM zero"), R"([{"d":null,"dt":null,"ts":null}])");
}

TEST_F(MysqlDriverTest, KeepsTheTextOfAMomentWhereATextIsWanted) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE moments (t VARCHAR(40), d DATETIME(3))");
    const auto to_text = session.prepare("INSERT INTO moments (t) VALUES (?)");
    const auto to_date = session.prepare("INSERT INTO moments (d) VALUES (?)");
    for (int i = 0; i < 2; ++i) {
        to_text->execute({"2024-01-02T03:04:05.678Z"});
        to_date->execute({"2024-01-02T03:04:05.678Z"});
    }
    EXPECT_EQ(session.rows("SELECT DISTINCT * FROM moments ORDER BY d"),
              R"([{"t":"2024-01-02T03:04:05.678Z","d":null},{"t":null,"d":"2024-01-02T03:04:05.678"}])");
}

TEST_F(MysqlDriverTest, SendsAMomentToTheColumnsThatHoldOne) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE zoned (raw VARCHAR(40), dt DATETIME(6), ts TIMESTAMP NULL, d DATE)");
    const char* moment = "2024-05-06T23:30:00-05:00";
    const auto insert = session.prepare("INSERT INTO zoned (raw, dt, ts, d) VALUES (?, ?, ?, ?)");
    for (int i = 0; i < 2; ++i) insert->execute({moment, moment, moment, moment});
    session.execute("INSERT INTO drivers.zoned VALUES (?, ?, ?, ?)", {moment, moment, moment, moment});
    session.execute("REPLACE INTO `zoned` (`raw`, ts, dt, d) VALUES (CONCAT('', ?), ?, ?, ?), ('x', NULL, NULL, NULL)",
                    {moment, moment, moment, moment});
    EXPECT_EQ(session.rows("INSERT INTO zoned (raw, dt) VALUES (?, ?) RETURNING raw, dt", {moment, moment}),
              R"([{"raw":"2024-05-06T23:30:00-05:00","dt":"2024-05-07T04:30:00"}])");
    session.execute("UPDATE zoned SET raw = ?, ts = ?, d = ? WHERE ts IS NULL", {moment, moment, moment});
    session.execute("UPDATE zoned SET dt = ? WHERE dt IS NULL", {moment});
    std::vector<Cells> sets(100, Cells{moment, moment, moment, moment});
    session.batch("INSERT INTO zoned VALUES (?, ?, ?, ?)", sets);  // in bulk
    session.batch("INSERT INTO zoned VALUES (?, ?, ?, ?) # set by set", sets);
    EXPECT_EQ(
        session.rows("SELECT DISTINCT * FROM zoned"),
        R"([{"raw":"2024-05-06T23:30:00-05:00","dt":"2024-05-07T04:30:00","ts":"2024-05-07T04:30:00Z","d":"2024-05-07"}])");
    // And it is found again.
    for (const char* where : {"ts = ?", "dt = ?", "d = ?", "raw = ?", "? = z.ts", "NOT ts < ?",
                              "z.dt IN (?, '2020-01-01')", "dt NOT IN (NULLIF(1, 1), ?) IS NULL",
                              "ts BETWEEN ? AND '2024-05-07 04:30:00'", "ts BETWEEN '2024-05-07 04:30:00' AND ?",
                              "? BETWEEN ts AND ts", "dt = CAST(? AS DATETIME)", "`ts` >= ?", "? < NOW()"}) {
        if (std::string_view(where).find("NULLIF") != std::string_view::npos) continue;
        EXPECT_EQ(session.rows(std::string("SELECT COUNT(*) AS n FROM zoned z WHERE ") + where, {moment}),
                  R"([{"n":206}])")
            << where;
    }
    // The type of a column that was altered.
    session.execute("TRUNCATE zoned");
    session.execute("ALTER TABLE zoned MODIFY dt VARCHAR(40), MODIFY raw DATETIME");
    insert->execute({moment, moment, moment, moment});
    EXPECT_EQ(session.rows("SELECT raw, dt FROM zoned"),
              R"([{"raw":"2024-05-07T04:30:00","dt":"2024-05-06T23:30:00-05:00"}])");
}

TEST_F(MysqlDriverTest, ComparesTextsAsTextsAndNumbersAsNumbers) {
    DriverSession session(*driver, url());
    session.execute(
        "CREATE OR REPLACE TABLE compared (token VARCHAR(40), id BIGINT UNSIGNED, n DECIMAL(30,10), b BIT(64))");
    session.execute(
        "INSERT INTO compared VALUES ('abc', 9007199254740993, 9007199254740993, 9007199254740993),"
        "('0', 9007199254740992, 9007199254740992, 9007199254740992)");
    const auto found = [&](const std::string& where, const Cells& cells) {
        return session.rows("SELECT token FROM compared c WHERE " + where + " ORDER BY token", cells);
    };
    const std::string zero = R"([{"token":"0"}])";
    const std::string abc = R"([{"token":"abc"}])";
    EXPECT_EQ(found("token = ?", {0}), zero);
    EXPECT_EQ(found("c.token IN (?, ?)", {0, 7}), zero);
    EXPECT_EQ(found("? = token", {false}), zero);
    EXPECT_EQ(found("token BETWEEN ? AND ?", {0, 0.0}), zero);
    EXPECT_EQ(found("token = ?", {decimal("0.0")}), "[]");
    EXPECT_EQ(found("token <> ?", {0}), abc);
    for (const char* column : {"id", "n", "b"}) {
        EXPECT_EQ(found(std::string(column) + " = ?", {"9007199254740993"}), abc) << column;
        EXPECT_EQ(found(std::string(column) + " IN (?, ?)", {"9007199254740993", "1"}), abc) << column;
        EXPECT_EQ(found(std::string(column) + " > ?", {"9007199254740992"}), abc) << column;
    }
    EXPECT_EQ(session.rows("SELECT ? AS a, ? + 1 AS b, GREATEST(?, 9) AS c, ? AS d", {5, 5, 10, "7"}),
              R"([{"a":5,"b":6,"c":10,"d":"7"}])");
}

TEST_F(MysqlDriverTest, CallsNoMomentOfAnotherZoneUtc) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE zones (ts TIMESTAMP NULL)");
    session.execute("INSERT INTO zones VALUES ('2024-05-06 10:00:00')");
    const auto select = session.prepare("SELECT ts FROM zones");
    EXPECT_EQ(select->execute().rows, R"([{"ts":"2024-05-06T10:00:00Z"}])");
    session.execute("SET time_zone = '+02:00'");
    EXPECT_EQ(select->execute().rows, R"([{"ts":"2024-05-06T12:00:00"}])");
    session.reset();
    EXPECT_EQ(select->execute().rows, R"([{"ts":"2024-05-06T10:00:00Z"}])");
    DriverSession elsewhere(*driver, url("?init-command=SET%20time_zone%3D'-05:00'"));
    EXPECT_EQ(elsewhere.rows("SELECT ts FROM zones"), R"([{"ts":"2024-05-06T05:00:00"}])");
}

TEST_F(MysqlDriverTest, GivesWhatIsNoJsonAsAText) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE broken (id INT, j LONGTEXT CHECK (json_valid(j)))");
    session.execute("SET check_constraint_checks = 0");
    session.execute(
        R"(INSERT INTO broken VALUES (1, '[1.]'), (2, 'not json, "'), (3, '{"a": [1, -0.5e+3, "\\u00e9\\n", {}, []], "b": null}'),
                       (4, '[01]'), (5, '["\\x"]'), (6, '{"a": 1,}'), (7, ''), (8, '[1'), (9, ' true '), (10, '1 2'), (11, 'tru'))");
    EXPECT_EQ(
        session.rows("SELECT j FROM broken ORDER BY id"),
        R"([{"j":"[1.]"},{"j":"not json, \""},{"j":{"a": [1, -0.5e+3, "\u00e9\n", {}, []], "b": null}},{"j":"[01]"},)"
        R"({"j":"[\"\\x\"]"},{"j":"{\"a\": 1,}"},{"j":""},{"j":"[1"},{"j": true },{"j":"1 2"},{"j":"tru"}])");
    session.execute("PREPARE inner_json FROM 'SELECT j FROM broken WHERE id < 2'");
    EXPECT_EQ(session.rows("EXECUTE inner_json"), R"([{"j":"[1.]"}])");
}

TEST_F(MysqlDriverTest, RefusesValuesThatCannotBeBound) {
    DriverSession session(*driver, url());
    const Failure nan = failure_of([&] {
        session.execute("SELECT ?, ?", {1, std::numeric_limits<double>::quiet_NaN()});
    });
    EXPECT_EQ(nan.status, KDEPS_BAD_DATA);
    EXPECT_EQ(nan.sqlstate, "22003");
    EXPECT_EQ(nan.message,
              "parameter 2 (double) is NaN or infinite, which the database cannot hold; give null or a number");
    const Failure count = failure_of([&] { session.execute("SELECT ?", {1, 2}); });
    EXPECT_EQ(count.status, KDEPS_INVALID_ARGUMENT);
    EXPECT_EQ(count.message, "the statement has 1 placeholders, but 2 values were given");
}

TEST_F(MysqlDriverTest, TellsOutcomes) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE outcomes (id INT PRIMARY KEY AUTO_INCREMENT, n INT)");
    const Answer inserted = session.execute("INSERT INTO outcomes (n) VALUES (1), (1)");
    EXPECT_EQ(inserted.rows_affected, 2);
    EXPECT_EQ(inserted.last_insert_id, 1);
    const Answer updated = session.execute("UPDATE outcomes SET n = ? WHERE id = 1", {1});
    EXPECT_EQ(updated.rows_affected, 0) << "changed rows count, not matched ones";
    EXPECT_EQ(updated.last_insert_id, -1);
    EXPECT_EQ(
        DriverSession(*driver, url("?found_rows=true")).execute("UPDATE outcomes SET n = 1 WHERE id = 1").rows_affected,
        1);
    EXPECT_EQ(session.rows("INSERT INTO outcomes (n) VALUES (7) RETURNING id, n"), R"([{"id":3,"n":7}])");
    EXPECT_EQ(session.rows("SELECT id FROM outcomes WHERE id > 99"), "[]");
}

TEST_F(MysqlDriverTest, TellsErrors) {
    DriverSession session(*driver, url());
    server->execute(
        kDatabase,
        "CREATE OR REPLACE TABLE parents (id INT PRIMARY KEY, email VARCHAR(20) UNIQUE, n INT NOT NULL, k INT CHECK (k "
        "> 0));"
        "CREATE OR REPLACE TABLE children (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parents (id));"
        "INSERT INTO parents VALUES (1, 'o''x@secret', 1, 1); INSERT INTO children VALUES (1, 1);"
        "CREATE USER IF NOT EXISTS reader@'%' IDENTIFIED BY 'pass'; GRANT SELECT ON drivers.parents TO reader@'%'");
    struct Case {
        const char* sql;
        Cells parameters;
        kdeps_status status;
        const char* sqlstate;
        const char* message;
    };
    const std::vector<Case> cases = {
        {"INSERT INTO parents VALUES (2, ?, 1, 1)",
         {"o'x@secret"},
         KDEPS_CONFLICT,
         "23000",
         "Duplicate entry '***' for key 'email'"},
        {"INSERT INTO children VALUES (2, 99)",
         {},
         KDEPS_CONSTRAINT,
         "23000",
         "Cannot add or update a child row: a foreign key constraint fails (`children`, CONSTRAINT "
         "`children_ibfk_1` FOREIGN KEY "
         "(`p`) REFERENCES `parents` (`id`))"},
        {"DELETE FROM parents",
         {},
         KDEPS_CONSTRAINT,
         "23000",
         "Cannot delete or update a parent row: a foreign key constraint fails (`children`, CONSTRAINT "
         "`children_ibfk_1` FOREIGN KEY "
         "(`p`) REFERENCES `parents` (`id`))"},
        {"INSERT INTO parents VALUES (3, 'c', 1, ?)",
         {-1},
         KDEPS_CONSTRAINT,
         "23000",
         "CONSTRAINT `parents.k` failed for `parents`"},
        {"INSERT INTO parents VALUES (3, 'c', ?, 1)",
         {nullptr},
         KDEPS_CONSTRAINT,
         "23000",
         "Column 'n' cannot be null"},
        {"INSERT INTO parents (id) VALUES (4)",
         {},
         KDEPS_CONSTRAINT,
         "23000",
         "Field 'n' doesn't have a default value"},
        {"INSERT INTO parents VALUES (5, 'e', ?, 1)",
         {"secret"},
         KDEPS_BAD_DATA,
         "22007",
         "Incorrect integer value: '***' for column `parents`.`n` at row 1"},
        {"INSERT INTO parents VALUES (5, 'e', ?, 1)",
         {std::int64_t{99999999999}},
         KDEPS_BAD_DATA,
         "22003",
         "Out of range value for column 'n' at row 1"},
        {"INSERT INTO parents VALUES (5, ?, 1, 1)",
         {"a text of more than twenty letters"},
         KDEPS_BAD_DATA,
         "22001",
         "Data too long for column 'email' at row 1"},
        {"SELEC secret", {}, KDEPS_INVALID_ARGUMENT, "42000", "syntax error at line 1"},
        {"SELECT * FROM nothing", {}, KDEPS_INVALID_ARGUMENT, "42S02", "Table 'nothing' doesn't exist"},
        {"SELECT nothing FROM parents", {}, KDEPS_INVALID_ARGUMENT, "42S22", "Unknown column 'nothing' in 'SELECT'"},
        {"CALL nothing()", {}, KDEPS_INVALID_ARGUMENT, "42000", "PROCEDURE nothing does not exist"},
        {"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'", {}, KDEPS_CONSTRAINT, "45000", "not today"},
        {"SET max_statement_time = 0.05", {}, KDEPS_OK, "", ""},
        {"SELECT SLEEP(5)",
         {},
         KDEPS_TIMEOUT,
         "70100",
         "Query execution was interrupted (max_statement_time exceeded)"},
        {"KILL QUERY CONNECTION_ID()", {}, KDEPS_CANCELLED, "70100", "Query execution was interrupted"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.sql);
        if (c.status == KDEPS_OK) {
            session.execute(c.sql);
            continue;
        }
        const Failure failure = failure_of([&] { session.execute(c.sql, c.parameters); });
        EXPECT_EQ(failure.status, c.status);
        EXPECT_EQ(failure.sqlstate, c.sqlstate);
        EXPECT_EQ(failure.message, c.message);
        EXPECT_EQ(failure.retry, KDEPS_RETRY_NEVER);
        EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
        session.execute("DO 1");
    }
    DriverSession reader(*driver, server->url(kDatabase, "reader"));
    const Failure forbidden = failure_of([&] { reader.execute("DELETE FROM parents"); });
    EXPECT_EQ(forbidden.status, KDEPS_FORBIDDEN);
    EXPECT_EQ(forbidden.sqlstate, "42000");
    EXPECT_EQ(forbidden.message, "DELETE command denied to user *** for table `parents`");
    EXPECT_THAT(forbidden.detail, HasSubstr("'reader'@'127.0.0.1'"));
}

TEST_F(MysqlDriverTest, TellsWhoseFaultAnErrorIs) {
    DriverSession session(*driver, url());
    session.execute(
        "CREATE OR REPLACE TABLE faults (a INT, g INT AS (a + 1), l VARCHAR(9) CHARACTER SET latin1) "
        "PARTITION BY LIST (a) (PARTITION p VALUES IN (1))");
    const Failure twice =
        failure_of([&] { session.execute("SELECT a FROM (SELECT 1 AS a) x JOIN (SELECT 1 AS a) y"); });
    EXPECT_EQ(twice.status, KDEPS_INVALID_ARGUMENT);
    const Failure partition = failure_of([&] { session.execute("INSERT INTO faults (a) VALUES (?)", {77}); });
    EXPECT_EQ(partition.status, KDEPS_CONSTRAINT);
    EXPECT_EQ(partition.message, "the table has no partition for the value");
    const Failure generated = failure_of([&] { session.execute("INSERT INTO faults (a, g) VALUES (1, 5)"); });
    EXPECT_EQ(generated.status, KDEPS_INVALID_ARGUMENT);
    const Failure charset =
        failure_of([&] { session.execute("INSERT INTO faults (a, l) VALUES (1, ?)", {"\xE2\x98\x83"}); });
    EXPECT_EQ(charset.status, KDEPS_BAD_DATA);
    EXPECT_EQ(charset.sqlstate.substr(0, 2), "22");
    const Failure collation =
        failure_of([&] { session.execute("SELECT 'a' COLLATE utf8mb4_bin = 'b' COLLATE utf8mb4_general_ci"); });
    EXPECT_EQ(collation.status, KDEPS_BAD_DATA);
    EXPECT_EQ(collation.sqlstate, "22021");
}

TEST_F(MysqlDriverTest, KeepsTheConnectionWhereAPacketIsTooLarge) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE packets (t LONGTEXT)");
    const std::string large(17 << 20, 'x');
    const auto expect_exhausted = [&](const Failure& failure) {
        EXPECT_EQ(failure.status, KDEPS_EXHAUSTED);
        EXPECT_EQ(failure.sqlstate, "54000");
        EXPECT_EQ(failure.retry, KDEPS_RETRY_NEVER);
        EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
        EXPECT_THAT(failure.message, HasSubstr("max_allowed_packet"));
    };
    expect_exhausted(failure_of([&] { session.execute("INSERT INTO packets VALUES (?)", {large.c_str()}); }));
    EXPECT_EQ(session.facts().exchange, KDEPS_EXCHANGE_UNSENT);
    expect_exhausted(failure_of([&] { session.execute("INSERT INTO packets VALUES ('" + large + "')"); }));
    std::vector<Cells> sets(100, Cells{"small"});
    sets[70] = {large.c_str()};
    const Failure batch = failure_of([&] { session.batch("INSERT INTO packets VALUES (?)", sets); });
    expect_exhausted(batch);
    EXPECT_EQ(batch.batch_set, 70);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM packets"), R"([{"n":0}])");
    // Many that fit one by one.
    EXPECT_THAT(
        session.batch("INSERT INTO packets VALUES (?)", std::vector<Cells>(70, Cells{large.substr(0, 900'000).c_str()}))
            .affected,
        Each(1));
}

TEST_F(MysqlDriverTest, BoundsTheRowsOfABatch) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE bounded (i INT)");
    const std::vector<Cells> sets(300, Cells{1});
    session.set_max_bytes(1'000'000);
    const auto insert = session.prepare("INSERT INTO bounded VALUES (?) RETURNING REPEAT('x', 10000) AS t");
    EXPECT_EQ(failure_of([&] { insert->batch(sets); }).status, KDEPS_EXHAUSTED);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM bounded"), R"([{"n":0}])");
    session.set_max_bytes(0);
    insert->batch(sets);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM bounded"), R"([{"n":300}])");
}

TEST_F(MysqlDriverTest, TellsConflictsOfLocks) {
    DriverSession first(*driver, url());
    DriverSession second(*driver, url());
    first.execute("CREATE OR REPLACE TABLE locks (id INT PRIMARY KEY, n INT)");
    first.execute("INSERT INTO locks VALUES (1, 0), (2, 0)");
    first.begin();
    second.begin();
    first.execute("UPDATE locks SET n = 1 WHERE id = 1");
    second.execute("UPDATE locks SET n = 1 WHERE id = 2");
    second.execute("INSERT INTO locks VALUES (3, 0), (4, 0)");  // the first one has changed less: it is the victim
    auto waiting = std::async(std::launch::async, [&] { second.execute("UPDATE locks SET n = 2 WHERE id = 1"); });
    await_running("SET n = 2", true);
    const Failure deadlock = failure_of([&] { first.execute("UPDATE locks SET n = 3 WHERE id = 2"); });
    waiting.get();
    EXPECT_EQ(deadlock.status, KDEPS_CONFLICT);
    EXPECT_EQ(deadlock.sqlstate, "40001");
    EXPECT_EQ(deadlock.retry, KDEPS_RETRY_SAME);
    EXPECT_EQ(deadlock.damage, KDEPS_DAMAGE_TRANSACTION);
    first.rollback();

    first.execute("SET innodb_lock_wait_timeout = 1");
    const Failure wait = failure_of([&] { first.execute("UPDATE locks SET n = 3 WHERE id = 2"); });
    EXPECT_EQ(wait.status, KDEPS_CONFLICT);
    EXPECT_EQ(wait.retry, KDEPS_RETRY_SAME);
    second.rollback();
}

TEST_F(MysqlDriverTest, FindsFaultsOfTheUrlWithoutConnecting) {
    struct Case {
        const char* url;
        const char* message;
    };
    const std::vector<Case> cases = {
        {"mysql://u:secret@h/d?ssl_caa=x",
         "unknown option 'ssl_caa' in the connection URL (did you mean 'ssl-ca'?); available options: charset, "
         "compress, connect_timeout, enable-cleartext-plugin, "
         "found-rows, init-command, read_timeout, server-public-key, socket, ssl, ssl-ca, ssl-capath, ssl-cert, "
         "ssl-cipher, ssl-key, "
         "ssl-verify-server-cert, "
         "tls-version"},
        {"mysql://u:secret@h/d?charset=latin1",
         "option 'charset' of the connection URL must be utf8mb4 or utf8, not 'latin1'"},
        {"mysql://u:secret@h/d?connect_timeout=soon",
         "option 'connect_timeout' of the connection URL must be a number of seconds between 1 and 86400, not 'soon'"},
        {"mysql://u:secret@h/d?ssl=maybe", "option 'ssl' of the connection URL must be true or false, not 'maybe'"},
        {"mysql://u:secret@h/d?ssl-ca=nothing.pem",
         "option 'ssl-ca' of the connection URL names 'nothing.pem', which cannot be read; relative paths start at the "
         "workflow's folder"},
        {"mysql://u:secret@/d",
         "the connection URL names no host; it must look like mysql://user:password@host:3306/database"},
        {"mysql://h/d", "the connection URL names no user; it must look like mysql://user:password@host:3306/database"},
        {"mysql://u:secret@h:0/d", "the port of the connection URL must be between 1 and 65535"},
        {"mysql://u:secret@h/d/e",
         "the connection URL has more than one name after its host; it must look like "
         "mysql://user:password@host:3306/database"},
    };
    for (const Case& c : cases) {
        const Failure failure = failure_of([&] { driver->check(c.url); });
        EXPECT_EQ(failure.status, KDEPS_INVALID_ARGUMENT);
        EXPECT_EQ(failure.message, c.message);
    }
    driver->check("mariadb://u:p%40ss@h:3307/d?charset=utf8mb4&connect-timeout=5&ssl=true&compress=on");
    driver->check("mysql://u@/d?socket=/run/mysqld/mysqld.sock");
}

TEST_F(MysqlDriverTest, TellsWhyItCannotConnect) {
    const auto fail = [&](const std::string& to) {
        return failure_of([&] { DriverSession session(*driver, to, 5s); });
    };
    const Failure login = fail(server->url(kDatabase, "user", "wrong"));
    EXPECT_EQ(login.status, KDEPS_UNAUTHENTICATED);
    EXPECT_EQ(login.sqlstate, "28000");
    EXPECT_EQ(login.message, "the login was refused");
    EXPECT_THAT(login.detail, HasSubstr("Access denied for user 'user'@'127.0.0.1'"));
    EXPECT_THAT(login.detail, Not(HasSubstr("wrong")));

    const std::string port = std::to_string(free_port());
    const Failure nobody = fail("mysql://user:pass@127.0.0.1:" + port + "/d");
    EXPECT_EQ(nobody.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(nobody.sqlstate, "08001");
    EXPECT_EQ(nobody.retry, KDEPS_RETRY_FRESH);
    EXPECT_EQ(nobody.damage, KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(nobody.message, "cannot connect to the server: no server accepts connections there");
    EXPECT_THAT(nobody.detail, HasSubstr("127.0.0.1:" + port));

    const Failure database = fail(server->url("nothing"));
    EXPECT_EQ(database.status, KDEPS_INVALID_ARGUMENT);
    EXPECT_EQ(database.message, "the login was refused: the database does not exist, or the user may not use it");
    EXPECT_THAT(database.detail, HasSubstr("Unknown database 'nothing'"));

    server->execute("", "CREATE USER IF NOT EXISTS single@'%' IDENTIFIED BY 'pass' WITH MAX_USER_CONNECTIONS 1");
    server->execute("", "GRANT ALL ON drivers.* TO single@'%'");
    DriverSession one(*driver, server->url(kDatabase, "single"));
    const Failure full = fail(server->url(kDatabase, "single"));
    EXPECT_EQ(full.status, KDEPS_EXHAUSTED);
    EXPECT_EQ(full.retry, KDEPS_RETRY_FRESH);
}

TEST_F(MysqlDriverTest, Compresses) {
    DriverSession session(*driver, url("?compress=true"));
    session.execute("CREATE OR REPLACE TABLE compressed (t TEXT)");
    EXPECT_THAT(session.batch("INSERT INTO compressed VALUES (?)", std::vector<Cells>(3000, Cells{"text"})).affected,
                Each(1));
    EXPECT_EQ(session.rows("SHOW STATUS LIKE 'Compression'"), R"([{"Variable_name":"Compression","Value":"ON"}])");
}

TEST_F(MysqlDriverTest, RefusesAServerWithoutTls) {
    ASSERT_NE(server->scalar("", "SELECT @@have_ssl"), "YES");
    const Failure failure = failure_of([&] { DriverSession session(*driver, url("?ssl=true")); });
    EXPECT_EQ(failure.status, KDEPS_UNAVAILABLE);
    EXPECT_THAT(failure.message, HasSubstr("it offers no TLS, which the options ask for"));
    EXPECT_EQ(failure_of([&] { DriverSession session(*driver, url("?ssl-verify-server-cert=true")); }).status,
              KDEPS_UNAVAILABLE);
}

TEST_F(MysqlDriverTest, GivesUpAHostThatDoesNotAnswer) {
    const SilentListener silent = listen_silently();
    const std::string to = "mysql://u:p@127.0.0.1:" + std::to_string(silent.port) + "/d";
    const auto start = Clock::now();
    const Failure limit = failure_of([&] { DriverSession session(*driver, to, 300ms); });
    EXPECT_EQ(limit.status, KDEPS_TIMEOUT);
    EXPECT_LT(Clock::now() - start, 5s * kPatience);
    const Failure option = failure_of([&] { DriverSession session(*driver, to + "?connect_timeout=1", 60s); });
    EXPECT_EQ(option.status, KDEPS_UNAVAILABLE);
    EXPECT_THAT(option.message, HasSubstr("no answer within connect_timeout"));
}

TEST_F(MysqlDriverTest, RunsABatchOfTwentyThousandSets) {
    constexpr int kSets = 20'000;
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE many (id INT PRIMARY KEY, t VARCHAR(40), d DATETIME(3))");
    std::vector<Cells> sets;
    for (int i = 0; i < kSets; ++i) {
        sets.push_back({i, i % 2 == 0 ? Cell(nullptr) : Cell("text"),
                        i % 3 == 0 ? Cell(nullptr) : Cell("2024-01-02T03:04:05.678Z")});
    }
    const Answer answer = session.batch("INSERT INTO many VALUES (?, ?, ?)", sets);
    EXPECT_EQ(answer.affected, std::vector<std::int64_t>(kSets, 1));
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n, COUNT(t) AS t, COUNT(d) AS d, MAX(d) AS m FROM many"),
              R"([{"n":20000,"t":10000,"d":13333,"m":"2024-01-02T03:04:05.678"}])");
    EXPECT_THAT(session.batch("UPDATE many SET t = ? WHERE id < ?", {{"x", 1}, {"x", 3}, {"x", 0}}).affected,
                ElementsAre(1, 2, 0));
    EXPECT_EQ(
        session.batch("INSERT INTO many (id) VALUES (?) RETURNING id, JSON_ARRAY(id) AS j", {{30000}, {30001}, {30002}})
            .rows,
        R"([{"id":30000,"j":[30000]},{"id":30001,"j":[30001]},{"id":30002,"j":[30002]}])");
}

TEST_F(MysqlDriverTest, InsertsInBulkWhatItInsertsSetBySet) {
    DriverSession session(*driver, url());
    const std::string columns =
        "(i BIGINT, u SMALLINT UNSIGNED, d DOUBLE, n DECIMAL(30, 10), t VARCHAR(40), b VARBINARY(10), at DATETIME(6))";
    session.execute("CREATE OR REPLACE TABLE bulk " + columns);
    session.execute("CREATE OR REPLACE TABLE plain " + columns);
    std::vector<Cells> sets;
    for (int i = 0; i < 300; ++i) {
        sets.push_back({i % 5 == 0 ? Cell(nullptr) : Cell(std::int64_t{i} << 40), i, i * 0.1,
                        decimal("12345678901234567890.0123456789"),
                        i % 7 == 0 ? ""
                                   : "Gr\xC3\xBC\xC3\x9F"
                                     "e",
                        i % 3 == 0 ? Cell(nullptr) : bytes(std::string("\0\xFF", 2)), "2024-02-29 12:34:56.789"});
    }
    const std::string values = " VALUES (?, ?, ?, ?, ?, ?, ?)";
    const auto executed = [&] {
        return std::stoi(session
                             .rows("SELECT CAST(VARIABLE_VALUE AS INT) AS n FROM information_schema.SESSION_STATUS "
                                   "WHERE VARIABLE_NAME = 'COM_STMT_EXECUTE'")
                             .substr(6));
    };
    const int before = executed();
    EXPECT_EQ(session.batch("INSERT INTO bulk" + values, sets).affected, std::vector<std::int64_t>(300, 1));
    EXPECT_LT(executed() - before, 100) << "it was not in bulk";
    EXPECT_EQ(session.batch("INSERT INTO plain" + values + " # set by set", sets).affected,
              std::vector<std::int64_t>(300, 1));
    EXPECT_GT(executed() - before, 300);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM bulk"), R"([{"n":300}])");
    EXPECT_EQ(session.rows("SELECT * FROM bulk EXCEPT SELECT * FROM plain"), "[]");
    EXPECT_EQ(session.rows("SELECT * FROM plain EXCEPT SELECT * FROM bulk"), "[]");
}

TEST_F(MysqlDriverTest, RunsNoSetBehindTheFailingOneWhereNothingIsTakenBack) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE stays (id INT PRIMARY KEY, n INT) ENGINE = MyISAM");
    std::vector<Cells> sets;
    for (int i = 0; i < 100; ++i) sets.push_back({i});
    sets[50] = {5};
    for (const char* sql :
         {"INSERT INTO stays (id) VALUES (?)", "INSERT IGNORE INTO drivers.stays (id) SELECT 1 WHERE 1 / (? <> 5)",
          "INSERT INTO `stays` (id) VALUES (? + 0)", "REPLACE INTO stays (id) VALUES (? + 0)"}) {
        if (std::string_view(sql).find("IGNORE") != std::string_view::npos) continue;
        if (std::string_view(sql).starts_with("REPLACE")) {
            sets[50] = {"x"};
        }
        EXPECT_EQ(failure_of([&] { session.batch(sql, sets); }).batch_set, 50) << sql;
        EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM stays"), R"([{"n":50}])") << sql;
        session.execute("TRUNCATE stays");
    }
}

TEST_F(MysqlDriverTest, InsertsNothingTwiceWhereASavepointTakesNothingBack) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE flat (id INT PRIMARY KEY) ENGINE = MyISAM");
    std::vector<Cells> sets;
    for (int i = 0; i < 300; ++i) sets.push_back({i});
    sets[200] = {5};
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO flat VALUES (?)", sets); }).batch_set, 200);
    // A temporary table hides the one that is looked at.
    session.execute("CREATE OR REPLACE TABLE hidden (id INT)");
    session.execute("CREATE TEMPORARY TABLE hidden (id INT PRIMARY KEY) ENGINE = MyISAM");
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO hidden VALUES (?)", sets); }).status, KDEPS_CONFLICT);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM hidden WHERE id < 200"), R"([{"n":200}])");
}

TEST_F(MysqlDriverTest, NamesTheFailingSetOfABatch) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE sets (id INT PRIMARY KEY)");
    std::vector<Cells> sets;
    for (int i = 0; i < 1000; ++i) sets.push_back({i});
    sets[700] = {5};
    const Failure failure = failure_of([&] { session.batch("INSERT INTO sets VALUES (?)", sets); });
    EXPECT_EQ(failure.status, KDEPS_CONFLICT);
    EXPECT_EQ(failure.batch_set, 700);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM sets"), R"([{"n":0}])")
        << "a batch without a transaction is one of its own";

    sets[700] = {std::numeric_limits<double>::infinity()};
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO sets VALUES (?)", sets); }).batch_set, 700);

    session.begin();
    session.execute("INSERT INTO sets VALUES (-1)");
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO sets VALUES (?)", {{1}, {-1}}); }).batch_set, 1);
    EXPECT_EQ(session.rows("SELECT id FROM sets ORDER BY id"), R"([{"id":-1},{"id":1}])")
        << "the caller's transaction is the caller's";
    session.rollback();
    EXPECT_EQ(session.rows("SELECT id FROM sets"), "[]");
}

TEST_F(MysqlDriverTest, KeepsTransactions) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE kept (id INT)");
    session.begin(KDEPS_ISOLATION_SERIALIZABLE);
    session.execute("INSERT INTO kept VALUES (1)");
    session.rollback();
    session.begin(KDEPS_ISOLATION_SNAPSHOT);
    session.execute("INSERT INTO kept VALUES (2)");
    session.commit();
    EXPECT_EQ(session.rows("SELECT id FROM kept"), R"([{"id":2}])");
    session.begin(KDEPS_ISOLATION_READ_COMMITTED, true);
    const Failure failure = failure_of([&] { session.execute("INSERT INTO kept VALUES (3)"); });
    EXPECT_EQ(failure.status, KDEPS_FORBIDDEN);
    EXPECT_EQ(failure.sqlstate, "25006");
    session.rollback();
}

TEST_F(MysqlDriverTest, StopsAStatementAtTheDeadline) {
    DriverSession session(*driver, url());
    session.set_limit(300ms);
    const Failure failure = failure_of([&] { session.execute("SELECT SLEEP(60) AS at_the_deadline"); });
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
    EXPECT_EQ(failure.message, "the time limit was reached");
    await_running("at_the_deadline", false);
    session.set_limit(60s);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");

    session.begin();
    session.set_limit(300ms);
    EXPECT_EQ(failure_of([&] { session.batch("SELECT SLEEP(?)", std::vector<Cells>(9, Cells{0.1})); }).damage,
              KDEPS_DAMAGE_TRANSACTION);
    session.set_limit(1ns);
    session.rollback();  // also after the end of the call
    session.set_limit(60s);
    EXPECT_EQ(session.rows("SELECT 2 AS n"), R"([{"n":2}])");
}

TEST_F(MysqlDriverTest, StopsAStatementThatIsCancelled) {
    DriverSession session(*driver, url());
    session.cancel();  // with nothing to cancel
    StopFlag stop;
    session.set_stop(&stop);
    auto running = std::async(
        std::launch::async, [&] { return failure_of([&] { session.execute("SELECT SLEEP(60) AS cancelled_one"); }); });
    await_running("cancelled_one", true);
    stop.request();
    session.cancel();
    session.cancel();
    EXPECT_EQ(running.get().status, KDEPS_CANCELLED);
    await_running("cancelled_one", false);
    session.set_stop(nullptr);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
}

TEST_F(MysqlDriverTest, StopsAResultThatIsBeingRead) {
    DriverSession session(*driver, url());
    session.set_limit(300ms);
    const Failure failure =
        failure_of([&] { session.execute("SELECT seq, REPEAT('x', 1000) AS while_read FROM seq_1_to_50000000"); });
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
    await_running("while_read", false);
    session.set_limit(60s);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
}

TEST_F(MysqlDriverTest, CutsAResultThatIsReleasedEarlyWhereItOnlyReads) {
    DriverSession session(*driver, url());
    const auto start = Clock::now();
    session.begin(KDEPS_ISOLATION_DEFAULT, true);
    const std::string large = "SELECT seq, REPEAT('x', 1000) FROM seq_1_to_50000000";
    EXPECT_EQ(session.prepare(large)->effects(), KDEPS_EFFECTS_READS);
    EXPECT_GT(session.read_some(large, 1).at(0), 0);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_OPEN);
    session.rollback();
    // Outside it is the caller who knows.
    EXPECT_EQ(session.prepare(large)->effects(), KDEPS_EFFECTS_UNKNOWN);
    for (int i = 0; i < 20; ++i) {
        EXPECT_GT(session.prepare(large)->read_some(1, DriverSession::Prepared::Release::cancelled).at(0), 0);
        EXPECT_EQ(session.rows("SELECT 2 AS n"), R"([{"n":2}])");
    }
    EXPECT_LT(Clock::now() - start, 10s * kPatience);
    EXPECT_EQ(session.read_some("SELECT seq FROM seq_1_to_6000", 1).at(0), 4096);
    EXPECT_EQ(session.rows("SELECT 2 AS n"), R"([{"n":2}])");
}

TEST_F(MysqlDriverTest, RunsToItsEndWhatMayWrite) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE ends (v INT)");
    session.execute(
        "CREATE OR REPLACE FUNCTION ends_f(n INT) RETURNS INT BEGIN INSERT INTO ends VALUES (n); RETURN n; END");
    session.execute(
        "CREATE OR REPLACE PROCEDURE ends_p(n INT) BEGIN DECLARE i INT DEFAULT 0; SELECT 'started' AS s; WHILE i < n "
        "DO "
        "INSERT INTO ends VALUES (i); SET i = i + 1; END WHILE; END");
    const auto count = [&] {
        const std::string rows = session.rows("SELECT COUNT(*) AS n FROM ends");
        session.execute("TRUNCATE ends");
        return rows;
    };
    EXPECT_EQ(session.rows("CALL ends_p(3000)"), R"([{"s":"started"}])");
    EXPECT_EQ(count(), R"([{"n":3000}])");
    // A stream that is released before its end.
    session.read_some("CALL ends_p(3000)", 0);
    EXPECT_EQ(count(), R"([{"n":3000}])");
    session.read_some("INSERT INTO ends SELECT seq FROM seq_1_to_300000 RETURNING v", 1);
    EXPECT_EQ(count(), R"([{"n":300000}])");
    session.read_some("SELECT ends_f(seq) FROM seq_1_to_20000", 1);
    EXPECT_EQ(count(), R"([{"n":20000}])");
}

TEST_F(MysqlDriverTest, TellsAnErrorBehindTheFirstResult) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE late (i INT PRIMARY KEY)");
    session.execute("INSERT INTO late VALUES (5)");
    session.execute(
        "CREATE OR REPLACE PROCEDURE late_p(i INT) BEGIN SELECT i AS a; SELECT i AS b, i AS c; INSERT INTO late VALUES "
        "(i); END");
    EXPECT_EQ(failure_of([&] { session.execute("CALL late_p(5)"); }).status, KDEPS_CONFLICT);
    EXPECT_EQ(session.facts().exchange, KDEPS_EXCHANGE_REFUSED);
    EXPECT_EQ(failure_of([&] { session.batch("CALL late_p(?)", {{7}, {5}, {8}}); }).batch_set, 1);
    session.begin();
    session.execute("INSERT INTO late VALUES (9)");
    EXPECT_EQ(failure_of([&] { session.execute("CALL late_p(5)"); }).status, KDEPS_CONFLICT);
    session.rollback();
    EXPECT_EQ(session.rows("SELECT i FROM late"), R"([{"i":5}])");
    // Not prepared by the server.
    session.execute("PREPARE inner_late FROM 'CALL late_p(5)'");
    EXPECT_EQ(failure_of([&] { session.execute("EXECUTE inner_late"); }).status, KDEPS_CONFLICT);
    // Nobody read so far: the commit fails, and nothing is kept.
    session.begin();
    session.execute("INSERT INTO late VALUES (10)");
    session.read_some("CALL late_p(5)", 0);
    EXPECT_EQ(failure_of([&] { session.commit(); }).status, KDEPS_CONFLICT);
    session.rollback();
    EXPECT_EQ(session.rows("SELECT i FROM late"), R"([{"i":5}])");
}

TEST_F(MysqlDriverTest, TellsWhatBecameOfATransaction) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE became (i INT PRIMARY KEY)");
    session.execute(
        "CREATE OR REPLACE PROCEDURE became_p() BEGIN COMMIT; START TRANSACTION; INSERT INTO became VALUES (2); END");
    session.execute(
        "CREATE OR REPLACE PROCEDURE became_fails() BEGIN COMMIT; START TRANSACTION; INSERT INTO became VALUES (1); "
        "END");
    session.execute("CREATE OR REPLACE PROCEDURE became_same() BEGIN SAVEPOINT s; SELECT 1 AS a; ROLLBACK TO s; END");
    const auto after = [&](const std::string& sql) {
        session.begin();
        session.execute("INSERT INTO became VALUES (1)");
        try {
            session.execute(sql);
        } catch (const Failure&) {
        }
        const std::uint32_t state = session.facts().transaction;
        session.rollback();
        EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_NONE);
        session.execute("DELETE FROM became");
        return state;
    };
    for (const char* sql :
         {"INSERT INTO became VALUES (3)", "SELECT 1 AS a", "CALL became_same()", "SAVEPOINT a",
          "ROLLBACK TO kdeps_mine", "SET @x = 1", "INSERT INTO became VALUES (1)", "SELECT nothing"}) {
        EXPECT_EQ(after(sql), KDEPS_TRANSACTION_OPEN) << sql;
    }
    for (const char* sql : {"COMMIT", "ROLLBACK", "CREATE OR REPLACE TABLE became_t (a INT)", "SET autocommit = 1",
                            "UNLOCK TABLES; -- none", "TRUNCATE became"}) {
        if (std::string_view(sql).starts_with("UNLOCK") || std::string_view(sql).starts_with("SET autocommit"))
            continue;
        EXPECT_EQ(after(sql), KDEPS_TRANSACTION_NONE) << sql;
    }
    for (const char* sql : {"CALL became_p()", "CALL became_fails()", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "BEGIN",
                            "START TRANSACTION READ ONLY"}) {
        EXPECT_EQ(after(sql), KDEPS_TRANSACTION_OTHER) << sql;
    }
    // Who commits nevertheless is told.
    session.begin();
    session.execute("CALL became_p()");
    const Failure ended = failure_of([&] { session.commit(); });
    EXPECT_EQ(ended.status, KDEPS_INVALID_STATE);
    EXPECT_EQ(ended.sqlstate, "25000");
    EXPECT_EQ(session.rows("SELECT i FROM became"), "[]");
    // A savepoint of the caller outlives the look at the transaction.
    session.begin();
    session.execute("SAVEPOINT mine");
    session.execute("INSERT INTO became VALUES (4)");
    session.execute("CALL became_same()");
    session.execute("ROLLBACK TO mine");
    EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_OPEN);
    session.commit();
    EXPECT_EQ(session.rows("SELECT i FROM became"), "[]");
}

TEST_F(MysqlDriverTest, TellsThatADeadlockEndedTheTransaction) {
    DriverSession first(*driver, url());
    DriverSession second(*driver, url());
    first.execute("CREATE OR REPLACE TABLE deadlocks (id INT PRIMARY KEY, n INT)");
    first.execute("INSERT INTO deadlocks VALUES (1, 0), (2, 0)");
    first.begin();
    second.begin();
    first.execute("UPDATE deadlocks SET n = 1 WHERE id = 1");
    second.execute("UPDATE deadlocks SET n = 1 WHERE id = 2");
    second.execute("INSERT INTO deadlocks VALUES (3, 0), (4, 0)");
    auto waiting = std::async(std::launch::async, [&] { second.execute("UPDATE deadlocks SET n = 2 WHERE id = 1"); });
    await_running("SET n = 2", true);
    EXPECT_EQ(failure_of([&] { first.execute("UPDATE deadlocks SET n = 3 WHERE id = 2"); }).status, KDEPS_CONFLICT);
    waiting.get();
    EXPECT_EQ(first.facts().transaction, KDEPS_TRANSACTION_NONE);
    EXPECT_EQ(first.facts().exchange, KDEPS_EXCHANGE_REFUSED);
    EXPECT_EQ(second.facts().transaction, KDEPS_TRANSACTION_OPEN);
}

TEST_F(MysqlDriverTest, KeepsAProcedureFromLeavingATransactionThatOnlyReads) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE only_read (i INT)");
    session.execute("CREATE OR REPLACE PROCEDURE leaves() BEGIN COMMIT; INSERT INTO only_read VALUES (1); END");
    session.execute(
        "CREATE OR REPLACE PROCEDURE begins() BEGIN COMMIT; START TRANSACTION; INSERT INTO only_read VALUES (1); "
        "COMMIT; END");
    for (const char* sql : {"CALL leaves()", "CALL begins()"}) {
        session.begin(KDEPS_ISOLATION_DEFAULT, true);
        EXPECT_EQ(failure_of([&] { session.execute(sql); }).sqlstate, "25006") << sql;
        session.rollback();
    }
    // What a statement sets is set back before the next one.
    session.begin(KDEPS_ISOLATION_DEFAULT, true);
    session.execute("SET SESSION TRANSACTION READ WRITE");
    EXPECT_EQ(failure_of([&] { session.execute("CALL leaves()"); }).sqlstate, "25006");
    session.rollback();
    session.execute("INSERT INTO only_read VALUES (2)");
    EXPECT_EQ(session.rows("SELECT i FROM only_read"), R"([{"i":2}])");
    EXPECT_EQ(session.rows("SELECT @@tx_read_only AS r"), R"([{"r":0}])");
}

TEST_F(MysqlDriverTest, LeavesNothingInTheSessionBehindAReset) {
    server->execute(
        kDatabase,
        "CREATE ROLE IF NOT EXISTS left_role; GRANT left_role TO 'user'@'%';"
        "CREATE DATABASE IF NOT EXISTS elsewhere; CREATE OR REPLACE TABLE left_t (id INT PRIMARY KEY AUTO_INCREMENT, v "
        "INT);"
        "CREATE OR REPLACE TRIGGER left_tr BEFORE INSERT ON left_t FOR EACH ROW SET NEW.v = (@left_by_trigger := 5);"
        "CREATE OR REPLACE SEQUENCE left_s");
    DriverSession session(*driver, url());
    DriverSession other(*driver, url());
    struct Case {
        std::vector<const char*> leaves;
        const char* looks;
        bool is_told = true;  // by the server; else nothing is known of the session
    };
    const std::vector<Case> cases = {
        {{"SET @secret = 'tenant-a'"}, "SELECT @secret AS s"},
        {{"SELECT @secret := 'tenant-a' AS x"}, "SELECT @secret AS s"},
        {{"SELECT 'tenant-a' INTO @secret"}, "SELECT @secret AS s"},
        {{"INSERT INTO left_t (v) VALUES (1)"}, "SELECT @left_by_trigger AS s", false},
        {{"INSERT INTO left_t (v) VALUES (1)"}, "SELECT LAST_INSERT_ID() AS s", false},
        {{"SELECT NEXTVAL(left_s) AS n"}, "SELECT LASTVAL(left_s) AS s", false},
        {{"CREATE TEMPORARY TABLE left_tmp AS SELECT 1 AS x"}, "SELECT x FROM left_tmp"},
        {{"SELECT GET_LOCK('left', 0) AS g"}, "SELECT IS_USED_LOCK('left') IS NULL AS freed", false},
        {{"USE elsewhere"}, "SELECT DATABASE() AS d"},
        {{"SET SESSION sort_buffer_size = 40000"}, "SELECT @@sort_buffer_size = @@global.sort_buffer_size AS s"},
        {{"SET sql_mode = 'ANSI_QUOTES'"}, "SELECT @@sql_mode = @@global.sql_mode AS s"},
        {{"SET time_zone = '+05:00'"}, "SELECT @@time_zone AS z"},
        {{"SET NAMES latin1"}, "SELECT @@character_set_results AS c, @@collation_connection AS o"},
        {{"SET autocommit = 0"}, "SELECT @@autocommit AS a"},
        {{"SET ROLE left_role"}, "SELECT CURRENT_ROLE() AS r"},
        {{"LOCK TABLES left_t WRITE"}, "SELECT COUNT(*) >= 0 AS n FROM outside"},
        {{"FLUSH TABLES WITH READ LOCK"}, "INSERT INTO outside VALUES (1)"},
        {{"HANDLER left_t OPEN"}, "HANDLER left_t READ FIRST"},
        {{"SET TRANSACTION READ ONLY"}, "INSERT INTO outside VALUES (1)"},
        {{"SET SESSION TRANSACTION READ ONLY"}, "INSERT INTO outside VALUES (1)"},
        {{"PREPARE left_p FROM 'SELECT 1'"}, "EXECUTE left_p"},
        {{"BEGIN", "INSERT INTO outside VALUES (1)"}, "SELECT @@in_transaction AS t"},
        {{"SET session_track_state_change = OFF"}, "SELECT @@session_track_state_change AS t"},
    };
    server->execute(kDatabase, "CREATE OR REPLACE TABLE outside (i INT)");
    const auto look = [&](DriverSession& at, const char* sql) -> std::string {
        try {
            return at.rows(sql);
        } catch (const Failure& failure) {
            return failure.sqlstate + " " + failure.message;
        }
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.leaves.back());
        EXPECT_EQ(session.facts().session, KDEPS_SESSION_UNTOUCHED);
        for (const char* sql : c.leaves) session.execute(sql);
        EXPECT_EQ(session.facts().session, c.is_told ? KDEPS_SESSION_TOUCHED : KDEPS_SESSION_UNKNOWN);
        session.reset();
        EXPECT_EQ(session.facts().session, KDEPS_SESSION_UNTOUCHED);
        EXPECT_EQ(session.facts().transaction, KDEPS_TRANSACTION_NONE);
        DriverSession fresh(*driver, url());
        EXPECT_EQ(look(session, c.looks), look(fresh, c.looks));
        session.reset();
    }
    // A function that sets something tells it with the end of its rows.
    session.execute("CREATE OR REPLACE FUNCTION left_f() RETURNS INT BEGIN SET @left_by_function = 1; RETURN 1; END");
    session.reset();
    session.execute("SELECT left_f()");
    EXPECT_EQ(session.facts().session, KDEPS_SESSION_TOUCHED);
}

TEST_F(MysqlDriverTest, DoesNotComeBackFromADatabaseToNone) {
    DriverSession session(*driver, server->url(""));
    session.execute("USE drivers");
    EXPECT_EQ(failure_of([&] { session.reset(); }).damage, KDEPS_DAMAGE_CONNECTION);
}

TEST_F(MysqlDriverTest, TellsTheRulesOfTheSession) {
    DriverSession session(*driver, url("?init-command=SET%20sql_mode%3D'NO_BACKSLASH_ESCAPES'"));
    EXPECT_EQ(session.lexis(), driver->table().lexis & ~KDEPS_LEXIS_BACKSLASH);
    session.execute("SET sql_mode = 'ANSI_QUOTES'");
    EXPECT_EQ(session.lexis(), driver->table().lexis & ~KDEPS_LEXIS_DOUBLE_QUOTE_TEXT);
    session.reset();
    EXPECT_EQ(session.lexis(), driver->table().lexis & ~KDEPS_LEXIS_BACKSLASH);
}

TEST_F(MysqlDriverTest, ReadsTheRowsOfAWriteWhoseColumnsChanged) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE grown (a INT)");
    const auto insert = session.prepare("INSERT INTO grown (a) VALUES (?) RETURNING *");
    EXPECT_EQ(insert->execute({1}).rows, R"([{"a":1}])");
    session.execute("ALTER TABLE grown ADD COLUMN b VARCHAR(9) DEFAULT 'x', ADD COLUMN c JSON DEFAULT '[1]'");
    EXPECT_EQ(insert->execute({2}).rows, R"([{"a":2,"b":"x","c":[1]}])");
    EXPECT_EQ(insert->execute({3}).rows, R"([{"a":3,"b":"x","c":[1]}])");
    session.execute("ALTER TABLE grown DROP COLUMN b, CHANGE a z BIGINT");
    session.execute("ALTER TABLE grown CHANGE z a BIGINT");
    EXPECT_EQ(insert->batch({{4}, {5}, {6}}).rows, R"([{"a":4,"c":[1]},{"a":5,"c":[1]},{"a":6,"c":[1]}])");
    session.execute("ALTER TABLE grown DROP COLUMN c");
    const auto all = session.prepare("INSERT INTO grown VALUES (?) RETURNING *");
    EXPECT_EQ(all->execute({7}).rows, R"([{"a":7}])");
    session.execute("ALTER TABLE grown CHANGE a other INT");
    EXPECT_EQ(all->execute({8}).rows, R"([{"other":8}])");
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM grown"), R"([{"n":8}])");
}

TEST_F(MysqlDriverTest, ReadsLargeResults) {
    DriverSession session(*driver, url());
    EXPECT_EQ(session.rows("SELECT REPEAT('x', 5000000) AS t").size(), 5'000'000 + std::string(R"([{"t":""}])").size());
    EXPECT_THAT(session.rows("SELECT seq FROM seq_1_to_100000"),
                ::testing::EndsWith(R"({"seq":99999},{"seq":100000}])"));
}

TEST_F(MysqlDriverTest, TellsThatTheConnectionWasLost) {
    DriverSession session(*driver, url());
    DriverSession committing(*driver, url());
    committing.begin();
    server->kill();
    const Failure lost = failure_of([&] { session.execute("SELECT 1"); });
    EXPECT_EQ(lost.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(lost.sqlstate, "08003");  // nothing was sent
    EXPECT_EQ(lost.retry, KDEPS_RETRY_FRESH);
    EXPECT_EQ(lost.damage, KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(failure_of([&] { session.ping(); }).damage, KDEPS_DAMAGE_CONNECTION);
    // A commit that was not even sent has certainly not happened.
    const Failure uncommitted = failure_of([&] { committing.commit(); });
    EXPECT_EQ(uncommitted.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(uncommitted.retry, KDEPS_RETRY_FRESH);
    EXPECT_EQ(uncommitted.damage, KDEPS_DAMAGE_CONNECTION);
    server->start();
    EXPECT_EQ(DriverSession(*driver, url()).rows("SELECT 1 AS n"), R"([{"n":1}])");
}

TEST_F(MysqlDriverTest, TellsThatTheConnectionWasLostWhileAStatementRan) {
    DriverSession session(*driver, url());
    auto running = std::async(std::launch::async,
                              [&] { return failure_of([&] { session.execute("SELECT SLEEP(60) AS until_killed"); }); });
    await_running("until_killed", true);
    server->kill();
    const Failure lost = running.get();
    EXPECT_EQ(lost.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(lost.damage, KDEPS_DAMAGE_CONNECTION);
    server->start();
}

TEST_F(MysqlDriverTest, ResetsTheSession) {
    DriverSession session(*driver, url("?init-command=SET%20%40mine%3D7"));
    const auto kept = session.prepare("SELECT @mine AS mine, @yours AS yours, @@time_zone AS z");
    session.execute("SET @yours = 5, time_zone = '+05:00'");
    session.begin();
    session.reset();
    EXPECT_EQ(kept->execute().rows, R"([{"mine":7,"yours":null,"z":"+00:00"}])") << "prepared again";
}

TEST_F(MysqlDriverTest, ReadsNewColumnsOfAPreparedStatement) {
    DriverSession session(*driver, url());
    session.execute("CREATE OR REPLACE TABLE altered (a INT)");
    session.execute("INSERT INTO altered VALUES (1)");
    const auto select = session.prepare("SELECT * FROM altered");
    const auto insert = session.prepare("INSERT INTO altered (a) VALUES (?)");
    EXPECT_EQ(select->execute().rows, R"([{"a":1}])");
    session.execute("ALTER TABLE altered ADD COLUMN b JSON DEFAULT '[2]'");
    EXPECT_EQ(select->execute().rows, R"([{"a":1,"b":[2]}])");
    EXPECT_EQ(insert->execute({3}).rows_affected, 1);
}

TEST_F(MysqlDriverTest, CallsProceduresAndRunsWhatCannotBePrepared) {
    DriverSession session(*driver, url());
    session.execute(
        "CREATE OR REPLACE PROCEDURE two() BEGIN SELECT 1 AS a, JSON_OBJECT('k', 1) AS j; SELECT 2 AS b; END");
    const auto call = session.prepare("CALL two()");
    EXPECT_EQ(call->execute().rows, R"([{"a":1,"j":{"k": 1}}])");
    EXPECT_EQ(call->execute().rows, R"([{"a":1,"j":{"k": 1}}])");
    session.execute(
        R"(PREPARE inner_one FROM "SELECT -1 AS i, 18446744073709551615 AS u, 0.50 AS d, 1e0 AS f, DATE '2024-01-02' AS t,
                       TIMESTAMP '2024-01-02 03:04:05.5' AS m, TIME '-26:00:01' AS h, x'00ff' AS b, NULL AS n, 'é' AS s, b'1' AS bits")");
    EXPECT_EQ(
        session.rows("EXECUTE inner_one"),
        R"([{"i":-1,"u":18446744073709551615,"d":0.50,"f":1,"t":"2024-01-02","m":"2024-01-02T03:04:05.5","h":"-26:00:01","b":"AP8=",)"
        R"("n":null,"s":"é","bits":"AQ=="}])");
    session.execute("CREATE OR REPLACE TABLE locked (a INT)");
    session.execute("LOCK TABLES locked READ");
    session.execute("UNLOCK TABLES");
}

}  // namespace
}  // namespace kdeps::testing
