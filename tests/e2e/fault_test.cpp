// SPDX-License-Identifier: Apache-2.0
// Servers and networks that fail at the worst moment: nothing is lost, nothing is done twice, no connection leaks, and
// the host goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <future>

#include "tests/e2e/backends.hpp"
#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/e2e/relay.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A table 'kept', a relay before the server, and a host whose every resource tries again where that is allowed.
class Fault : public ::testing::TestWithParam<const char*> {
protected:
    Fault() : database_(backend(GetParam())), relay_(database_.port()) {
        database_.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept (id int PRIMARY KEY)");
    }
    // Called last: nothing of the host is left on the server.
    void TearDown() override {
        if (host_ == nullptr) return;
        EXPECT_EQ(host_->get("/health").status, 200);
        EXPECT_EQ(host_->stop(), 0);
        EXPECT_TRUE(comes_true([&] { return database_.connections() == 0; }, kSoon)) << database_.connections();
    }

    bool is(std::string_view name) const { return name == GetParam(); }

    KdepsHost& start(const std::string& pool = "maxConnections: 4", const std::string& timeout = "20s") {
        const std::string again = "onError: {action: retry, maxRetries: 2, retryDelay: 5ms}\n";
        const std::string sql = "sql:\n  connectionName: db\n  timeout: " + timeout + "\n";
        const std::string insert = "INSERT INTO kept VALUES ($1)";
        const std::string id = "params: [\"get('id')\"]";
        const auto resource = [](const std::string& name) {
            return "---\nactionId: " + name + "\nvalidations: {routes: [/" + name + "]}\n";
        };
        const WorkflowText text = {
            .target = "answer",
            .connections = {{"db", connection(database_.url(relay_.port()), pool)}},
            .resources = "actionId: one\nvalidations: {routes: [/one]}\n" + again + sql + "  query: " + insert +
                         "\n  " + id + "\n" + resource("both") + again + sql + "  transaction: {retries: 2}\n" +
                         "  queries:\n    - {query: " + insert + ", " + id + "}\n    - query: SELECT 1 AS one\n" +
                         resource("slow") + sql + "  transaction: true\n  queries:\n    - {query: " + insert + ", " +
                         id + "}\n    - query: \"" + database_.sleep(30) + " /* slow */\"\n" + resource("sleep") + sql +
                         "  query: \"" + database_.sleep(1) + " /* sleep */\"\n" + resource("read") + sql +
                         "  query: SELECT id FROM kept /* read */\n" +
                         "---\nactionId: answer\nrequires: [one, both, slow, sleep, read]\napiResponse: {response: "
                         "\"get('read')\"}\n",
            .routes = "[{path: /one}, {path: /both}, {path: /slow}, {path: /sleep}, {path: /read}]"};
        host_ = std::make_unique<KdepsHost>(write_workflow(folder_, text));
        return *host_;
    }

    int post(const std::string& route, int id) {
        return host_->post(route, R"({"id": )" + std::to_string(id) + "}").status;
    }
    std::string kept() const { return database_.scalar("SELECT COUNT(*) FROM kept"); }

    std::string commit() const { return database_.on_the_wire(is("sqlserver") ? "COMMIT TRANSACTION" : "COMMIT"); }

    // A request that runs until something ends it.
    std::future<httplib::Response> post_slowly(int id) {
        auto answer = std::async(std::launch::async,
                                 [this, id] { return host_->post("/slow", R"({"id": )" + std::to_string(id) + "}"); });
        EXPECT_TRUE(database_.has_begun("slow"));
        return answer;
    }

    const Backend& database_;
    Relay relay_;
    TemporaryFolder folder_;
    std::unique_ptr<KdepsHost> host_;
};

class FaultOfServer : public Fault {};

void expect_unavailable(const httplib::Response& response, const std::string& why) {
    EXPECT_EQ(response.status, 503) << response.body;
    EXPECT_EQ(response.get_header_value("Retry-After"), "1");
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr(why));
}

TEST_P(Fault, SessionIsKilledWithinATransaction) {
    start();
    auto answer = post_slowly(1);
    database_.end_sessions();
    expect_unavailable(answer.get(), "ost");
    EXPECT_EQ(kept(), "0");
    EXPECT_EQ(post("/both", 1), 200);
    EXPECT_EQ(kept(), "1");
}

TEST_P(Fault, SessionIsKilledWithinAQuery) {
    start();
    auto answer = std::async(std::launch::async, [this] { return host_->get("/sleep"); });
    EXPECT_TRUE(database_.has_begun("sleep"));
    database_.end_sessions();
    expect_unavailable(answer.get(), "ost");
    EXPECT_EQ(host_->get("/read").status, 200);
}

TEST_P(Fault, CommitWhoseAnswerIsLostIsInDoubtAndNotRepeated) {
    start();
    EXPECT_EQ(post("/both", 1), 200);
    relay_.on_request(commit(), Relay::Fault::cut_after);
    const httplib::Response response = host_->post("/both", R"({"id": 2})");
    EXPECT_TRUE(relay_.has_failed());
    expect_unavailable(response, is("postgres") ? "it is not known whether the work was committed"
                                                : "it may or may not have taken effect");
    // It has; a second try would have met its own row.
    EXPECT_TRUE(comes_true([&] { return kept() == "2"; }, seconds(2) * kPatience));
    EXPECT_EQ(post("/both", 3), 200);
    EXPECT_EQ(kept(), "3");
}

TEST_P(Fault, CommitThatDoesNotArriveIsInDoubtAndNotRepeated) {
    start();
    EXPECT_EQ(post("/both", 1), 200);
    relay_.on_request(commit(), Relay::Fault::cut_before);
    const httplib::Response response = host_->post("/both", R"({"id": 2})");
    EXPECT_TRUE(relay_.has_failed());
    expect_unavailable(response, is("postgres") ? "it is not known whether the work was committed"
                                                : "it may or may not have taken effect");
    EXPECT_TRUE(comes_true([&] { return kept() == "1"; }, seconds(2) * kPatience));
    EXPECT_EQ(post("/both", 2), 200);
    EXPECT_EQ(kept(), "2");
}

TEST_P(Fault, ConnectionsThatEndedWhileIdleAreReplacedUnseen) {
    start();
    std::vector<std::future<int>> opening;
    for (int i = 0; i < 4; ++i) {
        opening.push_back(std::async(std::launch::async, [this] { return host_->get("/sleep").status; }));
    }
    for (auto& status : opening) EXPECT_EQ(status.get(), 200);
    EXPECT_EQ(database_.connections(), 4);
    // Within the second in which the pool trusts them.
    database_.end_sessions();
    EXPECT_EQ(database_.connections(), 0);
    for (int i = 1; i <= 6; ++i) EXPECT_EQ(post(i % 2 == 0 ? "/one" : "/both", i), 200) << i;
    EXPECT_EQ(kept(), "6");
    EXPECT_LE(database_.connections(), 4);
}

TEST_P(Fault, NetworkThatEndsIdleConnectionsIsNotSeen) {
    start();
    for (int i = 1; i <= 5; ++i) {
        EXPECT_EQ(post("/one", i), 200) << i;
        relay_.cut();
        EXPECT_TRUE(comes_true([&] { return database_.connections() == 0; }, kSoon));
    }
    EXPECT_EQ(kept(), "5");
}

TEST_P(Fault, ServerThatDoesNotAcceptCostsConnectionTimeout) {
    start("connectionTimeout: 300ms");
    relay_.stall();
    const auto began = Clock::now();
    const httplib::Response response = host_->get("/read");
    EXPECT_LT(Clock::now() - began, seconds(3) * kPatience);
    expect_unavailable(response, "connection 'db': ");
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr("(connectionTimeout, 0.3 s)"));
    relay_.resume();
    EXPECT_EQ(host_->get("/read").status, 200);
}

TEST_P(Fault, NetworkThatStallsIsATimeout) {
    start("maxConnections: 2, connectionTimeout: 300ms", "400ms");
    EXPECT_EQ(host_->get("/read").status, 200);
    relay_.stall();
    const auto began = Clock::now();
    EXPECT_EQ(host_->get("/read").status, 504);
    EXPECT_LT(Clock::now() - began, seconds(5) * kPatience);
    EXPECT_EQ(host_->get("/health").status, 200);
    relay_.resume();
    EXPECT_EQ(host_->get("/read").status, 200);
    EXPECT_TRUE(comes_true([&] { return database_.connections() <= 2; }, kSoon));
}

TEST_P(Fault, AnswersThatAreLostOrEndHalfwayAreATimeout) {
    start("maxConnections: 2", "400ms");
    std::vector<std::future<int>> answers;
    for (const auto fault : {Relay::Fault::lose_answer, Relay::Fault::half_answer}) {
        relay_.on_request(database_.on_the_wire("/* read */"), fault);
        answers.push_back(std::async(std::launch::async, [this] { return host_->get("/read").status; }));
        EXPECT_TRUE(comes_true([&] { return relay_.has_failed(); }, kSoon));
    }
    for (auto& answer : answers) EXPECT_EQ(answer.get(), 504);
    EXPECT_EQ(post("/one", 1), 200);
    EXPECT_EQ(host_->get("/read").status, 200);
    EXPECT_EQ(kept(), "1");
    EXPECT_TRUE(comes_true([&] { return database_.connections() <= 2; }, kSoon));
}

TEST_P(FaultOfServer, RefusedLoginsAreToldAndOverWhenTheyAre) {
    const auto allow = [&](bool is_allowed) {
        if (is("postgres")) {
            postgres().execute("postgres", is_allowed ? "ALTER ROLE \"user\" LOGIN" : "ALTER ROLE \"user\" NOLOGIN");
        } else if (is("mysql")) {
            mariadb().execute(
                "", is_allowed ? "ALTER USER 'user'@'%' ACCOUNT UNLOCK" : "ALTER USER 'user'@'%' ACCOUNT LOCK");
        }
    };
    start();
    allow(false);
    const httplib::Response response = host_->get("/read");
    allow(true);
    EXPECT_EQ(response.status, 500) << response.body;
    EXPECT_THAT(error_of(response)["message"].get<std::string>(), HasSubstr("connection 'db': "));
    EXPECT_EQ(host_->get("/read").status, 200);
}

TEST_P(Fault, ServerWithoutConnectionsLeftIsExhausted) {
    const auto limit = [&](int most) {
        if (is("postgres")) {
            postgres().execute("postgres", "ALTER DATABASE faults CONNECTION LIMIT " + std::to_string(most));
        } else if (is("mysql")) {
            mariadb().execute("", "ALTER USER 'user'@'%' WITH MAX_USER_CONNECTIONS " + std::to_string(most));
        } else {
            tds_server().limit_connections(most);
        }
    };
    start("maxConnections: 16");
    limit(10);
    std::vector<std::future<httplib::Response>> answers;
    for (int i = 0; i < 16; ++i)
        answers.push_back(std::async(std::launch::async, [this] { return host_->get("/sleep"); }));
    int served = 0;
    for (auto& answer : answers) {
        const httplib::Response response = answer.get();
        served += response.status == 200 ? 1 : 0;
        if (response.status != 200) expect_unavailable(response, "connection 'db': ");
    }
    EXPECT_LE(served, 10);
    EXPECT_GE(served, 6 / kPatience);  // one that is just being refused counts for some servers
    EXPECT_EQ(host_->get("/read").status, 200) << "with one of those that it has";
    limit(100);
    EXPECT_TRUE(comes_true([&] { return metric(*host_, "kdeps_sql_pool_in_use{connection=\"db\"}") == 0; }, kSoon));
    EXPECT_TRUE(comes_true([&] { return metric(*host_, "kdeps_sql_pool_open{connection=\"db\"}") == served; }, kSoon));
}

// Clients write all the time while the server crashes and comes back.
TEST_P(FaultOfServer, CrashUnderWritersLosesAndDoublesNothing) {
    start();
    std::atomic<int> next{0};
    std::atomic<bool> is_over{false};
    std::mutex mutex;
    std::vector<int> written;
    std::vector<std::thread> clients;
    for (int i = 0; i < 3; ++i) {
        clients.emplace_back([&] {
            while (!is_over) {
                const int id = ++next;
                if (post(id % 2 == 0 ? "/one" : "/both", id) != 200) continue;
                const std::lock_guard lock(mutex);
                written.push_back(id);
            }
        });
    }
    const auto count = [&] {
        const std::lock_guard lock(mutex);
        return written.size();
    };
    EXPECT_TRUE(comes_true([&] { return count() > 50; }, kSoon));
    is("postgres") ? postgres().kill() : mariadb().kill();
    is("postgres") ? postgres().start() : mariadb().start();
    const std::size_t before = count();
    EXPECT_TRUE(comes_true([&] { return count() > before + 50; }, kSoon));
    is_over = true;
    for (std::thread& client : clients) client.join();
    // The key is unique: nothing can be there twice, and a second try of what was done would have failed.
    for (const int id : written) {
        EXPECT_EQ(database_.scalar("SELECT COUNT(*) FROM kept WHERE id = " + std::to_string(id)), "1") << id;
    }
    EXPECT_LE(database_.connections(), 4);
}

INSTANTIATE_TEST_SUITE_P(Servers, Fault, ::testing::Values("postgres", "mysql", "sqlserver"),
                         [](const auto& test) { return std::string(test.param); });

INSTANTIATE_TEST_SUITE_P(Servers, FaultOfServer, ::testing::Values("postgres", "mysql"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kdeps::testing
