// SPDX-License-Identifier: Apache-2.0
// Values of PostgreSQL as cells, in both wire formats, and values of a workflow as parameters.
#include <gtest/gtest.h>

#include "tests/integration/drivers/postgres_session.hpp"

namespace kdeps::testing {
namespace {

struct Case {
    const char* sql;
    const char* json;
};

// One expression per line of the type table, at its limits.
const Case kCases[] = {
    {"true", "true"},
    {"NULL::bool", "null"},
    {"(-32768)::int2", "-32768"},
    {"32767::int2", "32767"},
    {"(-2147483648)::int4", "-2147483648"},
    {"9223372036854775807", "9223372036854775807"},
    {"(-9223372036854775808)::int8", "-9223372036854775808"},
    {"4294967295::oid", "4294967295"},
    {"0.1::float4", "0.1"},
    {"3.4028235e38::float4", "3.4028235e+38"},
    {"'NaN'::float4", "null"},
    {"1e-7::float8", "1e-7"},
    {"1.7976931348623157e308::float8", "1.7976931348623157e+308"},
    {"'-Infinity'::float8", "null"},
    {"0::numeric", "0"},
    {"0.50::numeric(10,2)", "0.50"},
    {"-1234567.890000", "-1234567.890000"},
    {"10000::numeric", "10000"},
    {"0.00010000", "0.00010000"},
    {"1e40::numeric", "10000000000000000000000000000000000000000"},
    {"1e-20::numeric", "0.00000000000000000001"},
    {"123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"},
    {"'NaN'::numeric", "null"},
    {"'-Infinity'::numeric", "null"},
    {"''::text", R"("")"},
    {"E'q\"\\\\\\n\\u00e9\\U0001F600'", R"("q\"\\\né😀")"},
    {"'x'::\"char\"", R"("x")"},
    {"'abc'::char(6)", R"("abc   ")"},
    {"'n'::name", R"("n")"},
    {"'\\x00ff10'::bytea", R"("AP8Q")"},
    {"''::bytea", R"("")"},
    {"'{\"a\": [1, 2]}'::json", R"({"a": [1, 2]})"},
    {"'{\"a\": [1, 2]}'::jsonb", R"({"a": [1, 2]})"},
    {"'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", R"("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")"},
    {"'2024-02-29'::date", R"("2024-02-29")"},
    {"'1969-12-31'::date", R"("1969-12-31")"},
    {"'infinity'::date", R"("infinity")"},
    {"'-infinity'::date", R"("-infinity")"},
    {"'5874897-12-31'::date", R"("5874897-12-31")"},
    {"'0044-03-15 BC'::date", R"("-0043-03-15")"},
    {"'00:00'::time", R"("00:00:00")"},
    {"'23:59:59.999999'::time", R"("23:59:59.999999")"},
    {"'24:00'::time", R"("24:00:00")"},
    {"'04:05:06.7+05:30'::timetz", R"("04:05:06.7+05:30")"},
    {"'04:05:06-08'::timetz", R"("04:05:06-08")"},
    {"'2024-02-29 12:34:56.789'::timestamp", R"("2024-02-29T12:34:56.789")"},
    {"'1969-12-31 23:59:59.5'::timestamp", R"("1969-12-31T23:59:59.5")"},
    {"'infinity'::timestamp", R"("infinity")"},
    {"'-infinity'::timestamp", R"("-infinity")"},
    {"'4713-01-01 00:00 BC'::timestamp", R"("-4712-01-01T00:00:00")"},
    {"'294246-12-31 23:59:59.999999'::timestamp", R"("294246-12-31T23:59:59.999999")"},
    {"'2024-02-29 12:34:56+02'::timestamptz", R"("2024-02-29T10:34:56Z")"},
    {"'infinity'::timestamptz", R"("infinity")"},
    {"'1 year 2 mons 3 days 04:05:06.789'::interval", R"("P1Y2M3DT4H5M6.789S")"},
    {"'-1 year -2 mons +3 days -04:05:06.5'::interval", R"("P-1Y-2M3DT-4H-5M-6.5S")"},
    {"'-00:00:00.5'::interval", R"("PT-0.5S")"},
    {"'1000000 hours'::interval", R"("PT1000000H")"},
    {"'0'::interval", R"("PT0S")"},
    {"B'1010'", R"("1010")"},
    {"B''::varbit", R"("")"},
    {"'<a/>'::xml", R"("<a/>")"},
    {"1::money", R"("$1.00")"},
    {"'10.0.0.1'::inet", R"("10.0.0.1")"},
    {"int4range(1, 5)", R"~("[1,5)")~"},
    {"'pg_class'::regclass", R"("pg_class")"},
    {"point(1, 2)", R"~("(1,2)")~"},
    {"'1 2'::int2vector", R"("1 2")"},
    {"'sad'::mood", R"("sad")"},
    {"5::positive", "5"},
    {"7::very_positive", "7"},
    {"ROW(1, 'x')::pair", R"~("(1,x)")~"},
    {"ARRAY[1, 2, NULL]", "[1,2,null]"},
    {"'{}'::int[]", "[]"},
    {"ARRAY[[1, 2], [3, 4]]", "[[1,2],[3,4]]"},
    {"'[0:1]={5,6}'::int[]", "[5,6]"},
    {"ARRAY['a', 'b\"c', NULL, 'NULL', '', 'a,b', '{x}', E'\\\\']", R"(["a","b\"c",null,"NULL","","a,b","{x}","\\"])"},
    {"ARRAY[1.50, 2]::numeric[]", "[1.50,2]"},
    {"ARRAY['NaN', 1]::float8[]", "[null,1]"},
    {"ARRAY['2024-01-01 00:00+01']::timestamptz[]", R"(["2023-12-31T23:00:00Z"])"},
    {"ARRAY['{\"a\":1}']::jsonb[]", R"([{"a": 1}])"},
    {"ARRAY['\\xff']::bytea[]", R"(["/w=="])"},
    {"ARRAY['ok', 'sad']::mood[]", R"(["ok","sad"])"},
    {"ARRAY[1, 2]::positive[]", "[1,2]"},
    {"ARRAY['1.2.3.4']::inet[]", R"(["1.2.3.4"])"},
    {"ARRAY[ROW(1, 'x')]::pair[]", R"~(["(1,x)"])~"},
};

class PostgresTypes : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        postgres().execute("test",
                           "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
                           "CREATE DOMAIN very_positive AS positive; CREATE TYPE pair AS (a int, b text)");
    }
    static void TearDownTestSuite() {
        postgres().execute("test", "DROP TYPE mood; DROP DOMAIN very_positive; DROP DOMAIN positive; DROP TYPE pair");
    }
    PostgresSession session_;
};

TEST_F(PostgresTypes, ReadsEachTypeInBinary) {
    for (const Case& one : kCases) {
        EXPECT_EQ(session_.value(one.sql), one.json) << one.sql;
    }
}

TEST_F(PostgresTypes, ReadsEachTypeInTextAlike) {
    for (const Case& one : kCases) {
        // Money has no binary form here, so the whole row comes as text.
        EXPECT_EQ(session_.rows(std::string("SELECT ") + one.sql + " AS v, 2::money AS m"),
                  std::string("[{\"v\":") + one.json + ",\"m\":\"$2.00\"}]")
            << one.sql;
    }
}

TEST_F(PostgresTypes, ReadsIntervalsAsTheServerWritesIso8601) {
    session_.execute("SET IntervalStyle = iso_8601");
    for (const char* interval : {"1 year 2 mons 3 days 04:05:06.789", "-1 mons -00:00:01", "13 mons", "-25 mons 3 days",
                                 "00:00:59.000001", "-00:01:00.1", "1 day -01:00", "99999 days"}) {
        const std::string expression = "'" + std::string(interval) + "'::interval";
        EXPECT_EQ(session_.value(expression), session_.value("(" + expression + ")::text")) << interval;
    }
}

TEST_F(PostgresTypes, ReadsMomentsInUtcWhateverTheSessionsZoneAndDateStyle) {
    postgres().execute(
        "test", "ALTER ROLE \"user\" SET datestyle = 'German'; ALTER ROLE \"user\" SET timezone = 'Asia/Kolkata'");
    {
        PostgresSession session;
        const std::string expected = R"([{"d":"2024-02-29","t":"2024-02-29T10:34:56Z","m":"$1.00"}])";
        const char* sql = "SELECT '2024-02-29'::date AS d, '2024-02-29T12:34:56+02'::timestamptz AS t, 1::money AS m";
        EXPECT_EQ(session.rows(sql), expected);
        session.reset();
        EXPECT_EQ(session.rows(sql), expected);
    }
    postgres().execute("test", "ALTER ROLE \"user\" RESET ALL");
}

TEST_F(PostgresTypes, RefusesATimestampThatNoColumnHolds) {
    const Error error = error_of([&] { session_.value("'294276-12-31'::timestamp"); });
    EXPECT_EQ(error.status, Status::bad_data);
    EXPECT_EQ(error.message, "column 'v': a timestamp after the year 294246 cannot be represented; select it as text");
    EXPECT_EQ(session_.value("1"), "1");
}

TEST_F(PostgresTypes, KeepsNamesAndOrderOfColumns) {
    EXPECT_EQ(session_.rows("SELECT 1 AS b, 2 AS a, 3"), R"([{"b":1,"a":2,"?column?":3}])");
    EXPECT_EQ(session_.rows("SELECT 1 AS x WHERE false"), "[]");
}

TEST_F(PostgresTypes, DescribesWithoutRunning) {
    EXPECT_EQ(session_.describe("SELECT $1::int AS a, $2::text AS b, now() AS c, 1.5 AS d"), "i,u -> i,u,tsu:UTC,u");
    EXPECT_EQ(session_.describe("CREATE TABLE nothing (i int)"), " -> ");
}

struct Bound {
    const char* type;
    Parameter parameter;
    const char* json;
};

TEST_F(PostgresTypes, BindsEachKindToTheTypeThatTheParameterHas) {
    const Bound bound[] = {
        {"text", 5, R"("5")"},
        {"text", 1.5, R"("1.5")"},
        {"text", true, R"("true")"},
        {"text", std::string("é\"\\"), R"("é\"\\")"},
        {"text", std::string(), R"("")"},
        {"text", nullptr, "null"},
        {"text", Bytes{"abc"}, R"("abc")"},
        {"text", Decimal{"1.50"}, R"("1.50")"},
        {"int2", -32768, "-32768"},
        {"int4", std::string("2147483647"), "2147483647"},
        {"int4", 2.0, "2"},
        {"int4", true, "1"},
        {"int8", INT64_MIN, "-9223372036854775808"},
        {"int8", Decimal{"12.00"}, "12"},
        {"float4", 0.1, "0.1"},
        {"float8", 3, "3"},
        {"float8", -1e300, "-1e+300"},
        {"numeric", 7, "7"},
        {"numeric", 0.1, "0.1"},
        {"numeric", 1e21, "1000000000000000000000"},
        {"numeric", Decimal{"123456789012345678901234567890.10"}, "123456789012345678901234567890.10"},
        {"numeric", std::string("1.50"), "1.50"},
        {"bool", false, "false"},
        {"bool", std::string("yes"), "true"},
        {"bytea", Bytes{std::string("\0\xff", 2)}, R"("AP8=")"},
        {"bytea", std::string("\\x00ff"), R"("AP8=")"},
        {"uuid", std::string("a0eebc999c0b4ef8bb6d6bb9bd380a11"), R"("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")"},
        {"date", std::string("2024-02-29"), R"("2024-02-29")"},
        {"date", std::string("infinity"), R"("infinity")"},
        {"time", std::string("12:34:56.5"), R"("12:34:56.5")"},
        {"timestamptz", std::string("2024-01-01T01:00:00+01:00"), R"("2024-01-01T00:00:00Z")"},
        {"interval", std::string("P1DT2H"), R"("P1DT2H")"},
        {"json", std::string(R"({"a":[1]})"), R"({"a":[1]})"},
        {"jsonb", std::string(R"([1,"x"])"), R"([1, "x"])"},
        {"jsonb", 5, "5"},
        {"mood", std::string("ok"), R"("ok")"},
        {"positive", 5, "5"},
        {"inet", std::string("10.0.0.1"), R"("10.0.0.1")"},
        {"int4[]", std::string("[1, null, 3]"), "[1,null,3]"},
        {"int4[]", std::string("[[1,2],[3,4]]"), "[[1,2],[3,4]]"},
        {"int4[]", std::string("{7,8}"), "[7,8]"},
        {"int4[]", std::string("[0:1]={5,6}"), "[5,6]"},
        {"int4[]", std::string(" [] "), "[]"},
        {"text[]", std::string(R"(["a,b","q\"\\",null,"NULL","","\u00e9\ud83d\ude00","{x}"])"),
         R"(["a,b","q\"\\",null,"NULL","","é😀","{x}"])"},
        {"text[]", std::string(R"([1.50,true,{"a":[1]}])"), R"(["1.50","true","{\"a\":[1]}"])"},
        {"jsonb[]", std::string(R"([{"a": "}"},"s",[1]])"), R"([{"a": "}"},"s",[1]])"},
        {"mood[]", std::string(R"(["ok","sad"])"), R"(["ok","sad"])"},
        {"uuid[]", std::string(R"(["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"])"),
         R"(["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"])"},
    };
    for (const Bound& one : bound) {
        EXPECT_EQ(session_.value(std::string("$1::") + one.type, {one.parameter}), one.json)
            << one.type << " from " << one.parameter.index();
    }
}

TEST_F(PostgresTypes, FindsAListWithAny) {
    EXPECT_EQ(session_.rows("SELECT i FROM generate_series(1, 5) i WHERE i = ANY($1)", {std::string("[2,4,9]")}),
              R"([{"i":2},{"i":4}])");
}

TEST_F(PostgresTypes, RefusesValuesWithoutShowingThem) {
    struct Refused {
        const char* type;
        Parameter parameter;
        const char* sqlstate;
        const char* message;
    };
    const Refused refused[] = {
        {"int4", std::string("s3cret"), "22P02",
         "the statement failed: parameter $1: invalid input syntax for type integer"},
        {"int4", std::string("99999999999"), "22003",
         "the statement failed: parameter $1: value \"***\" is out of range for type integer"},
        {"int2", 70000, "22003", "parameter $1 of type smallint is out of range"},
        {"int4", 1.5, "22P02", "parameter $1 of type integer cannot be read from a number with a fraction"},
        {"int8", 1e300, "22003", "parameter $1 of type bigint is out of range"},
        {"int4", Bytes{"x"}, "42804", "parameter $1 of type integer cannot be read from bytes"},
        {"date", std::string("2024-13-01"), "22008",
         "the statement failed: parameter $1: date/time field value out of range"},
        {"date", std::string("a\0b", 3), "22021",
         "parameter $1 of type date cannot be read from a text with a zero byte"},
        {"text", std::string("a\0b", 3), "22021",
         "the statement failed: parameter $1: a text holds a byte that is not allowed in UTF-8, or zero"},
        {"uuid", std::string("zzz"), "22P02", "the statement failed: parameter $1: invalid input syntax for type uuid"},
        {"mood", std::string("s3cret"), "22P02",
         "the statement failed: parameter $1: invalid input value for enum mood"},
        {"jsonb", std::string("{\"k\":\"\\u0000\"}"), "22P05",
         "the statement failed: parameter $1: unsupported Unicode escape sequence"},
        {"int4[]", std::string("[1,2"), "22P02", "the statement failed: parameter $1: malformed array literal"},
    };
    for (const Refused& one : refused) {
        const Error error = error_of([&] { session_.value(std::string("$1::") + one.type, {one.parameter}); });
        EXPECT_EQ(error.status, Status::bad_data) << one.type;
        EXPECT_EQ(error.sqlstate, one.sqlstate) << one.type;
        EXPECT_EQ(error.message, one.message) << one.type;
        EXPECT_EQ(error.damage, Damage::none) << one.type;
    }
}

}  // namespace
}  // namespace kdeps::testing
