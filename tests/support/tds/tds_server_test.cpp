// SPDX-License-Identifier: Apache-2.0
// The server against FreeTDS: DB-Library, and the programs tsql and bsqldb at every version of the protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sybfront.h>

#include <sybdb.h>
#include <array>
#include <memory>
#include <thread>

#include "tests/support/process.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using tds::Event;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Rows = std::vector<std::string>;

constexpr int kNvarchar = 231;  // XSYBNVARCHAR, which the headers do not name

// The handlers of DB-Library have no user data; each test uses one thread.
thread_local std::vector<int> errors;         // of the server, severity above 10
thread_local std::vector<std::string> texts;  // all messages of the server

int on_message(DBPROCESS*, DBINT number, int, int severity, char* text, char*, char*, int) {
    if (severity > 10) errors.push_back(number);
    texts.emplace_back(text);
    return 0;
}

int on_error(DBPROCESS*, int, int, int, char*, char*) { return INT_CANCEL; }

// A client.
class Client {
public:
    explicit Client(const TdsServer& server, const char* database = "db", const char* password = "pass",
                    int version = DBVERSION_74) {
        static const bool is_ready = dbinit() == SUCCEED;
        EXPECT_TRUE(is_ready);
        dberrhandle(on_error);
        dbmsghandle(on_message);
        errors.clear();
        texts.clear();
        LOGINREC* login = dblogin();
        DBSETLUSER(login, "user");
        DBSETLPWD(login, password);
        DBSETLCHARSET(login, "UTF-8");
        DBSETLDBNAME(login, database);
        dbsetlversion(login, static_cast<BYTE>(version));
        process_ = dbopen(login, ("127.0.0.1:" + std::to_string(server.port())).c_str());
        dbloginfree(login);
    }
    ~Client() {
        if (process_ != nullptr) dbclose(process_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    DBPROCESS* get() const { return process_; }
    bool is_connected() const { return process_ != nullptr; }
    bool is_dead() const { return dbdead(process_) != 0; }

    bool send(const std::string& sql) {
        return dbcmd(process_, sql.c_str()) == SUCCEED && dbsqlsend(process_) == SUCCEED;
    }

    // Every row of every result as "a|b"; a result without rows adds nothing.
    Rows query(const std::string& sql) {
        errors.clear();
        dbcmd(process_, sql.c_str());
        dbsqlexec(process_);
        return read();
    }
    Rows read() {
        Rows rows;
        counts.clear();
        RETCODE result = SUCCEED;
        while ((result = dbresults(process_)) != NO_MORE_RESULTS) {
            if (result == FAIL && is_dead()) break;
            if (result == FAIL) continue;
            while (dbnextrow(process_) != NO_MORE_ROWS) {
                std::string row;
                for (int i = 1; i <= dbnumcols(process_); ++i) row += (i == 1 ? "" : "|") + cell(i);
                rows.push_back(row);
            }
            counts.push_back(DBCOUNT(process_));
        }
        return rows;
    }
    // The number of the error, 0 if there was none.
    int error(const std::string& sql) {
        query(sql);
        return errors.empty() ? 0 : errors[0];
    }

    std::vector<int> counts;

private:
    std::string cell(int i) const {
        const BYTE* data = dbdata(process_, i);
        const DBINT size = dbdatlen(process_, i);
        if (data == nullptr && size == 0) return "NULL";
        if (size == 0) return "";
        const int type = dbcoltype(process_, i);
        if (type == SYBMSDATE || type == SYBMSTIME || type == SYBMSDATETIME2 || type == SYBMSDATETIMEOFFSET ||
            type == SYBDATETIME) {
            DBDATEREC2 d{};
            dbanydatecrack(process_, &d, type, data);
            std::array<char, 96> out{};
            std::snprintf(out.data(), out.size(), "%04d-%02d-%02d %02d:%02d:%02d.%09d %d", d.dateyear, d.datemonth + 1,
                          d.datedmonth, d.datehour, d.dateminute, d.datesecond, d.datensecond, d.datetzone);
            return out.data();
        }
        std::vector<BYTE> out(static_cast<std::size_t>(size) * 2 + 64);
        const DBINT length = dbconvert(process_, type, data, size, SYBCHAR, out.data(), static_cast<DBINT>(out.size()));
        return {reinterpret_cast<char*>(out.data()), static_cast<std::size_t>(std::max(0, length))};
    }

    DBPROCESS* process_ = nullptr;
};

class Tds : public ::testing::Test {
protected:
    Tds() { server_.create_database("db"); }
    TdsServer server_;
};

TEST_F(Tds, GivesEveryTypeAsItWasDeclared) {
    Client client(server_);
    client.query(
        "CREATE TABLE t (id int IDENTITY(1,1) PRIMARY KEY, ti tinyint, si smallint, i int, bi bigint, b bit, d "
        "decimal(10,2), "
        "big numeric(38,10), m money, sm smallmoney, f float, r real, nv nvarchar(20), nm nvarchar(max), nc nchar(4), "
        "vc varchar(20), "
        "vb varbinary(4), vm varbinary(max), u uniqueidentifier, x xml)\n"
        "INSERT INTO t VALUES (255, -32768, -2147483648, -9223372036854775808, 1, -10.1, "
        "1234567890123456789012345678.0123456789, "
        "-922337203685477.5808, 1.5, 0.1, 0.5, N'gr\u00fc\u00df \U0001F600', N'', N'ab', 'caf\u20ac', 0x01FF, 0x, "
        "'6f9619ff-8b86-d011-b42d-00c04fc964ff', '<a/>')\nINSERT INTO t DEFAULT VALUES");
    EXPECT_THAT(errors, ElementsAre());
    EXPECT_THAT(client.query("SELECT ti, si, i, bi, b FROM t WHERE id = 1"),
                ElementsAre("255|-32768|-2147483648|-9223372036854775808|1"));
    EXPECT_THAT(client.query("SELECT d, big, sm, f, r FROM t WHERE id = 1"),
                ElementsAre("-10.10|1234567890123456789012345678.0123456789|1.5000|0.10000000000000001|0.5"));
    EXPECT_THAT(
        client.query("SELECT nv, nm, nc, vc, vb, vm, u, x FROM t WHERE id = 1"),
        ElementsAre("gr\u00fc\u00df \U0001F600||ab  |caf\u20ac|01ff||6F9619FF-8B86-D011-B42D-00C04FC964FF|<a/>"));
    EXPECT_THAT(
        client.query("SELECT * FROM t WHERE id = 2"),
        ElementsAre(
            "2|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL"));
}

TEST_F(Tds, GivesDatesAndTimesToTheirLastDigit) {
    Client client(server_);
    client.query(
        "CREATE TABLE t (d date, t time(7), dt datetime, d2 datetime2(7), d3 datetime2(3), o datetimeoffset(7))\n"
        "INSERT INTO t VALUES ('0001-01-01', '23:59:59.9999999', '1753-01-01T00:00:00.003', "
        "'9999-12-31T23:59:59.9999999', "
        "'2024-02-29T12:00:00.0005', '2024-03-01T01:30:00.1234567+02:00')");
    EXPECT_THAT(errors, ElementsAre());
    EXPECT_THAT(client.query("SELECT d FROM t"), ElementsAre("0001-01-01 00:00:00.000000000 0"));
    EXPECT_THAT(client.query("SELECT t FROM t"), ElementsAre("1900-01-01 23:59:59.999999900 0"));
    EXPECT_THAT(client.query("SELECT d2 FROM t"), ElementsAre("9999-12-31 23:59:59.999999900 0"));
    EXPECT_THAT(client.query("SELECT d3 FROM t"), ElementsAre("2024-02-29 12:00:00.001000000 0"));
    EXPECT_THAT(client.query("SELECT dt FROM t"), ElementsAre(HasSubstr("1753-01-01 00:00:00.003")));
    EXPECT_THAT(client.query("SELECT o FROM t"), ElementsAre(HasSubstr("2024-03-01 01:30:00.123456700 120")));
}

TEST_F(Tds, ComparesMomentsByTheirValueAndTextsWithoutCase) {
    Client client(server_);
    client.query(
        "CREATE TABLE t (d datetime2(3), n nvarchar(10)) INSERT INTO t VALUES ('2024-01-31T10:00:00', N'Alice')");
    EXPECT_THAT(client.query("SELECT COUNT(*) FROM t WHERE d = '2024-01-31 10:00:00.0000' AND n = N'ALICE'"),
                ElementsAre("1"));
}

TEST_F(Tds, MapsErrorsToTheNumbersOfTheOriginal) {
    Client client(server_);
    client.query(
        "CREATE TABLE p (id int PRIMARY KEY, n nvarchar(3) NOT NULL, q int CHECK (q > 0), i int, u int UNIQUE)\n"
        "CREATE TABLE c (p int REFERENCES p (id))\nCREATE UNIQUE INDEX ix ON p (i)\nINSERT INTO p VALUES (1, N'a', 1, "
        "1, 1)");
    EXPECT_THAT(errors, ElementsAre());
    EXPECT_EQ(client.error("INSERT INTO p VALUES (1, N'b', 1, 2, 2)"), 2627);
    EXPECT_EQ(client.error("INSERT INTO p VALUES (2, N'b', 1, 2, 1)"), 2627);
    EXPECT_EQ(client.error("INSERT INTO p VALUES (2, N'b', 1, 1, 2)"), 2601);
    EXPECT_EQ(client.error("INSERT INTO p VALUES (2, N'b', 0, 2, 2)"), 547);
    EXPECT_EQ(client.error("INSERT INTO c VALUES (7)"), 547);
    EXPECT_EQ(client.error("INSERT INTO p (id) VALUES (2)"), 515);
    EXPECT_EQ(client.error("INSERT INTO p VALUES (2, N'abcd', 1, 2, 2)"), 2628);
    EXPECT_EQ(client.error("INSERT INTO p VALUES (N'x', N'b', 1, 2, 2)"), 245);
    EXPECT_EQ(client.error("SELECT * FROM missing"), 208);
    EXPECT_EQ(client.error("SELECT missing FROM p"), 207);
    EXPECT_EQ(client.error("SELECT unheard(1)"), 195);
    EXPECT_EQ(client.error("SELECT * FORM p"), 102);
    EXPECT_EQ(client.error("SELECT 'open"), 105);
    EXPECT_EQ(client.error("SELECT @x"), 137);
    EXPECT_EQ(client.error("SELECT CAST('x' AS date)"), 241);
    EXPECT_EQ(client.error("SELECT CAST(300 AS tinyint)"), 8115);
    EXPECT_EQ(client.error("THROW 50123, 'mine', 1"), 50123);
    EXPECT_EQ(client.error("EXEC nothing"), 2812);
    EXPECT_EQ(client.error("COMMIT"), 3902);
    EXPECT_EQ(client.error("SET XYZ ON"), 195);
}

TEST_F(Tds, RefusesWhatItDoesNotKnow) {
    Client client(server_);
    for (const char* sql :
         {"MERGE INTO t USING s ON 1 = 1", "SELECT 1 FOR XML AUTO", "SELECT 1 INTO t", "WHILE 1 = 1 SELECT 1",
          "SELECT * FROM #t", "SELECT CONVERT(varchar(10), 1, 5)", "ALTER TABLE t ADD x int"}) {
        EXPECT_EQ(client.error(sql), 40515) << sql;
    }
}

TEST_F(Tds, GoesOnAfterAConstraintButNotAfterAConversion) {
    Client client(server_);
    client.query("CREATE TABLE t (id int PRIMARY KEY) INSERT INTO t VALUES (1)");
    EXPECT_THAT(client.query("INSERT INTO t VALUES (1) SELECT @@ERROR, @@ROWCOUNT"), ElementsAre("2627|0"));
    EXPECT_THAT(client.query("SELECT CAST('x' AS int) SELECT 1"), ElementsAre());
    EXPECT_THAT(client.query("SET XACT_ABORT ON INSERT INTO t VALUES (1) SELECT 1"), ElementsAre());
}

TEST_F(Tds, GivesSeveralResultsWithTheirCounts) {
    Client client(server_);
    client.query("CREATE TABLE t (id int IDENTITY(1,1) PRIMARY KEY, n int)");
    EXPECT_THAT(client.query("INSERT INTO t OUTPUT inserted.id VALUES (5), (6); UPDATE t SET n = n + 1; SELECT TOP 1 n "
                             "FROM t ORDER BY id DESC; "
                             "DELETE FROM t OUTPUT deleted.n WHERE id = 1"),
                ElementsAre("1", "2", "7", "6"));
    EXPECT_THAT(client.counts, ElementsAre(2, 2, 1, 1));
    EXPECT_THAT(client.query("SELECT SCOPE_IDENTITY()"), ElementsAre("2"));
    EXPECT_THAT(client.query("IF EXISTS (SELECT 1 FROM t) SELECT 'some' ELSE SELECT 'none'"), ElementsAre("some"));
    EXPECT_THAT(client.query("DECLARE @n int SELECT @n = n FROM t SET @n = @n * 2 SELECT @n"), ElementsAre("14"));
}

// Adds a parameter; the value must live until the call is sent.
void add(DBPROCESS* process, const char* name, int type, const std::string& value, int size = -1, BYTE status = 0) {
    ASSERT_EQ(dbrpcparam(process, name, status, type, status != 0 ? size : -1, static_cast<DBINT>(value.size()),
                         reinterpret_cast<BYTE*>(const_cast<char*>(value.data()))),
              SUCCEED);
}

template <typename T>
std::string raw(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

TEST_F(Tds, CallsSpExecutesqlWithTypedAndOutputParameters) {
    Client client(server_);
    const std::string sql = "SELECT @a AS a, @t AS t, @f AS f; SET @o = @a + 1";
    const std::string declarations = "@a bigint, @t nvarchar(50), @f float, @o int OUTPUT";
    const std::string a = raw<std::int64_t>(9007199254740993);
    const std::string f = raw(0.1);
    const std::string o = raw<std::int32_t>(0);
    const std::string text = "\u20ac uro";
    const std::string small = raw<std::int64_t>(41);
    for (const std::string* value : {&a, &small}) {
        ASSERT_EQ(dbrpcinit(client.get(), "sp_executesql", 0), SUCCEED);
        add(client.get(), nullptr, kNvarchar, sql);
        add(client.get(), nullptr, kNvarchar, declarations);
        add(client.get(), "@a", SYBINT8, *value);
        add(client.get(), "@t", kNvarchar, text);
        add(client.get(), "@f", SYBFLT8, f);
        add(client.get(), "@o", SYBINT4, o, -1, DBRPCRETURN);
        errors.clear();
        ASSERT_EQ(dbrpcsend(client.get()), SUCCEED);
        dbsqlok(client.get());
        if (value == &a) {
            EXPECT_THAT(client.read(), ElementsAre("9007199254740993|\u20ac uro|0.10000000000000001"));
            EXPECT_THAT(errors, ElementsAre(8115));  // the output is too small
        } else {
            EXPECT_THAT(client.read(), ElementsAre("41|\u20ac uro|0.10000000000000001"));
            EXPECT_THAT(errors, ElementsAre());
            ASSERT_EQ(dbnumrets(client.get()), 1);
            EXPECT_EQ(*reinterpret_cast<std::int32_t*>(dbretdata(client.get(), 1)), 42);
        }
    }
    EXPECT_EQ(server_.log().count(Event::Kind::rpc, "SET @o"), 2);
}

TEST_F(Tds, PreparesExecutesAndForgets) {
    Client client(server_);
    const std::string zero = raw<std::int32_t>(0);
    const std::string declarations = "@a int";
    const std::string sql = "SELECT @a * 2";
    dbrpcinit(client.get(), "sp_prepare", 0);
    add(client.get(), nullptr, SYBINT4, zero, -1, DBRPCRETURN);
    add(client.get(), nullptr, kNvarchar, declarations);
    add(client.get(), nullptr, kNvarchar, sql);
    dbrpcsend(client.get());
    dbsqlok(client.get());
    client.read();
    ASSERT_EQ(dbnumrets(client.get()), 1);
    const std::string handle = raw(*reinterpret_cast<std::int32_t*>(dbretdata(client.get(), 1)));
    const auto run = [&](const char* procedure, const std::string& value) {
        errors.clear();
        dbrpcinit(client.get(), procedure, 0);
        add(client.get(), nullptr, SYBINT4, handle);
        if (!value.empty()) add(client.get(), nullptr, SYBINT4, value);
        dbrpcsend(client.get());
        dbsqlok(client.get());
        return client.read();
    };
    EXPECT_THAT(run("sp_execute", raw<std::int32_t>(4)), ElementsAre("8"));
    EXPECT_THAT(run("sp_execute", raw<std::int32_t>(5)), ElementsAre("10"));
    run("sp_unprepare", "");
    EXPECT_THAT(errors, ElementsAre());
    run("sp_execute", raw<std::int32_t>(4));
    EXPECT_THAT(errors, ElementsAre(8179));
}

TEST_F(Tds, DescribesUndeclaredParameters) {
    Client client(server_);
    client.query("CREATE TABLE t (id int IDENTITY(1,1) PRIMARY KEY, n nvarchar(20), b varbinary(max))");
    const auto describe = [&](const std::string& sql) {
        errors.clear();
        dbrpcinit(client.get(), "sp_describe_undeclared_parameters", 0);
        add(client.get(), nullptr, kNvarchar, sql);
        dbrpcsend(client.get());
        dbsqlok(client.get());
        Rows out;
        for (const std::string& row : client.read()) {
            const std::size_t name = row.find('|') + 1;
            out.push_back(row.substr(name, row.find('|', name) - name) + row.substr(row.rfind('|')));
        }
        return out;
    };
    EXPECT_THAT(describe("INSERT INTO t VALUES (@p1, @p2)"), ElementsAre("@p1|nvarchar(20)", "@p2|varbinary(max)"));
    EXPECT_THAT(describe("UPDATE t SET b = @b WHERE id > @i"), ElementsAre("@b|varbinary(max)", "@i|int"));
    EXPECT_THAT(describe("SELECT @x"), ElementsAre());
    EXPECT_THAT(errors, ElementsAre(11503));
    EXPECT_THAT(describe("SELECT n FROM nothing WHERE id = @x"), ElementsAre());
    EXPECT_THAT(errors, ElementsAre(208, 11501));
    EXPECT_THAT(describe("SELECT n FROM t WHERE id = @x OR n = @x"), ElementsAre());
    EXPECT_THAT(errors, ElementsAre(11508));
}

TEST_F(Tds, DescribesTheFirstResultSet) {
    Client client(server_);
    client.query(
        "CREATE TABLE t (id int IDENTITY(1,1) PRIMARY KEY, n nvarchar(20) NOT NULL, m nvarchar(max), d decimal(10,2), "
        "t time(3), o datetimeoffset(7), x xml) INSERT INTO t (n) VALUES (N'a')");
    const auto describe = [&](const std::string& sql, const std::string& declarations = "") {
        errors.clear();
        dbrpcinit(client.get(), "sp_describe_first_result_set", 0);
        add(client.get(), nullptr, kNvarchar, sql);
        if (!declarations.empty()) add(client.get(), nullptr, kNvarchar, declarations);
        dbrpcsend(client.get());
        dbsqlok(client.get());
        Rows out;
        for (const std::string& row : client.read()) {
            std::size_t end = 0;  // of the ninth column, scale
            for (int i = 0; i < 9; ++i) end = row.find('|', end + 1);
            out.push_back(row.substr(0, end));
        }
        return out;
    };
    EXPECT_THAT(
        describe("SELECT * FROM t"),
        ElementsAre("0|1|id|0|56|int|4|10|0", "0|2|n|0|231|nvarchar(20)|40|0|0", "0|3|m|1|231|nvarchar(max)|-1|0|0",
                    "0|4|d|1|106|decimal(10,2)|9|10|2", "0|5|t|1|41|time(3)|4|12|3",
                    "0|6|o|1|43|datetimeoffset(7)|10|34|7", "0|7|x|1|241|xml|-1|0|0"));
    EXPECT_THAT(describe("SELECT COUNT(*), @p AS p FROM t WHERE id = @i", "@p varchar(7), @i int"),
                ElementsAre("0|1|NULL|1|56|int|4|10|0", "0|2|p|1|167|varchar(7)|7|0|0"));
    EXPECT_THAT(describe("DELETE FROM t; INSERT INTO t (n) OUTPUT inserted.id VALUES (N'b')"),
                ElementsAre("0|1|id|0|56|int|4|10|0"));
    EXPECT_THAT(describe("UPDATE t SET n = N'c'"), ElementsAre());
    EXPECT_THAT(errors, ElementsAre());
    EXPECT_THAT(client.query("SELECT id, n FROM t"), ElementsAre("1|a"));  // nothing has run
    EXPECT_THAT(describe("SELECT nothing FROM t"), ElementsAre());
    EXPECT_THAT(errors, ElementsAre(207, 11501));
    EXPECT_THAT(describe("SELECT * FROM nothing WHERE id = @p", "@p int"), ElementsAre());
    EXPECT_THAT(errors, ElementsAre(208, 11501));
    EXPECT_THAT(describe("SELECT n FROM t WHERE id = @p"), ElementsAre());
    EXPECT_THAT(errors, ElementsAre(137, 11501));
    // From a batch too.
    EXPECT_THAT(client.query("EXEC sp_describe_first_result_set N'SELECT n FROM t WHERE id = @p', N'@p int'"),
                ElementsAre(HasSubstr("0|1|n|0|231|nvarchar(20)|40|0|0|SQL_Latin1_General_CP1_CI_AS|")));
}

TEST_F(Tds, CallsSpExecutesqlFromABatch) {
    Client client(server_);
    EXPECT_THAT(client.query("DECLARE @s nvarchar(100) = N'SELECT @p1 + @p2', @v int = 3 "
                             "EXEC sp_executesql @s, N'@p1 int, @p2 int', @p1 = @v, @p2 = 4 SELECT @@ROWCOUNT"),
                ElementsAre("7", "1"));
}

TEST_F(Tds, RollsBackAndSeesIsolation) {
    Client client(server_);
    Client other(server_);
    client.query("CREATE TABLE t (n int)");
    EXPECT_THAT(
        client.query(
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE BEGIN TRAN INSERT INTO t VALUES (1) SELECT @@TRANCOUNT"),
        ElementsAre("1"));
    EXPECT_THAT(other.query("SELECT COUNT(*) FROM t"), ElementsAre("0"));
    EXPECT_THAT(client.query("ROLLBACK SELECT @@TRANCOUNT, COUNT(*) FROM t"), ElementsAre("0|0"));
    client.query("BEGIN TRAN INSERT INTO t VALUES (1) COMMIT");
    EXPECT_THAT(other.query("SELECT COUNT(*) FROM t"), ElementsAre("1"));
}

TEST_F(Tds, WaitsForALockAsLongAsTold) {
    Client client(server_);
    Client other(server_);
    client.query("CREATE TABLE t (n int) INSERT INTO t VALUES (1)");
    client.query("BEGIN TRAN UPDATE t SET n = 2");
    EXPECT_EQ(other.error("SET LOCK_TIMEOUT 50 UPDATE t SET n = 3"), 1222);
    // Its snapshot is older than what the other one commits: a deadlock of sorts, which ends the transaction.
    other.query("BEGIN TRAN SELECT * FROM t");
    client.query("COMMIT");
    EXPECT_EQ(other.error("UPDATE t SET n = 3"), 1205);
    EXPECT_THAT(other.query("SELECT @@TRANCOUNT"), ElementsAre("0"));
}

TEST_F(Tds, FailsAndDropsOnOrder) {
    Client client(server_);
    server_.faults().fail_next(tds::SqlError(1205, "chosen as the deadlock victim", 13), "UPDATE");
    client.query("CREATE TABLE t (n int)");
    EXPECT_EQ(client.error("UPDATE t SET n = 1"), 1205);
    EXPECT_EQ(client.error("UPDATE t SET n = 1"), 0);
    server_.faults().drop_next(tds::Faults::Drop::after, "INSERT");
    client.query("INSERT INTO t VALUES (7)");
    EXPECT_TRUE(client.is_dead());
    EXPECT_EQ(server_.scalar("db", "SELECT n FROM t"), "7");
}

TEST_F(Tds, AnAttentionEndsAWait) {
    Client client(server_);
    ASSERT_TRUE(client.send("SELECT 1 WAITFOR DELAY '00:10:00' SELECT 2"));
    ASSERT_TRUE(server_.log().wait_for(Event::Kind::batch, "WAITFOR"));
    EXPECT_EQ(dbcancel(client.get()), SUCCEED);
    EXPECT_TRUE(server_.log().wait_for(Event::Kind::interrupted));
    EXPECT_THAT(client.query("SELECT 3"), ElementsAre("3"));
}

TEST_F(Tds, AnAttentionEndsWorkAndRowsThatNobodyReads) {
    Client client(server_);
    const std::string numbers = "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) ";
    ASSERT_TRUE(client.send(numbers + "SELECT COUNT(*) FROM n"));
    ASSERT_TRUE(server_.log().wait_for(Event::Kind::batch, "COUNT"));
    EXPECT_EQ(dbcancel(client.get()), SUCCEED);
    EXPECT_TRUE(server_.log().wait_for(Event::Kind::interrupted, "", 1));
    ASSERT_TRUE(client.send(numbers + "SELECT CAST(i AS nvarchar(100)) FROM n"));
    EXPECT_EQ(dbsqlok(client.get()), SUCCEED);
    EXPECT_EQ(dbresults(client.get()), SUCCEED);
    EXPECT_EQ(dbnextrow(client.get()), REG_ROW);
    EXPECT_EQ(dbcancel(client.get()), SUCCEED);
    EXPECT_TRUE(server_.log().wait_for(Event::Kind::interrupted, "", 2));
    EXPECT_THAT(client.query("SELECT 3"), ElementsAre("3"));
}

TEST_F(Tds, CarriesLongValuesAndManyRows) {
    Client client(server_);
    client.query("CREATE TABLE t (id int, n nvarchar(max), b varbinary(max))");
    const std::string text(100000, 'x');
    ASSERT_EQ(client.error("INSERT INTO t VALUES (1, N'" + text + "', 0x" + std::string(60000, 'A') + ")"), 0);
    dbcmd(client.get(), "SET TEXTSIZE 2147483647");
    EXPECT_THAT(client.query("SELECT LEN(n), DATALENGTH(b) FROM t"), ElementsAre("100000|30000"));
    EXPECT_EQ(client.query("SELECT n FROM t"), Rows{text});
    EXPECT_EQ(client.query("SELECT b FROM t"), Rows{std::string(60000, 'a')});
    EXPECT_EQ(
        client.query("WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n").size(),
        20000U);
}

TEST_F(Tds, ChecksLoginsAndDatabases) {
    EXPECT_FALSE(Client(server_, "db", "wrong").is_connected());
    EXPECT_THAT(errors, ElementsAre(18456));
    EXPECT_FALSE(Client(server_, "nowhere").is_connected());
    EXPECT_THAT(errors, ElementsAre(4060, 18456));
    server_.limit_connections(0);
    EXPECT_FALSE(Client(server_).is_connected());
    EXPECT_THAT(errors, ElementsAre(17809));
    server_.limit_connections(100);
    EXPECT_TRUE(Client(server_).is_connected());
    EXPECT_EQ(server_.log().count(Event::Kind::login_failed, "user@"), 2);
    EXPECT_EQ(server_.log().count(Event::Kind::login, "user@db"), 1);
}

TEST_F(Tds, KeepsDataThroughAStop) {
    Client client(server_);
    client.query("CREATE TABLE t (n int) INSERT INTO t VALUES (1)");
    server_.stop();
    EXPECT_EQ(server_.connections(), 0);
    client.query("SELECT 1");
    EXPECT_TRUE(client.is_dead());
    EXPECT_FALSE(Client(server_).is_connected());
    server_.start();
    EXPECT_THAT(Client(server_).query("SELECT n FROM t"), ElementsAre("1"));
}

TEST_F(Tds, DropsConnections) {
    Client client(server_);
    server_.drop_connections();
    ASSERT_TRUE(server_.log().wait_for(Event::Kind::closed));
    client.query("SELECT 1");
    EXPECT_TRUE(client.is_dead());
    EXPECT_TRUE(Client(server_).is_connected());
}

TEST_F(Tds, AnswersNothingWhileItIsStalled) {
    Client client(server_);
    server_.stall();
    ASSERT_TRUE(client.send("SELECT 1"));
    std::thread resumer([&] {
        EXPECT_EQ(server_.log().count(Event::Kind::batch), 0);
        server_.resume();
    });
    EXPECT_EQ(dbsqlok(client.get()), SUCCEED);
    EXPECT_THAT(client.read(), ElementsAre("1"));
    resumer.join();
}

TEST_F(Tds, UsesAnotherDatabase) {
    server_.create_database("second");
    server_.execute("second", "CREATE TABLE only_here (n int) INSERT INTO only_here VALUES (4)");
    Client client(server_);
    EXPECT_EQ(client.error("SELECT n FROM only_here"), 208);
    EXPECT_THAT(client.query("USE second SELECT n, DB_NAME() FROM only_here"), ElementsAre("4|second"));
    EXPECT_EQ(client.error("USE nowhere"), 911);
}

TEST_F(Tds, SaysWhichDirectStatementFailed) {
    try {
        server_.execute("db", "SELECT * FROM missing");
        ADD_FAILURE() << "it was executed";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "a statement failed: error 208: Invalid object name 'missing'.");
    }
}

class TdsVersion : public ::testing::TestWithParam<const char*> {};

TEST_P(TdsVersion, WorksWithTsql) {
    TdsServer server;
    server.create_database("db");
    ProcessOptions options;
    options.env = {{"TDSVER", GetParam()}};
    options.input =
        "CREATE TABLE t (n nvarchar(max), b varbinary(max), d decimal(38,4), m money, x int)\ngo\n"
        "INSERT INTO t VALUES (N'\u20ac', 0x00FF, -12345678901234567890.5, 1.25, NULL)\nSELECT * FROM t\ngo\n"
        "INSERT INTO t VALUES (1\ngo\nSELECT CAST('2024-01-31' AS datetime) AS d, @@TRANCOUNT AS t\ngo\n";
    const Result result = run({"tsql", "-H", "127.0.0.1", "-p", std::to_string(server.port()), "-U", "user", "-P",
                               "pass", "-D", "db", "-o", "q"},
                              options);
    EXPECT_THAT(result.out, HasSubstr("\u20ac\t00ff\t-12345678901234567890.5000\t1.2500\tNULL"))
        << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr("Jan 31 2024 12:00AM\t0")) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr("Msg 102")) << result.err;
}

INSTANTIATE_TEST_SUITE_P(Versions, TdsVersion, ::testing::Values("7.1", "7.2", "7.3", "7.4"),
                         [](const auto& version) { return std::string("Minor") + version.param[2]; });

TEST_F(Tds, WorksWithBsqldb) {
    ProcessOptions options;
    options.input =
        "SELECT 1 AS a, N'two' AS b\ngo\nEXEC sp_describe_first_result_set N'SELECT @@SPID AS session'\ngo\n";
    const Result result = run(
        {"bsqldb", "-q", "-S", "127.0.0.1:" + std::to_string(server_.port()), "-U", "user", "-P", "pass", "-D", "db"},
        options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("two")) << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr("session")) << result.out << result.err;
}

}  // namespace
}  // namespace kdeps::testing
