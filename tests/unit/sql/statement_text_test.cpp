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
    EXPECT_EQ(read("'?' \"?\" -- ?\n/* ? */ ?", kPostgres), "'?' \"?\" -- ?\n/* ? */ $1 | 0");
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

TEST(Identifier, IsQuotedAsTheDialectHasIt) {
    EXPECT_EQ(quote_identifier("a\"b", kPostgres), "\"a\"\"b\"");
    EXPECT_EQ(quote_identifier("a`b", kMysql), "`a``b`");
    EXPECT_EQ(quote_identifier("a]b[", kSqlserver), "[a]]b[]");
    EXPECT_EQ(quote_identifier("x; DROP TABLE t --", kPostgres), "\"x; DROP TABLE t --\"");
}

}  // namespace
}  // namespace kdeps::sql
