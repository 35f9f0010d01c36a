// SPDX-License-Identifier: Apache-2.0
// What a step leaves behind on a connection is never another's: random sequences of statements by one client, and then
// what a second client sees of the session equals what a fresh connection shows.
//
// KDEPS_SESSION_ROUNDS: how many sequences for each database (150), KDEPS_SESSION_SEED: which (1).
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

constexpr int kRoutes = 60;
constexpr int kMostStatements = 5;

int number_from(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::stoi(text);
}

struct Dialect {
    // Each alone in a step or among others; some fail, some only after others.
    std::vector<std::string> statements;
    // What a session shows.  The table 'shadow' holds one row; a temporary one of that name hides it.
    std::vector<std::string> probes;
};

const std::vector<std::string> kPlain = {
    "SELECT 1 AS one",
    "SELECT COUNT(*) AS rows_now FROM work",
    "INSERT INTO work (n) VALUES (1)",
    "UPDATE work SET n = n + 1 WHERE id = 1",
    "DELETE FROM work WHERE id > 20",
    "SELECT nothing FROM nowhere",
    "INSERT INTO work (id, n) VALUES (1, 1)",  // is there
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT here",
    "ROLLBACK TO SAVEPOINT here",
    "DROP TABLE IF EXISTS made",
    "CREATE TABLE made (n int)",
};

Dialect postgres_dialect() {
    Dialect out{kPlain, {}};
    const std::vector<std::string> more = {
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY",
        "SET search_path TO other, public",
        "SET LOCAL work_mem TO '8MB'",
        "SET TIME ZONE 'Asia/Tokyo'",
        "SET DATESTYLE TO 'SQL, DMY'",
        "SET intervalstyle TO 'sql_standard'",
        "SET bytea_output TO 'escape'",
        "SET extra_float_digits TO 0",
        "SET statement_timeout TO 12345",
        "SET default_transaction_read_only TO on",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET standard_conforming_strings TO off",
        "SET client_encoding TO 'LATIN1'",
        "SET row_security TO off",
        "SET application_name TO 'left behind'",
        "SET ROLE tenant",
        "SET SESSION AUTHORIZATION \\\"user\\\"",
        "RESET ROLE",
        "SELECT set_config('app.tenant', 'one', false)",
        "SELECT set_config('app.tenant', 'one', true)",
        "SELECT set_tenant('two')",
        "SELECT set_config('search_path', 'other', false) FROM work LIMIT 1",
        "WITH changed AS (SELECT set_config('work_mem', '9MB', false) AS v) SELECT v FROM changed",
        "DO $$ BEGIN PERFORM set_config('app.tenant', 'three', false); END $$",
        "CALL leave_tenant()",
        "CREATE TEMPORARY TABLE shadow AS SELECT generate_series(1, 5) AS n",
        "CREATE TEMP TABLE another (n int)",
        "SELECT 1 AS n INTO TEMP TABLE third",
        "CREATE TEMP VIEW seen AS SELECT 1 AS n",
        "CREATE TEMP SEQUENCE counting",
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT make_temporary()",
        "LISTEN news",
        "UNLISTEN *",
        "PREPARE mine AS SELECT 1",
        "DEALLOCATE ALL",
        "DECLARE kept CURSOR WITH HOLD FOR SELECT generate_series(1, 10)",
        "DECLARE short CURSOR FOR SELECT 1",
        "SELECT pg_advisory_lock(7)",
        "SELECT pg_try_advisory_lock(n) FROM work LIMIT 3",
        "SELECT pg_advisory_lock_shared(8)",
        "SELECT nextval('numbers')",
        "INSERT INTO work (n) VALUES (2) RETURNING id",
        "LOCK TABLE work IN SHARE MODE",
        "SET CONSTRAINTS ALL DEFERRED",
        "DISCARD ALL",
        "SET plan_cache_mode TO force_generic_plan",
        "LOAD 'plpgsql'",
    };
    out.statements.insert(out.statements.end(), more.begin(), more.end());
    out.probes = {
        "SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%' ORDER BY name",
        "SELECT string_agg(name || '=' || setting, ';' ORDER BY name) AS changed FROM pg_settings WHERE source = "
        "'session'",
        "SELECT coalesce(current_setting('app.tenant', true), '') AS tenant, current_user::text AS u, "
        "session_user::text AS s, current_schemas(false)::text AS schemas, current_database()::text AS db",
        "SELECT count(*) AS locks FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR mode = "
        "'ShareLock')",
        "SELECT count(*) AS listening FROM pg_listening_channels()",
        "SELECT count(*) AS cursors FROM pg_cursors WHERE name IN ('kept', 'short')",
        "SELECT count(*) AS prepared FROM pg_prepared_statements WHERE name = 'mine'",
        "SELECT count(*) AS temporary FROM pg_class WHERE relnamespace = pg_my_temp_schema()",
        "SELECT count(*) AS functions FROM pg_proc WHERE pronamespace = pg_my_temp_schema()",
        "SELECT count(*) AS shadow FROM shadow",
        "SELECT pg_current_xact_id_if_assigned()::text AS xact",
        "SELECT last_sequence() AS last",
    };
    return out;
}

Dialect mysql_dialect(bool is_mysql) {
    Dialect out{kPlain, {}};
    std::vector<std::string> more = {
        "START TRANSACTION READ ONLY",
        "SET autocommit = 0",
        "SET SESSION sql_mode = 'ANSI_QUOTES'",
        "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "SET time_zone = '+09:00'",
        "SET NAMES latin1",
        "SET SESSION group_concat_max_len = 77",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET TRANSACTION READ ONLY",
        "SET SESSION TRANSACTION READ ONLY",
        "SET foreign_key_checks = 0",
        "SET SESSION auto_increment_increment = 10",
        "SET SESSION max_join_size = 1000",
        "SET sql_select_limit = 1",
        "SET timestamp = 12345",
        "SET insert_id = 900",
        "SET @x = 5",
        "SELECT @x := 6 AS x",
        "SELECT 7 INTO @x",
        "SELECT set_x(8) AS x",
        "CALL leave_x()",
        "USE other",
        "CALL use_nothing()",
        "SELECT GET_LOCK('mine', 0) AS l",
        "SELECT MAX(GET_LOCK('mine', 0)) AS l FROM work",
        "DO GET_LOCK('second', 0)",
        "SELECT RELEASE_ALL_LOCKS() AS l",
        "LOCK TABLES work WRITE",
        "LOCK TABLES work READ, shadow READ",
        "UNLOCK TABLES",
        "FLUSH TABLES work WITH READ LOCK",
        "CREATE TEMPORARY TABLE shadow (n int)",
        "CREATE TEMPORARY TABLE shadow AS SELECT 1 AS n UNION ALL SELECT 2",
        "CALL make_temporary()",
        "PREPARE mine FROM 'SELECT 1'",
        "EXECUTE mine",
        "SET ROLE tenant",
        "SET ROLE NONE",
        "SELECT LAST_INSERT_ID(77) AS l",
        "INSERT INTO work (n) VALUES (LAST_INSERT_ID(78))",
        "INSERT INTO work (n) VALUES (3), (4)",
        "SELECT n FROM work WHERE id < 4",
        "HANDLER work OPEN",
        "XA START 'one'",
        "SHOW WARNINGS",
        "SELECT 1 / 0 AS nothing",
        "SET SESSION character_set_results = NULL",
        "SET SESSION lc_time_names = 'de_DE'",
    };
    out.statements.insert(out.statements.end(), more.begin(), more.end());
    const std::string variables = std::string("SELECT LOWER(variable_name) AS name, variable_value AS v FROM ") +
                                  (is_mysql ? "performance_schema" : "information_schema") +
                                  ".session_variables WHERE LOWER(variable_name) NOT IN (";
    out.probes = {
        "SELECT @@group_concat_max_len AS longest",
        variables +
            "'timestamp', 'pseudo_thread_id', 'rand_seed1', 'rand_seed2', 'warning_count', 'error_count', "
            "'last_insert_id', 'identity', 'gtid_executed', 'gtid_current_pos', 'gtid_binlog_pos', 'last_gtid', "
            "'statement_id', 'proxy_user', 'external_user') ORDER BY 1",
        "SELECT @@sql_mode AS m, @@time_zone AS z, @@autocommit AS a, @@foreign_key_checks AS f, @@sql_select_limit AS "
        "s, "
        "@@character_set_client AS c, @@character_set_results AS r, @@auto_increment_increment AS i",
        is_mysql ? "SELECT @@transaction_isolation AS i, @@transaction_read_only AS r"
                 : "SELECT @@tx_isolation AS i, @@tx_read_only AS r, @@in_transaction AS t",
        "SELECT @x AS x, DATABASE() AS db, CURRENT_ROLE() AS r, LAST_INSERT_ID() AS l",
        "SELECT COALESCE(IS_USED_LOCK('mine') = CONNECTION_ID(), 0) AS l, COALESCE(IS_USED_LOCK('second') = "
        "CONNECTION_ID(), 0) AS s",
        "SELECT COUNT(*) AS shadow FROM shadow",
        "SELECT COUNT(*) > 0 AS is_writable FROM work",
        "SELECT UNIX_TIMESTAMP() > 100000 AS is_now",
    };
    return out;
}

Dialect sqlite_dialect() {
    Dialect out{kPlain, {}};
    const std::vector<std::string> more = {
        "BEGIN IMMEDIATE",
        "BEGIN EXCLUSIVE",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA foreign_keys = ON",
        "PRAGMA case_sensitive_like = ON",
        "PRAGMA recursive_triggers = ON",
        "PRAGMA cache_size = 17",
        "PRAGMA synchronous = OFF",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA busy_timeout = 1",
        "PRAGMA query_only = ON",
        "PRAGMA read_uncommitted = ON",
        "PRAGMA reverse_unordered_selects = ON",
        "PRAGMA defer_foreign_keys = ON",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA max_page_count = 500",
        "PRAGMA secure_delete = ON",
        "ATTACH ':memory:' AS side",
        "ATTACH DATABASE ':memory:' AS second",
        "DETACH side",
        "CREATE TABLE side.shadow (n int)",
        "CREATE TEMP TABLE shadow (n int)",
        "CREATE TEMPORARY TABLE shadow AS SELECT 1 AS n UNION ALL SELECT 2",
        "CREATE TABLE temp.another (n int)",
        "CREATE TEMP VIEW seen AS SELECT 1 AS n",
        "CREATE TEMP TRIGGER doubled AFTER INSERT ON work BEGIN UPDATE work SET n = 0; END",
        "INSERT INTO work (n) VALUES (3), (4)",
        "INSERT INTO work (n) VALUES (5) RETURNING id",
    };
    out.statements.insert(out.statements.end(), more.begin(), more.end());
    for (const char* pragma :
         {"foreign_keys", "recursive_triggers", "cache_size", "synchronous", "temp_store", "busy_timeout", "query_only",
          "read_uncommitted", "reverse_unordered_selects", "defer_foreign_keys", "ignore_check_constraints",
          "locking_mode", "max_page_count", "secure_delete"}) {
        out.probes.push_back(std::string("PRAGMA ") + pragma);
    }
    const std::vector<std::string> probes = {
        "SELECT 'a' LIKE 'A' AS likes",
        "SELECT name FROM pragma_database_list WHERE name <> 'temp' ORDER BY name",
        "SELECT count(*) AS temporary FROM sqlite_temp_master",
        "SELECT count(*) AS shadow FROM shadow",
        "SELECT last_insert_rowid() AS l, changes() AS c, total_changes() AS t",
    };
    out.probes.insert(out.probes.end(), probes.begin(), probes.end());
    return out;
}

std::string make_database(const std::string& driver, const TemporaryFolder& folder) {
    if (driver == "postgres") {
        postgres().create_database("sessions");
        postgres().execute(
            "sessions",
            "DO $$ BEGIN CREATE ROLE tenant; EXCEPTION WHEN duplicate_object THEN END $$; GRANT tenant TO \"user\"; "
            "GRANT CREATE ON SCHEMA public TO \"user\"; CREATE SCHEMA other AUTHORIZATION \"user\"; SET ROLE \"user\"; "
            "CREATE TABLE work (id serial PRIMARY KEY, n int); INSERT INTO work (n) VALUES (1), (2), (3); "
            "CREATE TABLE shadow (n int); INSERT INTO shadow VALUES (1); CREATE SEQUENCE numbers; "
            "CREATE FUNCTION set_tenant(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN "
            "set_config('app.tenant', t, false); END $$; "
            "CREATE FUNCTION make_temporary() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE hidden (n "
            "int); "
            "RETURN 1; END $$; "
            "CREATE PROCEDURE leave_tenant() LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant', 'four', "
            "false); END $$; "
            "CREATE FUNCTION last_sequence() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN lastval()::text; "
            "EXCEPTION WHEN object_not_in_prerequisite_state THEN RETURN 'none'; END $$");
        return postgres().url("sessions");
    }
    if (driver == "mysql") {
        mariadb().create_database("sessions");
        mariadb().create_database("other");
        mariadb().execute("sessions",
                          "CREATE ROLE tenant; GRANT tenant TO 'user'@'%'; CREATE TABLE work (id INT PRIMARY KEY "
                          "AUTO_INCREMENT, n INT); INSERT INTO work (n) VALUES (1), (2), (3); CREATE TABLE shadow (n "
                          "INT); INSERT INTO shadow VALUES (1)");
        mariadb().execute("sessions",
                          "CREATE FUNCTION set_x(v INT) RETURNS INT NO SQL BEGIN SET @x = v; RETURN v; END");
        mariadb().execute("sessions", "CREATE PROCEDURE leave_x() BEGIN SET @x = 9; SET SESSION sql_mode = ''; END");
        mariadb().execute("sessions", "CREATE PROCEDURE use_nothing() BEGIN SELECT 1 AS one; SET @y = 1; END");
        mariadb().execute(
            "sessions",
            "CREATE PROCEDURE make_temporary() BEGIN CREATE TEMPORARY TABLE shadow AS SELECT 1 AS n UNION "
            "ALL SELECT 2 UNION ALL SELECT 3; END");
        return mariadb().url("sessions");
    }
    const auto file = folder.path() / "sessions.db";
    sqlite_execute(
        file,
        "CREATE TABLE work (id INTEGER PRIMARY KEY, n int); INSERT INTO work (n) VALUES (1), (2), (3); CREATE "
        "TABLE shadow (n int); INSERT INTO shadow VALUES (1);");
    return "sqlite://" + file.string();
}

using Json = nlohmann::ordered_json;

// The rows of the probes that differ, as it was and as it is.
std::string difference(const Json& fresh, const Json& seen) {
    if (!fresh.is_array() || !seen.is_array() || fresh.size() != seen.size()) return seen.dump().substr(0, 2000);
    std::string out;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (fresh[i] == seen[i]) continue;
        if (fresh[i].is_array() && seen[i].is_array()) {
            out += difference(fresh[i], seen[i]);
        } else {
            out += "    " + fresh[i].dump() + " → " + seen[i].dump() + "\n";
        }
    }
    return out;
}

class SessionProperty : public ::testing::TestWithParam<const char*> {};

TEST_P(SessionProperty, NothingOfOneClientReachesTheNext) {
    const std::string driver = GetParam();
    const TemporaryFolder folder;
    const std::string url = make_database(driver, folder);
    const Dialect dialect = driver == "postgres" ? postgres_dialect()
                            : driver == "mysql"  ? mysql_dialect(mariadb().is_mysql())
                                                 : sqlite_dialect();
    std::mt19937 random(static_cast<unsigned>(number_from("KDEPS_SESSION_SEED", 1)));
    const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };

    std::string resources;
    std::string names;
    std::string places;
    std::string shown_by;  // the expression of the answer
    const auto add = [&](const std::string& name, const std::vector<std::string>& statements) {
        resources += "actionId: " + name + "\nvalidations: {routes: [/" + name +
                     "]}\nsql:\n  connectionName: db\n  timeout: 5s\n  queries:\n";
        for (const std::string& one : statements) resources += "    - {query: \"" + one + "\"}\n";
        resources += "---\n";
        names += (names.empty() ? "" : ", ") + name;
        places += (places.empty() ? "{path: /" : ", {path: /") + name + "}";
    };
    // Each statement comes at least once: first, in the order of the list, then at random.
    std::vector<std::vector<std::string>> steps;
    for (const std::string& one : dialect.statements) steps.push_back({one});
    for (int i = 0; i < kRoutes; ++i) {
        std::vector<std::string> step;
        for (std::size_t n = 2 + below(kMostStatements - 1); n > 0; --n)
            step.push_back(dialect.statements[below(dialect.statements.size())]);
        steps.push_back(std::move(step));
    }
    for (std::size_t i = 0; i < steps.size(); ++i) add("step" + std::to_string(i), steps[i]);
    for (std::size_t i = 0; i < dialect.statements.size(); ++i) {
        std::vector<std::string> step = dialect.probes;
        step.insert(step.begin(), dialect.statements[i]);
        add("seen" + std::to_string(i), step);
        shown_by += "get('seen" + std::to_string(i) + "') ?? ";
    }
    add("probe", dialect.probes);
    shown_by += "get('probe')";
    const KdepsHost host(
        write_workflow(folder, {.target = "answer",
                                .connections = {{"db", connection(url, "maxConnections: 1, connectionTimeout: 10s")}},
                                .resources = resources + "actionId: answer\nrequires: [" + names +
                                             "]\napiResponse: {response: \"" + shown_by + "\"}\n",
                                .routes = "[" + places + "]"}));
    const Json fresh = data_of(host.get("/probe"));
    ASSERT_TRUE(fresh.is_array());
    // A connection of which nothing is left but that it was probed: equal to itself.
    ASSERT_EQ(difference(fresh, data_of(host.get("/probe"))), "");

    // Which statements show on their own connection: else the probe could not tell.
    std::size_t shown = 0;
    for (std::size_t i = 0; i < dialect.statements.size(); ++i) {
        const httplib::Response seen = host.post("/seen" + std::to_string(i), "{}");
        if (seen.status != 200) continue;
        auto all = Json::parse(seen.body)["data"];
        all.erase(all.begin());
        shown += all != fresh ? 1 : 0;
    }
    EXPECT_GE(shown, dialect.statements.size() / 3) << "of " << dialect.statements.size();

    const int rounds = number_from("KDEPS_SESSION_ROUNDS", 150);
    int leaks = 0;
    for (int round = 0; round < rounds && leaks < 20; ++round) {
        std::string done;
        const std::size_t many = static_cast<std::size_t>(round) < steps.size() ? 1 : 1 + below(3);
        for (std::size_t i = 0; i < many; ++i) {
            const std::size_t which =
                static_cast<std::size_t>(round) < steps.size() ? static_cast<std::size_t>(round) : below(steps.size());
            const httplib::Response response = host.post("/step" + std::to_string(which), "{}");
            done += "step of";
            for (const std::string& one : steps[which]) done += "\n    " + one;
            done += "\n  answered " + std::to_string(response.status) + " " +
                    (response.status == 200 ? "" : error_of(response).value("message", std::string())) + "\n  ";
        }
        const httplib::Response probe = host.post("/probe", "{}");
        const Json seen = probe.status == 200 ? Json::parse(probe.body)["data"] : Json(probe.body);
        if (seen == fresh) continue;
        ++leaks;
        ADD_FAILURE() << driver << ", round " << round << ": after a " << done
                      << "the next client sees, where a fresh connection shows the first\n"
                      << difference(fresh, seen);
    }
    // The work was done, too.
    EXPECT_EQ(host.post("/step2", "{}").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Drivers, SessionProperty, ::testing::Values("postgres", "mysql", "sqlite"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kdeps::testing
