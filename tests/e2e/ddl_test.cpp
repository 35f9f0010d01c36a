// SPDX-License-Identifier: Apache-2.0
// The types of columns change while clients write: no value is stored otherwise than a fresh connection stores it.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

constexpr int kClients = 8;
constexpr int kAlters = 10;
constexpr const char* kValues = R"("moment": "2024-05-06 11:30:00", "number": 7.25)";

struct Place {
    const char* driver;
    std::vector<const char*> moments;  // types in turn
    std::vector<const char*> numbers;
};

class Ddl : public ::testing::TestWithParam<Place> {
protected:
    bool is_postgres() const { return GetParam().driver == std::string("postgres"); }
    void execute(const std::string& sql) {
        if (is_postgres()) {
            postgres().execute("shifts", "SET ROLE \"user\"; " + sql);
        } else {
            mariadb().execute("shifts", sql);
        }
    }
    std::string scalar(const std::string& sql) {
        return is_postgres() ? postgres().scalar("shifts", sql) : mariadb().scalar("shifts", sql);
    }

    // A trigger writes down what is stored, by the words of the database.
    void make_tables() {
        if (is_postgres()) {
            postgres().create_database("shifts");
            execute(
                "DROP TABLE IF EXISTS shifting, written; CREATE TABLE shifting (id int, moment text, number text); "
                "CREATE "
                "TABLE written (id int, moment text, number text); CREATE OR REPLACE FUNCTION write_down() RETURNS "
                "trigger "
                "LANGUAGE plpgsql AS $$ DECLARE row jsonb := to_jsonb(NEW); BEGIN INSERT INTO written VALUES "
                "((row->>'id')::int, "
                "(SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = TG_RELID AND attname = "
                "'moment') || ' ' || (row->>'moment'), (SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                "WHERE "
                "attrelid = TG_RELID AND attname = 'number') || ' ' || (row->>'number')); RETURN NEW; END $$; CREATE "
                "TRIGGER "
                "write_down BEFORE INSERT ON shifting FOR EACH ROW EXECUTE FUNCTION write_down()");
        } else {
            mariadb().create_database("shifts");
            execute("DROP TABLE IF EXISTS shifting");
            execute("DROP TABLE IF EXISTS written");
            execute("CREATE TABLE shifting (id INT, moment VARCHAR(60), number VARCHAR(60))");
            execute("CREATE TABLE written (id INT, moment VARCHAR(60), number VARCHAR(60))");
            execute(
                "CREATE TRIGGER write_down BEFORE INSERT ON shifting FOR EACH ROW INSERT INTO written VALUES (NEW.id, "
                "CAST(NEW.moment AS CHAR), CAST(NEW.number AS CHAR))");
        }
    }

    void alter(int step) {
        const auto& [driver, moments, numbers] = GetParam();
        const std::string moment = moments[static_cast<std::size_t>(step) % moments.size()];
        const std::string number = numbers[static_cast<std::size_t>(step) % numbers.size()];
        if (is_postgres()) {
            execute("ALTER TABLE shifting ALTER moment TYPE " + moment + " USING NULL, ALTER number TYPE " + number +
                    " USING NULL");
        } else {
            execute("TRUNCATE shifting");
            execute("ALTER TABLE shifting MODIFY moment " + moment + ", MODIFY number " + number);
        }
    }

    std::filesystem::path workflow() {
        const std::string insert = "INSERT INTO shifting (id, moment, number) VALUES ($1, $2, $3)";
        const std::string of_request = "[\"get('id')\", \"get('moment')\", \"get('number')\"]";
        return write_workflow(
            folder_,
            {.target = "answer",
             .connections = {{"db", connection(is_postgres() ? postgres().url("shifts") : mariadb().url("shifts"),
                                               "maxConnections: 4")}},
             .resources =
                 "actionId: one\nvalidations: {routes: [/one]}\nsql: {connectionName: db, query: \"" + insert +
                 "\", params: " + of_request +
                 "}\n---\nactionId: some\nvalidations: {routes: [/some]}\nsql: {connectionName: db, query: \"" +
                 insert +
                 "\", paramsBatch: \"get('sets')\"}\n---\nactionId: answer\nrequires: [one, some]\n"
                 "apiResponse: {response: \"'done'\"}\n",
             .routes = "[{path: /one}, {path: /some}]"});
    }

    static httplib::Response insert(const KdepsHost& host, int id) {
        const std::string number = std::to_string(id);
        if (id % 4 != 0) return host.post("/one", "{\"id\": " + number + ", " + kValues + "}");
        const std::string set = "[" + number + R"(, "2024-05-06 11:30:00", 7.25])";
        return host.post("/some", R"({"sets": [)" + set + ", " + set + "]}");
    }

    const TemporaryFolder folder_;
};

TEST_P(Ddl, AValueIsStoredAsByAFreshConnection) {
    make_tables();
    const auto folder = workflow();
    std::set<std::string> expected;
    const auto kept = [&](int id) {
        return scalar("SELECT CONCAT(moment, ' | ', number) FROM written WHERE id = " + std::to_string(id) +
                      " LIMIT 1");
    };
    // A host of its own for each: nothing of it has seen another type.
    for (int step = 0; step <= kAlters; ++step) {
        if (step > 0) alter(step - 1);
        for (int kind = 0; kind < 2; ++kind) {
            const KdepsHost fresh(folder);
            const int id = -1 - 4 * step - kind * 3;  // one of them is a batch
            const httplib::Response response = insert(fresh, id);
            ASSERT_EQ(response.status, 200) << response.body;
            expected.insert(kept(id));
        }
    }

    ASSERT_GE(expected.size(), 4U);

    make_tables();
    const KdepsHost host(folder);
    std::atomic<int> next{0};
    std::atomic<bool> is_over{false};
    std::mutex mutex;
    std::map<std::string, int> refused;
    std::atomic<int> written{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
        clients.emplace_back([&] {
            while (!is_over) {
                const httplib::Response response = insert(host, ++next);
                if (response.status == 200) {
                    ++written;
                    continue;
                }
                const std::lock_guard lock(mutex);
                ++refused[std::to_string(response.status) + " " + error_of(response).value("message", std::string())];
            }
        });
    }
    // As many rows between two changes as make every connection's statement one that was kept.
    const auto write_some = [&] {
        const int before = next;
        const auto until = std::chrono::steady_clock::now() + kSoon;
        while (next < before + 10 * kClients && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    };
    for (int step = 0; step < kAlters; ++step) {
        write_some();
        alter(step);
    }
    write_some();
    is_over = true;
    for (std::thread& client : clients) client.join();

    std::string expected_list;
    for (const std::string& one : expected) expected_list += (expected_list.empty() ? "'" : ", '") + one + "'";
    EXPECT_EQ(scalar("SELECT COUNT(*) FROM written WHERE CONCAT(moment, ' | ', number) NOT IN (" + expected_list + ")"),
              "0")
        << "for example "
        << scalar(
               "SELECT CONCAT(MIN(CONCAT(moment, ' | ', number)), '') FROM written WHERE CONCAT(moment, ' | ', number) "
               "NOT IN (" +
               expected_list + ")")
        << ", where fresh connections store " << expected_list;
    EXPECT_EQ(scalar("SELECT COUNT(*) FROM written WHERE moment IS NULL OR number IS NULL"), "0");
    // Changes are announced to nobody: what meets one in its midst may be refused, but a few only.
    int refusals = 0;
    std::string why;
    for (const auto& [message, count] : refused) {
        refusals += count;
        why += "\n  " + std::to_string(count) + " × " + message;
    }
    EXPECT_LE(refusals, kAlters * kClients / 4) << "of " << next << why;
    EXPECT_GE(written, kAlters * kClients);
}

const Place kPostgres{
    "postgres",
    {"timestamp", "date", "timestamptz", "text", "date", "timestamp(0)", "varchar(40)", "date", "text", "timestamp"},
    {"numeric", "float8", "text", "numeric(10,2)", "real", "varchar(20)"}};
const Place kMariaDb{"mysql",
                     {"DATETIME", "DATE", "TIMESTAMP(3) NULL", "VARCHAR(60)", "DATE", "DATETIME(6)", "TIME",
                      "VARCHAR(40)", "DATE", "DATETIME"},
                     {"DECIMAL(10,2)", "DOUBLE", "VARCHAR(60)", "DECIMAL(12,4)", "FLOAT"}};

INSTANTIATE_TEST_SUITE_P(Databases, Ddl, ::testing::Values(kPostgres, kMariaDb),
                         [](const auto& test) { return std::string(test.param.driver); });

}  // namespace
}  // namespace kdeps::testing
