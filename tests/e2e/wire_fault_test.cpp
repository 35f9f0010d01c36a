// SPDX-License-Identifier: Apache-2.0
// What was committed is known, and happens once: the network fails at each message of the protocol between the host and
// a real server, for each kind of statement, and afterwards the table holds exactly what the answer says.
//
// KDEPS_FAULT_RUNS: how many runs on each server (170), KDEPS_FAULT_SEED: which (1).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <regex>

#include "tests/e2e/backends.hpp"
#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/e2e/wire_relay.hpp"

namespace kdeps::testing {
namespace {

using std::chrono::milliseconds;
using Json = nlohmann::json;

constexpr milliseconds kLimit{400 * kPatience};
constexpr milliseconds kBatchLimit{2500 * kPatience};
constexpr milliseconds kDelay{600 * kPatience};

// Of a batch: one chunk and a part, but for the TDS server, which takes them one by one.
int sets_of(const std::string& driver) { return driver == "sqlserver" ? 200 : 10'400; }

int number_from(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::stoi(text);
}

// A statement that does `work` units of work for a run, and where they are counted.
struct Statement {
    std::string name;
    std::string sql;
    int work = 1;             // of a batch: its sets
    bool is_whole = true;     // all of it or nothing
    bool is_batch = false;    // with the sets of the request
    bool works_twice = true;  // done twice it is counted twice
};

// How it is wrapped into a resource.
struct Route {
    std::string name;
    Statement statement;
    bool is_transaction = false;
    std::string yaml = {};
    // What may be done, in units of work.
    int work() const {
        return statement.work * (is_transaction && statement.works_twice && !statement.is_batch ? 2 : 1);
    }
};

std::vector<Statement> statements_of(const std::string& driver) {
    std::vector<Statement> out = {
        {.name = "insert", .sql = "INSERT INTO kept (run, n) VALUES ($1, 1)"},
        {.name = "update", .sql = "UPDATE counters SET n = n + 1 WHERE run = $1"},
        {.name = "delete", .sql = "DELETE FROM doomed WHERE run = $1", .works_twice = false},
        {.name = "batch",
         .sql = "INSERT INTO kept (run, n) VALUES ($1, $2)",
         .work = sets_of(driver),
         .is_batch = true},
    };
    if (driver == "postgres") {
        out.push_back(
            {.name = "upsert",
             .sql = "INSERT INTO upserted VALUES ($1, 1) ON CONFLICT (run) DO UPDATE SET n = upserted.n + 1"});
        out.push_back({.name = "returning", .sql = "INSERT INTO kept (run, n) VALUES ($1, 1) RETURNING n"});
        out.push_back({.name = "function", .sql = "SELECT add_one($1) AS one"});
        out.push_back({.name = "procedure", .sql = "CALL add_two($1)", .work = 2});
        out.push_back({.name = "batchreturning",
                       .sql = "INSERT INTO kept (run, n) VALUES ($1, $2) RETURNING n",
                       .work = sets_of(driver),
                       .is_batch = true});
    } else if (driver == "mysql") {
        out.push_back(
            {.name = "upsert", .sql = "INSERT INTO upserted VALUES ($1, 1) ON DUPLICATE KEY UPDATE n = n + 1"});
        out.push_back({.name = "returning", .sql = "INSERT INTO kept (run, n) VALUES ($1, 1) RETURNING n"});
        out.push_back({.name = "function", .sql = "SELECT add_one($1) AS one"});
        out.push_back({.name = "procedure", .sql = "CALL add_two($1)", .work = 2, .is_whole = false});
    } else {
        out.push_back({.name = "returning", .sql = "INSERT INTO kept (run, n) OUTPUT INSERTED.n VALUES ($1, 1)"});
    }
    return out;
}

std::vector<Route> routes_of(const std::string& driver) {
    std::vector<Route> out;
    for (const Statement& statement : statements_of(driver)) {
        const milliseconds most = statement.is_batch ? kBatchLimit : kLimit;
        const std::string limit = "  timeout: " + std::to_string(most.count()) + "ms\n";
        const std::string again = "onError: {action: retry, maxRetries: 2, retryDelay: 5ms}\n";
        const std::string query =
            "query: \"" + statement.sql + "\"" +
            (statement.is_batch ? ", paramsBatch: \"get('sets')\"" : ", params: [\"get('run')\"]");
        const auto add = [&](const std::string& how, const std::string& on_error, const std::string& transaction) {
            Route route{.name = statement.name + how, .statement = statement, .is_transaction = !transaction.empty()};
            route.yaml = "actionId: " + route.name + "\nvalidations: {routes: [/" + route.name + "]}\n" + on_error +
                         "sql:\n  connectionName: db\n" + limit;
            if (transaction.empty()) {
                route.yaml += "  queries:\n    - {" + query + "}\n";
            } else {
                // The work, a read, and the work once more unless that is long.
                route.yaml += "  transaction: " + transaction + "\n  queries:\n    - {" + query +
                              "}\n    - {query: SELECT COUNT(*) AS runs FROM few}\n";
                if (!statement.is_batch && statement.works_twice) route.yaml += "    - {" + query + "}\n";
            }
            route.yaml += "---\n";
            out.push_back(std::move(route));
        };
        add("", "", "");
        add("again", again, "");
        add("within", "", "true");
        add("withinagain", again, "{retries: 2}");
    }
    return out;
}

void make_tables(const Backend& database, int runs) {
    const bool is_tds = database.name == "sqlserver";
    for (const char* table : {"kept", "counters", "doomed", "upserted", "few"}) {
        database.execute(std::string("DROP TABLE IF EXISTS ") + table);
    }
    database.execute("CREATE TABLE kept (run int, n int)");
    database.execute("CREATE TABLE counters (run int PRIMARY KEY, n int)");
    database.execute("CREATE TABLE doomed (run int PRIMARY KEY)");
    database.execute("CREATE TABLE upserted (run int PRIMARY KEY, n int)");
    database.execute("CREATE TABLE few (run int)");
    if (!is_tds) database.execute("CREATE INDEX kept_run ON kept (run)");
    std::string counters;
    std::string doomed;
    for (int run = 0; run < runs; ++run) {
        counters += (counters.empty() ? "(" : ", (") + std::to_string(run) + ", 0)";
        doomed += (doomed.empty() ? "(" : ", (") + std::to_string(run) + ")";
        if ((run + 1) % 500 != 0 && run + 1 != runs) continue;
        database.execute("INSERT INTO counters VALUES " + counters);
        database.execute("INSERT INTO doomed VALUES " + doomed);
        counters.clear();
        doomed.clear();
    }
    if (database.name == "postgres") {
        database.execute(
            "CREATE OR REPLACE FUNCTION add_one(r int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kept "
            "VALUES "
            "(r, 1); RETURN 1; END $$; CREATE OR REPLACE PROCEDURE add_two(r int) LANGUAGE plpgsql AS $$ BEGIN INSERT "
            "INTO kept VALUES (r, 1); INSERT INTO kept VALUES (r, 2); END $$");
    } else if (database.name == "mysql") {
        database.execute("DROP FUNCTION IF EXISTS add_one");
        database.execute(
            "CREATE FUNCTION add_one(r INT) RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO kept VALUES (r, 1); RETURN "
            "1; "
            "END");
        database.execute("DROP PROCEDURE IF EXISTS add_two");
        database.execute(
            "CREATE PROCEDURE add_two(r INT) BEGIN INSERT INTO kept VALUES (r, 1); SELECT 1 AS one; INSERT INTO kept "
            "VALUES (r, 2); END");
    }
}

// What an answer says of the work that was done.
struct Claim {
    int least = 0;
    int most = 0;
    bool is_whole = true;  // one of the two and nothing between
};

Claim claim_of(const Route& route, int status, const std::string& message) {
    const int all = route.work();
    if (status == 200) return {all, all};
    Claim out;
    std::smatch found;
    static const std::regex kFirst("the first ([0-9]+) of [0-9]+ sets are committed");
    static const std::regex kDoubtful("the sets ([0-9]+) to ([0-9]+) may or may not have taken effect");
    const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
    if (says("what it wrote is committed")) return {all, all};
    if (std::regex_search(message, found, kFirst)) out.least = out.most = std::stoi(found[1]);
    if (std::regex_search(message, found, kDoubtful)) {
        out.least = std::stoi(found[1]);
        out.most = std::stoi(found[2]) + 1;
    } else if (says("may or may not have taken effect") || says("not known whether")) {
        out.most = all;
        out.is_whole = route.is_transaction || route.statement.is_whole;
    } else if (says("a part of it may have taken effect")) {
        out.most = all;
        out.is_whole = false;
    }
    return out;
}

// One run in words.
struct Trial {
    const Route* route;
    WireFault fault;
};

class WireFaults : public ::testing::TestWithParam<const char*> {
protected:
    static Protocol protocol_of(const std::string& driver) {
        return driver == "postgres" ? Protocol::postgres : driver == "mysql" ? Protocol::mysql : Protocol::tds;
    }
    WireFaults()
        : database_(backend(GetParam())),
          relay_(protocol_of(GetParam()), database_.port(), kDelay),
          routes_(routes_of(GetParam())) {}

    void start() {
        std::string resources;
        std::string names;
        std::string places;
        for (const Route& route : routes_) {
            resources += route.yaml;
            names += (names.empty() ? "" : ", ") + route.name;
            places += (places.empty() ? "{path: /" : ", {path: /") + route.name + "}";
        }
        // A number for $1: the other databases have their own placeholders, which the host writes.
        const WorkflowText text = {.target = "answer",
                                   .connections = {{"db", connection(database_.url(relay_.port()),
                                                                     "maxConnections: 2, connectionTimeout: 2s")}},
                                   .resources = resources + "actionId: answer\nrequires: [" + names +
                                                "]\napiResponse: {response: \"'done'\"}\n",
                                   .routes = "[" + places + "]"};
        host_ = std::make_unique<KdepsHost>(write_workflow(folder_, text));
    }

    static std::string body(const Route& route, int run) {
        Json out{{"run", run}};
        if (route.statement.is_batch) {
            out["sets"] = Json::array();
            for (int i = 0; i < route.work(); ++i) out["sets"].push_back({run, i});
        }
        return out.dump();
    }

    // In units of work; -1 if something was done twice.
    int seen(const Route& route, int run) const {
        const std::string of_run = " WHERE run = " + std::to_string(run);
        const std::string& name = route.statement.name;
        const auto count = [&](const std::string& sql) { return std::stoi(database_.scalar(sql + of_run)); };
        if (name == "update") return count("SELECT n FROM counters");
        if (name == "delete") return 1 - count("SELECT COUNT(*) FROM doomed");
        if (name == "upsert") return count("SELECT COALESCE(MAX(n), 0) FROM upserted");
        const int rows = count("SELECT COUNT(*) FROM kept");
        if (route.statement.is_batch && rows != count("SELECT COUNT(DISTINCT n) FROM kept")) return -1;
        return rows;
    }

    // True if the fault happened.
    bool try_out(const Trial& trial, int number) {
        relay_.arm(trial.fault);
        SCOPED_TRACE(trial.route->name + ", " + to_string(trial.fault));
        const httplib::Response response = host_->post("/" + trial.route->name, body(*trial.route, number));
        const bool has_struck = relay_.settle();
        const std::string message =
            response.status == 200 ? "" : error_of(response).value("message", std::string("no message"));
        const int done = seen(*trial.route, number);
        const Claim claim = claim_of(*trial.route, response.status, message);
        const bool holds =
            claim.is_whole ? done == claim.least || done == claim.most : done >= claim.least && done <= claim.most;
        EXPECT_TRUE(holds) << GetParam() << ": " << trial.route->name << ", " << to_string(trial.fault)
                           << ": the table holds " << done << " of " << trial.route->work()
                           << " units, where the answer says " << claim.least << (claim.is_whole ? " or " : " to ")
                           << claim.most << ": " << response.status << " " << message;
        EXPECT_TRUE(has_struck || response.status == 200)
            << trial.route->name << " failed without a fault: " << response.status << " " << message;
        return has_struck;
    }

    // How many messages each route exchanges when all is well; the first round fills the caches.
    std::vector<WireRelay::Counts> rehearse(int& number) {
        std::vector<WireRelay::Counts> out;
        for (int round = 0; round < 2; ++round) {
            out.clear();
            for (const Route& route : routes_) {
                relay_.arm(std::nullopt);
                const httplib::Response response = host_->post("/" + route.name, body(route, number));
                EXPECT_EQ(response.status, 200) << route.name << ": " << response.body;
                EXPECT_EQ(seen(route, number), route.work()) << route.name;
                out.push_back(relay_.counts());
                ++number;
            }
        }
        return out;
    }

    const Backend& database_;
    WireRelay relay_;
    const std::vector<Route> routes_;
    TemporaryFolder folder_;
    std::unique_ptr<KdepsHost> host_;
};

// Where a route can fail: at every message, but in the midst of thousands only at some, as a batch takes long.
std::vector<int> places_of(int messages, std::mt19937& random) {
    constexpr int kAll = 16;
    std::vector<int> out;
    for (int i = 1; i <= std::min(messages, kAll / 2); ++i) out.push_back(i);
    for (int i = std::max(kAll / 2 + 1, messages - kAll / 2); i <= messages; ++i) out.push_back(i);
    for (int i = 0; messages > kAll && i < kAll / 4; ++i)
        out.push_back(std::uniform_int_distribution(kAll / 2, messages)(random));
    return out;
}

// What waits for a limit takes long: one in so many is tried in a round.
unsigned rarity_of(const Route& route, WireFault::Kind kind) {
    const unsigned of_kind = kind == WireFault::Kind::silence ? 12 : kind == WireFault::Kind::delay ? 3 : 1;
    return route.statement.is_batch ? 4 * of_kind : of_kind;
}

TEST_P(WireFaults, TheTableHoldsWhatTheAnswerSays) {
    const int wanted = number_from("KDEPS_FAULT_RUNS", 170);
    std::mt19937 random(static_cast<unsigned>(number_from("KDEPS_FAULT_SEED", 1)));
    make_tables(database_, wanted + 2 * static_cast<int>(routes_.size()));
    start();
    int number = 0;
    const std::vector<WireRelay::Counts> counts = rehearse(number);
    ASSERT_FALSE(HasFailure());

    std::vector<Trial> runs;
    while (runs.size() < static_cast<std::size_t>(wanted)) {
        std::vector<Trial> all;
        for (std::size_t i = 0; i < routes_.size(); ++i) {
            for (const auto side : {WireFault::Side::request, WireFault::Side::answer}) {
                const int messages = side == WireFault::Side::request ? counts[i].requests : counts[i].answers;
                for (const int place : places_of(messages, random)) {
                    for (const auto kind : {WireFault::Kind::cut, WireFault::Kind::cut_after, WireFault::Kind::silence,
                                            WireFault::Kind::delay}) {
                        if (random() % rarity_of(routes_[i], kind) != 0) continue;
                        all.push_back({&routes_[i], {side, place, kind}});
                    }
                }
            }
        }
        std::shuffle(all.begin(), all.end(), random);
        runs.insert(runs.end(), all.begin(), all.end());
    }
    runs.resize(static_cast<std::size_t>(wanted));
    int struck = 0;
    for (const Trial& one : runs) struck += try_out(one, number++) ? 1 : 0;
    std::cout << GetParam() << ": " << wanted << " runs, " << struck << " faults\n";
    EXPECT_GE(struck, wanted * 4 / 5);
    // And all is well again.
    EXPECT_EQ(host_->stop(), 0);
    EXPECT_TRUE(comes_true([&] { return database_.connections() == 0; }, kSoon)) << database_.connections();
}

INSTANTIATE_TEST_SUITE_P(Servers, WireFaults, ::testing::Values("postgres", "mysql", "sqlserver"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kdeps::testing
