// SPDX-License-Identifier: Apache-2.0
// Statements as their authors write them, for every database.
#include "statement_text.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sql/dialects.hpp"

namespace kdeps::sql {
namespace {

std::vector<HoleText> holes_of(const std::string& sql) {
    std::vector<HoleText> out;
    for (std::size_t at = 0; (at = sql.find("{{", at)) != std::string::npos;) {
        const std::size_t end = sql.find("}}", at) + 2;
        out.push_back({at, end, sql.substr(at, end - at).find("identifier(") != std::string::npos});
        at = end;
    }
    return out;
}

// The statement, then where each parameter comes from: 0 a position, :name, {0} a hole, 'text{0}' a text; # where an
// integer is wanted.
std::string read(const std::string& sql, const kdeps_driver& driver, bool has_named = false) {
    const StatementText text = read_statement(sql, holes_of(sql), driver, has_named);
    std::string out;
    for (const auto& piece : text.pieces)
        out += piece.sql + (piece.has_identifier ? "<" + std::to_string(piece.hole) + ">" : "");
    for (const Parameter& parameter : text.parameters) {
        out += " | ";
        switch (parameter.source) {
            case Parameter::Source::position: out += std::to_string(parameter.position); break;
            case Parameter::Source::name: out += ":" + parameter.name; break;
            case Parameter::Source::hole: out += "{" + std::to_string(parameter.hole) + "}"; break;
            case Parameter::Source::text:
                out += "'";
                for (const auto& piece : parameter.pieces)
                    out += piece.is_hole ? "{" + std::to_string(piece.hole) + "}" : piece.text;
                out += "'";
                break;
        }
        if (parameter.wants_integer) out += "#";
    }
    for (const TextFault& fault : text.faults) out += " ! " + std::to_string(fault.offset) + ": " + fault.message;
    return out;
}

TEST(Placeholders, DoNotGrowTogetherWithWhatTheyTouch) {
    EXPECT_EQ(read("a=?AND b>?", kSqlserver), "a=@p1 AND b>@p2 | 0 | 1");
    EXPECT_EQ(read("SELECT 1 LIMIT?", kPostgres), "SELECT 1 LIMIT $1 | 0#");
    EXPECT_EQ(read("a=?AND b>?", kMysql), "a=?AND b>? | 0 | 1");
}

TEST(Placeholders, MakeNoOtherNameOfWhatFollows) {
    EXPECT_EQ(read("= :a:b", kSqlite, true), "= ?:b | :a ! 2: ':a' touches ':'; put a space between them");
    EXPECT_EQ(read("x[:a:b]", kPostgres, true), "x[$1:b] | :a");
}

TEST(Placeholders, PlacesLeadBackToTheSource) {
    const std::string sql = "SELECT a FROM t WHERE b = {{ get('x') }} AND nam = :yy";
    const StatementText text = read_statement(sql, holes_of(sql), kPostgres, true);
    EXPECT_EQ(text.pieces[0].sql, "SELECT a FROM t WHERE b = $1 AND nam = $2");
    EXPECT_EQ(text.source_of(text.pieces[0].sql.find("nam")), sql.find("nam"));
    EXPECT_EQ(text.source_of(text.pieces[0].sql.find("am =")), sql.find("am ="));
    EXPECT_EQ(text.source_of(text.pieces[0].sql.find("$1") + 1), sql.find("{{"));
    EXPECT_EQ(text.source_of(text.pieces[0].sql.find("$2")), sql.find(":yy"));
}

TEST(Placeholders, OfEveryKindWorkOnEveryDatabase) {
    EXPECT_EQ(read("a = $2 AND b = $1", kPostgres), "a = $1 AND b = $2 | 1 | 0");
    EXPECT_EQ(read("a = $2 AND b = $1", kMysql), "a = ? AND b = ? | 1 | 0");
    EXPECT_EQ(read("a = $2 AND b = $1", kSqlserver), "a = @p1 AND b = @p2 | 1 | 0");
    EXPECT_EQ(read("a = ? AND b = ?", kPostgres), "a = $1 AND b = $2 | 0 | 1");
    EXPECT_EQ(read("a = ? AND b = ?", kMysql), "a = ? AND b = ? | 0 | 1");
    EXPECT_EQ(read("a = ? AND b = ?", kSqlserver), "a = @p1 AND b = @p2 | 0 | 1");
    EXPECT_EQ(read("a = :x AND b = :y", kPostgres, true), "a = $1 AND b = $2 | :x | :y");
    EXPECT_EQ(read("a = :x AND b = :y", kMysql, true), "a = ? AND b = ? | :x | :y");
    EXPECT_EQ(read("a = @x AND b = @y", kMysql, true), "a = ? AND b = ? | :x | :y");
    EXPECT_EQ(read("a = @p2 AND b = @p1", kSqlserver), "a = @p1 AND b = @p2 | 1 | 0");
    EXPECT_EQ(read("a = @p1", kMysql), "a = ? | 0");
    EXPECT_EQ(read("a = @x", kPostgres, true), "a = $1 | :x");
}

TEST(Placeholders, ThatRepeatAreSentOnceWhereTheDatabaseCanRepeatThem) {
    EXPECT_EQ(read("$1 = $1", kPostgres), "$1 = $1 | 0");
    EXPECT_EQ(read("$1 = $1", kMysql), "? = ? | 0 | 0");
    EXPECT_EQ(read(":a = :a", kSqlserver, true), "@p1 = @p1 | :a");
}

TEST(Placeholders, AreCounted) {
    EXPECT_EQ(read_statement("$1 $3", {}, kPostgres, false).positions, 3U);
    EXPECT_EQ(read_statement("? ?", {}, kMysql, false).positions, 2U);
    EXPECT_EQ(read_statement(":a :b :a", {}, kMysql, true).names, (std::vector<std::string>{"a", "b"}));
}

TEST(Placeholders, OfTwoKindsAreOneTooMany) {
    EXPECT_EQ(read("a = $1 AND b = :x", kMysql),
              "a = ? AND b = :x | 0 ! 15: ':x' is another kind of placeholder than the ones before; use one kind in a "
              "statement");
    EXPECT_EQ(read("$0", kPostgres), " ! 0: placeholder $0 must be between $1 and $65535");
}

TEST(Placeholders, AreNotFoundInStringsNamesAndComments) {
    EXPECT_EQ(read("'?', \"?\", -- ?\n/* ? */ ?", kPostgres), "'?', \"?\", -- ?\n/* ? */ $1 | 0");
    EXPECT_EQ(read("$$ $1 ? $$ $1", kPostgres), "$$ $1 ? $$ $1 | 0");
    EXPECT_EQ(read("`?` # ?\n?", kMysql), "`?` # ?\n? | 0");
    EXPECT_EQ(read("'it\\'s ?' ?", kMysql), "'it\\'s ?' ? | 0");
}

TEST(Placeholders, AreNoCastsSlicesOrVariables) {
    EXPECT_EQ(read("a::text, b[1:2], $1", kPostgres), "a::text, b[1:2], $1 | 0");
    EXPECT_EQ(read("@v := 5, ?", kMysql), "@v := 5, ? | 0");
    EXPECT_EQ(read("@@version, ?", kMysql), "@@version, ? | 0");
}

TEST(Operators, OfJsonAreNoPlaceholders) {
    EXPECT_EQ(read("data ? 'k' AND id = $1", kPostgres), "data ? 'k' AND id = $1 | 0");
    EXPECT_EQ(read("data ?| array['a'] AND data ?& b AND id = ?", kPostgres),
              "data ?| array['a'] AND data ?& b AND id = $1 | 0");
    EXPECT_EQ(read("data @? '$.a'", kPostgres), "data @? '$.a'");
    EXPECT_EQ(read("WHERE ? = 'k'", kPostgres), "WHERE $1 = 'k' | 0");
    EXPECT_EQ(read("a IN (?, 'k')", kPostgres), "a IN ($1, 'k') | 0");
}

TEST(Holes, BecomeParameters) {
    EXPECT_EQ(read("WHERE a = {{ x }} AND b = {{ y }}", kPostgres), "WHERE a = $1 AND b = $2 | {0} | {1}");
    EXPECT_EQ(read("WHERE a = {{ x }}", kSqlserver), "WHERE a = @p1 | {0}");
    EXPECT_EQ(read("WHERE a = {{ x }} AND b = $1", kMysql), "WHERE a = ? AND b = ? | {0} | 0");
}

TEST(Holes, MakeTheWholeLiteralOneParameter) {
    EXPECT_EQ(read("LIKE '%{{ q }}%'", kPostgres), "LIKE $1 | '%{0}%'");
    EXPECT_EQ(read("= 'it''s {{ a }} and {{ b }}'", kMysql), "= ? | 'it's {0} and {1}'");
    EXPECT_EQ(read("= 'a\\'{{ a }}\\n'", kMysql), "= ? | 'a'{0}\n'");
    EXPECT_EQ(read("= E'a\\t{{ a }}'", kPostgres), "= $1 | 'a\t{0}'");
    EXPECT_EQ(read("= $t$a ' {{ a }}$t$", kPostgres), "= $1 | 'a ' {0}'");
    EXPECT_EQ(read("= X'{{ a }}'", kPostgres), "=  ! 2: a {{ }} cannot stand inside a bit or hexadecimal literal");
}

TEST(Holes, CannotStandForNames) {
    const std::string why = "a value cannot stand here; a table or column name is written {{ identifier(…) }}";
    for (const char* sql : {"SELECT * FROM {{ t }}", "INSERT INTO {{ t }} VALUES (1)", "UPDATE {{ t }} SET a = 1",
                            "SELECT 1 ORDER BY {{ c }}", "SELECT t.{{ c }}", "SELECT {{ s }}.c",
                            "SELECT a JOIN {{ t }}", "SELECT pre{{ c }}", "SELECT {{ c }}post"}) {
        const std::string found = read(sql, kPostgres);
        EXPECT_TRUE(found.ends_with(why)) << found;
    }
    EXPECT_EQ(read("SELECT \"{{ c }}\"", kPostgres),
              "SELECT \"{{ c }}\" ! 7: a {{ }} cannot stand inside a quoted name; write {{ identifier(…) }} without "
              "the quotes");
}

TEST(Holes, OfIdentifiersAreQuotedLater) {
    EXPECT_EQ(read("SELECT {{ identifier(c) }} FROM {{ identifier(t) }} WHERE a = {{ x }}", kPostgres),
              "SELECT <0> FROM <1> WHERE a = $1 | {2}");
    EXPECT_EQ(read("= 'x {{ identifier(c) }}'", kPostgres),
              "= $1 | 'x {0}' ! 5: identifier() cannot stand inside a string");
}

TEST(Holes, OfIdentifiersDoNotGrowTogetherWithWhatTheyTouch) {
    EXPECT_EQ(read("SELECT \"a\"{{ identifier(b) }}\"c\"", kPostgres), "SELECT \"a\" <0> \"c\"");
    EXPECT_EQ(read("SELECT `a`{{ identifier(b) }}", kMysql), "SELECT `a` <0>");
    EXPECT_EQ(read("SELECT {{ identifier(a) }}{{ identifier(b) }}", kSqlite), "SELECT <0> <1>");
    EXPECT_EQ(read("SELECT U&{{ identifier(a) }}", kPostgres), "SELECT U& <0>");
    EXPECT_EQ(read("SELECT {{ identifier(s) }}.{{ identifier(t) }}[1]", kPostgres), "SELECT <0>.<1>[1]");
}

TEST(Holes, AfterFromMayBeValues) {
    EXPECT_EQ(read("SELECT EXTRACT(year FROM {{ d }})", kPostgres), "SELECT EXTRACT(year FROM $1) | {0}");
    EXPECT_EQ(read("SELECT a WHERE b IS DISTINCT FROM {{ d }}", kPostgres),
              "SELECT a WHERE b IS DISTINCT FROM $1 | {0}");
}

TEST(Holes, InCommentsAreLeftOut) {
    EXPECT_EQ(read("SELECT 1 /* {{ x }} */ + ?", kMysql), "SELECT 1 /**/ + ? | 0");
    EXPECT_EQ(read("SELECT 5---- {{ x }}\n1", kMysql), "SELECT 5--/**/\n1");
}

TEST(Counts, WantIntegers) { EXPECT_EQ(read("LIMIT $1 OFFSET {{ o }}", kPostgres), "LIMIT $1 OFFSET $2 | 0# | {0}#"); }

TEST(Statement, SaysWhatIsNotClosed) {
    EXPECT_EQ(read("SELECT 'a", kPostgres), "SELECT 'a ! 7: quote is not closed");
    EXPECT_EQ(read("SELECT 1 /* a", kPostgres), "SELECT 1 /* a ! 9: comment is not closed");
}

TEST(Statement, WithoutHolesIsFixed) {
    EXPECT_TRUE(read_statement("SELECT 1", {}, kPostgres, false).is_fixed());
    const std::string sql = "SELECT {{ identifier(c) }}";
    EXPECT_FALSE(read_statement(sql, holes_of(sql), kPostgres, false).is_fixed());
}

TEST(Statement, SaysWhetherItMayLeaveSomethingOnItsConnection) {
    const auto leaves_state = [](const std::string& sql) {
        return read_statement(sql, {}, kPostgres, false).leaves_state;
    };
    for (const char* sql :
         {"BEGIN", " begin work", "/* a note */ -- another\nBEGIN", "START TRANSACTION", "SAVEPOINT a",
          "SET search_path TO b", "SELECT 1; BEGIN", "LOCK TABLES t WRITE", "XA START 'x'"}) {
        EXPECT_TRUE(leaves_state(sql)) << sql;
    }
    for (const char* sql : {"", "SELECT 1", "UPDATE t SET a = 1", "SELECT 'x; BEGIN'", "SELECT begin FROM t", "COMMIT",
                            "-- BEGIN\nSELECT 1", "INSERT INTO t VALUES (1)"}) {
        EXPECT_FALSE(leaves_state(sql)) << sql;
    }
}

TEST(Operators, WithAQuestionMarkStandBehindAnOperand) {
    EXPECT_EQ(read("SELECT '%'||?||'%'", kPostgres), "SELECT '%'||$1||'%' | 0");
    EXPECT_EQ(read("SELECT ?||?", kPostgres), "SELECT $1||$2 | 0 | 1");
    EXPECT_EQ(read("a LIKE ?||'%' AND b = ?", kPostgres), "a LIKE $1||'%' AND b = $2 | 0 | 1");
    EXPECT_EQ(read("data ? ?", kPostgres), "data ? $1 | 0");
    EXPECT_EQ(read("data ? $1", kPostgres), "data ? $1 | 0");
    EXPECT_EQ(read("data ? k AND data ? lower(k) AND d ? (e) AND (f)['a'] ? 'b'", kPostgres),
              "data ? k AND data ? lower(k) AND d ? (e) AND (f)['a'] ? 'b'");
    EXPECT_EQ(read("data ? {{ k }}", kPostgres), "data ? $1 | {0}");
    EXPECT_EQ(read("data ? '{{ k }}' OR {{ d }} ? 'k'", kPostgres), "data ? $1 OR $2 ? 'k' | '{0}' | {1}");
    EXPECT_EQ(read("data ?? ? AND data ??| array[?]", kPostgres), "data ? $1 AND data ?| array[$2] | 0 | 1");
    EXPECT_EQ(read("a ?# b, ?| lseg '[]', a ?-| b, a ?|| b", kPostgres), "a ?# b, ?| lseg '[]', a ?-| b, a ?|| b");
    EXPECT_EQ(read("ROWS ? PRECEDING", kPostgres), "ROWS $1 PRECEDING | 0");
    EXPECT_EQ(read("JSON_OBJECT('k' VALUE ?), value ? 'k'", kPostgres), "JSON_OBJECT('k' VALUE $1), value ? 'k' | 0");
}

TEST(Colons, BetweenOperandsBelongToNoName) {
    EXPECT_EQ(read("x[i : j], x[:j], x[ :j ], x[i :j]", kPostgres), "x[i : j], x[:j], x[ :j ], x[i :j]");
    EXPECT_EQ(read("JSON_OBJECT('id':id, 'k' :k)", kPostgres), "JSON_OBJECT('id':id, 'k' :k)");
    EXPECT_EQ(read("JSON_OBJECT('id': :id)", kPostgres, true), "JSON_OBJECT('id': $1) | :id");
    EXPECT_EQ(read("x[:a]", kPostgres, true), "x[$1] | :a");
}

TEST(Variables, OfMysqlStandBesidePlaceholders) {
    EXPECT_EQ(read("SELECT @r := @r + 1, (SELECT @r := :start) WHERE id < :most", kMysql, true),
              "SELECT @r := @r + 1, (SELECT @r := ?) WHERE id < ? | :start | :most");
    EXPECT_EQ(read("SET @a = 1, @b = @x", kMysql, true), "SET @a = 1, @b = ? | :x");
    EXPECT_EQ(read("SELECT 1, 2 INTO @a, @b", kMysql, true), "SELECT 1, 2 INTO @a, @b");
    EXPECT_EQ(read("SELECT @x + @y", kMysql, true), "SELECT ? + ? | :x | :y");
}

TEST(Variables, OfTransactSqlAreWhatItDeclares) {
    EXPECT_EQ(read("DECLARE @n INT = ?, @m int; SELECT @n, ?", kSqlserver),
              "DECLARE @n INT = @p1, @m int; SELECT @n, @p2 | 0 | 1");
    EXPECT_EQ(read("DECLARE @n INT = 10 SELECT @n, @x", kSqlserver, true), "DECLARE @n INT = 10 SELECT @n, @p1 | :x");
    EXPECT_EQ(read("DECLARE @t TABLE (a int, b int); INSERT INTO @t VALUES (@a, @b)", kSqlserver, true),
              "DECLARE @t TABLE (a int, b int); INSERT INTO @t VALUES (@p1, @p2) | :a | :b");
    EXPECT_EQ(read("EXEC dbo.find @name = :name, @max = :max", kSqlserver, true),
              "EXEC dbo.find @name = @p1, @max = @p2 | :name | :max");
    EXPECT_EQ(read("EXEC p @o = {{ o }}", kSqlserver), "EXEC p @o = @p1 | {0}");
    EXPECT_EQ(read("EXEC p @name", kSqlserver, true), "EXEC p @p1 | :name");
    EXPECT_EQ(read("CREATE PROCEDURE p @a int AS SELECT @a", kSqlserver), "CREATE PROCEDURE p @a int AS SELECT @a");
    EXPECT_EQ(read("SELECT a@b, c#d FROM t WHERE p > $1.5 AND q > $100 AND r = ?", kSqlserver),
              "SELECT a@b, c#d FROM t WHERE p > $1.5 AND q > $100 AND r = @p1 | 0");
}

TEST(TypedLiterals, WorkAsIfTheyWereWrittenOut) {
    EXPECT_EQ(read("DATE '{{ d }}' + 1", kPostgres), "CAST($1::text AS DATE) + 1 | '{0}'");
    EXPECT_EQ(read("jsonb'{\"a\": {{ x }}}'", kPostgres), "CAST($1::text AS jsonb) | '{\"a\": {0}}'");
    EXPECT_EQ(read("timestamp(3) with time zone '{{ d }}'", kPostgres),
              "CAST($1::text AS timestamp(3) with time zone) | '{0}'");
    EXPECT_EQ(read("x AT TIME ZONE '{{ z }}'", kPostgres), "x AT TIME ZONE $1 | '{0}'");
    EXPECT_EQ(read("INTERVAL '{{ n }}-2' YEAR TO MONTH", kPostgres),
              "CAST($1::text AS INTERVAL YEAR TO MONTH) | '{0}-2'");
    EXPECT_EQ(read("numeric(5, 2) '{{ n }}.5'", kPostgres), "CAST($1::text AS numeric(5, 2)) | '{0}.5'");
    EXPECT_EQ(read("double precision '{{ n }}', s.mood '{{ m }}'", kPostgres),
              "CAST($1::text AS double precision), CAST($2::text AS s.mood) | '{0}' | '{1}'");
    EXPECT_EQ(read("DATE '{{ d }}' + INTERVAL '{{ n }}' DAY", kMysql),
              "CAST(? AS DATE) + INTERVAL ? DAY | '{0}' | '{1}'");
    EXPECT_EQ(read("_latin1'{{ x }}', _binary '{{ y }}', N'{{ z }}'", kMysql),
              "CONVERT(? USING latin1), CAST(? AS BINARY), ? | '{0}' | '{1}' | '{2}'");
    EXPECT_EQ(read("a LIKE '{{ x }}' AND b IS DISTINCT FROM '{{ y }}' OR NOT '{{ z }}'", kPostgres),
              "a LIKE $1 AND b IS DISTINCT FROM $2 OR NOT $3 | '{0}' | '{1}' | '{2}'");
}

TEST(TypedLiterals, OfDaysAreDays) {
    for (const char* day : {"2024-02-29", "2000-02-29 10:00:00", "2024-1-31", "20240229", "2024/04/30"})
        EXPECT_TRUE(is_day(day)) << day;
    for (const char* day :
         {"", "x", "2024", "2024-02", "2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-1-32"})
        EXPECT_FALSE(is_day(day)) << day;
    const std::string sql = "SELECT DATE '{{ d }}', TIME '{{ t }}'";
    const StatementText text = read_statement(sql, holes_of(sql), kMysql, false);
    EXPECT_TRUE(text.parameters[0].is_day);
    EXPECT_FALSE(text.parameters[1].is_day);
}

TEST(Literals, SideBySideAreOne) {
    EXPECT_EQ(read("'a' 'b{{ c }}' \"d\"", kMysql), "? | 'ab{0}d'");
    EXPECT_EQ(read("E'a\\t'\n'{{ c }}\\n'", kPostgres), "$1 | 'a\t{0}\n'");
    EXPECT_EQ(read("'a' '{{ c }}'", kPostgres), "'a' $1 | '{0}'");
}

TEST(Literals, HaveTheEscapesOfTheirDialect) {
    EXPECT_EQ(read("E'caf\\u00e9 \\x41\\101 \\U0001F600 {{ x }}'", kPostgres), "$1 | 'café AA \U0001F600 {0}'");
    EXPECT_EQ(read("U&'d\\0061t\\+00006a {{ x }}'", kPostgres), "$1 | 'datj {0}'");
    EXPECT_EQ(read("'100\\% \\_ \\x \\Z{{ x }}'", kMysql), "? | '100\\% \\_ x \x1A{0}'");
    EXPECT_EQ(read("'a\\n{{ x }}'", kPostgres), "$1 | 'a\\n{0}'");
    EXPECT_EQ(read("'a\\\nb{{ x }}'", kSqlserver), "@p1 | 'ab{0}'");
    EXPECT_EQ(read("U&\"d?\" = ?", kPostgres), "U&\"d?\" = $1 | 0");
}

TEST(Holes, CannotStandForADirectionOrASortKey) {
    const std::string why = "; a column to sort by is written {{ identifier(…) }}, a direction ASC or DESC";
    for (const char* sql : {"SELECT 1 ORDER BY {{ identifier(c) }} {{ dir }} LIMIT 1", "SELECT 1 ORDER BY a {{ dir }}",
                            "SELECT 1 ORDER BY a, {{ c }}", "SELECT 1 ORDER BY a, {{ c }} DESC, b"}) {
        for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite, &kSqlserver})
            EXPECT_NE(read(sql, *driver).find(why), std::string::npos) << sql;
    }
    EXPECT_EQ(read("ORDER BY a <-> {{ v }}, CASE WHEN b = {{ x }} THEN 1 END OFFSET {{ o }} ROWS", kPostgres),
              "ORDER BY a <-> $1, CASE WHEN b = $2 THEN 1 END OFFSET $3 ROWS | {0} | {1} | {2}#");
}

TEST(Holes, CannotStandInStatementsWithoutParameters) {
    for (const char* sql : {"SET application_name = '{{ x }}'", "NOTIFY c, '{{ x }}'", "COMMENT ON TABLE t IS {{ x }}"})
        EXPECT_NE(read(sql, kPostgres).find("takes no parameters in"), std::string::npos) << sql;
    EXPECT_EQ(read("SET @x = {{ x }}", kMysql), "SET @x = ? | {0}");
}

TEST(Statement, IsOne) {
    for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite}) {
        EXPECT_NE(read("SELECT 1; SELECT 2", *driver).find(" ! 10: "), std::string::npos);
        EXPECT_EQ(read("SELECT 1; -- ;", *driver).find(" ! "), std::string::npos);
    }
    EXPECT_EQ(read("SELECT 1; SELECT 2", kSqlserver), "SELECT 1; SELECT 2");
}

TEST(Statement, WarnsOfACommentThatTakesALineWithIt) {
    const auto warnings = [](const char* sql) { return read_statement(sql, {}, kSqlite, false).warnings.size(); };
    EXPECT_EQ(warnings("DELETE FROM t   -- the old ones WHERE old = 1\n"), 1U);
    EXPECT_EQ(warnings("delete from t -- the old ones where old = 1"), 1U);
    EXPECT_EQ(warnings("DELETE FROM t -- the old ones, and where they stand from\nWHERE old = 1"), 0U);
    EXPECT_EQ(warnings("SELECT 1 -- a note and nothing else"), 0U);
}

TEST(Statement, IsReadByTheRulesOfItsSession) {
    const auto read_with = [](const char* sql, std::uint32_t without) {
        return read_statement(sql, {}, kMysql, kMysql.lexis & ~without, false);
    };
    EXPECT_EQ(read_with("SELECT 'C:\\', ?", KDEPS_LEXIS_BACKSLASH).positions, 1U);
    EXPECT_EQ(read_with("SELECT \"a\\\" , ?", KDEPS_LEXIS_DOUBLE_QUOTE_TEXT).positions, 1U);
    EXPECT_FALSE(read_with("SELECT 'C:\\', ?", 0).faults.empty());
}

TEST(Counts, AreTheSecondOfTwoToo) {
    EXPECT_EQ(read("LIMIT {{ a }}, ?", kMysql), "LIMIT ?, ? | {0}# | 0#");
    EXPECT_EQ(read("SELECT TOP (?) a, ? FROM t", kSqlserver), "SELECT TOP (@p1) a, @p2 FROM t | 0# | 1");
}

// The text for lists of so many elements each.
std::string expanded(const std::string& sql, const kdeps_driver& driver, const std::vector<std::size_t>& counts,
                     ListForm form = ListForm::elements) {
    const StatementText text = read_statement(sql, holes_of(sql), driver, false);
    std::vector<BoundList> lists;
    std::size_t extra = text.parameters.size();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        lists.push_back({i, form, counts[i], extra});
        extra += counts[i] == 0 ? 0 : counts[i] - 1;
    }
    return expand_lists(text.pieces[0].sql, text.lists, lists, text.dialect);
}

TEST(Lists, AreWrittenOutInIn) {
    EXPECT_EQ(expanded("a IN (?) AND b = ?", kMysql, {3}), "a IN (?, ?, ?) AND b = ?");
    EXPECT_EQ(expanded("a NOT IN ( {{ x }} , 5)", kSqlite, {2}), "a NOT IN (?, ?,  5)");
    EXPECT_EQ(expanded("a IN (?) AND b = ?", kSqlserver, {3}), "a IN (@p1, @p3, @p4) AND b = @p2");
    EXPECT_EQ(expanded("a IN ($1)", kPostgres, {3}, ListForm::array), "a = ANY ($1)");
    EXPECT_EQ(expanded("a NOT /* x */ IN ($1)", kPostgres, {3}, ListForm::array), "a <> ALL ($1)");
    EXPECT_EQ(expanded("a IN (?) OR b IN (?)", kMysql, {1, 2}), "a IN (?) OR b IN (?, ?)");
    EXPECT_EQ(expanded("a IN (?)", kSqlite, {50'000}, ListForm::json), "a IN (SELECT value FROM json_each(?))");
    EXPECT_EQ(expanded("a IN (?)", kSqlserver, {5'000}, ListForm::json),
              "a IN (SELECT v FROM OPENJSON(@p1) WITH (v nvarchar(max) '$'))");
}

TEST(Lists, ThatAreEmptySelectNothing) {
    EXPECT_EQ(expanded("a IN (?)", kMysql, {0}), "a IN (SELECT NULL FROM DUAL WHERE 1 = 0)");
    EXPECT_EQ(expanded("a NOT IN (?)", kSqlite, {0}), "a NOT IN (SELECT NULL WHERE 1 = 0)");
    EXPECT_EQ(expanded("a IN (?, 7)", kMysql, {0}), "a IN ( 7)");
}

TEST(Lists, StandOnlyWhereAnItemOfInStands) {
    for (const char* sql : {"a IN (?)", "a IN (1, ?)", "a NOT IN ({{ x }})", "f(a IN (?))"})
        EXPECT_EQ(read_statement(sql, holes_of(sql), kMysql, false).lists.size(), 1U) << sql;
    for (const char* sql : {"a IN (SELECT ?)", "a IN (? + 1)", "a = ?", "f(?)", "a IN (f(?))"})
        EXPECT_TRUE(read_statement(sql, holes_of(sql), kMysql, false).lists.empty()) << sql;
    EXPECT_FALSE(read_statement("a IN (?)", {}, kMysql, false).is_fixed());
}

TEST(Identifier, IsQuotedAsTheDialectHasIt) {
    EXPECT_EQ(quote_identifier("a\"b", kPostgres), "\"a\"\"b\"");
    EXPECT_EQ(quote_identifier("a`b", kMysql), "`a``b`");
    EXPECT_EQ(quote_identifier("a]b[", kSqlserver), "[a]]b[]");
    EXPECT_EQ(quote_identifier("x; DROP TABLE t --", kPostgres), "\"x; DROP TABLE t --\"");
}

}  // namespace
}  // namespace kdeps::sql
