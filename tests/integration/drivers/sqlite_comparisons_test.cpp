// SPDX-License-Identifier: Apache-2.0
// Texts, as a query string has them, compared with numbers that SQLite has no affinity for.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/drivers/session.hpp"

namespace kdeps::testing {
namespace {

struct SqliteComparisonsTest : ::testing::Test {
    SqliteComparisonsTest() {
        session.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, grp TEXT, n INTEGER, x)");
        session.execute(
            "INSERT INTO t VALUES (1, 'ab', 'x', 10, '5'), (2, 'abc', 'x', 9, 5), (3, 'z', 'y', NULL, '007')");
    }
    // The first column of the rows, "1 2".
    std::string found(std::string_view sql, const Cells& parameters) {
        const std::string rows = session.rows(sql, parameters);
        std::string out;
        for (std::size_t at = rows.find("\"a\":"); at != std::string::npos; at = rows.find("\"a\":", at + 1)) {
            out += (out.empty() ? "" : " ") + rows.substr(at + 4, rows.find_first_of(",}", at) - at - 4);
        }
        return out;
    }

    LoadedDriver driver{"sqlite"};
    DriverSession session{driver, "sqlite://:memory:"};
};

TEST_F(SqliteComparisonsTest, ComparesTextsWithNumbersAsNumbers) {
    for (const std::string_view condition : {"length(name) > ?",
                                             "? < length(name)",
                                             "n * 2 = ?",
                                             "(n + 1) - 1 = ?",
                                             "-n = ?",
                                             "abs(n) >= ?",
                                             "n % 7 = (?)",
                                             "length(name) IS ?",
                                             "length(name) IS NOT ?",
                                             "length(name) BETWEEN ? AND ?",
                                             "length(name) IN (?, ?)",
                                             "length(name) NOT IN (?)",
                                             "NOT length(name) = ?",
                                             "coalesce(n, 0) < ?",
                                             "max(n, 2) > ?",
                                             "n || 1 + 1 > ?",
                                             "(SELECT count(*) FROM t AS u WHERE u.grp = t.grp) > ?",
                                             "ifnull(t.n, length(name)) <> ?",
                                             "CASE WHEN length(name) >= ? THEN 1 ELSE 0 END",
                                             "x + 0 = ?",
                                             "1 = ?"}) {
        const std::string sql = "SELECT id AS a FROM t WHERE " + std::string(condition) + " ORDER BY id";
        const auto count = static_cast<std::size_t>(std::count(condition.begin(), condition.end(), '?'));
        for (const int number : {-10, 1, 2, 3, 5, 10, 20}) {
            EXPECT_EQ(found(sql, Cells(count, Cell(std::to_string(number).c_str()))),
                      found(sql, Cells(count, Cell(number))))
                << sql << " with " << number;
        }
    }
}

TEST_F(SqliteComparisonsTest, KnowsAggregatesAndTheirNames) {
    EXPECT_EQ(found("SELECT grp AS a FROM t GROUP BY grp HAVING count(*) >= ?", {"2"}), R"("x")");
    EXPECT_EQ(found("SELECT grp AS a, COUNT(*) AS total FROM t GROUP BY grp HAVING total >= ?", {" 2 "}), R"("x")");
    EXPECT_EQ(found("SELECT grp AS a FROM t GROUP BY grp HAVING sum(n) > ? AND max(n) = ?", {"18.5", "10"}), R"("x")");
    EXPECT_EQ(found("SELECT a FROM (SELECT grp AS a, count(*) AS c FROM t GROUP BY grp) WHERE c < ?", {"2"}), R"("y")");
    EXPECT_EQ(
        found("SELECT a FROM (SELECT id AS a, row_number() OVER (ORDER BY id DESC) AS r FROM t) WHERE r = ?", {"1"}),
        "3");
    EXPECT_EQ(found("SELECT grp AS a FROM t GROUP BY grp HAVING count(*) FILTER (WHERE n > 9) = ?", {"1"}), R"("x")");
    EXPECT_EQ(session.batch("DELETE FROM t WHERE length(name) = ?", {{"1"}, {"9"}}).affected,
              (std::vector<std::int64_t>{1, 0}));
}

TEST_F(SqliteComparisonsTest, LeavesTextsWhereTextsAreMeant) {
    EXPECT_EQ(found("SELECT id AS a FROM t WHERE x = ?", {"5"}), "1")
        << "a column without a type holds what was stored";
    EXPECT_EQ(found("SELECT id AS a FROM t WHERE x = ?", {"007"}), "3");
    EXPECT_EQ(found("SELECT id AS a FROM t WHERE x || '' = ?", {"007"}), "3");
    EXPECT_EQ(found("SELECT id AS a FROM t WHERE upper(x) = ?", {"007"}), "3");
    EXPECT_EQ(found("SELECT id AS a FROM t WHERE max(name, 'a') = ?", {"z"}), "3");
    EXPECT_EQ(found("SELECT id AS a FROM t WHERE length(name) = ?", {"two"}), "");
    EXPECT_EQ(found("SELECT id AS a FROM t WHERE length(name) < ?", {""}), "1 2 3") << "a text is after every number";
    EXPECT_EQ(found("SELECT typeof(?) AS a", {"5"}), R"("text")");
    EXPECT_EQ(found("SELECT '?' || ? AS a, count(*) > ? FROM t -- > ?\n", {"5", "1"}), R"("?5")");
    session.execute("UPDATE t SET x = ? WHERE length(name) = ?", {"9", "1"});
    EXPECT_EQ(found("SELECT typeof(x) AS a FROM t WHERE id = 3", {}), R"("text")");
    session.execute("CREATE TABLE u (total TEXT)");
    session.execute("INSERT INTO u VALUES ('01')");
    EXPECT_EQ(found("SELECT total AS a, 1 AS total FROM u WHERE total = ?", {"01"}), R"("01")");
}

}  // namespace
}  // namespace kdeps::testing
