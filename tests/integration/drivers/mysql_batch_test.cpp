// SPDX-License-Identifier: Apache-2.0
// A plain batch INSERT goes with few statements (MariaDB's bulk protocol; many rows each on MySQL) and is otherwise
// what it is set by set.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/integration/drivers/session.hpp"
#include "tests/support/mariadb_server.hpp"

namespace kdeps::testing {
namespace {

constexpr const char* kDatabase = "batches";

class MysqlBatch : public ::testing::Test {
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

    // Of the session, so far.
    int executed() {
        const std::string row = session.rows("SHOW SESSION STATUS LIKE 'Com_stmt_execute'");
        return std::stoi(row.substr(row.find_last_of(':') + 2));
    }

    static std::unique_ptr<MariaDbServer> server;
    static std::unique_ptr<LoadedDriver> driver;
    DriverSession session{*driver, server->url(kDatabase)};
};

std::unique_ptr<MariaDbServer> MysqlBatch::server;
std::unique_ptr<LoadedDriver> MysqlBatch::driver;

std::vector<Cells> numbered(int count) {
    std::vector<Cells> sets;
    for (int i = 0; i < count; ++i) sets.push_back({i});
    return sets;
}

TEST_F(MysqlBatch, InsertsWithFewStatements) {
    session.execute("DROP TABLE IF EXISTS few");
    session.execute(
        "CREATE TABLE few (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL, t VARCHAR(40), d DATETIME(3))");
    for (const int count : {1, 2, 63, 64, 65, 1025, 5000}) {
        session.execute("TRUNCATE TABLE few");
        std::vector<Cells> sets;
        for (int i = 0; i < count; ++i) {
            sets.push_back({i, i % 2 == 0 ? Cell(nullptr) : Cell("(?), text"),
                            i % 3 == 0 ? Cell(nullptr) : Cell("2024-01-02T03:04:05.678Z")});
        }
        const int before = executed();
        const Answer answer = session.batch("INSERT INTO `few` (n, t, d) VALUES (?, ?, ?);", sets);
        if (count >= 64) {
            EXPECT_LT(executed() - before, 3 + count / 50);
        }
        EXPECT_EQ(answer.affected, std::vector<std::int64_t>(static_cast<std::size_t>(count), 1));
        EXPECT_EQ(
            session.rows("SELECT COUNT(*) AS n, COUNT(DISTINCT n) AS k, MAX(n) AS m, COUNT(t) AS t, COUNT(d) AS d, "
                         "SUM(d <> '2024-01-02 03:04:05.678') AS w, SUM(n + 1 <> id) AS o FROM few WHERE n > 0"),
            count == 1 ? R"([{"n":0,"k":0,"m":null,"t":0,"d":0,"w":null,"o":null}])"
                       : "[{\"n\":" + std::to_string(count - 1) + ",\"k\":" + std::to_string(count - 1) +
                             ",\"m\":" + std::to_string(count - 1) + ",\"t\":" + std::to_string(count / 2) +
                             ",\"d\":" + std::to_string(count - (count + 2) / 3) +
                             ",\"w\":" + (count > 1 ? "0" : "null") + ",\"o\":0}]");
        // The bulk protocol gives the first one.
        if (session.server().starts_with("MySQL")) {
            EXPECT_EQ(session.rows("SELECT LAST_INSERT_ID() AS id"), "[{\"id\":" + std::to_string(count) + "}]");
        }
    }
}

TEST_F(MysqlBatch, NamesTheFailingSetAndLeavesNothing) {
    session.execute("DROP TABLE IF EXISTS fails");
    session.execute("CREATE TABLE fails (id INT PRIMARY KEY)");
    for (const int failing : {1, 63, 700, 4999}) {
        std::vector<Cells> sets = numbered(5000);
        sets[static_cast<std::size_t>(failing)] = {0};
        const Failure failure = failure_of([&] { session.batch("INSERT INTO fails VALUES (?)", sets); });
        EXPECT_EQ(failure.status, KDEPS_CONFLICT);
        EXPECT_EQ(failure.batch_set, failing);
        EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM fails"), R"([{"n":0}])");
        session.begin();
        session.execute("INSERT INTO fails VALUES (-1)");
        EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO fails VALUES (?)", sets); }).batch_set, failing);
        EXPECT_EQ(session.rows("SELECT id FROM fails WHERE id < 0"), R"([{"id":-1}])")
            << "the caller's transaction is the caller's";
        session.rollback();
    }
    std::vector<Cells> sets = numbered(200);
    sets[150] = {"x"};
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO fails VALUES (?)", sets); }).batch_set, 150);
    sets[150] = {std::numeric_limits<double>::infinity()};
    EXPECT_EQ(failure_of([&] { session.batch("INSERT INTO fails VALUES (?)", sets); }).batch_set, 150);
}

// With many rows the server itself would put 0 in its place.
TEST_F(MysqlBatch, RefusesANullThatOneStatementWithOneRowRefuses) {
    session.execute("SET SESSION sql_mode = ''");
    session.execute("DROP TABLE IF EXISTS lax");
    session.execute("CREATE TABLE lax (id INT NOT NULL)");
    std::vector<Cells> sets = numbered(300);
    sets[100] = {nullptr};
    const Failure failure = failure_of([&] { session.batch("INSERT INTO lax VALUES (?)", sets); });
    EXPECT_EQ(failure.status, KDEPS_CONSTRAINT);
    EXPECT_EQ(failure.batch_set, 100);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM lax"), R"([{"n":0}])");
}

TEST_F(MysqlBatch, InsertsWhatDoesNotFitOnePacket) {
    session.execute("DROP TABLE IF EXISTS wide");
    session.execute("CREATE TABLE wide (id INT PRIMARY KEY, t LONGTEXT)");
    std::vector<Cells> sets;
    std::size_t total = 0;
    for (int i = 0; i < 300; ++i) {
        const std::size_t size = i == 200 ? (3U << 20U) : static_cast<std::size_t>(i) * 501 % 90'000;
        sets.push_back({i, Cell(std::string(size, 'x').c_str())});
        total += size;
    }
    EXPECT_EQ(session.batch("INSERT INTO wide VALUES (?, ?)", sets).affected, std::vector<std::int64_t>(300, 1));
    sets.erase(sets.begin() + 200);
    total -= 3U << 20U;
    session.execute("DELETE FROM wide");
    EXPECT_EQ(session.batch("INSERT INTO wide VALUES (?, ?)", sets).affected, std::vector<std::int64_t>(299, 1));
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n, CAST(SUM(LENGTH(t)) AS UNSIGNED) AS b, CAST(SUM(LENGTH(t) <> IF(id = "
                           "200, 0, id * 501 % 90000)) AS SIGNED) AS w FROM wide"),
              "[{\"n\":299,\"b\":" + std::to_string(total) + ",\"w\":0}]");
}

TEST_F(MysqlBatch, GoesSetBySetWhereATriggerWrites) {
    session.execute("DROP TABLE IF EXISTS watched, seen");
    session.execute("CREATE TABLE watched (id INT PRIMARY KEY)");
    session.execute("CREATE TABLE seen (id INT) ENGINE = MyISAM");
    session.execute("CREATE TRIGGER sees BEFORE INSERT ON watched FOR EACH ROW INSERT INTO seen VALUES (NEW.id)");
    const int before = executed();
    session.batch("INSERT INTO watched VALUES (?)", numbered(200));
    EXPECT_GE(executed() - before, 200);
    EXPECT_EQ(session.rows("SELECT COUNT(*) AS n FROM seen"), R"([{"n":200}])");
}

}  // namespace
}  // namespace kdeps::testing
