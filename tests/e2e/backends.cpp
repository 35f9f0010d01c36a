// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/backends.hpp"

#include <map>
#include <thread>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {

namespace {

using tds::Event;

std::string address(const char* scheme, std::uint16_t port) {
    return std::string(scheme) + "://user:pass@127.0.0.1:" + std::to_string(port) + "/faults";
}

// How many statements with the mark run, from a query that counts them.
Backend polled(Backend out, std::function<int(const std::string& mark)> running) {
    out.has_begun = [running](const std::string& mark) { return comes_true([&] { return running(mark) > 0; }, kSoon); };
    out.has_ended = [running](const std::string& mark, std::chrono::milliseconds within) {
        return comes_true([&] { return running(mark) == 0; }, within);
    };
    return out;
}

Backend make_postgres() {
    postgres().create_database("faults");
    const auto scalar = [](const std::string& sql) { return postgres().scalar("faults", sql); };
    return polled(
        {.name = "postgres",
         .port = [] { return postgres().port(); },
         .url = [](std::uint16_t port) { return address("postgres", port); },
         .execute = [](const std::string& sql) { postgres().execute("faults", "SET ROLE \"user\"; " + sql); },
         .scalar = scalar,
         .sleep = [](int seconds) { return "SELECT pg_sleep(" + std::to_string(seconds) + ")::text AS slept"; },
         .connections = [] { return postgres().connections("faults"); },
         .end_sessions =
             [scalar] {
                 scalar(
                     "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = 'faults' "
                     "AND pid <> pg_backend_pid()");
             },
         .has_begun = {},
         .has_ended = {}},
        [scalar](const std::string& mark) {
            return std::stoi(
                scalar("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND "
                       "query LIKE '%/* " +
                       mark + " */%'"));
        });
}

Backend make_mariadb() {
    mariadb().create_database("faults");
    const auto scalar = [](const std::string& sql) { return mariadb().scalar("faults", sql); };
    mariadb().execute(
        "faults",
        "CREATE OR REPLACE PROCEDURE end_sessions() BEGIN DECLARE one BIGINT; DECLARE is_over INT DEFAULT "
        "0; DECLARE all_of CURSOR FOR SELECT id FROM information_schema.processlist WHERE user = 'user'; "
        "DECLARE CONTINUE HANDLER FOR NOT FOUND SET is_over = 1; DECLARE CONTINUE HANDLER FOR 1094 BEGIN "
        "END; OPEN all_of; each_of: LOOP FETCH all_of INTO one; IF is_over = 1 THEN LEAVE each_of; END "
        "IF; KILL one; END LOOP; CLOSE all_of; END");
    const auto connections = [] { return mariadb().connections("faults"); };
    return polled({.name = "mysql",
                   .port = [] { return mariadb().port(); },
                   .url = [](std::uint16_t port) { return address("mysql", port); },
                   .execute = [](const std::string& sql) { mariadb().execute("faults", sql); },
                   .scalar = scalar,
                   .sleep = [](int seconds) { return "SELECT SLEEP(" + std::to_string(seconds) + ") AS slept"; },
                   .connections = connections,
                   .end_sessions =
                       [connections] {
                           mariadb().execute("faults", "CALL end_sessions()");
                           comes_true([&] { return connections() == 0; }, kSoon);
                       },
                   .has_begun = {},
                   .has_ended = {}},
                  [scalar](const std::string& mark) {
                      return std::stoi(
                          scalar("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'user' AND command "
                                 "= 'Execute' AND info LIKE '%/* " +
                                 mark + " */%'"));
                  });
}

Backend make_sqlserver() {
    tds_server().create_database("faults");
    return {.name = "sqlserver",
            .port = [] { return tds_server().port(); },
            .url = [](std::uint16_t port) { return address("sqlserver", port); },
            .execute = [](const std::string& sql) { tds_server().execute("faults", sql); },
            .scalar = [](const std::string& sql) { return tds_server().scalar("faults", sql); },
            .sleep =
                [](int seconds) {
                    return "WAITFOR DELAY '00:00:" + std::string(seconds < 10 ? "0" : "") + std::to_string(seconds) +
                           "'";
                },
            .connections = [] { return tds_server().connections(); },
            .end_sessions =
                [] {
                    tds_server().drop_connections();
                    comes_true([] { return tds_server().connections() == 0; }, kSoon);
                },
            // The log begins anew with each test.
            .has_begun =
                [](const std::string& mark) {
                    return tds_server().log().wait_for(Event::Kind::batch, "/* " + mark + " */");
                },
            .has_ended =
                [](const std::string&, std::chrono::milliseconds within) {
                    return tds_server().log().wait_for(Event::Kind::interrupted, "", 1, within);
                },
            .is_wide = true};
}

}  // namespace

TdsServer& tds_server() {
    static TdsServer server;
    return server;
}

std::string Backend::on_the_wire(const std::string& text) const {
    if (!is_wide) return text;
    std::string out;
    for (const char c : text) out.append({c, '\0'});
    return out;
}

const Backend& backend(const std::string& name) {
    static std::map<std::string, Backend> all;
    auto& found = all[name];
    if (found.name.empty())
        found = name == "postgres" ? make_postgres() : name == "mysql" ? make_mariadb() : make_sqlserver();
    if (name == "sqlserver") tds_server().log().clear();
    return found;
}

bool comes_true(const std::function<bool()>& is_so, std::chrono::milliseconds within) {
    const auto until = std::chrono::steady_clock::now() + within;
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace kdeps::testing
