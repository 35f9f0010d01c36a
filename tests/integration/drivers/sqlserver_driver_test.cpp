// SPDX-License-Identifier: Apache-2.0
// The SQL Server driver against the TDS server of the tests: types, parameters, errors, batches, and how it stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <limits>

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
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDatabase = "drivers";

class SqlServerDriverTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() { driver_ = std::make_unique<LoadedDriver>("mssql"); }
    static void TearDownTestSuite() { driver_.reset(); }
    SqlServerDriverTest() { server_.create_database(kDatabase); }

    std::string url(const std::string& options = "") const { return server_.url(kDatabase) + options; }
    static const LoadedDriver& driver() { return *driver_; }

    TdsServer server_;

private:
    static std::unique_ptr<LoadedDriver> driver_;
};

std::unique_ptr<LoadedDriver> SqlServerDriverTest::driver_;

TEST_F(SqlServerDriverTest, TellsTheServer) {
    DriverSession session(driver(), url());
    EXPECT_EQ(session.server(), "SQL Server 2019");
    session.ping();
    EXPECT_EQ(DriverSession(driver(), "mssql://user:pass@127.0.0.1:" + std::to_string(server_.port()) +
                                          "?database=drivers&encrypt=request")
                  .rows("SELECT DB_NAME() AS d, APP_NAME() AS a"),
              R"([{"d":"drivers","a":"kdeps"}])");
}

TEST_F(SqlServerDriverTest, ReadsAndBindsLongValues) {
    DriverSession session(driver(), url());
    struct Case {
        const char* type;
        Cell value;
        const char* json;
    };
    const std::string long_text(5000, 'x');
    const std::string long_json = "\"" + long_text + "\"";
    std::string euros;  // 12,000 bytes of UTF-8
    for (int i = 0; i < 4000; ++i) euros += "\u20ac";
    const std::string euros_json = "\"" + euros + "\"";
    const std::vector<Case> cases = {
        {"nvarchar(max)", long_text.c_str(), long_json.c_str()},
        {"nvarchar(4000)", euros.c_str(), euros_json.c_str()},
        {"varbinary(max)", bytes(std::string(9000, '\0')), nullptr},
    };
    int number = 0;
    for (const Case& c : cases) {
        const std::string table = "cell" + std::to_string(++number);
        SCOPED_TRACE(std::string(c.type) + " " + std::string(c.json == nullptr ? "long" : c.json).substr(0, 80));
        const std::string json = c.json == nullptr ? "\"" + std::string(12000, 'A') + "\"" : c.json;
        session.execute("CREATE TABLE " + table + " (id int IDENTITY(1,1) PRIMARY KEY, v " + c.type + " NULL)");
        session.execute("INSERT INTO " + table + " (v) VALUES (@p1)", {c.value});
        session.execute("INSERT INTO " + table + " (v) VALUES (@p1)", {nullptr});
        EXPECT_EQ(session.rows("SELECT v FROM " + table + " ORDER BY id"), "[{\"v\":" + json + "},{\"v\":null}]");
        session.execute("DELETE FROM " + table);
        EXPECT_THAT(
            session.batch("INSERT INTO " + table + " (v) VALUES (@p1)", {{nullptr}, {c.value}, {nullptr}}).affected,
            ElementsAre(1, 1, 1));
        EXPECT_EQ(session.rows("SELECT v FROM " + table + " ORDER BY id"),
                  "[{\"v\":null},{\"v\":" + json + "},{\"v\":null}]");
    }
    EXPECT_EQ(session.rows("SELECT @p1 AS a, @p2 AS b, @p3 AS c, @p1 AS d", {nullptr, -5, "x"}),
              R"([{"a":null,"b":-5,"c":"x","d":null}])");
    EXPECT_EQ(session.rows("SELECT @p1 AS [a b], LEN(@p2) AS [c]]d]", {true, ""}), R"([{"a b":true,"c]d":0}])");
}

TEST_F(SqlServerDriverTest, RefusesValuesThatCannotBeBound) {
    DriverSession session(driver(), url());
    const auto message = [&](const Cell& value) {
        const Failure failure = failure_of([&] { session.execute("SELECT @p1, @p2", {1, value}); });
        EXPECT_EQ(failure.status, KDEPS_BAD_DATA);
        EXPECT_EQ(failure.sqlstate, "22023");
        return failure.message;
    };
    EXPECT_EQ(message(std::numeric_limits<double>::quiet_NaN()),
              "parameter 2 is NaN or infinite, which SQL Server has no number for");
    EXPECT_EQ(message(decimal("123456789012345678901234567890123456789")),
              "parameter 2 is a number of more than 38 digits, which SQL Server's decimal has no room for");
    EXPECT_EQ(message("\xff"), "parameter 2 is a text that is not UTF-8");
    const Failure many = failure_of([&] { session.execute("SELECT 1", Cells(2099, Cell(1))); });
    EXPECT_EQ(many.message, "the statement has 2099 parameters; SQL Server takes at most 2,098");
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
}

TEST_F(SqlServerDriverTest, TellsOutcomesAndGivesTheFirstResult) {
    DriverSession session(driver(), url());
    session.execute("CREATE TABLE outcomes (id int IDENTITY(1,1) PRIMARY KEY, n int)");
    EXPECT_EQ(session.execute("INSERT INTO outcomes (n) VALUES (1), (@p1)", {1}).rows_affected, 2);
    EXPECT_EQ(session.execute("UPDATE outcomes SET n = 2").rows_affected, 2);
    EXPECT_EQ(session.execute("UPDATE outcomes SET n = 3 WHERE id = 9").rows_affected, 0);
    EXPECT_EQ(session.execute("CREATE TABLE nothing (n int)").rows, "");
    EXPECT_EQ(session.rows("INSERT INTO outcomes (n) OUTPUT inserted.id, inserted.n VALUES (@p1)", {7}),
              R"([{"id":3,"n":7}])");
    EXPECT_EQ(session.rows("DELETE FROM outcomes OUTPUT deleted.id WHERE n = @p1", {7}), R"([{"id":3}])");
    EXPECT_EQ(session.rows("SELECT id FROM outcomes WHERE id > 99"), "[]");
    EXPECT_EQ(session.rows("SELECT 1 AS a; SELECT 2 AS b, 3 AS c; UPDATE outcomes SET n = 0"), R"([{"a":1}])");
    EXPECT_EQ(session.execute("UPDATE outcomes SET n = 4 WHERE id = 1; UPDATE outcomes SET n = 5").rows_affected, 3)
        << "as SqlClient counts";
    EXPECT_EQ(session.execute("SET NOCOUNT ON; UPDATE outcomes SET n = 6").rows_affected, -1);
    session.execute("SET NOCOUNT OFF");
    EXPECT_EQ(session.rows("DECLARE @x int = @p1; SET @x = @x + 1; SELECT @x AS x", {41}), R"([{"x":42}])");
}

TEST_F(SqlServerDriverTest, TellsErrors) {
    DriverSession session(driver(), url());
    session.execute(
        "CREATE TABLE parents (id int PRIMARY KEY, email nvarchar(20) UNIQUE, n int NOT NULL, k int CHECK (k > 0), d "
        "date)\n"
        "CREATE TABLE children (id int PRIMARY KEY, p int REFERENCES parents (id))\nCREATE UNIQUE INDEX ix ON parents "
        "(k)\n"
        "INSERT INTO parents VALUES (1, N'o''x@secret', 1, 1, NULL)\nINSERT INTO children VALUES (1, 1)");
    struct Case {
        const char* sql;
        Cells parameters;
        kdeps_status status;
        const char* sqlstate;
        const char* message;
    };
    const std::vector<Case> cases = {
        {"INSERT INTO parents VALUES (2, @p1, 1, 2, NULL)",
         {"o'x@secret"},
         KDEPS_CONFLICT,
         "23505",
         "Violation of UNIQUE KEY constraint 'UQ_parents'. Cannot insert duplicate key in object 'dbo.parents'"},
        {"INSERT INTO parents VALUES (2, N'b', 1, 1, NULL)",
         {},
         KDEPS_CONFLICT,
         "23505",
         "Cannot insert duplicate key row in object 'dbo.parents' with unique index 'ix'"},
        {"INSERT INTO children VALUES (2, 99)",
         {},
         KDEPS_CONSTRAINT,
         "23503",
         "The statement conflicted with the FOREIGN KEY constraint. The conflict occurred in database \"drivers\""},
        {"INSERT INTO parents VALUES (3, N'c', 1, @p1, NULL)",
         {-1},
         KDEPS_CONSTRAINT,
         "23514",
         "The statement conflicted with the CHECK constraint \"k > 0\". The conflict occurred in database \"drivers\""},
        {"INSERT INTO parents VALUES (3, N'c', @p1, 5, NULL)",
         {nullptr},
         KDEPS_CONSTRAINT,
         "23502",
         "Cannot insert the value NULL into column 'n', table 'drivers.dbo.parents'; column does not allow nulls. The "
         "statement fails"},
        {"INSERT INTO parents VALUES (5, N'e', @p1, 6, NULL)",
         {"secret"},
         KDEPS_BAD_DATA,
         "22018",
         "Conversion failed when converting the nvarchar value *** to data type int"},
        {"INSERT INTO parents VALUES (5, N'e', @p1, 6, NULL)",
         {std::int64_t{99999999999}},
         KDEPS_BAD_DATA,
         "22003",
         "Arithmetic overflow error converting expression to data type int"},
        {"INSERT INTO parents VALUES (5, @p1, 1, 6, NULL)",
         {"a text of more than twenty letters"},
         KDEPS_BAD_DATA,
         "22001",
         "String or binary data would be truncated"},
        {"INSERT INTO parents VALUES (5, N'e', 1, 6, @p1)",
         {5},
         KDEPS_BAD_DATA,
         "22018",
         "Operand type clash: int is incompatible with date"},
        {"SELEC secret", {}, KDEPS_INVALID_ARGUMENT, "42000", "Incorrect syntax on line 1"},
        {"SELECT 'secret", {}, KDEPS_INVALID_ARGUMENT, "42000", "Unclosed quotation mark"},
        {"SELECT * FROM nothing", {}, KDEPS_INVALID_ARGUMENT, "42S02", "Invalid object name 'nothing'"},
        {"SELECT nothing FROM parents", {}, KDEPS_INVALID_ARGUMENT, "42S22", "Invalid column name 'nothing'"},
        {"EXEC nothing", {}, KDEPS_INVALID_ARGUMENT, "42000", "Could not find stored procedure 'nothing'"},
        {"CREATE TABLE parents (n int)",
         {},
         KDEPS_ALREADY_EXISTS,
         "42S01",
         "There is already an object named 'parents' in the database"},
        {"MERGE INTO parents USING children ON 1 = 1",
         {},
         KDEPS_UNSUPPORTED,
         "0A000",
         "'MERGE' is not supported by this test server"},
        {"THROW 50123, 'not today', 1", {}, KDEPS_CONSTRAINT, "45000", "not today"},
        {"SELECT 1; RAISERROR('later', 16, 1); SELECT 2", {}, KDEPS_CONSTRAINT, "45000", "later"},
        {"", {}, KDEPS_INVALID_ARGUMENT, "", "the statement is empty"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.sql);
        const Failure failure = failure_of([&] { session.execute(c.sql, c.parameters); });
        EXPECT_EQ(failure.status, c.status);
        EXPECT_EQ(failure.sqlstate, c.sqlstate);
        EXPECT_EQ(failure.message, c.message);
        EXPECT_EQ(failure.retry, KDEPS_RETRY_NEVER);
        EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
        EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
    }
}

TEST_F(SqlServerDriverTest, DescribesWithoutRunning) {
    DriverSession session(driver(), url());
    session.execute(
        "CREATE TABLE described (id int IDENTITY(1,1) PRIMARY KEY, label nvarchar(20), price decimal(10,2), ti "
        "tinyint, "
        "si smallint, big bigint, b bit, f float, r real, m money, sm smallmoney, n numeric(5,1), d date, t time(3), "
        "dt datetime, sd smalldatetime, d2 datetime2(7), o datetimeoffset(7), vb "
        "varbinary(max), bi binary(3), i image, vc varchar(9), c char(3), nc nchar(3), nt ntext, tx text, u "
        "uniqueidentifier, x xml)");
    session.execute("INSERT INTO described (label) VALUES (N'x')");
    const std::string columns = session.columns("SELECT * FROM described");
    EXPECT_THAT(columns, HasSubstr("id i, label u, price u"));
    EXPECT_EQ(session.describe("SELECT * FROM described"), " -> " + columns);
    EXPECT_EQ(session.describe("SELECT id, ti, big, b, f, r, d, vb FROM described"),
              " -> id i, ti C, big l, b b, f g, r f, d tdD, vb z");
    EXPECT_EQ(session.describe("SELECT id FROM described WHERE label = @p1 AND big > @p2"), "@p1 u, @p2 l -> id i");
    // A parameter in two places, one in a text and one in a comment.
    EXPECT_EQ(session.describe("SELECT label, N'@p7' AS s FROM described /* @p8 */ WHERE id = @p1 OR big = @p1 -- @p9"),
              "@p1 i -> label u, s u");
    EXPECT_EQ(session.describe("INSERT INTO described (label, vb) OUTPUT inserted.id VALUES (@p1, @p2)"),
              "@p1 u, @p2 z -> id i");
    EXPECT_EQ(session.describe("DELETE FROM described"), " -> ");
    EXPECT_EQ(session.describe("CREATE TABLE nothing (n int)"), " -> ");
    // Of a type that the server does not tell.
    EXPECT_EQ(session.describe("SELECT @p1 AS a, id FROM described"), "@p1 n -> a u, id i");
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM described"), R"([{"n":1}])");
    EXPECT_EQ(failure_of([&] { session.rows("SELECT n FROM nothing"); }).sqlstate, "42S02");

    struct Case {
        const char* sql;
        kdeps_status status;
        const char* sqlstate;
        const char* message;
    };
    const std::vector<Case> cases = {
        {"SELECT 1 AS a\nFROM nosuch", KDEPS_INVALID_ARGUMENT, "42S02", "Invalid object name 'nosuch'"},
        {"SELECT id FROM nosuch WHERE id = @p1", KDEPS_INVALID_ARGUMENT, "42S02", "Invalid object name 'nosuch'"},
        {"SELECT labl FROM described", KDEPS_INVALID_ARGUMENT, "42S22", "Invalid column name 'labl'"},
        {"SELECT @p1 AS a, labl FROM described", KDEPS_INVALID_ARGUMENT, "42S22", "Invalid column name 'labl'"},
        {"SELECT id FROM described WHERE labl = @p1", KDEPS_INVALID_ARGUMENT, "42S22", "Invalid column name 'labl'"},
        {"SELECT id FROM described WHERE id = @other", KDEPS_INVALID_ARGUMENT, "42000",
         "Must declare the scalar variable \"@other\""},
        {"SELEC id", KDEPS_INVALID_ARGUMENT, "42000", "Incorrect syntax on line 1"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.sql);
        const Failure failure = failure_of([&] { session.describe(c.sql); });
        EXPECT_EQ(failure.status, c.status);
        EXPECT_EQ(failure.sqlstate, c.sqlstate);
        EXPECT_EQ(failure.message, c.message);
        EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
    }
    EXPECT_EQ(failure_of([&] { session.describe("SELECT id + 1 AS n FROM described"); }).status, KDEPS_UNSUPPORTED);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
}

TEST_F(SqlServerDriverTest, TellsConflictsOfLocks) {
    DriverSession session(driver(), url());
    DriverSession other(driver(), url("?lock_timeout=50"));
    session.execute("CREATE TABLE locks (n int) INSERT INTO locks VALUES (1)");
    session.begin();
    session.execute("UPDATE locks SET n = 2");
    const Failure wait = failure_of([&] { other.execute("UPDATE locks SET n = 3"); });
    EXPECT_EQ(wait.status, KDEPS_CONFLICT);
    EXPECT_EQ(wait.sqlstate, "55P03");
    EXPECT_EQ(wait.retry, KDEPS_RETRY_SAME);
    EXPECT_EQ(wait.damage, KDEPS_DAMAGE_NONE);

    other.begin();
    other.execute("SELECT * FROM locks");
    session.commit();
    const Failure deadlock = failure_of([&] { other.execute("UPDATE locks SET n = 3"); });
    EXPECT_EQ(deadlock.status, KDEPS_CONFLICT);
    EXPECT_EQ(deadlock.sqlstate, "40001");
    EXPECT_EQ(deadlock.retry, KDEPS_RETRY_SAME);
    EXPECT_EQ(deadlock.damage, KDEPS_DAMAGE_TRANSACTION);
    other.rollback();  // there is none any more
    other.execute("UPDATE locks SET n = 3");
}

TEST_F(SqlServerDriverTest, FindsFaultsOfTheUrlWithoutConnecting) {
    struct Case {
        const char* url;
        const char* message;
    };
    const std::vector<Case> cases = {
        {"sqlserver://u:secret@h/d?encript=on",
         "unknown option 'encript' in the connection URL (did you mean 'encrypt'?); available options: "
         "application_name, ca_file, "
         "connect_timeout, database, charset, encrypt, hostname_in_certificate_check, lock_timeout, "
         "trust_server_certificate"},
        {"sqlserver://u:secret@h/d?encrypt=maybe",
         "option 'encrypt' of the connection URL must be off, request, on or strict, not 'maybe'"},
        {"sqlserver://u:secret@h/d?connect_timeout=soon",
         "option 'connect_timeout' of the connection URL must be a number of seconds between 1 and 86400, not 'soon'"},
        {"sqlserver://u:secret@h/d?database=e",
         "the connection URL names two databases, one in its path and one in option 'database'; leave one out"},
        {"sqlserver://u:secret@h/d?ca_file=nothing.pem",
         "option 'ca_file' of the connection URL names 'nothing.pem', which cannot be read; relative paths start at "
         "the workflow's folder"},
        {"sqlserver://u:secret@/d",
         "the connection URL names no host; it must look like sqlserver://user:password@host:1433/database"},
        {"sqlserver://h/d",
         "the connection URL names no user; it must look like sqlserver://user:password@host:1433/database"},
        {"sqlserver://u:secret@h%0Aencryption=off/d", "the host of the connection URL is no host name"},
        {"sqlserver://u:secret@h/d/e",
         "the connection URL has more than one name after its host; it must look like "
         "sqlserver://user:password@host:1433/database"},
    };
    for (const Case& c : cases) {
        const Failure failure = failure_of([&] { driver().check(c.url); });
        EXPECT_EQ(failure.status, KDEPS_INVALID_ARGUMENT);
        EXPECT_EQ(failure.message, c.message);
    }
    const Failure strict = failure_of([&] { driver().check("sqlserver://u:p@h/d?encrypt=strict"); });
    EXPECT_EQ(strict.status, KDEPS_UNSUPPORTED);
    EXPECT_THAT(strict.message, HasSubstr("TDS 8.0"));
    driver().check("mssql://u:p%40ss@h:1434?database=d&encrypt=on&connect_timeout=5&lock_timeout=100");
    driver().check("sqlserver://u@[::1]/d");
}

TEST_F(SqlServerDriverTest, TellsWhyItCannotConnect) {
    const auto fail = [&](const std::string& to) {
        return failure_of([&] { DriverSession session(driver(), to, 5s); });
    };
    const std::string place = "127.0.0.1:" + std::to_string(server_.port());
    const Failure login = fail(server_.url(kDatabase, "user", "wrong"));
    EXPECT_EQ(login.status, KDEPS_UNAUTHENTICATED);
    EXPECT_EQ(login.sqlstate, "28000");
    EXPECT_EQ(login.message, "login to " + place + " was refused: Login failed for user 'user'");

    const std::string port = std::to_string(free_port());
    const Failure nobody = fail("sqlserver://user:pass@127.0.0.1:" + port + "/d");
    EXPECT_EQ(nobody.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(nobody.sqlstate, "08001");
    EXPECT_EQ(nobody.retry, KDEPS_RETRY_FRESH);
    EXPECT_EQ(nobody.damage, KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(nobody.message, "cannot connect to 127.0.0.1:" + port + ": no server accepts connections there");

    const Failure database = fail(server_.url("nothing"));
    EXPECT_EQ(database.status, KDEPS_INVALID_ARGUMENT);
    EXPECT_EQ(database.sqlstate, "3D000");
    EXPECT_THAT(database.message, HasSubstr("Cannot open database \"nothing\""));

    const Failure plain = fail(url("?encrypt=on"));
    EXPECT_EQ(plain.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(plain.message,
              "cannot connect to " + place + ": the server offers no encryption, which the connection URL demands");

    server_.limit_connections(0);
    const Failure full = fail(url());
    EXPECT_EQ(full.status, KDEPS_EXHAUSTED);
    EXPECT_EQ(full.retry, KDEPS_RETRY_FRESH);
}

TEST_F(SqlServerDriverTest, GivesUpAHostThatDoesNotAnswer) {
    server_.stall();
    const auto start = Clock::now();
    const Failure limit = failure_of([&] { DriverSession session(driver(), url(), 300ms); });
    EXPECT_EQ(limit.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure_of([&] { DriverSession session(driver(), url("?connect_timeout=1"), 60s); }).status,
              KDEPS_TIMEOUT);
    EXPECT_LT(Clock::now() - start, 8s * kPatience);
    server_.resume();
    DriverSession(driver(), url()).ping();
}

TEST_F(SqlServerDriverTest, RunsABatchOfTwentyThousandSets) {
    constexpr int kSets = 20'000;
    DriverSession session(driver(), url());
    session.execute("CREATE TABLE many (id int PRIMARY KEY, t nvarchar(40), d datetime2(3))");
    std::vector<Cells> sets;
    for (int i = 0; i < kSets; ++i) {
        sets.push_back({i,
                        i % 2 == 0   ? Cell(nullptr)
                        : i % 5 == 0 ? Cell("")
                                     : Cell("text"),
                        i % 3 == 0 ? Cell(nullptr) : Cell("2024-01-02T03:04:05.678Z")});
    }
    const int before = server_.log().requests();
    const Answer answer = session.batch("INSERT INTO many VALUES (@p1, @p2, @p3)", sets);
    EXPECT_EQ(answer.affected, std::vector<std::int64_t>(kSets, 1));
    EXPECT_LT(server_.log().requests() - before, 40) << "2,000 sets, or 1 MiB, are one request";
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n, COUNT(t) AS t, COUNT(d) AS d, MAX(d) AS m FROM many"),
              R"([{"n":20000,"t":10000,"d":13333,"m":"2024-01-02T03:04:05.678"}])");
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM many WHERE t = N''"), R"([{"n":2000}])");
    EXPECT_THAT(session.batch("UPDATE many SET t = @p1 WHERE id < @p2", {{"x", 1}, {"x", 3}, {"x", 0}}).affected,
                ElementsAre(1, 3, 0));
    EXPECT_EQ(
        session.batch("INSERT INTO many (id) OUTPUT inserted.id, inserted.t VALUES (@p1)", {{30000}, {30001}, {30002}})
            .rows,
        R"([{"id":30000,"t":null},{"id":30001,"t":null},{"id":30002,"t":null}])");
}

TEST_F(SqlServerDriverTest, NamesTheFailingSetOfABatch) {
    DriverSession session(driver(), url());
    session.execute("CREATE TABLE sets (id int PRIMARY KEY)");
    std::vector<Cells> sets;
    for (int i = 0; i < 3000; ++i) sets.push_back({i});
    sets[2700] = {5};
    const Failure failure = failure_of([&] { session.batch("INSERT INTO sets VALUES (@p1)", sets); });
    EXPECT_EQ(failure.status, KDEPS_CONFLICT);
    EXPECT_EQ(failure.batch_set, 2700);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM sets"), R"([{"n":0}])")
        << "a batch without a transaction is one of its own";

    sets[2700] = {"abc"};
    const Failure text = failure_of([&] { session.batch("INSERT INTO sets VALUES (@p1)", sets); });
    EXPECT_EQ(text.status, KDEPS_BAD_DATA);
    EXPECT_EQ(text.batch_set, 2700);
    sets[2700] = {std::numeric_limits<double>::infinity()};
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO sets VALUES (@p1)", sets); }).batch_set, 2700);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM sets"), R"([{"n":0}])");

    session.begin();
    session.execute("INSERT INTO sets VALUES (-1)");
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO sets VALUES (@p1)", {{1}, {-1}}); }).batch_set, 1);
    EXPECT_EQ(session.rows("SELECT @@TRANCOUNT AS n"), R"([{"n":1}])") << "the caller's transaction is the caller's";
    session.rollback();
    EXPECT_EQ(session.rows("SELECT id FROM sets"), "[]");
}

TEST_F(SqlServerDriverTest, KeepsTransactions) {
    DriverSession session(driver(), url());
    session.execute("CREATE TABLE kept (id int)");
    session.begin(KDEPS_ISOLATION_SERIALIZABLE);
    EXPECT_EQ(server_.log().count(Event::Kind::batch, "ISOLATION LEVEL SERIALIZABLE; BEGIN TRANSACTION"), 1);
    session.execute("INSERT INTO kept VALUES (1)");
    session.rollback();
    session.begin(KDEPS_ISOLATION_SNAPSHOT);
    session.execute("INSERT INTO kept VALUES (@p1)", {2});
    session.commit();
    EXPECT_EQ(session.rows("SELECT id, @@TRANCOUNT AS open_ones FROM kept"), R"([{"id":2,"open_ones":0}])");
    const Failure failure = failure_of([&] { session.begin(KDEPS_ISOLATION_DEFAULT, true); });
    EXPECT_EQ(failure.status, KDEPS_UNSUPPORTED);
    session.begin();
    session.execute("INSERT INTO kept VALUES (3)");
    session.reset();
    EXPECT_EQ(session.rows("SELECT id, @@TRANCOUNT AS open_ones FROM kept"), R"([{"id":2,"open_ones":0}])");
}

TEST_F(SqlServerDriverTest, StopsAStatementAtTheDeadline) {
    DriverSession session(driver(), url());
    session.set_limit(100ms);
    const auto start = Clock::now();
    const Failure failure = failure_of([&] { session.execute("WAITFOR DELAY '00:10:00'"); });
    EXPECT_LT(Clock::now() - start, 950ms * kPatience) << "at the deadline, not at the library's second";
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.sqlstate, "57014");
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
    EXPECT_EQ(failure.message, "the time limit was reached while SQL Server worked on a statement");
    EXPECT_EQ(server_.log().count(Event::Kind::interrupted), 1);
    // Also after the first bytes of the answer.
    EXPECT_EQ(failure_of([&] { session.execute("SELECT 1; WAITFOR DELAY '00:10:00'"); }).status, KDEPS_TIMEOUT);
    EXPECT_TRUE(server_.log().wait_for(Event::Kind::interrupted, "", 2));
    session.set_limit(60s);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");

    session.begin();
    session.set_limit(300ms);
    EXPECT_EQ(failure_of([&] { session.execute("WAITFOR DELAY '00:10:00'"); }).damage, KDEPS_DAMAGE_TRANSACTION);
    session.set_limit(1ns);
    session.rollback();  // also after the end of the call
    session.set_limit(60s);
    EXPECT_EQ(session.rows("SELECT 2 AS n"), R"([{"n":2}])");
}

TEST_F(SqlServerDriverTest, StopsAStatementThatIsCancelled) {
    DriverSession session(driver(), url());
    session.cancel();  // with nothing to cancel
    StopFlag stop;
    session.set_stop(&stop);
    auto running = std::async(std::launch::async,
                              [&] { return failure_of([&] { session.execute("WAITFOR DELAY '00:10:00'"); }); });
    ASSERT_TRUE(server_.log().wait_for(Event::Kind::batch, "WAITFOR"));
    stop.request();
    session.cancel();
    session.cancel();
    EXPECT_EQ(running.get().status, KDEPS_CANCELLED);
    EXPECT_EQ(server_.log().count(Event::Kind::interrupted), 1);
    session.set_stop(nullptr);
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
}

TEST_F(SqlServerDriverTest, GivesUpAServerThatDoesNotStop) {
    DriverSession session(driver(), url());
    server_.stall();
    session.set_limit(200ms);
    const auto start = Clock::now();
    const Failure failure = failure_of([&] { session.execute("SELECT 1"); });
    EXPECT_LT(Clock::now() - start, 5s * kPatience);
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
    server_.resume();
}

TEST_F(SqlServerDriverTest, TellsThatTheServerWentAway) {
    DriverSession session(driver(), url());
    session.execute("CREATE TABLE gone (n int)");
    server_.stop();
    const Failure failure = failure_of([&] { session.rows("SELECT 1"); });
    EXPECT_EQ(failure.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(failure.sqlstate, "08003");  // nothing was sent
    EXPECT_EQ(failure.retry, KDEPS_RETRY_FRESH);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(failure_of([&] { session.ping(); }).status, KDEPS_UNAVAILABLE);
    server_.start();

    DriverSession fresh(driver(), url());
    fresh.begin();
    fresh.execute("INSERT INTO gone VALUES (1)");
    server_.faults().drop_next(tds::Faults::Drop::after, "COMMIT");
    const Failure doubt = failure_of([&] { fresh.commit(); });
    EXPECT_EQ(doubt.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(doubt.sqlstate, "08007");
    EXPECT_EQ(doubt.retry, KDEPS_RETRY_IN_DOUBT);
    EXPECT_EQ(doubt.damage, KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(server_.scalar(kDatabase, "SELECT COUNT(*) FROM gone"), "1");
}

TEST_F(SqlServerDriverTest, ReadsLargeResultsAsTheyAreAskedFor) {
    DriverSession session(driver(), url());
    const std::string numbers = "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ";
    EXPECT_EQ(session.read_some(numbers + "100000000) SELECT CAST(i AS int) AS i FROM n", 1).at(0), 4096);
    EXPECT_TRUE(server_.log().wait_for(Event::Kind::interrupted)) << "nobody wants the rest";
    EXPECT_EQ(session.rows("SELECT 1 AS n"), R"([{"n":1}])");
    session.execute("CREATE TABLE large (i int, t nvarchar(200))");
    session.execute("CREATE TABLE d (n int) INSERT INTO d VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)");
    session.execute(
        "INSERT INTO large SELECT a.n * 10000 + b.n * 1000 + c.n * 100 + e.n * 10 + f.n, REPLICATE(N'x', 200) "
        "FROM d a, d b, d c, d e, d f WHERE a.n < 6");
    const std::string rows = session.rows("SELECT * FROM large ORDER BY i");
    EXPECT_GT(rows.size(), 60000U * 200U);
    EXPECT_TRUE(rows.ends_with("\"}]"));
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM large"), R"([{"n":60000}])");
}

TEST_F(SqlServerDriverTest, ServesManyThreads) {
    DriverSession(driver(), url()).execute("CREATE TABLE shared (n int)");
    std::vector<std::future<std::string>> results;
    for (int i = 0; i < 8; ++i) {
        results.push_back(std::async(std::launch::async, [&, i] {
            DriverSession session(driver(), url());
            for (int k = 0; k < 20; ++k) session.execute("INSERT INTO shared VALUES (@p1)", {i});
            return session.rows("SELECT COUNT(*) AS n FROM shared WHERE n = @p1", {i});
        }));
    }
    for (auto& result : results) EXPECT_EQ(result.get(), R"([{"n":20}])");
}

}  // namespace
}  // namespace kdeps::testing
