// SPDX-License-Identifier: Apache-2.0
// Sessions in memory and in a SQLite file, which the sqlite driver's plugin writes.
#include <gtest/gtest.h>
#include <thread>

#include "core/engine/session_file.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

constexpr const char* kKeep =
    "actionId: r\nbefore: [\"get('as') != nil ? set(get('as'), get('value', 'query', true), 'session') : nil\"]\n"
    "echo: {value: \"{{ session() }}\"}";

Request writes(const std::string& key, const std::string& session = "") {
    Request request;
    request.query = {{"as", key}};
    request.session_id = session;
    return request;
}

Request reads(const std::string& session) {
    Request request;
    request.session_id = session;
    return request;
}

struct Storage {
    testing::TemporaryFolder folder;
    std::string settings(const std::string& more = "") const {
        return "{session: {type: sqlite, path: " + (folder.path() / "sessions.db").string() + more + "}}";
    }
};

TEST(SessionFile, OutlivesTheHost) {
    const Storage storage;
    std::string id;
    {
        const Loaded first(kKeep, storage.settings());
        id = first.run(writes("name")).session_id;
        EXPECT_EQ(first.text(writes("more", id)), R"({"more":true,"name":true})");
    }
    const Loaded second(kKeep, storage.settings());
    EXPECT_EQ(second.text(reads(id)), R"({"more":true,"name":true})");
    EXPECT_EQ(second.text(reads("")), "{}");
    EXPECT_EQ(second.text(reads(std::string(32, '0'))), "{}") << "an id that nobody gave out";
    EXPECT_EQ(second.run(writes("other", id)).session_id, "") << "the client has its cookie already";
}

TEST(SessionFile, KeepsTypesOfValues) {
    const Storage storage;
    const std::string resource =
        "actionId: r\nbefore: [\"get('go') != nil ? set('v', {i: 1, f: 1.5, l: [nil, true], s: 'ä'}, 'session') : "
        "nil\"]\n"
        "echo: {value: \"{{ get('v', 'session') }}\"}";
    Request request;
    request.query = {{"go", "1"}};
    const std::string id = Loaded(resource, storage.settings()).run(request).session_id;
    EXPECT_EQ(Loaded(resource, storage.settings()).text(reads(id)), R"({"i":1,"f":1.5,"l":[null,true],"s":"ä"})");
}

TEST(SessionFile, ForgetsWhatNobodyUsedForItsTime) {
    const Storage storage;
    const std::string id = Loaded(kKeep, storage.settings()).run(writes("name")).session_id;
    const auto written = std::chrono::system_clock::now();
    const Loaded later(kKeep, storage.settings(", ttl: 1ms"));
    while (std::chrono::system_clock::now() - written < std::chrono::milliseconds(5)) std::this_thread::yield();
    EXPECT_EQ(later.text(reads(id)), "{}");
    EXPECT_NE(later.run(writes("again", id)).session_id, id) << "an old id is not taken up again";
}

TEST(SessionFile, ThatCannotBeOpenedIsAFaultAtLoad) {
    const Loaded loaded("actionId: r\necho: {}", "{session: {type: sqlite, path: /nowhere/at/all/s.db}}");
    EXPECT_TRUE(loaded.faults.has_errors());
    EXPECT_EQ(loaded.report().substr(0, 51), "workflow.yaml: error: settings.session.path: cannot");
}

// Requests of one client at once: no value is lost, and each sees one session.
void many_requests_of_one_session(const std::string& settings) {
    const Loaded loaded(kKeep, settings);
    const std::string id = loaded.run(writes("first")).session_id;
    ASSERT_EQ(id.size(), 32U);
    constexpr int kThreads = 4;
    constexpr int kEach = 10;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kEach; ++i) {
                const Outcome outcome = loaded.run(writes("k" + std::to_string(t * kEach + i), id));
                EXPECT_EQ(outcome.session_id, "");
                EXPECT_TRUE(outcome.data.find("k" + std::to_string(t * kEach + i)).has_value());
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(loaded.run(reads(id)).data.size(), 1U + kThreads * kEach);
}

TEST(Session, TakesRequestsOfOneClientAtOnce) { many_requests_of_one_session("{}"); }

TEST(SessionFile, TakesRequestsOfOneClientAtOnce) {
    const Storage storage;
    many_requests_of_one_session(storage.settings());
}

TEST(SessionFile, AnswersTheSameSessionToRequestsThatLoadItAtOnce) {
    const Storage storage;
    const std::string id = Loaded(kKeep, storage.settings()).run(writes("first")).session_id;
    const Loaded loaded(kKeep, storage.settings());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] { loaded.run(writes("k" + std::to_string(t), id)); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(loaded.text(reads(id)), R"({"first":true,"k0":true,"k1":true,"k2":true,"k3":true})");
    EXPECT_EQ(Loaded(kKeep, storage.settings()).text(reads(id)),
              R"({"first":true,"k0":true,"k1":true,"k2":true,"k3":true})");
}

constexpr const char* kCount =
    "actionId: r\nbefore: [\"get('add') != nil ? increment('n', 1, get('add')) : nil\"]\n"
    "echo: {value: \"{{ [get('n', 'session'), get('n', 'app')] }}\"}";

Request adds(const std::string& store, const std::string& session = "") {
    Request request;
    request.query = {{"add", store}};
    request.session_id = session;
    return request;
}

void count_at_once(const Loaded& one, const Loaded& other, const std::string& store, int each) {
    const std::string id = one.run(adds("session")).session_id;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                const Outcome outcome = (t % 2 == 0 ? one : other).run(adds(store, id));
                EXPECT_FALSE(outcome.error.has_value()) << outcome.error->message;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const value::Value found = one.run(reads(id)).data;
    EXPECT_EQ(found.at(store == "session" ? 0 : 1), value::Value(8 * each + (store == "session" ? 1 : 0)));
}

TEST(Increment, LosesNothingAmongClients) {
    const Loaded loaded(kCount);
    count_at_once(loaded, loaded, "app", 500);
    count_at_once(loaded, loaded, "session", 500);
}

TEST(Increment, LosesNothingAmongItemsSideBySide) {
    EXPECT_EQ(run("{actionId: r, requires: [a], echo: {value: \"{{ [get('n'), len(get('all'))] }}\"}}\n---\n"
                  "{actionId: a, items: \"1..2000\", itemsConcurrency: 8, before: [\"increment('n', item)\", "
                  "\"append('all', item)\"], after: ['1']}"),
              "[2001000,2000]");
}

// Two hosts on one file: nothing is lost, and each sees what the other wrote before its request began.
TEST(SessionFile, IsSharedByTwoHosts) {
    const Storage storage;
    const Loaded one(kCount, storage.settings());
    const Loaded other(kCount, storage.settings());
    count_at_once(one, other, "session", 20);
    const std::string id = one.run(adds("session")).session_id;
    EXPECT_EQ(other.text(adds("session", id)), "[2,null]");
    EXPECT_EQ(one.text(reads(id)), "[2,null]");
    EXPECT_EQ(one.text(adds("session", id)), "[3,null]");
    EXPECT_EQ(other.text(reads(id)), "[3,null]");
}

TEST(CompareAndSet, SetsOnlyWhatIsAsExpected) {
    EXPECT_EQ(run("{actionId: r, echo: {value: \"{{ [compareAndSet('k', nil, 1), compareAndSet('k', 2, 3), get('k'), "
                  "compareAndSet('k', 1, {a: [1]}), compareAndSet('k', {a: [1]}, 'end'), get('k')] }}\"}}"),
              R"([true,false,1,true,true,"end"])");
}

// While another process writes: who needs no session waits for nothing, and who waits ends with its time.
TEST(SessionFile, KeepsNobodyWaitingForAnotherProcess) {
    const Storage storage;
    const Loaded loaded(kKeep, storage.settings());
    const std::string id = loaded.run(writes("name")).session_id;
    testing::Process holder({"/usr/bin/python3", "-c",
                             "import sqlite3, time\ndb = sqlite3.connect('" +
                                 (storage.folder.path() / "sessions.db").string() +
                                 "', isolation_level=None)\ndb.execute('BEGIN IMMEDIATE')\nprint('locked', "
                                 "flush=True)\ntime.sleep(600)"});
    ASSERT_TRUE(holder.wait_for_out("locked", std::chrono::seconds(20)));
    const auto start = Clock::now();
    EXPECT_EQ(loaded.text(reads(std::string(32, '0'))), "{}");
    EXPECT_EQ(loaded.text(reads(id)), R"({"name":true})");
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(2) * testing::kPatience);
    Request late = writes("more", id);
    late.deadline = Deadline::after(std::chrono::milliseconds(300));
    EXPECT_EQ(loaded.text(late).substr(0, 11), "TIMEOUT 504");
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(4) * testing::kPatience);
}

TEST(Session, ForgetsInTheOrderOfUse) {
    Sessions sessions(std::chrono::hours(1), nullptr, {}, 3);
    const auto a = sessions.create().first;
    const auto b = sessions.create().first;
    const auto c = sessions.create().first;
    EXPECT_NE(sessions.find(a), nullptr);
    const auto d = sessions.create().first;  // one must go: b was used longest ago
    EXPECT_EQ(sessions.find(b), nullptr);
    for (const auto& id : {a, c, d}) EXPECT_NE(sessions.find(id), nullptr);
}

TEST(Session, RefusesWhatItsFileCouldNotReadBack) {
    EXPECT_EQ(run("actionId: r\nloop: {while: 'true', maxIterations: 600}\n"
                  "before: [\"set('k', [get('k', 'session')], 'session')\"]\necho: {value: 1}")
                  .find("INTERNAL_ERROR 500 INVALID_ARGUMENT r: "),
              0U);
}

}  // namespace
}  // namespace kdeps::engine
