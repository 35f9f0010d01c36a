// SPDX-License-Identifier: Apache-2.0
// Stores and sessions by themselves, and the watch that ends calls.
#include "core/engine/store.hpp"

#include <future>

#include <gtest/gtest.h>

#include "core/engine/match_route.hpp"
#include "core/engine/watch.hpp"

namespace kdeps::engine {
namespace {

TEST(Store, KeepsTheLastValueOfAKey) {
    Store store;
    EXPECT_TRUE(store.is_empty());
    EXPECT_FALSE(store.get("a").has_value());
    store.set("b", 1);
    store.set("a", 2);
    store.set("a", 3);
    EXPECT_EQ(*store.get("a"), value::Value(3));
    EXPECT_EQ(value::to_json(store.all()), R"({"a":3,"b":1})");
}

TEST(Watch, CancelsAtTheDeadlineAndAgainUntilTheCallEnds) {
    Watch watch;
    std::promise<void> twice;
    int count = 0;
    const Watch::Guard guard(watch, Deadline(Clock::now()), nullptr, [&] {
        if (++count == 2) twice.set_value();
    });
    twice.get_future().wait();
}

TEST(Watch, CancelsOnlyWhoseFlagIsRaised) {
    Watch watch;
    StopFlag stop;
    std::promise<void> cancelled;
    bool other = false;
    const Watch::Guard idle(watch, Deadline(), nullptr, [&] { other = true; });
    {
        std::atomic<bool> once = false;
        const Watch::Guard guard(watch, Deadline(), &stop, [&] {
            if (!once.exchange(true)) cancelled.set_value();
        });
        stop.request();
        cancelled.get_future().wait();
    }
    EXPECT_FALSE(other);
}

TEST(MatchRoute, TakesSegmentsAndRests) {
    EXPECT_TRUE(match_route("/a/b", "/a/b"));
    EXPECT_FALSE(match_route("/a/b", "/a"));
    EXPECT_FALSE(match_route("/a", "/a/b"));
    EXPECT_TRUE(match_route("/a/:id", "/a/7"));
    EXPECT_FALSE(match_route("/a/:id", "/a/"));
    EXPECT_TRUE(match_route("/a/*/c", "/a/b/c"));
    EXPECT_TRUE(match_route("/a/*", "/a/b/c/d"));
    EXPECT_TRUE(match_route("/a/*", "/a"));
    EXPECT_FALSE(match_route("/a/*", "/b"));
}

}  // namespace
}  // namespace kdeps::engine
