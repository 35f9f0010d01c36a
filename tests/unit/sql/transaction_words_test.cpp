// SPDX-License-Identifier: Apache-2.0
// What a text tells of the transaction in which it runs.
#include "transaction_words.hpp"

#include <gtest/gtest.h>

#include <string>

#include "statement_text.hpp"
#include "tests/unit/sql/dialects.hpp"

namespace kdeps::sql {
namespace {

std::string found(const std::string& sql, const kdeps_driver& driver) {
    const TransactionWord word = find_transaction_word(sql, driver.lexis);
    switch (word.effect) {
        case TransactionEffect::none: return "";
        case TransactionEffect::begins: return "begins " + word.words;
        case TransactionEffect::ends: return "ends " + word.words;
        case TransactionEffect::sets: return "sets " + word.words;
        case TransactionEffect::commits_implicitly: return "commits " + word.words;
    }
    return "?";
}

TEST(TransactionWord, IsFoundInEachDialect) {
    EXPECT_EQ(found("begin", kPostgres), "begins BEGIN");
    EXPECT_EQ(found("/* x */ START transaction READ ONLY", kPostgres), "begins START TRANSACTION");
    EXPECT_EQ(found("SELECT 1; COMMIT", kPostgres), "ends COMMIT");
    EXPECT_EQ(found("END", kSqlite), "ends END");
    EXPECT_EQ(found("abort;", kPostgres), "ends ABORT");
    EXPECT_EQ(found("ROLLBACK", kMysql), "ends ROLLBACK");
    EXPECT_EQ(found("PREPARE TRANSACTION 'x'", kPostgres), "ends PREPARE TRANSACTION");
    EXPECT_EQ(found("XA END 'x'", kMysql), "ends XA");
    EXPECT_EQ(found("SET TRANSACTION READ WRITE", kPostgres), "sets SET TRANSACTION READ");
    EXPECT_EQ(found("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", kPostgres),
              "sets SET SESSION CHARACTERISTICS");
    EXPECT_EQ(found("set local transaction_read_only = off", kPostgres), "sets SET LOCAL TRANSACTION_READ_ONLY");
    EXPECT_EQ(found("SET a = 1, autocommit = 1", kMysql), "sets SET A =");
    EXPECT_EQ(found("SET @@session.autocommit = 1", kMysql), "sets SET @@SESSION.");
    EXPECT_EQ(found("PRAGMA query_only = 0", kSqlite), "sets PRAGMA QUERY_ONLY");
    EXPECT_EQ(found("PRAGMA main.query_only(0)", kSqlite), "sets PRAGMA MAIN.QUERY_ONLY");
    EXPECT_EQ(found("CREATE TABLE t (a int)", kMysql), "commits CREATE TABLE");
    EXPECT_EQ(found("LOCK TABLES t WRITE", kMysql), "commits LOCK TABLES");
    EXPECT_EQ(found("TRUNCATE t", kMysql), "commits TRUNCATE T");
    EXPECT_EQ(found("SET PASSWORD = 'x'", kMysql), "commits SET PASSWORD");
    EXPECT_EQ(found("UPDATE t SET a = 1 COMMIT", kSqlserver), "ends COMMIT");
    EXPECT_EQ(found("IF 1 = 1 BEGIN TRAN", kSqlserver), "begins BEGIN TRAN");
    EXPECT_EQ(found("BEGIN TRY COMMIT END TRY BEGIN CATCH END CATCH", kSqlserver), "ends COMMIT");
}

TEST(TransactionWord, IsNotSeenWhereThereIsNone) {
    for (const char* sql :
         {"SELECT 1", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a", "ROLLBACK TRANSACTION TO SAVEPOINT a",
          "SELECT 'COMMIT'", "SELECT \"commit\" FROM t", "INSERT INTO t VALUES ('; COMMIT')", "SET search_path TO a"}) {
        EXPECT_EQ(found(sql, kPostgres), "") << sql;
    }
    EXPECT_EQ(found("CREATE TABLE t (a int)", kPostgres), "");
    EXPECT_EQ(found("CREATE TEMPORARY TABLE t (a int)", kMysql), "");
    EXPECT_EQ(found("CREATE OR REPLACE TEMPORARY TABLE t (a int)", kMysql), "");
    EXPECT_EQ(found("DROP TEMPORARY TABLE t", kMysql), "");
    EXPECT_EQ(found("BEGIN NOT ATOMIC INSERT INTO t VALUES (1); END", kMysql), "");
    EXPECT_EQ(found("CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END", kSqlite), "");
    EXPECT_EQ(found("PRAGMA query_only", kSqlite), "");
    EXPECT_EQ(found("BEGIN SELECT 1 END", kSqlserver), "");
    EXPECT_EQ(found("SAVE TRAN a", kSqlserver), "");
    EXPECT_EQ(found("ROLLBACK TRAN a", kSqlserver), "");
    EXPECT_EQ(found("CREATE PROCEDURE p AS BEGIN TRAN; COMMIT", kSqlserver), "");
}

TEST(TransactionWord, HasItsPlaceInTheWorkflowsText) {
    const std::string sql = "SELECT {{ x }} + 1; COMMIT";
    EXPECT_EQ(read_statement(sql, {{7, 14, false}}, kPostgres, false).transaction.offset, sql.find("COMMIT"));
}

TEST(UndoneByError, IsOneStatement) {
    for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite, &kSqlserver}) {
        for (const char* sql :
             {"INSERT INTO t VALUES (1), (2);", "INSERT INTO t SELECT a FROM u UNION ALL SELECT b FROM v",
              "UPDATE t SET a = 1, b = (SELECT max(c) FROM u)", "DELETE FROM t WHERE a IN (SELECT a FROM u)",
              "WITH x AS (SELECT 1 AS a) DELETE FROM t WHERE a IN (SELECT a FROM x)", "SELECT f(1)",
              "MERGE INTO t USING u ON a = b WHEN MATCHED THEN UPDATE SET c = d WHEN NOT MATCHED THEN INSERT (a) "
              "VALUES (b)"})
            EXPECT_TRUE(is_undone_by_error(sql, driver->lexis)) << sql;
        for (const char* sql : {"", "CALL p()", "EXEC p", "BEGIN; COMMIT", "INSERT INTO t VALUES (1); SELECT 1", "DO 1",
                                "INSERT OR FAIL INTO t VALUES (1)", "DROP TABLE a, b"})
            EXPECT_FALSE(is_undone_by_error(sql, driver->lexis)) << sql;
    }
    for (const char* sql : {"INSERT INTO t VALUES (1) SELECT scope_identity()", "UPDATE t SET a = 1 UPDATE u SET b = 1",
                            "INSERT INTO t EXEC p", "SELECT 1 SELECT 2", "SELECT 1 DELETE FROM t",
                            "UPDATE t SET a = 1 SET ROWCOUNT 5", "DELETE t RETURN", "SELECT 1 SET NOCOUNT ON"})
        EXPECT_FALSE(is_undone_by_error(sql, kSqlserver.lexis)) << sql;
}

TEST(Statements, OfOneTextAreFound) {
    EXPECT_EQ(find_second_statement("SELECT 1;; SELECT ';' ;", kPostgres.lexis), 11U);
    EXPECT_EQ(find_second_statement("SELECT ';' /* ; */ ; -- ;", kPostgres.lexis), std::nullopt);
    EXPECT_EQ(find_second_statement("CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END", kSqlite.lexis),
              std::nullopt);
    EXPECT_EQ(find_second_statement("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", kPostgres.lexis),
              std::nullopt);
    EXPECT_EQ(find_second_statement("-- nothing\n;", kMysql.lexis), std::nullopt);
}

}  // namespace
}  // namespace kdeps::sql
