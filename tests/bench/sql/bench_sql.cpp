// SPDX-License-Identifier: Apache-2.0
// The host on PostgreSQL, MariaDB and SQLite against code that is written by hand for each, in one run: reading a table
// into the JSON body of an answer, updates and inserts by paramsBatch, a lookup of one row, peak memory.
// Usage: bench_sql [rounds [postgres|mariadb|sqlite]]
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "tests/bench/sql/data.hpp"
#include "tests/bench/sql/host.hpp"
#include "tests/bench/sql/mariadb_by_hand.hpp"
#include "tests/bench/sql/measure.hpp"
#include "tests/bench/sql/memory.hpp"
#include "tests/bench/sql/postgres_by_hand.hpp"
#include "tests/bench/sql/sqlite_by_hand.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::bench {

namespace {

const char* const kRead = "    query: SELECT id, big, name, price, total, at FROM read_rows\n";
const char* const kUpdate =
    "    query: UPDATE updated SET amount = $1 WHERE id = $2\n    paramsBatch: \"{{ get('sets') }}\"\n";
const char* const kInsert =
    "    query: INSERT INTO inserted (id, name, price, at) VALUES ($1, $2, $3, $4)\n"
    "    paramsBatch: \"{{ get('sets') }}\"\n";
const char* const kLookUp =
    "    query: SELECT name, price FROM read_rows WHERE id = $1\n    params: [\"{{ get('id') }}\"]\n";

// What is written, the same for all.
struct Work {
    std::vector<Update> updates = bench::updates();
    std::vector<Item> items = bench::items();
    value::Value update_body = body_of(updates);
    value::Value item_body = body_of(items);
};

// "read_rows" with 100,000 rows, "updated" with 10,000, "inserted" with none.  `numbers` gives n from 1.
std::vector<std::string> tables(const std::string& numbers, const std::string& text_type,
                                const std::string& moment_type, const std::string& moment) {
    const auto from = [&](int count) { return " FROM " + numbers + " WHERE n <= " + std::to_string(count); };
    return {
        "CREATE TABLE read_rows (id INTEGER PRIMARY KEY, big BIGINT, name " + text_type +
            ", price DOUBLE PRECISION, total NUMERIC(12, 2), at " + moment_type + ")",
        "INSERT INTO read_rows SELECT n, n * 10000000019, 'a \"name\" of row ' || n, n * 0.37, n * 1.01, " + moment +
            from(kRows),
        "CREATE TABLE updated (id INTEGER PRIMARY KEY, name " + text_type + ", amount BIGINT)",
        "INSERT INTO updated SELECT n, 'item ' || n, 0" + from(kUpdates),
        "CREATE TABLE inserted (id INTEGER, name " + text_type + ", price DOUBLE PRECISION, at " + moment_type + ")"};
}

void lookups(const std::string& url, PostgresByHand& by_hand, int rounds) {
    constexpr int kLookUps = 2'000;
    Host host(url, kLookUp);
    value::Map body;
    body.set("id", 4711);
    const value::Value request = value::Value::map(std::move(body));
    const auto repeat = [](auto work) {
        return [work] {
            for (int i = 0; i < kLookUps; ++i) work();
        };
    };
    const std::vector<Way> ways = {{"host", repeat([&] { host.run(request); })},
                                   {"libpq, prepared, binary", repeat([&] { by_hand.look_up(4711); })}};
    const std::vector<Timing> timings = measure(ways, rounds);
    print("PostgreSQL, " + std::to_string(kLookUps) + " lookups of one row", ways, timings);
    std::printf("  overhead of the host per lookup: %.1f us wall, %.1f us CPU\n",
                (timings[0].wall_ms - timings[1].wall_ms) * 1e3 / kLookUps,
                (timings[0].cpu_ms - timings[1].cpu_ms) * 1e3 / kLookUps);
}

void memory(const std::string& url) {
    std::printf("\nPostgreSQL, peak memory of reading 100,000 rows, MiB (each in a process of its own)\n");
    for (const char* way : {"host", "libpq", "json_agg"}) std::printf("  %-64s %10.1f\n", way, growth_of(way, url));
}

void postgres(const Work& work, int rounds) {
    testing::PostgresServer server;
    server.create_database("bench");
    const std::string url = server.url("bench");
    PostgresByHand by_hand(url, tables("generate_series(1, 100000) n", "TEXT", "TIMESTAMP",
                                       "TIMESTAMP '2024-01-01' + n * INTERVAL '61.25 seconds'"));
    Host read(url, kRead);
    Host update(url, kUpdate);
    Host insert(url, kInsert);
    const auto empty = [&] { by_hand.execute("TRUNCATE inserted"); };
    const auto vacuum = [&] { by_hand.execute("VACUUM updated"); };

    const std::vector<Way> reads = {{"host: JSON body", [&] { read.run(); }},
                                    {"libpq, binary, dropped", [&] { by_hand.read_binary(); }},
                                    {"json_agg of PostgreSQL by libpq, dropped", [&] { by_hand.read_json_agg(); }}};
    std::vector<Timing> times = measure(reads, rounds);
    print("(a) PostgreSQL, 100,000 rows x 6 columns to JSON", reads, times);
    print_aim("host : libpq binary", times[0].wall_ms / times[1].wall_ms, 2.0);
    print_aim("host : json_agg", times[0].wall_ms / times[2].wall_ms, 0.5);

    const std::vector<Way> updates = {
        {"host: paramsBatch", [&] { update.run(work.update_body); }, vacuum},
        {"libpq pipeline", [&] { by_hand.update_pipelined(work.updates); }, vacuum},
        {"libpq one by one, one transaction", [&] { by_hand.update_one_by_one(work.updates, true); }, vacuum},
        {"libpq one by one, each by itself", [&] { by_hand.update_one_by_one(work.updates, false); }, vacuum}};
    times = measure(updates, rounds);
    print("(b) PostgreSQL, 10,000 updates", updates, times);
    print_aim("host : pipeline", times[0].wall_ms / times[1].wall_ms, 1.2);
    print_aim("host : one by one, each by itself", times[0].wall_ms / times[3].wall_ms, 1.0 / 3);

    const std::vector<Way> inserts = {{"host: paramsBatch", [&] { insert.run(work.item_body); }, empty},
                                      {"libpq COPY, text", [&] { by_hand.insert_copy_text(work.items); }, empty},
                                      {"libpq COPY, binary", [&] { by_hand.insert_copy_binary(work.items); }, empty}};
    times = measure(inserts, rounds);
    print("(c) PostgreSQL, 100,000 inserts", inserts, times);
    print_aim("host : COPY, text", times[0].wall_ms / times[1].wall_ms, 1.5);
    print_aim("host : COPY, binary", times[0].wall_ms / times[2].wall_ms, 1.5);

    lookups(url, by_hand, rounds);
    memory(url);
}

void mariadb(const Work& work, int rounds) {
    testing::MariaDbServer server;
    server.create_database("bench");
    const std::string url = server.url("bench");
    std::vector<std::string> first = tables("(SELECT seq AS n FROM seq_1_to_100000) s", "VARCHAR(100)", "DATETIME(3)",
                                            "TIMESTAMPADD(MICROSECOND, n * 61250000, '2024-01-01')");
    first.insert(first.begin(), "SET sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')");
    MariaDbByHand by_hand(server.port(), "bench", first);
    Host read(url, kRead);
    Host update(url, kUpdate);
    Host insert(url, kInsert);
    const auto empty = [&] { by_hand.execute("TRUNCATE inserted"); };
    const auto zero = [&] { by_hand.execute("UPDATE updated SET amount = -1"); };

    const std::vector<Way> reads = {{"host: JSON body", [&] { read.run(); }},
                                    {"Connector/C, binary, dropped", [&] { by_hand.read_binary(); }},
                                    {"JSON_ARRAYAGG of MariaDB, dropped", [&] { by_hand.read_json_agg(); }}};
    print("(d) MariaDB, 100,000 rows x 6 columns to JSON", reads, measure(reads, rounds));
    const std::vector<Way> updates = {
        {"host: paramsBatch", [&] { update.run(work.update_body); }, zero},
        {"bulk protocol (no counts per set)", [&] { by_hand.update_bulk(work.updates); }, zero},
        {"one by one, one transaction", [&] { by_hand.update_one_by_one(work.updates); }, zero}};
    print("(d) MariaDB, 10,000 updates", updates, measure(updates, rounds));
    const std::vector<Way> inserts = {{"host: paramsBatch", [&] { insert.run(work.item_body); }, empty},
                                      {"bulk protocol", [&] { by_hand.insert_bulk(work.items); }, empty}};
    print("(d) MariaDB, 100,000 inserts", inserts, measure(inserts, rounds));
}

void sqlite(const Work& work, int rounds) {
    const testing::TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "bench.db";
    SqliteByHand by_hand(file,
                         tables("(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 100000) "
                                "SELECT n FROM s)",
                                "TEXT", "TEXT", "strftime('%Y-%m-%d %H:%M:%f', '2024-01-01', n || ' seconds')"));
    const std::string url = "sqlite://" + file.string();
    Host read(url, kRead);
    Host update(url, kUpdate);
    Host insert(url, kInsert);
    const auto empty = [&] { by_hand.execute("DELETE FROM inserted"); };

    const std::vector<Way> reads = {{"host: JSON body", [&] { read.run(); }},
                                    {"sqlite3_step, every value taken, dropped", [&] { by_hand.read(); }},
                                    {"json_group_array of SQLite, dropped", [&] { by_hand.read_json_agg(); }}};
    print("(d) SQLite, 100,000 rows x 6 columns to JSON", reads, measure(reads, rounds));
    const std::vector<Way> updates = {{"host: paramsBatch", [&] { update.run(work.update_body); }},
                                      {"one statement, one transaction", [&] { by_hand.update(work.updates); }},
                                      {"each update a transaction", [&] { by_hand.update_one_by_one(work.updates); }}};
    print("(d) SQLite, 10,000 updates", updates, measure(updates, rounds));
    const std::vector<Way> inserts = {{"host: paramsBatch", [&] { insert.run(work.item_body); }, empty},
                                      {"one statement, one transaction", [&] { by_hand.insert(work.items); }, empty}};
    print("(d) SQLite, 100,000 inserts", inserts, measure(inserts, rounds));
}

}  // namespace

}  // namespace kdeps::bench

int main(int argc, char** argv) {
    using namespace kdeps::bench;
    try {
        if (argc == 4 && std::strcmp(argv[1], "--memory") == 0) {
            print_growth(argv[2], argv[3]);
            return 0;
        }
        const int rounds = argc > 1 ? std::stoi(argv[1]) : 9;
        const std::string only = argc > 2 ? argv[2] : "";
        const Work work;
        if (only.empty() || only == "postgres") postgres(work, rounds);
        if (only.empty() || only == "mariadb") mariadb(work, rounds);
        if (only.empty() || only == "sqlite") sqlite(work, rounds);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_sql: %s\n", error.what());
        return 1;
    }
}
