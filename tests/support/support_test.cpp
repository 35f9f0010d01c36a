// SPDX-License-Identifier: Apache-2.0
// The servers and the seed; the servers are started once for all tests here.
#include <gtest/gtest.h>
#include <mysql.h>
#include <sys/stat.h>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/support/free_port.hpp"
#include "tests/support/installation.hpp"
#include "tests/support/libpq.hpp"
#include "tests/support/seed_databases.hpp"
#include "tests/support/seed_tutorial.hpp"
#include "tests/support/server_process.hpp"

namespace kdeps::testing {
namespace {

// "" or the reason of the failure.
std::string postgres_login(const std::string& url) {
    const PgConnection connection(PQconnectdb(url.c_str()));
    return PQstatus(connection.get()) == CONNECTION_OK ? "" : PQerrorMessage(connection.get());
}

std::unique_ptr<MYSQL, decltype(&mysql_close)> mariadb_connection(const MariaDbServer& server, const char* password) {
    std::unique_ptr<MYSQL, decltype(&mysql_close)> connection(mysql_init(nullptr), mysql_close);
    mysql_real_connect(connection.get(), "127.0.0.1", "user", password, "inventory", server.port(), nullptr, 0);
    return connection;
}

class Servers : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        postgres_ = std::make_unique<PostgresServer>();
        mariadb_ = std::make_unique<MariaDbServer>();
        seed_analytics(*postgres_);
        seed_inventory(*mariadb_);
    }
    static void TearDownTestSuite() {
        postgres_.reset();
        mariadb_.reset();
    }

    static std::unique_ptr<PostgresServer> postgres_;
    static std::unique_ptr<MariaDbServer> mariadb_;
};

std::unique_ptr<PostgresServer> Servers::postgres_;
std::unique_ptr<MariaDbServer> Servers::mariadb_;

TEST_F(Servers, PostgresAcceptsTheRightPasswordOnly) {
    EXPECT_EQ(postgres_login(postgres_->url("analytics")), "");
    EXPECT_NE(postgres_login(postgres_->url("analytics", "user", "wrong"))
                  .find("password authentication failed for user \"user\""),
              std::string::npos);
}

TEST_F(Servers, MariaDbAcceptsTheRightPasswordOnly) {
    EXPECT_STREQ(mysql_error(mariadb_connection(*mariadb_, "pass").get()), "");
    EXPECT_EQ(mysql_errno(mariadb_connection(*mariadb_, "wrong").get()), 1045U);
    EXPECT_EQ(mysql_errno(mariadb_connection(*mariadb_, "").get()), 1045U);
}

TEST_F(Servers, PostgresKeepsCommitsThroughACrash) {
    const std::uint16_t port = postgres_->port();
    postgres_->execute("analytics",
                       "CREATE TABLE IF NOT EXISTS kept (n int); TRUNCATE kept; INSERT INTO kept VALUES (42)");
    postgres_->kill();
    EXPECT_NE(postgres_login(postgres_->url("analytics")).find("Connection refused"), std::string::npos);
    EXPECT_THROW(postgres_->scalar("analytics", "SELECT 1"), std::runtime_error);
    postgres_->start();
    EXPECT_EQ(postgres_->port(), port);
    EXPECT_NE(postgres_->log().find("database system was not properly shut down"), std::string::npos)
        << postgres_->log();
    EXPECT_EQ(postgres_->scalar("analytics", "SELECT n FROM kept"), "42");
    EXPECT_EQ(postgres_login(postgres_->url("analytics")), "");
}

TEST_F(Servers, MariaDbKeepsCommitsThroughACrash) {
    mariadb_->execute("inventory", "CREATE OR REPLACE TABLE kept (n int); INSERT INTO kept VALUES (42)");
    mariadb_->kill();
    EXPECT_EQ(mysql_errno(mariadb_connection(*mariadb_, "pass").get()), 2002U);
    mariadb_->start();
    EXPECT_NE(mariadb_->log().find("Starting crash recovery"), std::string::npos) << mariadb_->log();
    EXPECT_EQ(mariadb_->scalar("inventory", "SELECT n FROM kept"), "42");
    EXPECT_STREQ(mysql_error(mariadb_connection(*mariadb_, "pass").get()), "");
}

TEST_F(Servers, StopAndStartKeepTheData) {
    postgres_->stop();
    postgres_->start();
    mariadb_->stop();
    mariadb_->start();
    EXPECT_EQ(postgres_->scalar("analytics", "SELECT count(*) FROM user_stats"), "3");
    EXPECT_EQ(mariadb_->scalar("inventory", "SELECT count(*) FROM products"), "5");
}

TEST_F(Servers, CountConnectionsWithoutTheirOwn) {
    postgres_->create_database("counted");
    EXPECT_EQ(postgres_->connections("counted"), 0);
    const PgConnection one(PQconnectdb(postgres_->url("counted").c_str()));
    postgres_->execute("counted", "SELECT 1");
    EXPECT_EQ(postgres_->connections("counted"), 1);

    mariadb_->stop();  // breaks what earlier tests may have left closing
    mariadb_->start();
    EXPECT_EQ(mariadb_->connections("inventory"), 0);
    const auto other = mariadb_connection(*mariadb_, "pass");
    EXPECT_EQ(mariadb_->connections("inventory"), 1);
}

TEST_F(Servers, SayWhichStatementFailed) {
    try {
        postgres_->execute("analytics", "SELECT 1; SELECT * FROM missing");
        FAIL() << "it was executed";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "a statement on database 'analytics' failed: ERROR:  relation \"missing\" does not exist\n"
                     "LINE 1: SELECT 1; SELECT * FROM missing\n"
                     "                                ^");
    }
    try {
        mariadb_->execute("inventory", "SELECT 1; SELECT * FROM missing; SELECT 2");
        FAIL() << "it was executed";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "a statement on database 'inventory' failed: Table 'inventory.missing' doesn't exist");
    }
}

TEST_F(Servers, TheOwnerMayChangeTheSeedAndSeedingAgainRestoresIt) {
    const PgConnection user(PQconnectdb(postgres_->url("analytics").c_str()));
    const std::unique_ptr<PGresult, decltype(&PQclear)> changed(
        PQexec(user.get(), "INSERT INTO orders (user_id, total) VALUES (123, 5); ALTER TABLE users ADD extra int"),
        PQclear);
    ASSERT_EQ(PQresultStatus(changed.get()), PGRES_COMMAND_OK) << PQerrorMessage(user.get());
    EXPECT_EQ(postgres_->scalar("analytics", "SELECT count(*) FROM orders"), "4");
    seed_analytics(*postgres_);
    EXPECT_EQ(postgres_->scalar("analytics", "SELECT count(*) FROM orders"), "3");
}

TEST_F(Servers, TheSeedGivesTheExpectedCsv) {
    const std::string rows =
        "SELECT E'date,users\\n' || string_agg(line, '' ORDER BY date DESC) FROM "
        "(SELECT date, date || ',' || count(*) || E'\\n' AS line FROM users GROUP BY date) AS lines";
    EXPECT_EQ(postgres_->scalar("analytics", rows), kUsersCsv);
    const std::string recent =
        "SELECT E'date,total_users,unique_emails,avg_age\\n' || string_agg(line, '' ORDER BY date DESC) FROM (SELECT "
        "date, "
        "concat_ws(',', date, count(*), count(DISTINCT email), avg(age)) || E'\\n' AS line FROM users "
        "WHERE created_at >= now() - interval '7 days' GROUP BY date) AS lines";
    EXPECT_EQ(postgres_->scalar("analytics", recent), kRecentUsersCsv);
    EXPECT_EQ(postgres_->scalar("analytics", "SELECT count(*) FROM users WHERE id IN (123, 456, 789)"), "3");
}

TEST_F(Servers, TheSeedGivesTheExpectedJson) {
    const std::string objects =
        "SELECT concat('[', group_concat(json_object('name', name, 'quantity', quantity, 'price', price) ORDER BY id "
        "SEPARATOR ','), ']') "
        "FROM products WHERE status = 'active'";
    const std::string expected(kActiveProductsJson);
    EXPECT_EQ(nlohmann::json::parse(mariadb_->scalar("inventory", objects)), nlohmann::json::parse(expected));
    EXPECT_EQ(
        mariadb_->scalar("inventory", "SELECT group_concat(price ORDER BY id) FROM products WHERE status = 'active'"),
        "10.10,1234567.89,0.50");
    EXPECT_NE(expected.find("\"price\":10.10}"), std::string::npos);
}

TEST(Installation, EachUnpackedServerRunsInItsVersion) {
    const PostgresServer seventeen(20, installation("postgresql-17"));
    const PostgresServer eighteen(20, installation("postgresql-18"));
    MariaDbServer mariadb(20, installation("mariadb-11.8"));
    MariaDbServer mysql(20, installation("mysql-9"));
    const auto version = [](const PostgresServer& server) {
        return PQserverVersion(PgConnection(PQconnectdb(server.url("postgres").c_str())).get()) / 10000;
    };
    EXPECT_EQ(version(seventeen), 17);
    EXPECT_EQ(version(eighteen), 18);
    EXPECT_EQ(mariadb.scalar("", "SELECT version()").substr(0, 5), "11.8.");
    EXPECT_EQ(mysql.scalar("", "SELECT version()").substr(0, 2), "9.");
}

TEST(Installation, NamesWhatUnpacksAMissingOne) {
    try {
        installation("postgresql-1");
        FAIL() << "it was found";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("unpack it: tests/support/servers/fetch postgresql-1"),
                  std::string::npos)
            << error.what();
    }
}

TEST(ServerUrl, EncodesWhatHasAMeaningInAUrl) {
    EXPECT_EQ(server_url("postgres", "us er", "p@s/s:%", 5432, "dätä"),
              "postgres://us%20er:p%40s%2Fs%3A%25@127.0.0.1:5432/d%C3%A4t%C3%A4");
}

TEST(InstalledProgram, NamesThePackageOfAMissingOne) {
    try {
        installed_program("kdeps-no-such-program", {"/usr/sbin"}, "postgresql");
        FAIL() << "it was found";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "the tests need the program 'kdeps-no-such-program'; install it: apt-get install postgresql");
    }
}

TEST(FreePort, IsNeverGivenTwice) { EXPECT_NE(free_port(), free_port()); }

TEST(TemporaryFolder, GoesWithItsFilesAndIsOpenToOthers) {
    std::filesystem::path path;
    {
        const TemporaryFolder folder;
        path = folder.path();
        struct stat status {};
        ASSERT_EQ(stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0755U);
        std::ifstream file(folder.write("resources/a.yaml", "kind: Resource\n"));
        EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "kind: Resource\n");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SeedTutorial, IsTheOriginal) {
    EXPECT_EQ(run({"sha256sum", "--", seed_tutorial_file().string()}).out.substr(0, 64),
              "5e9eb6f1fdf648024e8d2537c43610ac4756b99bcaf7b801312246b3d56f3589");
}

TEST(SeedTutorial, GivesTheBlocksOfASection) {
    const std::vector<std::string> complete = blocks_under("Complete Example");
    ASSERT_EQ(complete.size(), 1U);
    EXPECT_TRUE(complete[0].starts_with("apiVersion: kdeps.io/v1\n"));
    EXPECT_TRUE(complete[0].ends_with("timestamp: info('now')\n"));
    EXPECT_EQ(blocks_under("Step 3: Querying Multiple Databases").size(), 2U);
    EXPECT_EQ(blocks_under("Multi-Database Workflow").size(), 10U);
    EXPECT_EQ(blocks_under("Performance Tips").size(), 0U);
}

TEST(SeedTutorial, RefusesAnUnknownHeading) { EXPECT_THROW(blocks_under("Complete"), std::runtime_error); }

}  // namespace
}  // namespace kdeps::testing
