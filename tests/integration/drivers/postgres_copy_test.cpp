// SPDX-License-Identifier: Apache-2.0
// Batches of a plain INSERT, which go by COPY: the same rows, counts and errors as set by set.
#include <gtest/gtest.h>

#include <thread>

#include "tests/integration/drivers/postgres_session.hpp"

namespace kdeps::testing {
namespace {

constexpr int kSets = 200;

class PostgresCopy : public ::testing::Test {
protected:
    void SetUp() override { make_tables(); }

    // The same text with a comment is executed set by set.
    static std::string by_set(const std::string& sql) { return sql + " -- set by set"; }

    // COPY inserts all rows as one command.
    bool is_copied(const std::string& table) {
        return session.value("(SELECT count(DISTINCT cmin::text) = 1 FROM " + table + ")") == "true";
    }

    std::vector<Set> items(int count) {
        std::vector<Set> sets;
        for (int i = 0; i < count; ++i) sets.push_back({i, "item " + std::to_string(i), 1});
        return sets;
    }

    PostgresSession session;
};

constexpr const char* kInsert = "INSERT INTO item (id, name, amount) VALUES ($1, $2, $3)";

TEST_F(PostgresCopy, InsertsTheSameValuesAsSetBySet) {
    const std::string columns =
        "(i2 smallint, i4 integer, i8 bigint, r8 double precision, r4 real, n numeric, n2 numeric(12,2), t text, "
        "v varchar(30), c char(8), b boolean, d date, h time, s timestamp, s0 timestamp(0), z timestamptz, u uuid, "
        "j json, jb jsonb, y bytea)";
    session.execute("CREATE TABLE copied " + columns);
    session.execute("CREATE TABLE plain " + columns);
    const auto insert = [](const std::string& table) {
        return "INSERT INTO " + table +
               " (i2, i4, i8, r8, r4, n, n2, t, v, c, b, d, h, s, s0, z, u, j, jb, y) VALUES ($1, $2, $3, $4, $5, $6, "
               "$7, "
               "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    };
    const std::string uuid = "0191b3c4-d5e6-4f70-8a9b-0c1d2e3f4a5b";
    const std::vector<Set> kinds = {
        {-32768,
         INT32_MIN,
         INT64_MIN,
         0.1,
         0.1,
         Decimal{"12345678901234567890.000100"},
         Decimal{"-0.005"},
         "tab\tline\nback\\slash \xF0\x9F\x98\x80",
         "text",
         "padded",
         true,
         "2024-02-29",
         "12:34:56.789",
         "2024-02-29 12:34:56.7891",
         "2024-02-29T12:34:56.5Z",
         "2024-02-29T12:34:56.789123+05:30",
         uuid,
         "{\"a\": 1}",
         "[1, 2]",
         Bytes{std::string("\0\1\xFF", 3)}},
        {32767,
         INT32_MAX,
         INT64_MAX,
         -1e300,
         3.5,
         42,
         7,
         "",
         "",
         "",
         false,
         "0001-01-01",
         "00:00:00",
         "9999-12-31",
         "1969-12-31 23:59:59.999999",
         "1969-12-31 23:59:59.999999Z",
         uuid,
         "null",
         "\"x\"",
         Bytes{""}},
        Set(20, nullptr),
        {1,
         2.0,
         3,
         4,
         5.5,
         6.25,
         "7.125",
         8,
         9.5,
         10,
         true,
         "2000-01-01",
         "23:59:59.999999",
         "2000-01-01 00:00:00",
         "2000-01-01 00:00:00.4",
         "2000-01-01 00:00:00-08",
         uuid,
         "{}",
         "{}",
         Bytes{"x"}},
    };
    std::vector<Set> sets;
    for (int i = 0; i < kSets; ++i) sets.push_back(kinds[static_cast<std::size_t>(i) % kinds.size()]);
    EXPECT_EQ(session.batch(insert("copied"), sets).affected, std::vector<std::int64_t>(kSets, 1));
    EXPECT_EQ(session.batch(by_set(insert("plain")), sets).affected, std::vector<std::int64_t>(kSets, 1));
    EXPECT_TRUE(is_copied("copied"));
    EXPECT_FALSE(is_copied("plain"));
    EXPECT_EQ(session.value("(SELECT count(*) FROM copied)"), std::to_string(kSets));
    EXPECT_EQ(session.rows("SELECT copied::text FROM copied EXCEPT SELECT plain::text FROM plain"), "[]");
    EXPECT_EQ(session.rows("SELECT plain::text FROM plain EXCEPT SELECT copied::text FROM copied"), "[]");
}

TEST_F(PostgresCopy, LeavesToPostgresqlWhatOnlyItCanRead) {
    session.execute("CREATE TABLE day (at date, span interval)");
    std::vector<Set> sets(kSets, Set{"March 5, 2024", "1 day"});
    session.batch("INSERT INTO day (at, span) VALUES ($1, $2)", sets);
    EXPECT_EQ(session.rows("SELECT DISTINCT at, span FROM day"), R"([{"at":"2024-03-05","span":"P1D"}])");
    EXPECT_FALSE(is_copied("day"));
}

TEST_F(PostgresCopy, NamesTheFailingSetAndTakesBackTheBatch) {
    std::vector<Set> sets = items(kSets);
    sets[150][0] = 3;  // a second time
    Error error = error_of([&] { session.batch(kInsert, sets); });
    EXPECT_EQ(error.batch_set, 150);
    EXPECT_EQ(error.sqlstate, "23505");
    EXPECT_EQ(session.value("(SELECT count(*) FROM item)"), "0");

    sets[150] = {150, "negative", -1};  // CHECK
    EXPECT_EQ(error_of([&] { session.batch(kInsert, sets); }).batch_set, 150);
    sets[150] = {150, "no number", "x"};
    EXPECT_EQ(error_of([&] { session.batch(kInsert, sets); }).batch_set, 150);
    EXPECT_EQ(session.value("(SELECT count(*) FROM item)"), "0");
    session.batch(kInsert, items(kSets));
    EXPECT_TRUE(is_copied("item"));
}

TEST_F(PostgresCopy, KeepsWhatTheCallersTransactionDidBefore) {
    session.begin();
    session.execute(kInsert, {1000, std::string("before"), 1});
    session.batch(kInsert, items(kSets));
    session.commit();
    EXPECT_EQ(session.value("(SELECT count(*) FROM item)"), std::to_string(kSets + 1));

    session.begin();
    const Error error = error_of([&] { session.batch(kInsert, items(kSets)); });
    EXPECT_EQ(error.batch_set, 0);
    session.rollback();
    EXPECT_EQ(session.value("(SELECT count(*) FROM item)"), std::to_string(kSets + 1));
}

TEST_F(PostgresCopy, IsNotUsedWhereItWouldDoSomethingElse) {
    const auto counts = [&](const std::string& table) {
        return session
            .batch("INSERT INTO " + table + " (id) VALUES ($1)",
                   [] {
                       std::vector<Set> sets;
                       for (int i = 1; i <= kSets; ++i) sets.push_back({i});
                       return sets;
                   }())
            .affected;
    };
    // A trigger that drops rows: the others count.
    session.execute("CREATE TABLE odd (id integer)");
    session.execute(
        "CREATE FUNCTION drop_even() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN CASE WHEN NEW.id % 2 = 1 THEN NEW END; END'");
    session.execute("CREATE TRIGGER even BEFORE INSERT ON odd FOR EACH ROW EXECUTE FUNCTION drop_even()");
    const std::vector<std::int64_t> odd = counts("odd");
    EXPECT_EQ(odd[0], 1);
    EXPECT_EQ(odd[1], 0);
    // A rule, which COPY ignores.
    session.execute("CREATE TABLE source (id integer)");
    session.execute("CREATE TABLE target (id integer)");
    session.execute("CREATE RULE away AS ON INSERT TO source DO INSTEAD INSERT INTO target VALUES (NEW.id)");
    counts("source");
    EXPECT_EQ(session.value("(SELECT count(*) FROM target)"), std::to_string(kSets));
    // References to rows of the same table, which COPY checks at its end only.
    session.execute("CREATE TABLE tree (id integer PRIMARY KEY, parent integer REFERENCES tree)");
    std::vector<Set> backwards;
    for (int i = 0; i < kSets; ++i) backwards.push_back({i, i + 1 == kSets ? Parameter(nullptr) : Parameter(i + 1)});
    EXPECT_EQ(error_of([&] { session.batch("INSERT INTO tree (id, parent) VALUES ($1, $2)", backwards); }).batch_set,
              0);
    // A column that PostgreSQL numbers itself.
    session.execute("CREATE TABLE own (id integer GENERATED ALWAYS AS IDENTITY)");
    EXPECT_EQ(error_of([&] { counts("own"); }).sqlstate, "428C9");
    // A check, a default or an index that calls a function, which may look at the table.
    session.execute("CREATE TABLE few (id integer, grp integer DEFAULT 1)");
    session.execute(
        "CREATE FUNCTION few(g int) RETURNS bool LANGUAGE sql AS 'SELECT count(*) < 10 FROM few WHERE grp = g'");
    session.execute("ALTER TABLE few ADD CHECK (few(grp))");
    EXPECT_EQ(error_of([&] { counts("few"); }).batch_set, 10);
    session.execute("CREATE TABLE numbered (id integer, n integer)");
    session.execute("CREATE FUNCTION next_n() RETURNS int LANGUAGE sql AS 'SELECT count(*)::int FROM numbered'");
    session.execute("ALTER TABLE numbered ALTER n SET DEFAULT next_n()");
    counts("numbered");
    EXPECT_EQ(session.value("(SELECT max(n) FROM numbered)"), std::to_string(kSets - 1));
    session.execute("CREATE TABLE made (id integer, twice integer GENERATED ALWAYS AS (id * 2) STORED)");
    counts("made");
    EXPECT_FALSE(is_copied("made"));
    // A view.
    session.execute("CREATE VIEW seen AS SELECT * FROM target");
    EXPECT_EQ(counts("seen"), std::vector<std::int64_t>(kSets, 1));
}

TEST_F(PostgresCopy, NoticesATriggerThatCameLater) {
    session.execute("CREATE TABLE changing (id integer)");
    const std::vector<Set> sets(kSets, Set{2});
    const std::string sql = "INSERT INTO changing (id) VALUES ($1)";
    EXPECT_EQ(session.batch(sql, sets).affected, std::vector<std::int64_t>(kSets, 1));
    session.execute("CREATE FUNCTION drop_all() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    session.execute("CREATE TRIGGER none BEFORE INSERT ON changing FOR EACH ROW EXECUTE FUNCTION drop_all()");
    EXPECT_EQ(session.batch(sql, sets).affected, std::vector<std::int64_t>(kSets, 0));
    EXPECT_EQ(session.value("(SELECT count(*) FROM changing)"), std::to_string(kSets));
}

TEST_F(PostgresCopy, StopsAtTheDeadline) {
    PostgresSession other;
    session.prepare_only(kInsert);
    other.begin();
    other.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE");
    session.set_limit(std::chrono::milliseconds(200));
    const Error error = error_of([&] { session.batch(kInsert, items(kSets)); });
    EXPECT_EQ(error.status, Status::timeout);
    EXPECT_EQ(error.batch_set, -1);
    other.rollback();
    session.set_limit(std::chrono::seconds(60));
    session.batch(kInsert, items(kSets));
    EXPECT_EQ(session.value("(SELECT count(*) FROM item)"), std::to_string(kSets));
}

}  // namespace
}  // namespace kdeps::testing
