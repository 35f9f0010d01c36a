// SPDX-License-Identifier: Apache-2.0
// A statement that is kept while the tables that it uses are altered: it does what a new one would do.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/integration/drivers/postgres_session.hpp"

namespace kdeps::testing {
namespace {

class PostgresValidity : public ::testing::Test {
protected:
    PostgresValidity() { make_tables(); }

    static void alter(const std::string& sql) { postgres().execute("test", sql); }

    PostgresSession session_;
};

TEST_F(PostgresValidity, TypesOfParametersFollowTheTable) {
    alter("CREATE TABLE moment (x date); GRANT ALL ON moment TO PUBLIC");
    const std::string insert = "INSERT INTO moment (x) VALUES ($1)";
    const auto stored = [&](const Parameter& value) {
        alter("TRUNCATE moment");
        session_.execute(insert, {value});
        return postgres().scalar("test", "SELECT x::text FROM moment");
    };
    EXPECT_EQ(stored(std::string("2024-05-06")), "2024-05-06");
    alter("ALTER TABLE moment ALTER x TYPE timestamp");
    EXPECT_EQ(stored(std::string("2024-05-06T23:30:00")), "2024-05-06 23:30:00");
    alter("ALTER TABLE moment ALTER x TYPE timestamptz");
    EXPECT_EQ(stored(std::string("2024-05-06T23:30:00+02:00")),
              postgres().scalar("test", "SELECT ('2024-05-06T21:30:00Z'::timestamptz)::text"));
    alter("ALTER TABLE moment ALTER x TYPE text");
    EXPECT_EQ(stored(std::string("2024-05-06T23:30:00+02:00")), "2024-05-06T23:30:00+02:00");
    EXPECT_EQ(stored(5), "5");
    EXPECT_EQ(stored(true), "true");
    alter("ALTER TABLE moment ALTER x TYPE integer USING 1");
    EXPECT_EQ(stored(7), "7");
    EXPECT_EQ(stored(true), "1");
    alter("ALTER TABLE moment ALTER x TYPE numeric");
    EXPECT_EQ(stored(Decimal{"1.50"}), "1.50");
    alter("ALTER TABLE moment ALTER x TYPE bigint");
    EXPECT_EQ(stored(std::int64_t{1} << 40), "1099511627776");
    EXPECT_EQ(error_of([&] { stored(Decimal{"1.5"}); }).status, Status::bad_data);
    alter("ALTER TABLE moment ALTER x TYPE jsonb USING '1'");
    EXPECT_EQ(stored(std::string("{\"a\": 1}")), "{\"a\": 1}");
    alter("ALTER TABLE moment ALTER x TYPE text");
    EXPECT_EQ(stored(std::string("{\"a\":1}")), "{\"a\":1}");
}

TEST_F(PostgresValidity, ComparesAsANewStatementWould) {
    alter("CREATE TABLE moment (x date); INSERT INTO moment VALUES ('2024-05-06'); GRANT ALL ON moment TO PUBLIC");
    const std::string find = "SELECT count(*) AS n FROM moment WHERE x = $1";
    EXPECT_EQ(session_.rows(find, {std::string("2024-05-06")}), R"([{"n":1}])");
    alter("ALTER TABLE moment ALTER x TYPE timestamp; UPDATE moment SET x = '2024-05-06T23:30:00'");
    EXPECT_EQ(session_.rows(find, {std::string("2024-05-06T23:30:00")}), R"([{"n":1}])");
    alter("ALTER TABLE moment ALTER x TYPE text USING 'a'");
    EXPECT_EQ(session_.rows(find, {std::string("a")}), R"([{"n":1}])");
    alter("ALTER TABLE moment ALTER x TYPE int USING 5");
    EXPECT_EQ(session_.rows(find, {5}), R"([{"n":1}])");
    EXPECT_EQ(session_.rows(find, {std::string("5")}), R"([{"n":1}])");
    alter("ALTER TABLE moment DROP COLUMN x");
    EXPECT_EQ(error_of([&] { session_.rows(find, {5}); }).sqlstate, "42703");
    alter("ALTER TABLE moment ADD x bigint");
    EXPECT_EQ(session_.rows(find, {std::int64_t{1} << 40}), R"([{"n":0}])");
}

TEST_F(PostgresValidity, GoesOnWhereTheTableMayNotBeRead) {
    alter("CREATE TABLE box (x date); GRANT INSERT ON box TO \"user\"");
    const std::string insert = "INSERT INTO box VALUES ($1)";
    session_.execute(insert, {std::string("2024-05-06")});
    alter("ALTER TABLE box ALTER x TYPE timestamp");
    session_.execute(insert, {std::string("2024-05-06T23:30:00")});
    EXPECT_EQ(postgres().scalar("test", "SELECT max(x)::text FROM box"), "2024-05-06 23:30:00");
}

TEST_F(PostgresValidity, ATransactionSeesWhatItHasAltered) {
    alter("CREATE TABLE moment (x date); ALTER TABLE moment OWNER TO \"user\"");
    const std::string insert = "INSERT INTO moment (x) VALUES ($1)";
    session_.execute(insert, {std::string("2024-05-06")});
    session_.begin();
    session_.execute("ALTER TABLE moment ALTER x TYPE timestamp");
    session_.execute(insert, {std::string("2024-05-06T23:30:00")});
    session_.commit();
    EXPECT_EQ(postgres().scalar("test", "SELECT max(x)::text FROM moment"), "2024-05-06 23:30:00");
    // Altered by another while the transaction is open: it fails and may be repeated.
    session_.begin();
    session_.value("1");
    alter("ALTER TABLE moment ALTER x TYPE timestamptz");
    const Error error = error_of([&] { session_.execute(insert, {std::string("2024-05-06T23:30:00Z")}); });
    EXPECT_EQ(error.status, Status::conflict);
    EXPECT_EQ(error.retry, Retry::same);
    session_.rollback();
    session_.begin();
    session_.execute(insert, {std::string("2024-05-06T23:30:00Z")});
    session_.commit();
}

TEST_F(PostgresValidity, ABatchIsPreparedAgain) {
    alter("CREATE TABLE moment (id int, x date); GRANT ALL ON moment TO PUBLIC");
    const std::string insert = "INSERT INTO moment (id, x) VALUES ($1, $2) RETURNING *";
    EXPECT_EQ(session_.batch(insert, {{1, std::string("2024-05-06")}}).rows, R"([{"id":1,"x":"2024-05-06"}])");
    alter("ALTER TABLE moment ALTER x TYPE timestamp");
    EXPECT_EQ(session_.batch(insert, {{2, std::string("2024-05-06T23:30:00")}}).rows,
              R"([{"id":2,"x":"2024-05-06T23:30:00"}])");
    alter("ALTER TABLE moment ADD y int");
    EXPECT_EQ(session_.batch(insert, {{3, nullptr}, {4, nullptr}}).rows,
              R"([{"id":3,"x":null,"y":null},{"id":4,"x":null,"y":null}])");
    EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM moment"), "4");
    const std::string plain = "INSERT INTO moment (x) VALUES ($1)";
    session_.batch(plain, std::vector<Set>(3, Set{std::string("2024-05-06T23:30:00")}));
    alter("ALTER TABLE moment ALTER x TYPE text");
    session_.batch(plain, std::vector<Set>(3, Set{std::string("2024-05-06T23:30")}));
    session_.batch(plain, std::vector<Set>(300, Set{std::string("2024-05-06T23:31")}));  // by COPY
    EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM moment WHERE x LIKE '%T23:3_'"), "303");
}

// Ten changes of the type while eight clients write.  The text of each value tells what a new connection would have
// stored: the whole of it for the type that the column had.
TEST_F(PostgresValidity, NoValueIsStoredOtherwiseWhileTypesChange) {
    alter(
        "CREATE TABLE load (id serial, x timestamp, was text); GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;"
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC");
    std::atomic<bool> is_over = false;
    std::atomic<int> written = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back([&, i] {
            PostgresSession session;
            while (!is_over) {
                try {
                    const Parameter value = std::string("2024-05-06T23:30:00+02:00");
                    if (i % 4 == 0) {
                        session.batch("INSERT INTO load (x, was) VALUES ($1, $2)",
                                      std::vector<Set>(5, Set{value, std::string("b")}));
                    } else {
                        // The column's own type, as the statement that wrote it saw it.
                        session.execute("INSERT INTO load (x, was) VALUES ($1, 's')", {value});
                    }
                    ++written;
                } catch (const Error& error) {
                    EXPECT_EQ(error.retry, Retry::same) << error.message;
                }
            }
        });
    }
    for (int i = 0; i < 10; ++i) {
        const int before = written;
        while (written < before + 40) std::this_thread::yield();
        // Text keeps all; a value that went through a date or a timestamp on its way shows it there.
        alter(i % 2 == 0
                  ? "BEGIN; LOCK TABLE load; DELETE FROM load; ALTER TABLE load ALTER x TYPE text; COMMIT"
                  : "BEGIN; LOCK TABLE load; CREATE TABLE IF NOT EXISTS bad AS SELECT * FROM load WHERE false; "
                    "INSERT INTO bad SELECT * FROM load WHERE x <> '2024-05-06T23:30:00+02:00'; DELETE FROM load; "
                    "ALTER TABLE load ALTER x TYPE timestamp USING NULL; COMMIT");
    }
    is_over = true;
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(postgres().scalar("test", "SELECT count(*) FROM bad"), "0");
}

}  // namespace
}  // namespace kdeps::testing
