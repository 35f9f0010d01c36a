// SPDX-License-Identifier: Apache-2.0
// Sessions in memory and in a SQLite file, which the sqlite driver's plugin writes.
#include <gtest/gtest.h>
#include <thread>

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

}  // namespace
}  // namespace kdeps::engine
