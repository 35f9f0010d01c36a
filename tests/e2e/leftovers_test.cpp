// SPDX-License-Identifier: Apache-2.0
// What a step may leave in its session, and that the next step does not see it: the rows of the table in
// plugins/drivers/README.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

struct Leftover {
    const char* what;   // as the table names it
    const char* leave;  // one statement
    const char* look;   // tells a session that has it from one that has not
};

using Leftovers = std::vector<Leftover>;

const Leftovers& of_postgres() {
    static const Leftovers kAll = {
        {"a setting", "SET app.kept = 'a'", "SELECT coalesce(current_setting('app.kept', true), '') AS v"},
        {"a setting, by a function", "SELECT left_setting()",
         "SELECT coalesce(current_setting('app.kept', true), '') AS v"},
        {"a setting, by a trigger", "INSERT INTO left_triggered VALUES (1)",
         "SELECT coalesce(current_setting('app.kept', true), '') AS v"},
        {"the search path", "SET search_path = pg_catalog", "SELECT current_setting('search_path') AS v"},
        {"a role", "SET ROLE left_role", "SELECT current_user::text AS v"},
        {"a temporary table", "CREATE TEMP TABLE left_table (a int)",
         "SELECT to_regclass('pg_temp.left_table')::text AS v"},
        {"a lock", "SELECT pg_advisory_lock(77)",
         "SELECT count(*) AS v FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"},
        {"LISTEN", "LISTEN left_channel", "SELECT count(*) AS v FROM pg_listening_channels()"},
        {"a prepared statement", "PREPARE left_prepared AS SELECT 1",
         "SELECT count(*) AS v FROM pg_prepared_statements WHERE name = 'left_prepared'"},
        {"a cursor", "DECLARE left_cursor CURSOR WITH HOLD FOR SELECT 1",
         "SELECT count(*) AS v FROM pg_cursors WHERE name = 'left_cursor'"},
        {"the last id", "SELECT nextval('left_sequence')", "SELECT lastval() AS v"},
        {"a time zone", "SET TIME ZONE 'Asia/Tokyo'", "SELECT current_setting('TimeZone') AS v"},
    };
    return kAll;
}

const Leftovers& of_mariadb() {
    static const Leftovers kAll = {
        {"a variable", "SET @left = 1", "SELECT @left AS v"},
        {"a variable, by a function", "SELECT left_variable()", "SELECT @left AS v"},
        {"a variable, in a SELECT", "SELECT @left := 5", "SELECT @left AS v"},
        {"a variable, by a trigger", "INSERT INTO left_triggered VALUES (1)", "SELECT @left AS v"},
        {"a lock, by a trigger", "INSERT INTO left_triggered VALUES (1)",
         "SELECT IS_USED_LOCK('left_trigger') IS NULL AS v"},
        {"a setting", "SET SESSION sql_mode = 'ANSI'", "SELECT @@sql_mode AS v"},
        {"a time zone", "SET time_zone = '+09:00'", "SELECT @@time_zone AS v"},
        {"the database", "USE information_schema", "SELECT DATABASE() AS v"},
        {"a temporary table", "CREATE TEMPORARY TABLE left_table (a int)", "SELECT count(*) AS v FROM left_table"},
        {"a lock", "SELECT GET_LOCK('left', 1)", "SELECT IS_USED_LOCK('left') IS NULL AS v"},
        {"locked tables", "LOCK TABLES left_ids READ", "DELETE FROM left_ids"},
        {"the last id", "INSERT INTO left_ids (v) VALUES (1)", "SELECT LAST_INSERT_ID() AS v"},
        {"a role", "SET ROLE left_role", "SELECT CURRENT_ROLE() AS v"},
        {"a character set", "SET NAMES latin1", "SELECT @@character_set_client AS v"},
    };
    return kAll;
}

const Leftovers& of_sqlite() {
    static const Leftovers kAll = {
        {"a setting", "PRAGMA case_sensitive_like = 1", "SELECT 'A' LIKE 'a' AS v"},
        {"a setting", "PRAGMA foreign_keys = 0", "SELECT foreign_keys AS v FROM pragma_foreign_keys"},
        {"an attached database", "ATTACH ':memory:' AS left_database",
         "SELECT count(*) AS v FROM pragma_database_list WHERE name = 'left_database'"},
        {"a temporary table", "CREATE TEMP TABLE left_table (a)", "SELECT count(*) AS v FROM temp.sqlite_master"},
        {"the last id", "INSERT INTO left_ids (v) VALUES (1)", "SELECT last_insert_rowid() AS v"},
    };
    return kAll;
}

class NothingIsLeft : public ::testing::Test {
protected:
    // Three steps for each: look; leave and look; leave.
    static std::string steps(const Leftovers& all) {
        std::string out;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string n = std::to_string(i);
            const auto step = [&](const std::string& name, const std::string& sql) {
                out += std::string(out.empty() ? "" : "---\n") + "actionId: " + name + n +
                       "\nvalidations: {routes: [/" + name + n + "]}\nsql:\n  connectionName: db\n" + sql;
            };
            const std::string look = "    - query: |-\n        " + std::string(all[i].look) + "\n";
            const std::string leave = "    - query: |-\n        " + std::string(all[i].leave) + "\n";
            step("look", "  queries:\n" + look);
            step("both", "  queries:\n" + leave + look);
            step("leave", "  queries:\n" + leave);
        }
        return out;
    }

    static std::string routes(const Leftovers& all) {
        std::string out;
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (const char* name : {"look", "both", "leave"})
                out += std::string(out.empty() ? "[" : ", ") + "{path: /" + name + std::to_string(i) + "}";
        }
        return out + "]";
    }

    // The target needs all of them; each runs on its route alone.
    static std::string target(const Leftovers& all) {
        std::string names;
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (const char* name : {"look", "both", "leave"})
                names += (names.empty() ? "" : ", ") + (name + std::to_string(i));
        }
        std::string response;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string n = std::to_string(i);
            response += "    look" + n + ": get('look" + n + "')\n    both" + n + ": get('both" + n + "')\n";
        }
        return "---\nactionId: all\nrequires: [" + names + "]\napiResponse:\n  response:\n" + response;
    }

    void expect_none_left(const std::string& driver, const Leftovers& all) const {
        const KdepsHost host(write_workflow(
            folder_, {.target = "all",
                      .connections = {{"db", connection(urls_of_all(folder_).at(driver), "maxConnections: 1")}},
                      .resources = steps(all) + target(all),
                      .routes = routes(all)}));
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string n = std::to_string(i);
            // The answer, or the error where a session without it has one; without the request's own parts.
            const auto ask = [&](const std::string& name) {
                const auto body = nlohmann::ordered_json::parse(host.post("/" + name + n, "{}").body);
                if (body["success"] != true) return body["error"]["message"].get<std::string>();
                const auto rows = body["data"].value(name + n, nlohmann::ordered_json());
                return rows.empty() ? std::string() : rows.back().dump();
            };
            const std::string fresh = ask("look");
            EXPECT_NE(ask("both"), fresh) << driver << ": " << all[i].leave << " is not seen by " << all[i].look;
            EXPECT_EQ(ask("look"), fresh) << driver << ": " << all[i].leave << ", within a step that looks";
            ask("leave");
            EXPECT_EQ(ask("look"), fresh) << driver << ": " << all[i].leave;
        }
    }

    const TemporaryFolder folder_;
};

TEST_F(NothingIsLeft, Postgres) {
    postgres().execute(
        "analytics",
        "CREATE ROLE left_role; GRANT left_role TO \"user\"; SET ROLE \"user\"; CREATE SEQUENCE left_sequence; "
        "CREATE FUNCTION left_setting() RETURNS text LANGUAGE sql AS $$ SELECT "
        "set_config('app.kept', 'a', false) $$; CREATE TABLE left_triggered (a int); "
        "CREATE FUNCTION left_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
        "left_setting(); RETURN NEW; END $$; CREATE TRIGGER sets BEFORE INSERT ON left_triggered FOR EACH "
        "ROW EXECUTE FUNCTION left_trigger()");
    expect_none_left("postgres", of_postgres());
}

TEST_F(NothingIsLeft, MariaDb) {
    mariadb().execute("inventory", "CREATE TABLE left_ids (id int AUTO_INCREMENT PRIMARY KEY, v int)");
    mariadb().execute("inventory", "CREATE ROLE left_role");
    mariadb().execute("inventory", "GRANT left_role TO 'user'@'%'");
    mariadb().execute("inventory",
                      "CREATE FUNCTION left_variable() RETURNS int DETERMINISTIC BEGIN SET @left = 7; RETURN 1; END");
    mariadb().execute("inventory", "CREATE TABLE left_triggered (v int)");
    mariadb().execute("inventory",
                      "CREATE TRIGGER left_trigger BEFORE INSERT ON left_triggered FOR EACH ROW "
                      "SELECT NEW.v + 6, GET_LOCK('left_trigger', 0) INTO @left, @ignored");
    expect_none_left("mysql", of_mariadb());
}

TEST_F(NothingIsLeft, Sqlite) {
    sqlite_execute(folder_.path() / "data.db", "CREATE TABLE left_ids (id integer PRIMARY KEY, v int);");
    expect_none_left("sqlite", of_sqlite());
}

}  // namespace
}  // namespace kdeps::testing
