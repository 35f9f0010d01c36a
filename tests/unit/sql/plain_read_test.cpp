// SPDX-License-Identifier: Apache-2.0
// Which statements are known to have no effects: few that have none may be missed, none that has one may be taken.
#include "plain_read.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "statement_text.hpp"
#include "tests/unit/sql/dialects.hpp"

namespace kdeps::sql {
namespace {

struct Case {
    const char* sql;
    std::vector<const kdeps_driver*> drivers = {&kPostgres, &kMysql, &kSqlite, &kSqlserver};
};

bool is_plain(const std::string& sql, const kdeps_driver& driver) {
    const StatementText text = read_statement(sql, {}, driver, false);
    EXPECT_TRUE(text.faults.empty()) << sql;
    return text.is_plain_read;
}

// A change that asks its session for nothing need not wait until an earlier one's last id is forgotten.
TEST(PlainChange, SeesNothingOfItsSession) {
    const auto sees_session = [](const std::string& sql, const kdeps_driver& driver) {
        return read_statement(sql, {}, driver, false).sees_session;
    };
    for (const Case& c :
         std::vector<Case>{{"INSERT INTO t (a, b) VALUES (?, lower(?))"},
                           {"insert into s.t(a) select a from u where b > 3"},
                           {"UPDATE t SET a = a + 1, b = coalesce(b, 'x') WHERE id IN (1, 2)"},
                           {"DELETE FROM t WHERE a BETWEEN 1 AND 2"},
                           {"INSERT INTO t(a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = 1", {&kPostgres, &kSqlite}},
                           {"REPLACE INTO `t` (a) VALUES (1)", {&kMysql, &kSqlite}},
                           {"INSERT INTO t(a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)", {&kMysql}}}) {
        for (const kdeps_driver* driver : c.drivers) EXPECT_FALSE(sees_session(c.sql, *driver)) << c.sql;
    }
    for (const Case& c : std::vector<Case>{{"INSERT INTO t (a) VALUES (last_insert_id())"},
                                           {"INSERT INTO t (a) VALUES (currval('s'))"},
                                           {"UPDATE t SET a = f(a)"},
                                           {"INSERT INTO t SELECT changes()"},
                                           {"INSERT INTO t(a) VALUES (@x)", {&kMysql}},
                                           {"UPDATE t SET a = @@identity", {&kMysql}},
                                           {"CREATE TABLE t(a int)"},
                                           {"CALL p()"},
                                           {"INSERT INTO t VALUES (1); SELECT f()"}}) {
        for (const kdeps_driver* driver : c.drivers) EXPECT_TRUE(sees_session(c.sql, *driver)) << c.sql;
    }
}

TEST(PlainRead, IsAQueryOverTables) {
    for (const Case& c : std::vector<Case>{
             {"SELECT 1"},
             {"select * from t;"},
             {" -- a note\nSELECT a, t.b FROM t /* here */ WHERE id = $1 AND n <> 'x''y' ; "},
             {"SELECT a.*, b.n AS name FROM a JOIN b ON a.id = b.id LEFT JOIN c USING (id) WHERE a.x IN (1, 2, ?)"},
             {"SELECT count(*), sum(x), max (y), coalesce(a, b, 0) FROM t GROUP BY z HAVING count(*) > 5"},
             {"SELECT row_number() OVER (PARTITION BY a ORDER BY b DESC) AS n FROM t"},
             {"WITH x AS (SELECT 1 AS a), y AS (SELECT a FROM x) SELECT * FROM y WHERE EXISTS (SELECT 1 FROM x)"},
             {"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t",
              {&kPostgres, &kMysql, &kSqlite}},
             {"VALUES (1, 'a'), (2, 'b')", {&kPostgres, &kSqlite}},
             {"(SELECT 1) UNION (SELECT 2)", {&kPostgres, &kMysql}},
             {"SELECT a::text, b::numeric(5,2), c::date, d::int[] FROM t", {&kPostgres}},
             {"SELECT CAST(a AS int), CAST(b AS decimal(5,2)), CAST((SELECT x AS y FROM z) AS char) FROM t"},
             {"SELECT CONVERT(varchar(10), a), TOP_x FROM t WITH (NOLOCK)", {&kSqlserver}},
             {"SELECT TOP (5) a FROM t ORDER BY b OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY", {&kSqlserver}},
             {"SELECT d->'a'->>'b', d #>> '{a,b}', d @> '{}', d ? 'k', d ?| array['a'] FROM t", {&kPostgres}},
             {"SELECT extract(year FROM d), substring(a from 2 for 3), trim(both from x) FROM t", {&kPostgres}},
             {"SELECT DATE '2024-01-01', INTERVAL '1 day', x AT TIME ZONE 'UTC', a[1:2] FROM t", {&kPostgres}},
             {"SELECT x FROM (SELECT 1) v(x), LATERAL (SELECT 2) AS w(y)", {&kPostgres}},
             {"SELECT a FROM t WHERE a=-1 AND b<-$1 AND c<=>2", {&kMysql}},
             {"SELECT group_concat(DISTINCT a ORDER BY b SEPARATOR ', '), if(a, 1, 2) FROM t", {&kMysql}},
             {"SELECT \"update\", \"set\" FROM \"into\"", {&kPostgres, &kSqlite, &kSqlserver}},
             {"SELECT [delete] FROM [exec]", {&kSqlserver}},
             {"SELECT `drop` FROM `call`", {&kMysql}},
             {"SELECT 'DELETE FROM t; f(x) @a'"},
             {"SELECT replace(a, 'x', 'y'), lower(b), now(), round(c, 2) FROM t", {&kPostgres, &kMysql, &kSqlite}},
         }) {
        for (const kdeps_driver* driver : c.drivers) EXPECT_TRUE(is_plain(c.sql, *driver)) << c.sql;
    }
}

TEST(PlainRead, IsNothingThatHasOrMayHaveAnEffect) {
    const std::vector<const char*> statements = {
        "",
        ";",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "SHOW search_path",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM t",
        "SELECT 1 INTO t",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t FOR SHARE",
        "SELECT * FROM t LOCK IN SHARE MODE",
        "WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x",
        "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
        "SELECT set_config('a', 'b', false)",
        "SELECT f(1)",
        "SELECT f (1)",
        "SELECT f/* a note */(1)",
        "SELECT lower(f(1))",
        "SELECT s.lower(1)",
        "SELECT s . f(1)",
        "SELECT (1), f(2)",
        "SELECT * FROM f(1)",
        "SELECT a FROM t WHERE f(a)",
        "SELECT nextval('s')",
        "SELECT NEXT VALUE FOR s",
        "SELECT s.nextval FROM dual",
        "SELECT last_insert_id()",
        "SELECT get_lock('a', 1)",
        "SELECT @x",
        "SELECT @x := 1",
        "SELECT @@x",
        "SELECT @@identity",
        "SELECT current_schema",
        "SELECT current_user",
        "SELECT user",
        "SELECT CAST(a AS mood)",
        "SELECT SQL_CALC_FOUND_ROWS * FROM t",
        "SELECT /*! f(1) */ 2",
        "SELECT /*+ SET_VAR(a = 1) */ 2",
        "SELECT {fn f(1)}",
        "SELECT mood 'ok'",
        "SELECT \\",
        "EXPLAIN ANALYZE DELETE FROM t",
        "CALL p()",
        "DO $$ $$",
        "SELECT * FROM pragma_foreign_keys",
    };
    for (const char* sql : statements) {
        for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite, &kSqlserver})
            EXPECT_FALSE(is_plain_read(sql, driver->lexis)) << sql;
    }
}

TEST(PlainRead, KnowsWhatEachDialectAdds) {
    for (const char* sql :
         {"SELECT \"f\"(1)", "SELECT a OPERATOR(s.+) b", "SELECT a #### b", "SELECT a |- b", "SELECT @ -1",
          "SELECT @-1", "SELECT a::mood", "SELECT a::s.int", "SELECT top(1)", "SELECT by(1)", "SELECT regexp 'x'",
          "SELECT \"int\" 'x'", "SELECT 1 -- x\rDELETE FROM t", "SELECT option(1)", "SELECT 'a\\'b'", "SELECT xor(1)",
          "SELECT * FROM t TABLESAMPLE mine(1)"}) {
        EXPECT_FALSE(is_plain_read(sql, kPostgres.lexis)) << sql;
    }
    for (const char* sql :
         {"SELECT 1 EXEC p", "SELECT 1 WAITFOR DELAY '1'", "SELECT 1 PRINT 'x'", "SELECT 1 OPEN c",
          "SELECT 1 FETCH NEXT FROM c", "SELECT [f](1)", "SELECT a FROM t WITH (UPDLOCK)", "SELECT 1 IF (1=1) SELECT 2",
          "SELECT a.nodes('x')", "SELECT CONVERT(mine, 'x')", "SELECT @p1 + @q", "SELECT $IDENTITY"}) {
        EXPECT_FALSE(is_plain_read(sql, kSqlserver.lexis)) << sql;
    }
    for (const char* sql : {"SELECT `f`(1)", "SELECT a INTO @b FROM t", "SELECT a INTO OUTFILE 'x' FROM t",
                            "SELECT load_file('x')", "SELECT sleep(1)", "SELECT benchmark(1, 2)", "SELECT @p1"}) {
        EXPECT_FALSE(is_plain_read(sql, kMysql.lexis)) << sql;
    }
}

TEST(PlainRead, IsJudgedByWhatIsSent) {
    const std::string sql = "SELECT {{ identifier(f) }}(1)";
    EXPECT_FALSE(read_statement(sql, {{7, 26, true}}, kPostgres, false).is_plain_read);
    EXPECT_TRUE(read_statement("SELECT @x", {}, kMysql, true).is_plain_read);
    EXPECT_FALSE(read_statement("SELECT @x", {}, kMysql, false).is_plain_read);
}

}  // namespace
}  // namespace kdeps::sql
