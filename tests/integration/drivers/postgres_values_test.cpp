// SPDX-License-Identifier: Apache-2.0
// Values that go to PostgreSQL and come back: lists, JSON, numbers where no type is known, dates of other eras.
#include <gtest/gtest.h>

#include "tests/integration/drivers/postgres_session.hpp"

namespace kdeps::testing {
namespace {

class PostgresValues : public ::testing::Test {
protected:
    PostgresValues() { make_tables(); }

    PostgresSession session_;
};

// ---- Numbers

TEST_F(PostgresValues, ANumberStaysANumberWhereNoTypeIsKnown) {
    const auto value = [&](const std::string& sql, const Set& set) { return session_.value(sql, set); };
    EXPECT_EQ(value("$1", {5}), "5");
    EXPECT_EQ(value("$1", {std::int64_t{5'000'000'000}}), "5000000000");
    EXPECT_EQ(value("$1", {1.5}), "1.5");
    EXPECT_EQ(value("$1", {Decimal{"12345678901234567890.10"}}), "12345678901234567890.10");
    EXPECT_EQ(value("$1", {true}), "true");
    EXPECT_EQ(value("$1", {std::string("5")}), "\"5\"");
    EXPECT_EQ(value("$1", {nullptr}), "null");
    EXPECT_EQ(value("$1 + $2", {1, 2}), "3");
    EXPECT_EQ(value("$1 + $2", {1, 2.5}), "3.5");
    EXPECT_EQ(value("greatest($1, $2)", {10, 9}), "10");
    EXPECT_EQ(value("round($1, 1)", {1.25}), "1.3");
    EXPECT_EQ(value("concat('a', $1)", {std::string("lamp")}), "\"alamp\"");
    EXPECT_EQ(value("concat('a', $1)", {5}), "\"a5\"");
    EXPECT_EQ(value("(SELECT max(v) FROM (VALUES ($1), ($2)) t(v))", {10, 9}), "10");
    EXPECT_EQ(value("jsonb_build_object('a', $1)", {5}), R"({"a": 5})");
    EXPECT_EQ(value("'[7, 8]'::jsonb -> $1", {1}), "8");
    EXPECT_EQ(
        session_.rows("SELECT t.id FROM (VALUES ($1), ($2)) v(id) JOIN (SELECT 2 AS id) t ON t.id = v.id", {1, 2}),
        R"([{"id":2}])");
}

TEST_F(PostgresValues, ANumberForATextIsItsDigits) {
    session_.execute("INSERT INTO item VALUES (1, '5', 1), (2, '05', 1)");
    EXPECT_EQ(session_.rows("SELECT id FROM item WHERE name = $1", {5}), R"([{"id":1}])");
    EXPECT_EQ(session_.rows("SELECT id FROM item WHERE name LIKE $1", {5}), R"([{"id":1}])");
    EXPECT_EQ(session_.rows("SELECT id FROM item WHERE name IN ($1, $2)", {5, std::string("05")}),
              R"([{"id":1},{"id":2}])");
    EXPECT_EQ(session_.value("'5' = $1::text", {5}), "true");
    EXPECT_EQ(session_.value("length($1)", {12345}), "5");
    session_.execute("UPDATE item SET name = $1 WHERE id = 2", {1.5});
    EXPECT_EQ(session_.rows("SELECT name FROM item WHERE id = 2"), R"([{"name":"1.5"}])");
    // The same in a transaction, which an attempt must not end.
    session_.begin();
    EXPECT_EQ(session_.rows("SELECT count(*) AS n FROM item WHERE name = $1 OR name = 'x'", {5}), R"([{"n":1}])");
    EXPECT_EQ(session_.value("$1 - $2", {3, 2}), "1");
    EXPECT_EQ(session_.state().transaction, KDEPS_TRANSACTION_OPEN);
    session_.commit();
}

TEST_F(PostgresValues, AFilterMayBeLeftOut) {
    const std::string one = "SELECT count(*) AS n FROM (VALUES ('a'), ('b')) t(name) WHERE ($1 IS NULL OR name = $1)";
    const std::string two = "SELECT count(*) AS n FROM (VALUES ('a'), ('b')) t(name) WHERE ($1 IS NULL OR name = $2)";
    const std::string month =
        "SELECT count(*) AS n FROM (VALUES (DATE '2024-04-01'), ('2024-05-01')) t(d) "
        "WHERE ($1 IS NULL OR EXTRACT(MONTH FROM d) = $1)";
    const std::string day =
        "SELECT count(*) AS n FROM (VALUES (DATE '2024-04-01'), ('2024-05-01')) t(d) WHERE ($1 IS NULL OR d = $1)";
    EXPECT_EQ(session_.rows(one, {nullptr}), R"([{"n":2}])");
    EXPECT_EQ(session_.rows(one, {std::string("b")}), R"([{"n":1}])");
    EXPECT_EQ(session_.rows(two, {nullptr, nullptr}), R"([{"n":2}])");
    EXPECT_EQ(session_.rows(two, {std::string("b"), std::string("b")}), R"([{"n":1}])");
    EXPECT_EQ(session_.rows(month, {nullptr}), R"([{"n":2}])");
    EXPECT_EQ(session_.rows(month, {4}), R"([{"n":1}])");
    EXPECT_EQ(session_.rows(month, {std::string("4")}), R"([{"n":1}])");
    EXPECT_EQ(session_.rows(day, {nullptr}), R"([{"n":2}])");
    EXPECT_EQ(session_.rows(day, {std::string("2024-05-01")}), R"([{"n":1}])");
    session_.begin();
    EXPECT_EQ(session_.rows(two + " AND true", {nullptr, nullptr}), R"([{"n":2}])");
    session_.commit();
    const Error error = error_of([&] { session_.rows("SELECT nothing($1)", {1}); });
    EXPECT_EQ(error.sqlstate, "42883");
}

// ---- Lists and JSON

TEST_F(PostgresValues, AListIsAnArray) {
    EXPECT_EQ(session_.value("$1::int[]", {List{{1, 2, nullptr}}}), "[1,2,null]");
    EXPECT_EQ(session_.value("$1::int[]", {List{}}), "[]");
    EXPECT_EQ(session_.value("$1::int[]", {List{{List{{1, 2}}, List{{3, nullptr}}}}}), "[[1,2],[3,null]]");
    EXPECT_EQ(session_.value("$1::int[]", {List{{List{}}}}), "[]");
    EXPECT_EQ(session_.value("$1::numeric[]", {List{{Decimal{"12345678901234567890.123"}, 1.5}}}),
              "[12345678901234567890.123,1.5]");
    EXPECT_EQ(session_.value("$1::text[]", {List{{std::string("a,b"), std::string("q\"\\"), std::string("NULL"),
                                                  std::string(""), std::string("{}"), nullptr, 5, true}}}),
              R"(["a,b","q\"\\","NULL","","{}",null,"5","true"])");
    EXPECT_EQ(session_.value("encode(($1::bytea[])[1], 'hex')", {List{{Bytes{std::string("\0\1\2\xff", 4)}}}}),
              "\"000102ff\"");
    EXPECT_EQ(
        session_.value("$1::jsonb[]",
                       {List{{std::string("{\"k\":1}"), List{{1, std::string("x")}}, nullptr, std::string("5")}}}),
        R"(["{\"k\":1}",[1, "x"],null,"5"])");
    EXPECT_EQ(session_.value("2 = ANY ($1)", {List{{1, 2}}}), "true");
    const Error error = error_of([&] { session_.value("$1::text", {List{{1}}}); });
    EXPECT_EQ(error.status, Status::bad_data);
    EXPECT_EQ(error.message,
              "parameter $1 of type text cannot be read from a list; write the type where PostgreSQL does not know it: "
              "$1::int[] for an array, $1::jsonb for JSON");
}

TEST_F(PostgresValues, AListIsAJsonList) {
    EXPECT_EQ(session_.value("$1::jsonb", {List{{std::string("a,b"), 1, nullptr, Decimal{"1.50"}, true,
                                                 List{{std::string("{\"k\":[1]}")}}}}}),
              R"(["a,b", 1, null, 1.50, true, ["{\"k\":[1]}"]])");
    EXPECT_EQ(session_.value("$1::json", {List{{Decimal{"12345678901234567890.123"}}}}), "[12345678901234567890.123]");
}

TEST_F(PostgresValues, ATextIsAJsonStringUnlessItIsAnObjectOrAnArray) {
    for (const char* type : {"json", "jsonb"}) {
        const std::string parameter = std::string("$1::") + type;
        for (const char* text : {"abc", "123", "true", "null", "", "[draft]", "{", "say \"x\"", "\"x\""}) {
            EXPECT_EQ(session_.value("(" + parameter + ")::jsonb #>> '{}' = '" + std::string(text) + "'",
                                     {std::string(text)}),
                      "true")
                << text;
            EXPECT_EQ(session_.value(type + std::string("_typeof(") + parameter + ")", {std::string(text)}),
                      "\"string\"");
        }
        EXPECT_EQ(session_.value(parameter, {std::string(R"( {"a": [1]} )")}).find("{\"a\": [1]}") != std::string::npos,
                  true);
        EXPECT_EQ(session_.value(type + std::string("_typeof(") + parameter + ")", {std::string("[1]")}), "\"array\"");
        EXPECT_EQ(session_.value(parameter, {5}), "5");
        EXPECT_EQ(session_.value(parameter, {true}), "true");
        EXPECT_EQ(session_.value(parameter, {Decimal{"1.50"}}), "1.50");
    }
    session_.execute("CREATE TABLE doc (j jsonb)");
    session_.batch("INSERT INTO doc (j) VALUES ($1)", std::vector<Set>(100, Set{std::string("123")}));  // by COPY
    EXPECT_EQ(session_.rows("SELECT DISTINCT jsonb_typeof(j) AS t FROM doc"), R"([{"t":"string"}])");
}

// ---- Other types

TEST_F(PostgresValues, AQuotedCharIsOneByte) {
    for (const char* beside : {"", ", '::1'::inet AS k"}) {
        const std::string rest = beside;
        const std::string tail = rest.empty() ? "}]" : ",\"k\":\"::1\"}]";
        EXPECT_EQ(session_.rows("SELECT ''::\"char\" AS c, 'i'::\"char\" AS d" + rest), R"([{"c":"","d":"i")" + tail);
        EXPECT_EQ(session_.rows("SELECT ARRAY[''::\"char\", 'i'::\"char\"] AS c" + rest), R"([{"c":["","i"])" + tail);
        EXPECT_EQ(
            session_.rows("SELECT $1::\"char\" AS c, $2::\"char\" AS d" + rest, {std::string(""), std::string("x")}),
            R"([{"c":"","d":"x")" + tail);
    }
}

TEST_F(PostgresValues, DatesOfOtherErasComeBack) {
    for (const char* type : {"date", "timestamp", "timestamptz"}) {
        for (const char* literal :
             {"0044-03-15 BC", "0001-01-01 BC", "10000-01-01", "infinity", "-infinity", "0001-12-31"}) {
            const std::string json = session_.value(std::string("'") + literal + "'::" + type);
            EXPECT_EQ(session_.value(std::string("$1::") + type + " = '" + literal + "'::" + type,
                                     {json.substr(1, json.size() - 2)}),
                      "true")
                << type << " " << json;
        }
    }
    session_.execute("CREATE TABLE era (at date)");
    session_.batch("INSERT INTO era (at) VALUES ($1)", std::vector<Set>(100, Set{std::string("-0043-03-15")}));
    EXPECT_EQ(session_.rows("SELECT DISTINCT at::text AS t FROM era"), R"([{"t":"0044-03-15 BC"}])");
}

TEST_F(PostgresValues, IntervalsAreIsoInEveryStyleAndFormat) {
    const std::string sql =
        "SELECT INTERVAL '1 year 2 mons -3 days +04:05:06.789' AS a, INTERVAL '-1 year -2 mons' AS b, "
        "INTERVAL '-00:00:00.5' AS c, INTERVAL '0' AS d, INTERVAL '25 hours' AS e, INTERVAL '-1 day +01:00' AS f, "
        "INTERVAL '1 mon -1 us' AS g, INTERVAL '-3 days -04:05:06' AS h, INTERVAL '1 year 4 days' AS i";
    const std::string wanted =
        R"([{"a":"P1Y2M-3DT4H5M6.789S","b":"P-1Y-2M","c":"PT-0.5S","d":"PT0S","e":"PT25H","f":"P-1DT1H",)"
        R"("g":"P1MT-0.000001S","h":"P-3DT-4H-5M-6S","i":"P1Y4D")";
    for (const char* style : {"postgres", "postgres_verbose", "sql_standard", "iso_8601"}) {
        session_.execute(std::string("SET IntervalStyle = ") + style);
        EXPECT_EQ(session_.rows(sql), wanted + "}]") << style;
        EXPECT_EQ(session_.rows(sql + ", '::1'::inet AS k"), wanted + ",\"k\":\"::1\"}]") << style;
    }
}

}  // namespace
}  // namespace kdeps::testing
