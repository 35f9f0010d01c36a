// SPDX-License-Identifier: Apache-2.0
// The SQLite driver on real files and in memory.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <kdeps/cpp/row_builder.hpp>
#include <limits>
#include <thread>

#include "tests/integration/drivers/session.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

using columns::RowBuilder;
using columns::Type;
using namespace std::chrono_literals;

// Counts to a number that no machine reaches within a test.
constexpr std::string_view kEndless =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c";
constexpr std::string_view kMany =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT n, 'row ' || n AS t FROM "
    "c";

// Parameter sets as the host hands them on.
struct Sets {
    explicit Sets(RowBuilder built) : rows(std::move(built)), count(static_cast<std::size_t>(rows.rows())) {
        stream.private_data = this;
        stream.get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
            static_cast<Sets*>(self->private_data)->rows.schema(out);
            return 0;
        };
        stream.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
            auto* sets = static_cast<Sets*>(self->private_data);
            *out = {};
            if (!std::exchange(sets->is_given, true)) sets->rows.finish(out);
            return 0;
        };
        stream.get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
        stream.release = [](ArrowArrayStream* self) { self->release = nullptr; };
    }
    Sets(const Sets&) = delete;

    RowBuilder rows;
    std::size_t count;
    ArrowArrayStream stream{};
    bool is_given = false;
};

RowBuilder numbered(std::int64_t count) {
    RowBuilder rows({{"id", Type::int64}, {"name", Type::text}});
    for (std::int64_t i = 0; i < count; ++i) {
        rows[0].integer(i);
        rows[1].text("name " + std::to_string(i));
        rows.end_row();
    }
    return rows;
}

class SqliteDriverTest : public ::testing::Test {
protected:
    std::unique_ptr<DriverSession> open(std::string_view url, std::string_view pool = "pool") {
        return std::make_unique<DriverSession>(driver_, url, 60s, folder_.path(), pool);
    }
    std::string check_fault(std::string_view url) {
        const Failure failure = failure_of([&] { driver_.check(url); });
        EXPECT_EQ(failure.status, KDEPS_INVALID_ARGUMENT) << url;
        return failure.message;
    }

    TemporaryFolder folder_;
    LoadedDriver driver_{"sqlite"};
};

TEST_F(SqliteDriverTest, TellsWhatItIs) {
    EXPECT_EQ(std::string(driver_.table().name.data, driver_.table().name.size), "sqlite");
    EXPECT_EQ(open("sqlite://:memory:")->server().substr(0, 9), "SQLite 3.");
}

// ---- where the database is

TEST_F(SqliteDriverTest, FindsRelativePathsInTheFolder) {
    open("sqlite://./a.db")->execute("CREATE TABLE t (a)");
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "a.db"));
    EXPECT_EQ(open("sqlite3://a.db?mode=ro")->rows("SELECT name FROM sqlite_schema"), R"([{"name":"t"}])");
    EXPECT_EQ(
        open("sqlite://" + (folder_.path() / "a.db").native() + "?mode=rw")->rows("SELECT name FROM sqlite_schema"),
        R"([{"name":"t"}])");
}

TEST_F(SqliteDriverTest, TakesSignsInPaths) {
    open("sqlite://./odd%3Fname%20%25:x@y&z%23.db")->execute("CREATE TABLE t (a)");
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "odd?name %:x@y&z#.db"));
}

TEST_F(SqliteDriverTest, SharesAMemoryDatabaseInAPool) {
    for (const std::string_view url : {"sqlite://:memory:", "sqlite:///:memory:", "sqlite://x.db?mode=memory"}) {
        const std::string pool = std::string(url);
        {
            const auto first = open(url, pool);
            first->execute("CREATE TABLE t (a)");
            first->execute("INSERT INTO t VALUES (1)");
            EXPECT_EQ(open(url, pool)->rows("SELECT a FROM t"), R"([{"a":1}])");
        }
        EXPECT_EQ(open(url, pool)->rows("SELECT a FROM t"), R"([{"a":1}])") << "it outlives its connections";
        EXPECT_EQ(open(url, pool + "2")->rows("SELECT name FROM sqlite_schema"), "[]") << "another pool has its own";
    }
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x.db"));
}

TEST_F(SqliteDriverTest, SetsWhatTheOptionsTell) {
    const auto plain = open("sqlite://a.db");
    EXPECT_EQ(plain->rows("PRAGMA journal_mode"), R"([{"journal_mode":"wal"}])");
    EXPECT_EQ(plain->rows("PRAGMA synchronous"), R"([{"synchronous":1}])");
    EXPECT_EQ(plain->rows("PRAGMA foreign_keys"), R"([{"foreign_keys":1}])");
    const auto other =
        open("sqlite://b.db?journal_mode=DELETE&foreign_keys=off&page_size=8192&cache_size=-100&synchronous=extra");
    EXPECT_EQ(other->rows("PRAGMA journal_mode"), R"([{"journal_mode":"delete"}])");
    EXPECT_EQ(other->rows("PRAGMA foreign_keys"), R"([{"foreign_keys":0}])");
    EXPECT_EQ(other->rows("PRAGMA page_size"), R"([{"page_size":8192}])");
    EXPECT_EQ(other->rows("PRAGMA cache_size"), R"([{"cache_size":-100}])");
    EXPECT_EQ(other->rows("PRAGMA synchronous"), R"([{"synchronous":3}])");
    EXPECT_EQ(open("sqlite://c.db?journal_mode=delete")->rows("PRAGMA synchronous"), R"([{"synchronous":2}])");
}

TEST_F(SqliteDriverTest, FindsFaultsOfUrlsWithoutOpening) {
    driver_.check("sqlite://./no/such/folder/a.db?busy_timeout=0&mode=rw&cache=private&immutable=0");
    EXPECT_EQ(check_fault("sqlite://a.db?bussy_timeout=1"),
              "unknown option 'bussy_timeout' in the connection URL (did you mean 'busy_timeout'?); accepted: "
              "auto_vacuum, busy_timeout, cache, "
              "cache_size, case_sensitive_like, foreign_keys, immutable, journal_mode, journal_size_limit, "
              "locking_mode, mmap_size, mode, "
              "page_size, recursive_triggers, secure_delete, synchronous, temp_store, wal_autocheckpoint");
    EXPECT_EQ(
        check_fault("sqlite://a.db?mode=row"),
        "option 'mode' of the connection URL cannot be 'row' (did you mean 'ro'?); accepted: ro, rw, rwc, memory");
    EXPECT_EQ(check_fault("sqlite://a.db?busy_timeout=5s"),
              "option 'busy_timeout' of the connection URL must be a whole number between 0 and 2147483647, not '5s'");
    EXPECT_EQ(check_fault("sqlite://a.db?mode=ro&mode=rw"), "the connection URL gives 'mode' twice");
    EXPECT_EQ(check_fault("sqlite://"),
              "the connection URL names no file; write sqlite://./file.db (beside the workflow), "
              "sqlite:///folder/file.db or sqlite://:memory:");
    EXPECT_EQ(check_fault("sqlite:a.db"),
              "the connection URL must look like sqlite://./file.db, sqlite:///folder/file.db or sqlite://:memory:");
    EXPECT_EQ(check_fault("sqlite:///folder/"),
              "the path of the connection URL names a folder; add the name of the file");
    EXPECT_EQ(check_fault("sqlite://a%00b"), "the path of the connection URL holds a zero byte (%00)");
    EXPECT_EQ(check_fault("sqlite://:memory:?mode=ro"),
              "a database in memory begins empty, so it cannot be read-only; remove mode=ro or immutable");
    EXPECT_EQ(check_fault("sqlite://:memory:?journal_mode=wal"),
              "option 'journal_mode' of the connection URL cannot be 'wal' for a database in memory; remove it");
    EXPECT_EQ(
        check_fault("sqlite://a.db?mode=ro&journal_mode=wal"),
        "option 'journal_mode' of the connection URL has no effect on a database that is opened read-only; remove it");
}

TEST_F(SqliteDriverTest, SaysWhyAFileCannotBeOpened) {
    std::filesystem::create_directory(folder_.path() / "inner");
    const auto fault = [&](std::string_view url) {
        const Failure failure = failure_of([&] { open(url); });
        EXPECT_EQ(failure.status, KDEPS_UNAVAILABLE);
        EXPECT_EQ(failure.sqlstate, "08001");
        return failure.message;
    };
    EXPECT_EQ(
        fault("sqlite://./data/a.db"),
        "cannot open the database file 'a.db': its folder './data' does not exist; create the folder or mend the path");
    EXPECT_EQ(fault("sqlite://inner"),
              "cannot open the database file 'inner': it is a folder; add the name of the file");
    EXPECT_EQ(
        fault("sqlite://none.db?mode=rw"),
        "cannot open the database file 'none.db': the file does not exist, and mode=ro and mode=rw do not create it");
    EXPECT_EQ(
        fault("sqlite://none.db?mode=ro"),
        "cannot open the database file 'none.db': the file does not exist, and mode=ro and mode=rw do not create it");
}

TEST_F(SqliteDriverTest, RefusesWhatIsNoDatabase) {
    folder_.write("a.db", std::string(5000, 'x'));
    const Failure failure = failure_of([&] { open("sqlite://a.db"); });
    EXPECT_EQ(failure.status, KDEPS_BAD_DATA);
    EXPECT_EQ(failure.message, "cannot open the database: file is not a database");
}

TEST_F(SqliteDriverTest, PingNoticesThatTheFileIsGone) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->ping();
    std::filesystem::rename(folder_.path() / "a.db", folder_.path() / "b.db");
    const Failure failure = failure_of([&] { session->ping(); });
    EXPECT_EQ(failure.status, KDEPS_UNAVAILABLE);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(failure.retry, KDEPS_RETRY_FRESH);
    EXPECT_EQ(failure.message, "the database file was moved or deleted");
    open("sqlite://:memory:")->ping();
}

// ---- values

TEST_F(SqliteDriverTest, ReadsEveryStorageClass) {
    const auto session = open("sqlite://:memory:");
    const auto one = [&](std::string_view expression) {
        const Answer answer = session->execute("SELECT " + std::string(expression) + " AS v");
        return answer.formats.at(0) + " " + answer.rows;
    };
    EXPECT_EQ(one("NULL"), R"(n [{"v":null}])");
    EXPECT_EQ(one("9223372036854775807"), R"(l [{"v":9223372036854775807}])");
    EXPECT_EQ(one("-9223372036854775807 - 1"), R"(l [{"v":-9223372036854775808}])");
    EXPECT_EQ(one("0.1"), R"(g [{"v":0.1}])");
    EXPECT_EQ(one("1.7976931348623157e308"), R"(g [{"v":1.7976931348623157e+308}])");
    EXPECT_EQ(one("5e-324"), R"(g [{"v":5e-324}])");
    EXPECT_EQ(one("9e999"), R"(g [{"v":null}])");
    EXPECT_EQ(one("'h\u00e9\U0001F600'"), "u [{\"v\":\"h\u00e9\U0001F600\"}]");
    EXPECT_EQ(one("''"), R"(u [{"v":""}])");
    EXPECT_EQ(one("'a' || char(0) || 'b'"), R"(u [{"v":"a\u0000b"}])");
    EXPECT_EQ(one("CAST(x'ff' AS TEXT)"), "u [{\"v\":\"\uFFFD\"}]");
    EXPECT_EQ(one("x''"), R"(z [{"v":""}])");
    EXPECT_EQ(one("x'00ff'"), R"(z [{"v":"AP8="}])");
    EXPECT_EQ(one("1 = 1"), R"(l [{"v":1}])");
}

TEST_F(SqliteDriverTest, ReadsColumnsByTheirDeclaration) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (b BOOLEAN, bo bool, j JSON, d DATE, ts DATETIME, n DECIMAL(10,2), x)");
    session->execute("INSERT INTO t VALUES (1, 0, '{\"a\": [1]}', '2024-01-15', '2024-01-15 10:00:00', 19.99, 'x')");
    session->execute("INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL)");
    const Answer plain = session->execute("SELECT * FROM t");
    EXPECT_EQ(plain.rows,
              R"([{"b":true,"bo":false,"j":{"a": [1]},"d":"2024-01-15","ts":"2024-01-15 10:00:00","n":19.99,"x":"x"},)"
              R"({"b":null,"bo":null,"j":null,"d":null,"ts":null,"n":null,"x":null}])");
    EXPECT_EQ(plain.formats, (std::vector<std::string>{"b", "b", "u", "u", "u", "g", "u"}));

    session->execute("INSERT INTO t VALUES (2, 'yes', '{broken', 20240115, 1.5, '123456789012.25', x'01')");
    EXPECT_EQ(session->rows("SELECT * FROM t WHERE b = 2"),
              R"([{"b":2,"bo":"yes","j":"{broken","d":20240115,"ts":1.5,"n":123456789012.25,"x":"AQ=="}])");
    EXPECT_EQ(
        session->rows("SELECT b, bo, j, x FROM t"),
        R"([{"b":true,"bo":false,"j":{"a": [1]},"x":"x"},{"b":null,"bo":null,"j":null,"x":null},{"b":2,"bo":"yes","j":"{broken","x":"AQ=="}])");
}

TEST_F(SqliteDriverTest, TakesOnlyJsonForJson) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (j JSON)");
    const auto stored = [&](std::string_view json) {
        session->execute("DELETE FROM t");
        session->execute("INSERT INTO t VALUES (?)", {Cell(KDEPS_STRING, std::string(json))});
        return session->rows("SELECT j FROM t");
    };
    for (const std::string_view good :
         {"{}", "[]", "null", "true", " [1, -2.5e3, \"a\\u00e9\\n\"] ", R"({"a":{"b":[false]}})", "\"\u00e9\""}) {
        EXPECT_EQ(stored(good), "[{\"j\":" + std::string(good) + "}]");
    }
    EXPECT_EQ(stored("0.10"), R"([{"j":0.1}])") << "a column declared JSON has numeric affinity";
    for (const std::string_view bad : {"", "{", "[1,]", "{\"a\"}", "{a:1}", "tru", "01a", "\"\\x\"", "\"\\u12g4\"",
                                       "[1] 2", "\"\t\"", "'a'", "[\"\xff\"]", "-"}) {
        EXPECT_TRUE(stored(bad).starts_with("[{\"j\":\"")) << bad;
    }
    EXPECT_TRUE(stored(std::string(400, '[') + std::string(400, ']')).starts_with("[{\"j\":[["));
    EXPECT_TRUE(stored(std::string(100'000, '[')).starts_with("[{\"j\":\"[["));
}

TEST_F(SqliteDriverTest, BindsEveryKind) {
    const auto session = open("sqlite://:memory:");
    const auto bound = [&](const Cell& cell) { return session->rows("SELECT typeof(?1) AS t, ?1 AS v", {cell}); };
    using namespace std::string_literals;
    EXPECT_EQ(bound(nullptr), R"([{"t":"null","v":null}])");
    EXPECT_EQ(bound(true), R"([{"t":"integer","v":1}])");
    EXPECT_EQ(bound(std::numeric_limits<std::int64_t>::min()), R"([{"t":"integer","v":-9223372036854775808}])");
    EXPECT_EQ(bound(0.1), R"([{"t":"real","v":0.1}])");
    EXPECT_EQ(bound(std::numeric_limits<double>::quiet_NaN()), R"([{"t":"null","v":null}])");
    EXPECT_EQ(bound(""), R"([{"t":"text","v":""}])");
    EXPECT_EQ(bound(Cell(KDEPS_STRING, "a\0b\u00e9"s)), "[{\"t\":\"text\",\"v\":\"a\\u0000b\u00e9\"}]");
    EXPECT_EQ(bound(bytes("")), R"([{"t":"blob","v":""}])");
    EXPECT_EQ(bound(bytes("\x00\xff"s)), R"([{"t":"blob","v":"AP8="}])");
    EXPECT_EQ(bound(decimal("42")), R"([{"t":"integer","v":42}])");
    EXPECT_EQ(bound(decimal("19.99")), R"([{"t":"real","v":19.99}])");
    EXPECT_EQ(bound(decimal("-1e400")), R"([{"t":"text","v":"-1e400"}])");
    EXPECT_EQ(bound(decimal("18446744073709551615")), R"([{"t":"text","v":"18446744073709551615"}])");
    EXPECT_EQ(bound(decimal("1234567890.1234567890")), R"([{"t":"text","v":"1234567890.1234567890"}])");
}

TEST_F(SqliteDriverTest, LetsAffinityConvertParameters) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (i INTEGER, r REAL, s TEXT, n NUMERIC)");
    session->execute("INSERT INTO t VALUES (?, ?, ?, ?)", {"5", 2, 7, decimal("20.00")});
    EXPECT_EQ(session->rows("SELECT * FROM t WHERE i = ? AND r = ? AND s = ?", {"5", "2", 7}),
              R"([{"i":5,"r":2,"s":"7","n":20}])");
    EXPECT_EQ(session->rows("SELECT i FROM t LIMIT ?", {"1"}), R"([{"i":5}])");
}

TEST_F(SqliteDriverTest, KeepsColumnNamesAndOrder) {
    const auto session = open("sqlite://:memory:");
    EXPECT_EQ(session->rows("SELECT 2 AS b, 1 AS \"A b\", 3 AS [c]"), R"([{"b":2,"A b":1,"c":3}])");
    EXPECT_EQ(session->rows("SELECT 1 AS a WHERE 0"), "[]");
    EXPECT_EQ(session->describe("SELECT ? AS p"), "1 n -> p n");
    session->execute("CREATE TABLE t (i INTEGER, b BOOLEAN, s VARCHAR(9), r DOUBLE, z BLOB, n NUMERIC)");
    EXPECT_EQ(session->describe("SELECT * FROM t"), " -> i l, b b, s u, r g, z z, n n");
}

TEST_F(SqliteDriverTest, SeesColumnsThatWereAddedAfterPrepare) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->execute("INSERT INTO t VALUES (1)");
    EXPECT_EQ(session->rows("SELECT * FROM t"), R"([{"a":1}])");
    open("sqlite://a.db")->execute("ALTER TABLE t ADD COLUMN b DEFAULT 2");
    EXPECT_EQ(session->rows("SELECT * FROM t"), R"([{"a":1,"b":2}])");
}

// ---- results and outcomes

TEST_F(SqliteDriverTest, StreamsLongResultsInBatchesOfOneSchema) {
    const auto session = open("sqlite://:memory:");
    const Answer answer = session->execute(kMany);
    EXPECT_EQ(answer.formats, (std::vector<std::string>{"+ud:0,1,2,3,4", "+ud:0,1,2,3,4"}));
    EXPECT_TRUE(answer.rows.starts_with(R"([{"n":1,"t":"row 1"},)"));
    EXPECT_TRUE(answer.rows.ends_with(R"({"n":100000,"t":"row 100000"}])"));
    EXPECT_EQ(session->read_some(kMany, 2).size(), 2U);
    EXPECT_LE(session->read_some(kMany, 2)[1], 4096);
    EXPECT_EQ(session->read_some("SELECT 1", 5), (std::vector<std::int64_t>{1}));
}

TEST_F(SqliteDriverTest, MixesTypesAfterTheFirstRows) {
    const auto session = open("sqlite://:memory:");
    const std::string rows = session->rows(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT CASE WHEN n < 4999 THEN "
        "n WHEN n < 5000 "
        "THEN 'text' ELSE x'01' END AS v FROM c");
    EXPECT_TRUE(rows.ends_with(R"({"v":4998},{"v":"text"},{"v":"AQ=="}])"));
}

TEST_F(SqliteDriverTest, StopsReadingWhenTheStreamIsReleased) {
    const auto session = open("sqlite://a.db");
    // Were it read to its end, this would not return.
    EXPECT_EQ(
        session->read_some("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c", 3).size(),
        3U);
    session->execute("CREATE TABLE t (a)");
    EXPECT_EQ(session->execute("INSERT INTO t VALUES (1)").rows_affected, 1);
    session->begin();
    session->commit();
}

TEST_F(SqliteDriverTest, LimitsBatchesOfLargeRows) {
    const auto session = open("sqlite://:memory:");
    const auto batches = session->read_some(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100) SELECT zeroblob(100000) FROM c",
        100);
    EXPECT_GT(batches.size(), 8U);
    EXPECT_LE(batches[0], 12);
}

TEST_F(SqliteDriverTest, CountsRowsAndIds) {
    const auto session = open("sqlite://:memory:");
    const auto outcome = [&](std::string_view sql) {
        const Answer answer = session->execute(sql);
        EXPECT_EQ(answer.rows, "") << sql;
        return std::pair(answer.rows_affected, answer.last_insert_id);
    };
    using Pair = std::pair<std::int64_t, std::int64_t>;
    EXPECT_EQ(outcome("CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE)"), Pair(0, -1));
    EXPECT_EQ(outcome("INSERT INTO t (a) VALUES (1), (2), (3)"), Pair(3, 3));
    EXPECT_EQ(outcome("CREATE TABLE log (a)"), Pair(0, -1));
    EXPECT_EQ(outcome("CREATE TABLE copy AS SELECT * FROM t"), Pair(0, -1));
    EXPECT_EQ(outcome("UPDATE t SET a = a + 10"), Pair(3, -1));
    EXPECT_EQ(outcome("UPDATE t SET a = 0 WHERE 0"), Pair(0, -1));
    EXPECT_EQ(outcome("CREATE INDEX i ON t (a)"), Pair(0, -1));
    EXPECT_EQ(outcome("INSERT INTO log VALUES (1)"), Pair(1, 1));
    EXPECT_EQ(outcome("INSERT OR IGNORE INTO t (a) VALUES (11)"), Pair(0, -1));
    EXPECT_EQ(outcome("INSERT INTO t (a) VALUES (11) ON CONFLICT (a) DO UPDATE SET a = 99"), Pair(1, -1));
    EXPECT_EQ(outcome("REPLACE INTO t (id, a) VALUES (2, 5)"), Pair(1, 2));
    EXPECT_EQ(outcome("WITH x(v) AS (VALUES (50)) INSERT INTO t (a) SELECT v FROM x"), Pair(1, 4));
    EXPECT_EQ(outcome("CREATE TRIGGER g AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (1), (2); END"), Pair(0, -1));
    EXPECT_EQ(outcome("UPDATE t SET a = 51 WHERE a = 50"), Pair(1, -1));
    EXPECT_EQ(outcome("DELETE FROM t WHERE a = 51"), Pair(1, -1));
    EXPECT_EQ(outcome("DELETE FROM log"), Pair(3, -1));
    EXPECT_EQ(outcome("DROP TABLE t"), Pair(0, -1));
    EXPECT_EQ(session->rows("SELECT last_insert_rowid() AS id"), R"([{"id":4}])");
}

TEST_F(SqliteDriverTest, WritesAllRowsOfReturningEvenIfNobodyReadsThem) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    EXPECT_EQ(session
                  ->read_some("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9000) "
                              "INSERT INTO t SELECT n FROM c RETURNING a",
                              0)
                  .size(),
              0U);
    EXPECT_EQ(open("sqlite://a.db")->rows("SELECT count(*) AS n FROM t"), R"([{"n":9000}])");
    EXPECT_EQ(session->rows("INSERT INTO t VALUES (1), (2) RETURNING a AS x"), R"([{"x":1},{"x":2}])");
}

// ---- batches

TEST_F(SqliteDriverTest, RunsABatchInOneCommit) {
    const auto session = open("sqlite://a.db?wal_autocheckpoint=0");
    session->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    const auto other = open("sqlite://a.db?wal_autocheckpoint=0");
    Sets sets(numbered(20'000));
    const Answer answer = session->batch("INSERT INTO t VALUES (?, ?)", &sets.stream, sets.count);
    EXPECT_EQ(sets.stream.release, nullptr);
    EXPECT_EQ(answer.affected, std::vector<std::int64_t>(20'000, 1));
    EXPECT_EQ(other->rows("SELECT count(*) AS n, max(name) AS m FROM t"), R"([{"n":20000,"m":"name 9999"}])");
    // Nothing is taken out of the log: each commit adds a page of 4 KiB at least, which would be 80 MB.
    EXPECT_LT(std::filesystem::file_size(folder_.path() / "a.db-wal"), 4U << 20U);
    Sets again(numbered(3));
    const Answer update =
        session->batch("UPDATE t SET id = id + 30000 WHERE id % 7 = ? AND name <> ?", &again.stream, again.count);
    EXPECT_EQ(update.affected.size(), 3U);
    EXPECT_GT(update.affected[2], 2000);
}

TEST_F(SqliteDriverTest, NamesTheFailingSetAndKeepsNothingOfTheBatch) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    session->execute("INSERT INTO t VALUES (123, 'there')");
    Sets sets(numbered(1000));
    const Failure failure =
        failure_of([&] { session->batch("INSERT INTO t VALUES (?, ?)", &sets.stream, sets.count); });
    EXPECT_EQ(failure.batch_set, 123);
    EXPECT_EQ(failure.status, KDEPS_CONFLICT);
    EXPECT_EQ(failure.sqlstate, "23505");
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
    EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":1}])");
}

TEST_F(SqliteDriverTest, LeavesTheCallersTransactionToTheCaller) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    session->begin();
    Sets sets(numbered(10));
    session->batch("INSERT INTO t VALUES (?, ?)", &sets.stream, sets.count);
    Sets again(numbered(10));
    EXPECT_EQ(failure_of([&] { session->batch("INSERT INTO t VALUES (?, ?)", &again.stream, again.count); }).batch_set,
              0);
    EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":10}])");
    session->rollback();
    EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
}

TEST_F(SqliteDriverTest, TakesVariantsAndGivesReturnedRowsOfAllSets) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (a)");
    RowBuilder rows({{"v", Type::variant}});
    rows[0].integer(1);
    rows.end_row();
    rows[0].text("two");
    rows.end_row();
    rows[0].null();
    rows.end_row();
    rows[0].number(0.5);
    rows.end_row();
    rows[0].variant(Type::decimal).text("12345678901234567890");
    rows.end_row();
    Sets sets(std::move(rows));
    const Answer answer = session->batch("INSERT INTO t VALUES (?) RETURNING a", &sets.stream, sets.count);
    EXPECT_EQ(answer.rows, R"([{"a":1},{"a":"two"},{"a":null},{"a":0.5},{"a":"12345678901234567890"}])");
    EXPECT_EQ(answer.affected, std::vector<std::int64_t>(5, 1));
}

TEST_F(SqliteDriverTest, TakesAnEmptyBatch) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    Sets sets(numbered(0));
    EXPECT_EQ(session->batch("INSERT INTO t VALUES (?, ?) RETURNING id", &sets.stream, 0).rows, "[]");
}

// ---- transactions

TEST_F(SqliteDriverTest, CommitsAndRollsBack) {
    const auto session = open("sqlite://a.db");
    const auto other = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    for (const std::uint32_t isolation :
         {KDEPS_ISOLATION_DEFAULT, KDEPS_ISOLATION_READ_COMMITTED, KDEPS_ISOLATION_SERIALIZABLE}) {
        session->begin(isolation);
        session->execute("INSERT INTO t VALUES (1)");
        session->rollback();
        session->rollback();  // once more does no harm
    }
    EXPECT_EQ(other->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
    session->begin();
    session->execute("INSERT INTO t VALUES (1)");
    EXPECT_EQ(other->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
    session->commit();
    EXPECT_EQ(other->rows("SELECT count(*) AS n FROM t"), R"([{"n":1}])");
}

TEST_F(SqliteDriverTest, RefusesToWriteInAReadOnlyTransaction) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    for (int i = 0; i < 2; ++i) {
        session->begin(KDEPS_ISOLATION_DEFAULT, true);
        const Failure failure = failure_of([&] { session->execute("INSERT INTO t VALUES (1)"); });
        EXPECT_EQ(failure.status, KDEPS_FORBIDDEN);
        EXPECT_EQ(failure.sqlstate, "25006");
        i == 0 ? session->commit() : session->reset();
        EXPECT_EQ(session->execute("INSERT INTO t VALUES (1)").rows_affected, 1);
    }
    const auto reader = open("sqlite://a.db?mode=ro");
    reader->begin();
    EXPECT_EQ(failure_of([&] { reader->execute("DELETE FROM t"); }).status, KDEPS_FORBIDDEN);
    reader->rollback();
}

TEST_F(SqliteDriverTest, WaitsForALockUntilTheBusyTimeout) {
    for (const std::string url : {"sqlite://a.db?busy_timeout=50", "sqlite://:memory:?busy_timeout=50"}) {
        const auto writer = open(url);
        writer->execute("CREATE TABLE t (a)");
        writer->begin();
        writer->execute("INSERT INTO t VALUES (1)");
        const auto other = open(url);
        const Failure failure = failure_of([&] { other->execute("INSERT INTO t VALUES (2)"); });
        EXPECT_EQ(failure.status, KDEPS_UNAVAILABLE) << failure.message;
        EXPECT_EQ(failure.sqlstate, "55P03");
        EXPECT_EQ(failure.retry, KDEPS_RETRY_SAME);
        EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE);
        EXPECT_EQ(failure.message.substr(failure.message.find(": ") + 2),
                  "the database is locked by another connection, waited 0.1 s");
        writer->commit();
        EXPECT_EQ(other->execute("INSERT INTO t VALUES (2)").rows_affected, 1);
    }
}

TEST_F(SqliteDriverTest, GetsTheLockAsSoonAsItIsFree) {
    const auto writer = open("sqlite://a.db");
    writer->execute("CREATE TABLE t (a)");
    writer->begin();
    writer->execute("INSERT INTO t VALUES (1)");
    std::atomic<bool> is_started{false};
    std::thread waiting([&] {
        const auto other = open("sqlite://a.db");
        is_started = true;
        is_started.notify_all();
        EXPECT_EQ(other->execute("INSERT INTO t VALUES (2)").rows_affected, 1);
    });
    is_started.wait(false);
    writer->commit();
    waiting.join();
}

TEST_F(SqliteDriverTest, TellsASnapshotThatIsTooOldFromALock) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->execute("BEGIN");
    session->rows("SELECT * FROM t");
    open("sqlite://a.db")->execute("INSERT INTO t VALUES (1)");
    const Failure failure = failure_of([&] { session->execute("INSERT INTO t VALUES (2)"); });
    EXPECT_EQ(failure.status, KDEPS_CONFLICT);
    EXPECT_EQ(failure.sqlstate, "40001");
    EXPECT_EQ(failure.retry, KDEPS_RETRY_SAME);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_TRANSACTION);
    session->reset();
    EXPECT_EQ(session->execute("INSERT INTO t VALUES (2)").rows_affected, 1);
}

// ---- limits

TEST_F(SqliteDriverTest, EndsAtTheDeadline) {
    const auto session = open("sqlite://:memory:");
    session->set_limit(100ms);
    const auto began = std::chrono::steady_clock::now();
    const Failure failure = failure_of([&] { session->execute(kEndless); });
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s * kPatience);
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.sqlstate, "57014");
    EXPECT_EQ(failure.message, "the statement failed: it was stopped at its time limit");
    session->set_limit(60s);
    EXPECT_EQ(session->rows("SELECT 1 AS a"), R"([{"a":1}])");
}

TEST_F(SqliteDriverTest, EndsALockedWaitAtTheDeadline) {
    const auto writer = open("sqlite://a.db");
    writer->execute("CREATE TABLE t (a)");
    writer->begin();
    const auto other = open("sqlite://a.db?busy_timeout=60000");
    other->set_limit(100ms);
    const auto began = std::chrono::steady_clock::now();
    const Failure failure = failure_of([&] { other->execute("INSERT INTO t VALUES (2)"); });
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s * kPatience);
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.message,
              "the statement failed: it was stopped at its time limit while it waited for another connection, which "
              "has locked the database");
}

TEST_F(SqliteDriverTest, EndsWhenCancelled) {
    const auto session = open("sqlite://:memory:");
    session->cancel();  // nothing runs: harmless
    EXPECT_EQ(session->rows("SELECT 1 AS a"), R"([{"a":1}])");
    std::atomic<bool> is_over{false};
    std::thread canceller([&] {
        while (!is_over) {
            session->cancel();
            std::this_thread::yield();
        }
    });
    const Failure failure = failure_of([&] { session->execute(kEndless); });
    is_over = true;
    canceller.join();
    EXPECT_EQ(failure.status, KDEPS_CANCELLED);
    EXPECT_EQ(failure.message.substr(failure.message.find(": ") + 2), "it was stopped because the run was cancelled");
    EXPECT_EQ(session->rows("SELECT 1 AS a"), R"([{"a":1}])");
}

TEST_F(SqliteDriverTest, SaysThatAnInterruptedWriteLostItsTransaction) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->begin();
    session->set_limit(100ms);
    const Failure failure = failure_of([&] {
        session->execute(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) INSERT INTO t SELECT n FROM c");
    });
    session->set_limit(60s);
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_TRANSACTION);
    session->rollback();
    EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
}

TEST_F(SqliteDriverTest, EndsABatchAtTheDeadline) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (a, b)");
    session->set_limit(50ms);
    Sets sets(numbered(3'000'000));
    const Failure failure =
        failure_of([&] { session->batch("INSERT INTO t VALUES (?, ?)", &sets.stream, sets.count); });
    EXPECT_EQ(failure.status, KDEPS_TIMEOUT);
    session->set_limit(60s);
    EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
}

// ---- errors

struct ErrorCase {
    std::string_view sql;
    kdeps_status status;
    std::string_view sqlstate;
    std::string_view message;
};

TEST_F(SqliteDriverTest, MapsErrors) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
    session->execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, n NOT NULL, c CHECK (c > 0), p REFERENCES parent)");
    session->execute("CREATE TABLE s (i INTEGER) STRICT");
    session->execute("CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'rows of t stay'); END");
    session->execute("INSERT INTO t VALUES (1, 1, 1, 1, NULL)");
    const std::vector<ErrorCase> cases{
        {"INSERT INTO t VALUES (1, 2, 2, 2, NULL)", KDEPS_CONFLICT, "23505",
         "the statement failed: UNIQUE constraint failed: t.id"},
        {"INSERT INTO t VALUES (2, 1, 2, 2, NULL)", KDEPS_CONFLICT, "23505",
         "the statement failed: UNIQUE constraint failed: t.u"},
        {"INSERT INTO t VALUES (2, 2, NULL, 2, NULL)", KDEPS_CONSTRAINT, "23502",
         "the statement failed: NOT NULL constraint failed: t.n"},
        {"INSERT INTO t VALUES (2, 2, 2, 0, NULL)", KDEPS_CONSTRAINT, "23514",
         "the statement failed: CHECK constraint failed: c > 0"},
        {"INSERT INTO t VALUES (2, 2, 2, 2, 9)", KDEPS_CONSTRAINT, "23503",
         "the statement failed: FOREIGN KEY constraint failed"},
        {"DELETE FROM t", KDEPS_CONSTRAINT, "23000", "the statement failed: rows of t stay"},
        {"INSERT INTO s VALUES ('x')", KDEPS_BAD_DATA, "22018",
         "the statement failed: cannot store TEXT value in INTEGER column s.i"},
        {"INSERT INTO t (id) VALUES ('x')", KDEPS_BAD_DATA, "22018", "the statement failed: datatype mismatch"},
        {"SELECT abs(-9223372036854775807 - 1)", KDEPS_BAD_DATA, "22003", "the statement failed: integer overflow"},
        {"SELECT json_extract('secret', '$')", KDEPS_BAD_DATA, "22032", "the statement failed: malformed JSON"},
        {"SELECT json_extract('{}', 'secret')", KDEPS_BAD_DATA, "22033", "the statement failed: malformed JSON path"},
        {"SELECT zeroblob(2000000000)", KDEPS_BAD_DATA, "54000", "the statement failed: string or blob too big"},
        {"SELEC 1", KDEPS_INVALID_ARGUMENT, "42601", "the statement cannot be prepared: near \"SELEC\": syntax error"},
        {"SELECT 1 'a' 'secret'", KDEPS_INVALID_ARGUMENT, "42601",
         "the statement cannot be prepared: syntax error near a text"},
        {"SELECT 'secret", KDEPS_INVALID_ARGUMENT, "42601", "the statement cannot be prepared: unrecognized token"},
        {"SELECT (1", KDEPS_INVALID_ARGUMENT, "42601", "the statement cannot be prepared: incomplete input"},
        {"SELECT * FROM none", KDEPS_INVALID_ARGUMENT, "42P01",
         "the statement cannot be prepared: no such table: none"},
        {"SELECT none FROM t", KDEPS_INVALID_ARGUMENT, "42703",
         "the statement cannot be prepared: no such column: none"},
        {"INSERT INTO t (none) VALUES (1)", KDEPS_INVALID_ARGUMENT, "42703",
         "the statement cannot be prepared: table t has no column named none"},
        {"INSERT INTO t VALUES (1)", KDEPS_INVALID_ARGUMENT, "42601",
         "the statement cannot be prepared: table t has 5 columns but 1 values were supplied"},
        {"SELECT none()", KDEPS_INVALID_ARGUMENT, "42883", "the statement cannot be prepared: no such function: none"},
        {"CREATE TABLE t (a)", KDEPS_ALREADY_EXISTS, "42P07",
         "the statement cannot be prepared: table t already exists"},
        {"COMMIT", KDEPS_INVALID_STATE, "25P01", "the statement failed: cannot commit - no transaction is active"},
        {"", KDEPS_INVALID_ARGUMENT, "42601", "the statement is empty"},
        {" -- nothing\n", KDEPS_INVALID_ARGUMENT, "42601", "the statement is empty"},
        {"SELECT 1; SELECT 2", KDEPS_INVALID_ARGUMENT, "42601",
         "the text holds more than one statement; write them as a list of queries"},
        {"SELECT ?", KDEPS_INVALID_ARGUMENT, "07001", "the statement has 1 placeholders, but got 0 values"},
    };
    for (const ErrorCase& expected : cases) {
        const Failure failure = failure_of([&] { session->execute(expected.sql); });
        EXPECT_EQ(failure.status, expected.status) << expected.sql;
        EXPECT_EQ(failure.sqlstate, expected.sqlstate) << expected.sql;
        EXPECT_EQ(failure.message, expected.message) << expected.sql;
        EXPECT_EQ(failure.damage, KDEPS_DAMAGE_NONE) << expected.sql;
    }
    EXPECT_EQ(session->rows("SELECT 1 AS a; -- and a comment\n ;"), R"([{"a":1}])");
}

TEST_F(SqliteDriverTest, RunsOutOfRoom) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->rows("PRAGMA max_page_count = 10");
    const Failure failure = failure_of([&] { session->execute("INSERT INTO t VALUES (zeroblob(100000))"); });
    EXPECT_EQ(failure.status, KDEPS_EXHAUSTED);
    EXPECT_EQ(failure.sqlstate, "53100");
    EXPECT_EQ(failure.message, "the statement failed: database or disk is full");
}

TEST_F(SqliteDriverTest, ReportsADamagedFile) {
    {
        const auto session = open("sqlite://a.db?journal_mode=delete");
        session->execute("CREATE TABLE t (a)");
        session->execute("INSERT INTO t VALUES (zeroblob(20000))");
    }
    std::fstream file(folder_.path() / "a.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(4096, 'x');
    file.close();
    const auto session = open("sqlite://a.db?mode=ro");
    const Failure failure = failure_of([&] { session->rows("SELECT * FROM t"); });
    EXPECT_EQ(failure.status, KDEPS_BAD_DATA);
    EXPECT_EQ(failure.sqlstate, "XX001");
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_CONNECTION);
}

TEST_F(SqliteDriverTest, ServesSeveralThreads) {
    open("sqlite://a.db")->execute("CREATE TABLE t (a)");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            const auto session = open("sqlite://a.db");
            for (int n = 0; n < 25; ++n) {
                session->execute("INSERT INTO t VALUES (?)", {n});
                session->rows("SELECT count(*) FROM t");
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(open("sqlite://a.db")->rows("SELECT count(*) AS n FROM t"), R"([{"n":100}])");
}

}  // namespace
}  // namespace kdeps::testing
