// SPDX-License-Identifier: Apache-2.0
// What the SQLite driver tells of a connection, and what a reset takes back.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <kdeps/cpp/row_builder.hpp>
#include <random>

#include "tests/integration/drivers/session.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNine =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9000) INSERT INTO t SELECT n FROM c "
    "RETURNING a";

class SqliteSessionTest : public ::testing::Test {
protected:
    std::unique_ptr<DriverSession> open(std::string_view url, std::string_view pool = "pool") {
        return std::make_unique<DriverSession>(driver_, url, 60s, folder_.path(), pool);
    }

    TemporaryFolder folder_;
    LoadedDriver driver_{"sqlite"};
};

// ---- what it tells

TEST_F(SqliteSessionTest, TellsItsTransaction) {
    const auto session = open("sqlite://a.db");
    EXPECT_EQ(session->state(), "none untouched unknown");
    session->execute("CREATE TABLE t (a)");
    EXPECT_EQ(session->state(), "none untouched answered");
    session->begin();
    EXPECT_EQ(session->state(), "open untouched answered");
    session->execute("COMMIT");
    EXPECT_EQ(session->state(), "none untouched answered");
    session->execute("BEGIN");
    EXPECT_EQ(session->state(), "other untouched answered") << "not the one that begin() began";
    EXPECT_EQ(failure_of([&] { session->commit(); }).message,
              "the transaction has ended before its commit: a statement of it committed it or rolled it back");
    session->rollback();
    EXPECT_EQ(session->state(), "none untouched unsent");
    session->execute("SAVEPOINT a");
    EXPECT_EQ(session->state(), "open untouched answered") << "one that a statement opened";
    session->execute("RELEASE a");
    EXPECT_EQ(session->state(), "none untouched answered");
}

TEST_F(SqliteSessionTest, TellsThatAFailureEndedTheTransaction) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a UNIQUE)");
    session->begin();
    session->execute("INSERT INTO t VALUES (1)");
    const Failure failure = failure_of([&] { session->execute("INSERT OR ROLLBACK INTO t VALUES (1)"); });
    EXPECT_EQ(failure.damage, KDEPS_DAMAGE_TRANSACTION);
    EXPECT_EQ(session->state().substr(0, 4), "none");
    session->execute("INSERT INTO t VALUES (2)");
    session->execute("SAVEPOINT a");
    EXPECT_EQ(session->state().substr(0, 5), "other");
    EXPECT_EQ(failure_of([&] { session->commit(); }).status, KDEPS_INVALID_STATE);
    session->rollback();
}

TEST_F(SqliteSessionTest, TellsHowFarTheLastCommandCame) {
    const auto session = open("sqlite://a.db");
    const auto exchange = [&] { return session->state().substr(session->state().rfind(' ') + 1); };
    session->execute("CREATE TABLE t (a UNIQUE)");
    EXPECT_EQ(exchange(), "answered");
    failure_of([&] { session->execute("INSERT INTO t VALUES (?)"); });
    EXPECT_EQ(exchange(), "unsent");
    session->execute("INSERT INTO t VALUES (1)");
    failure_of([&] { session->execute("INSERT INTO t VALUES (1)"); });
    EXPECT_EQ(exchange(), "refused");
    session->read_some("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c", 1);
    EXPECT_EQ(exchange(), "sent");
    session->execute("DELETE FROM t");
    session->read_some(kNine, 1);
    EXPECT_EQ(exchange(), "answered") << "a write is run to its end";
    failure_of([&] { session->batch("INSERT INTO t VALUES (?)", {{10001}, {10001}}); });
    EXPECT_EQ(exchange(), "refused");
    session->batch("INSERT INTO t VALUES (?)", {{10001}, {10002}});
    EXPECT_EQ(exchange(), "answered");
    session->begin();
    session->commit();
    EXPECT_EQ(exchange(), "answered");
}

TEST_F(SqliteSessionTest, TellsWhatAStatementCanDo) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->execute("CREATE INDEX i ON t (a)");
    session->execute("CREATE VIEW v AS SELECT a FROM t");
    for (const std::string_view sql :
         {"SELECT 1", "SELECT * FROM v", "WITH x AS (SELECT a FROM t) SELECT count(*) FROM x", "VALUES (1)",
          "EXPLAIN QUERY PLAN SELECT * FROM t", "PRAGMA table_info(t)", "PRAGMA foreign_keys",
          "SELECT * FROM pragma_table_info('t')", "SELECT upper('a'), json('[]')"}) {
        EXPECT_EQ(session->effects(sql), KDEPS_EFFECTS_READS) << sql;
    }
    for (const std::string_view sql : {"INSERT INTO t VALUES (1)",
                                       "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x RETURNING a",
                                       "DELETE FROM t",
                                       "CREATE TABLE u (a)",
                                       "BEGIN",
                                       "BEGIN IMMEDIATE",
                                       "COMMIT",
                                       "ROLLBACK",
                                       "SAVEPOINT s",
                                       "RELEASE s",
                                       "PRAGMA foreign_keys = 0",
                                       "PRAGMA case_sensitive_like(1)",
                                       "PRAGMA wal_checkpoint",
                                       "PRAGMA optimize",
                                       "ATTACH ':memory:' AS o",
                                       "DETACH o",
                                       "VACUUM",
                                       "ANALYZE",
                                       "REINDEX t",
                                       "CREATE TEMP TABLE x (a)",
                                       "SELECT load_extension('x')",
                                       "PRAGMA user_version = 3"}) {
        EXPECT_EQ(session->effects(sql), KDEPS_EFFECTS_WRITES) << sql;
    }
}

// ---- what a reset takes back

struct Leaving {
    std::vector<std::string> statements;
    std::string probe;  // what another step would see
};

// Each is told, and gone after a reset.
TEST_F(SqliteSessionTest, ResetsWhatAStepLeaves) {
    const std::vector<Leaving> all{
        {{"CREATE TEMP TABLE x AS SELECT 'tenant-a' AS a"}, "SELECT name FROM sqlite_temp_schema"},
        {{"CREATE TABLE temp.x (a)", "INSERT INTO temp.x VALUES (1)"}, "SELECT name FROM sqlite_temp_schema"},
        {{"CREATE TEMP VIEW t AS SELECT 'other' AS a"}, "SELECT * FROM t"},
        {{"CREATE TEMP TABLE t (a)", "INSERT INTO t VALUES ('other')"}, "SELECT * FROM t"},
        {{"CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t VALUES ('twice'); END"},
         "SELECT name FROM sqlite_temp_schema"},
        {{"ATTACH ':memory:' AS other", "CREATE TABLE other.o (a)"}, "SELECT name FROM pragma_database_list"},
        {{"PRAGMA foreign_keys = off"}, "PRAGMA foreign_keys"},
        {{"PRAGMA case_sensitive_like = on"}, "SELECT 'A' LIKE 'a' AS a"},
        {{"PRAGMA recursive_triggers(1)"}, "PRAGMA recursive_triggers"},
        {{"PRAGMA query_only = 1"}, "PRAGMA query_only"},
        {{"PRAGMA cache_size = 7"}, "PRAGMA cache_size"},
        {{"PRAGMA busy_timeout = 7"}, "PRAGMA busy_timeout"},
        {{"PRAGMA synchronous = off"}, "PRAGMA synchronous"},
        {{"PRAGMA defer_foreign_keys = on"}, "PRAGMA defer_foreign_keys"},
        {{"PRAGMA reverse_unordered_selects = 1"}, "PRAGMA reverse_unordered_selects"},
        {{"PRAGMA temp_store = 2"}, "PRAGMA temp_store"},
        {{"PRAGMA locking_mode = exclusive", "INSERT INTO t VALUES (1)", "DELETE FROM t"}, "PRAGMA locking_mode"},
        {{"INSERT INTO t VALUES (1)", "DELETE FROM t"}, "SELECT last_insert_rowid() AS a"},
        {{"INSERT INTO t VALUES (1)", "DELETE FROM t"}, "SELECT changes() AS a"},
        {{"INSERT INTO t VALUES (1)", "DELETE FROM t"}, "SELECT total_changes() AS a"},
        {{"BEGIN", "INSERT INTO t VALUES (1)"}, "SELECT count(*) AS n FROM t"},
        {{"SAVEPOINT s", "INSERT INTO t VALUES (1)"}, "SELECT count(*) AS n FROM t"},
    };
    int number = 0;
    for (const std::string_view where : {"sqlite://a.db?", "sqlite://:memory:?"}) {
        for (const Leaving& leaving : all) {
            const std::string url = std::string(where) + "cache_size=-321&synchronous=extra";
            const std::string pool = "pool " + std::to_string(++number);
            const auto session = open(url, pool);
            session->execute("CREATE TABLE IF NOT EXISTS t (a)");
            session->execute("DELETE FROM t");
            session->reset();
            EXPECT_TRUE(session->state().starts_with("none untouched"));
            const auto probe = session->prepare(leaving.probe);
            const std::string fresh = probe->execute().rows;
            for (const std::string& statement : leaving.statements) session->execute(statement);
            const std::string told = session->state();
            EXPECT_TRUE(told.find(" touched") != std::string::npos || told.starts_with("open"))
                << leaving.statements[0] << ": " << told;
            session->reset();
            EXPECT_TRUE(session->state().starts_with("none untouched")) << leaving.statements[0];
            EXPECT_EQ(probe->execute().rows, fresh) << leaving.statements[0];
            EXPECT_EQ(session->rows("PRAGMA cache_size"), R"([{"cache_size":-321}])") << "a setting of the URL stays";
            EXPECT_EQ(session->execute("INSERT INTO t VALUES (1)").rows_affected, 1);
            const auto other = open(url, pool);
            EXPECT_EQ(other->rows("SELECT count(*) AS n FROM t"), R"([{"n":1}])") << leaving.statements[0];
        }
    }
}

TEST_F(SqliteSessionTest, PragmasThatOnlyLookLeaveNothing) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    for (const std::string_view sql : {"PRAGMA table_info(t)", "PRAGMA foreign_keys", "PRAGMA integrity_check(1)",
                                       "SELECT * FROM pragma_index_list('t')", "PRAGMA user_version = 4"}) {
        session->execute(sql);
        EXPECT_TRUE(session->state().starts_with("none untouched")) << sql;
    }
}

// Statements of a connection's cache are compiled again, and do what they did.
TEST_F(SqliteSessionTest, PreparedStatementsOutliveAReset) {
    const auto session = open("sqlite://:memory:");
    session->execute("CREATE TABLE t (a, b BOOLEAN)");
    const auto insert = session->prepare("INSERT INTO t VALUES (?, ?)");
    const auto select = session->prepare("SELECT a, b FROM t");
    const auto pragma = session->prepare("PRAGMA foreign_keys = 0");
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(insert->execute({i, true}).last_insert_id, i);
        pragma->execute();
        EXPECT_EQ(session->rows("PRAGMA foreign_keys"), R"([{"foreign_keys":0}])");
        EXPECT_EQ(session->state(), "none touched answered");
        session->reset();
        EXPECT_EQ(session->rows("PRAGMA foreign_keys"), R"([{"foreign_keys":1}])");
        EXPECT_EQ(select->effects(), KDEPS_EFFECTS_READS);
        EXPECT_EQ(select->describe(), " -> a n, b b");
    }
    EXPECT_EQ(select->execute().rows, R"([{"a":1,"b":true},{"a":2,"b":true},{"a":3,"b":true}])");
}

TEST_F(SqliteSessionTest, AResetThatFailsCostsTheConnection) {
    {
        open("sqlite://a.db")->execute("CREATE TABLE t (a)");
    }
    const auto session = open("sqlite://a.db?mode=rw");
    const auto select = session->prepare("SELECT * FROM t");
    session->execute("PRAGMA foreign_keys = 0");
    std::filesystem::rename(folder_.path() / "a.db", folder_.path() / "b.db");
    EXPECT_EQ(failure_of([&] { session->reset(); }).damage, KDEPS_DAMAGE_CONNECTION);
    EXPECT_EQ(session->state(), "unknown unknown unknown");
    EXPECT_EQ(failure_of([&] { select->execute(); }).sqlstate, "08003");
    session->rollback();
}

// Whatever one step does, the next sees what it would see on a fresh connection.
TEST_F(SqliteSessionTest, ASecondStepSeesAFreshConnection) {
    const std::vector<std::string> steps{
        "CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 9 AS a",
        "CREATE TEMP TABLE IF NOT EXISTS x AS SELECT 1 AS a",
        "DROP TABLE IF EXISTS temp.x",
        "ATTACH ':memory:' AS o",
        "DETACH o",
        "PRAGMA foreign_keys = 0",
        "PRAGMA query_only = 1",
        "PRAGMA cache_size = 5",
        "PRAGMA recursive_triggers = 1",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT s",
        "ROLLBACK TO s",
        "INSERT INTO main.t VALUES (1)",
        "DELETE FROM main.t",
        "SELECT * FROM t",
        "INSERT INTO u VALUES (1) RETURNING a",
        "SELECT last_insert_rowid(), changes()",
        "SELECT nonsense",
    };
    const std::vector<std::string> probes{
        "SELECT type, name FROM temp.sqlite_schema",
        "SELECT name FROM pragma_database_list",
        "PRAGMA foreign_keys",
        "PRAGMA query_only",
        "PRAGMA cache_size",
        "PRAGMA recursive_triggers",
        "SELECT count(*) AS n FROM t",
        "SELECT last_insert_rowid() AS a, changes() AS b, total_changes() AS c",
    };
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->execute("CREATE TABLE u (a UNIQUE)");
    session->reset();
    std::mt19937 random(20261130);
    for (int round = 0; round < 150; ++round) {
        std::string done;
        for (auto n = random() % 6 + 1; n > 0; --n) {
            const std::string& step = steps[random() % steps.size()];
            done += step + "; ";
            try {
                session->execute(step);
            } catch (const Failure&) {
                done += "(failed) ";
            }
        }
        const std::string told = session->state();
        if (!told.starts_with("none untouched")) session->reset();
        const auto fresh = open("sqlite://a.db");
        for (const std::string& probe : probes) {
            EXPECT_EQ(session->rows(probe), fresh->rows(probe)) << "after " << done << told;
        }
    }
}

// ---- read-only transactions

TEST_F(SqliteSessionTest, NothingLeavesAReadOnlyTransaction) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    // Prepared before, as those of a cache are.
    std::vector<std::unique_ptr<DriverSession::Prepared>> cached;
    const std::vector<std::string> refused{"INSERT INTO t VALUES (1)",
                                           "INSERT INTO t VALUES (1) RETURNING a",
                                           "COMMIT",
                                           "END",
                                           "ROLLBACK",
                                           "PRAGMA query_only = 0",
                                           "PRAGMA foreign_keys = 0",
                                           "PRAGMA user_version = 7",
                                           "PRAGMA wal_checkpoint",
                                           "ATTACH ':memory:' AS o",
                                           "CREATE TABLE u (a)",
                                           "CREATE TEMP TABLE u (a)",
                                           "VACUUM",
                                           "DROP TABLE t"};
    for (const std::string& sql : refused) cached.push_back(session->prepare(sql));
    session->reset();
    for (std::size_t i = 0; i < refused.size(); ++i) {
        for (const bool is_cached : {true, false}) {
            session->begin(KDEPS_ISOLATION_DEFAULT, true);
            const Failure failure =
                failure_of([&] { is_cached ? cached[i]->execute() : session->execute(refused[i]); });
            EXPECT_EQ(failure.status, KDEPS_FORBIDDEN) << refused[i];
            EXPECT_EQ(failure.sqlstate, "25006") << refused[i];
            EXPECT_EQ(
                failure.message,
                "the transaction is read-only: a statement may neither write, nor end the transaction, nor change "
                "the session (PRAGMA, ATTACH); leave readOnly or readOnlyOnGet out to allow it");
            EXPECT_EQ(session->state().substr(0, 4), "open") << refused[i];
            EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
            session->commit();
        }
    }
    session->begin(KDEPS_ISOLATION_DEFAULT, true);
    EXPECT_EQ(session->rows("PRAGMA foreign_keys"), R"([{"foreign_keys":1}])");
    EXPECT_EQ(session->rows("SELECT name FROM pragma_table_info('t')"), R"([{"name":"a"}])");
    session->execute("SAVEPOINT s");
    session->execute("RELEASE s");
    EXPECT_EQ(failure_of([&] { session->batch("INSERT INTO t VALUES (?)", {{1}, {2}}); }).sqlstate, "25006");
    session->rollback();
    EXPECT_EQ(session->batch("INSERT INTO t VALUES (?)", {{1}, {2}}).affected.size(), 2U);
}

// ---- writes that return rows

TEST_F(SqliteSessionTest, ReturnedRowsAreReadAsTheyAreAskedFor) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    const auto batches = session->read_some(kNine, 2);
    EXPECT_EQ(batches, (std::vector<std::int64_t>{1025, 4096})) << "not all at once";
    EXPECT_EQ(session->state(), "none touched answered");
    EXPECT_EQ(open("sqlite://a.db")->rows("SELECT count(*) AS n FROM t"), R"([{"n":9000}])");
}

TEST_F(SqliteSessionTest, AFaultAtTheEndOfAWriteIsAFault) {
    const auto session = open("sqlite://a.db?journal_mode=delete&busy_timeout=20");
    session->execute("CREATE TABLE t (a)");
    const auto reader = open("sqlite://a.db?journal_mode=delete");
    reader->begin(KDEPS_ISOLATION_DEFAULT, true);
    reader->rows("SELECT count(*) AS n FROM t");
    // With a rollback journal nobody may read at the commit, which comes when all rows have been returned.
    const Failure failure = failure_of([&] { session->execute(kNine); });
    EXPECT_EQ(failure.sqlstate, "55P03");
    EXPECT_EQ(session->state(), "none touched refused");
    session->read_some(kNine, 1);
    EXPECT_EQ(session->state(), "none touched refused") << "also if nobody reads on";
    reader->commit();
    EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
}

TEST_F(SqliteSessionTest, ABatchThatReturnsTooMuchIsUndone) {
    const auto session = open("sqlite://a.db");
    session->execute("CREATE TABLE t (a)");
    session->set_max_bytes(100'000);
    const std::vector<Cells> sets(50, Cells{1});
    const Failure failure =
        failure_of([&] { session->batch("INSERT INTO t VALUES (?) RETURNING zeroblob(10000)", sets); });
    EXPECT_EQ(failure.status, KDEPS_EXHAUSTED);
    EXPECT_EQ(failure.message,
              "the rows that the batch returns are larger than maxResultBytes (100000); return fewer columns, or raise "
              "maxResultBytes of the connection");
    EXPECT_TRUE(session->state().ends_with("refused"));
    EXPECT_EQ(session->rows("SELECT count(*) AS n FROM t"), R"([{"n":0}])");
    session->set_max_bytes(1'000'000);
    EXPECT_EQ(session->batch("INSERT INTO t VALUES (?) RETURNING zeroblob(10000)", sets).affected.size(), 50U);
}

// ---- sudden ends

// A process that is killed while it writes batches leaves whole batches, in a database that is sound.
TEST_F(SqliteSessionTest, AKilledProcessLeavesWholeBatches) {
    open("sqlite://a.db")->execute("CREATE TABLE t (round, a)");
    constexpr int kSets = 2000;
    for (int kill_round = 0; kill_round < 6; ++kill_round) {
        std::array<int, 2> pipe_ends{};
        ASSERT_EQ(pipe(pipe_ends.data()), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto session = open("sqlite://a.db");
            const char ready = '!';
            for (int round = 0;; ++round) {
                std::vector<Cells> sets;
                for (int i = 0; i < kSets; ++i) sets.push_back({round, i});
                if (round == 1 && write(pipe_ends[1], &ready, 1) != 1) _exit(1);
                session->batch("INSERT INTO t VALUES (?, ?)", sets);
            }
        }
        char ready = 0;
        ASSERT_EQ(read(pipe_ends[0], &ready, 1), 1);
        usleep(static_cast<useconds_t>(3000 * kill_round + 500));  // anywhere within a batch
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        const auto session = open("sqlite://a.db");
        EXPECT_EQ(session->rows("PRAGMA integrity_check"), R"([{"integrity_check":"ok"}])");
        EXPECT_EQ(session->rows("SELECT count(*) % 2000 AS part, count(*) > 0 AS some FROM t"),
                  R"([{"part":0,"some":1}])");
    }
}

}  // namespace
}  // namespace kdeps::testing
