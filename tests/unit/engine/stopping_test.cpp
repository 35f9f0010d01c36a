// SPDX-License-Identifier: Apache-2.0
// What runs side by side, and how running work ends.
#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/engine/watch.hpp"
#include "tests/support/descriptor.hpp"
#include "tests/support/patience.hpp"
#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

// A step tells through it that it runs.
struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(pipe(ends), 0);
        reader = testing::Descriptor(ends[0]);
        writer = testing::Descriptor(ends[1]);
    }
    void wait() const {
        char byte = 0;
        EXPECT_EQ(read(reader.get(), &byte, 1), 1);
    }
    std::string number() const { return std::to_string(writer.get()); }

    testing::Descriptor reader;
    testing::Descriptor writer;
};

constexpr std::string_view kThree = R"({actionId: r, requires: [a, b, c], echo: {mostInside: true}}
---
{actionId: a, echo: {gate: 3}}
---
{actionId: b, echo: {gate: 3}}
---
{actionId: c, echo: {gate: 3}}
)";

TEST(Run, WorksOnIndependentResourcesSideBySide) {
    EXPECT_EQ(Loaded(kThree).text(), "3");  // ends only if all three are inside at once
}

TEST(Run, WorksOneByOneIfItIsToldTo) {
    EXPECT_EQ(Loaded("{actionId: r, requires: [a, b], echo: {mostInside: true}}\n---\n{actionId: a, echo: "
                     "{}}\n---\n{actionId: b, echo: {}}",
                     "{execution: {mode: sequential}}")
                  .text(),
              "1");
}

TEST(Run, SharesThreadsBetweenManyRuns) {
    const Loaded loaded(
        "{actionId: r, requires: [a, b], echo: {value: \"{{ get('a') + get('b') }}\"}}\n---\n{actionId: a, echo: "
        "{value: 1}}\n---\n{actionId: b, echo: {value: 2}}");
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 100; ++k) right += loaded.text() == "3" ? 1 : 0;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, 800);
}

TEST(Deadline, OfAStepCancelsItsPlugin) {
    EXPECT_EQ(run("{actionId: r, echo: {wait: true, timeout: 50ms}}"),
              "TIMEOUT 504 TIMEOUT r: the time limit of 50 ms was reached");
}

TEST(Deadline, OfTheRunCancelsThePlugin) {
    Request request;
    request.deadline = Deadline::after(std::chrono::milliseconds(50));
    EXPECT_EQ(run("{actionId: r, echo: {wait: true}}", request),
              "TIMEOUT 504 TIMEOUT r: the time limit of the run was reached");
}

TEST(Deadline, ThatHasPassedStartsNothing) {
    Request request;
    request.deadline = Deadline(Clock::now() - std::chrono::seconds(1));
    EXPECT_EQ(run("{actionId: r, echo: {value: 1}}", request),
              "TIMEOUT 504 TIMEOUT r: the time limit of the run was reached");
}

TEST(Deadline, EndsALongExpression) {
    Request request;
    request.deadline = Deadline::after(std::chrono::milliseconds(50));
    EXPECT_EQ(
        run("{actionId: r, before: [\"let r = 1..900; all(r, all(r, none(r, # < 0)))\"], echo: {value: 1}}", request),
        "TIMEOUT 504 TIMEOUT r: the time limit of the run was reached");
}

TEST(Set, RefusesWhatIsNestedTooDeep) {
    EXPECT_EQ(
        run("actionId: r\nloop: {while: \"true\", maxIterations: 5000}\nbefore: [\"set('k', [get('k')])\"]\necho: "
            "{value: 1}")
            .substr(0, 40),
        "INTERNAL_ERROR 500 INVALID_ARGUMENT r: s");
}

TEST(Deadline, EndsThePauseBeforeARetry) {
    Request request;
    request.deadline = Deadline::after(std::chrono::milliseconds(50));
    const auto before = Clock::now();
    const std::string text = run(
        "{actionId: r, echo: {fail: {status: 11, message: down}}, onError: {action: retry, retryDelay: 1h}}", request);
    EXPECT_LT(Clock::now() - before, std::chrono::minutes(1));
    EXPECT_EQ(text.substr(0, 11), "TIMEOUT 504");
}

TEST(Stop, OfTheClientCancelsThePlugin) {
    const Pipe inside;
    const Loaded loaded("{actionId: r, echo: {signal: " + inside.number() + ", wait: true}}");
    StopFlag stop;
    std::string text;
    std::thread thread([&] { text = Loaded::shown(loaded.engine->run({}, stop)); });
    inside.wait();
    stop.request();
    thread.join();
    EXPECT_EQ(text, "UNAVAILABLE 503 CANCELLED r: the run was cancelled");
}

TEST(Stop, OfTheClientIsNoMatterForOnError) {
    const Pipe inside;
    const Loaded loaded("{actionId: r, echo: {signal: " + inside.number() +
                        ", wait: true}, onError: {action: continue, fallback: 1}}");
    StopFlag stop;
    std::string text;
    std::thread thread([&] { text = Loaded::shown(loaded.engine->run({}, stop)); });
    inside.wait();
    stop.request();
    thread.join();
    EXPECT_EQ(text, "UNAVAILABLE 503 CANCELLED r: the run was cancelled");
}

// The stop comes at any moment of a run, also between two calls and before the first: it ends soon, with its reason.
TEST(Stop, IsNeverLost) {
    const Loaded loaded(
        "{actionId: r, requires: [a, b, c], echo: {}}\n---\n"
        "{actionId: a, loop: {while: \"true\", every: 1h}, echo: {}}\n---\n"
        "{actionId: b, echo: {fail: {status: 11}}, onError: {action: retry, retryDelay: 1h}}\n---\n"
        "{actionId: c, before: [\"none(1..300, none(1..300, # < 0))\"], echo: {wait: true}}");
    EXPECT_FALSE(loaded.faults.has_errors()) << loaded.faults.text();
    for (int point = 0; point < 300; ++point) {
        StopFlag stop;
        const auto at = Clock::now() + std::chrono::microseconds(point < 20 ? 0 : point * 20);
        std::string text;
        if (point < 10) stop.request(StopReason::shutdown);
        std::thread thread([&] { text = Loaded::shown(loaded.engine->run({}, stop)); });
        while (Clock::now() < at) std::this_thread::yield();
        stop.request(StopReason::shutdown);
        const auto raised = Clock::now();
        thread.join();
        EXPECT_LT(Clock::now() - raised, testing::kPatience * std::chrono::milliseconds(400)) << point;
        ASSERT_NE(text.find("503 CANCELLED"), std::string::npos) << text;
        ASSERT_NE(text.find("the run was cancelled: the server ends"), std::string::npos) << text;
    }
}

TEST(Stop, OfASiblingEndsThePauseOfALoop) {
    const auto before = Clock::now();
    EXPECT_EQ(run("{actionId: r, requires: [a, b], echo: {}}\n---\n{actionId: a, loop: {while: \"true\", every: 20s}, "
                  "echo: {}}\n---\n{actionId: b, echo: {gate: 1, fail: {status: 9, message: bad}}}"),
              "INTERNAL_ERROR 500 BAD_DATA b: bad");
    EXPECT_LT(Clock::now() - before, std::chrono::seconds(10));
}

TEST(Stop, OfTheRunsDeadlineBetweenIterationsIsATimeout) {
    Request request;
    request.time_limit = std::chrono::milliseconds(40);
    request.deadline = Deadline::after(request.time_limit);
    EXPECT_EQ(run("{actionId: r, loop: {while: \"true\", every: 1h}, echo: {}}", request),
              "TIMEOUT 504 TIMEOUT r: the run's time limit of 40 ms was reached");
}

TEST(Watch, LetsASlowCancelDelayNoOther) {
    Watch watch;
    std::promise<void> release;
    const auto released = release.get_future().share();
    std::promise<void> other;
    {
        const Watch::Guard slow(watch, Deadline(Clock::now()), nullptr, [&] { released.wait(); });
        std::atomic<bool> once = false;
        const Watch::Guard quick(watch, Deadline(Clock::now()), nullptr, [&] {
            if (!once.exchange(true)) other.set_value();
        });
        other.get_future().wait();  // for ever, where all cancels share one thread
        release.set_value();
    }
}

TEST(Failure, CancelsTheSiblings) {
    // b fails when a is inside; a would wait for ever.
    EXPECT_EQ(run("{actionId: r, requires: [a, b], echo: {}}\n---\n{actionId: a, echo: {gate: 2, wait: "
                  "true}}\n---\n{actionId: b, echo: {gate: 2, fail: {status: 9, message: bad}}}"),
              "INTERNAL_ERROR 500 BAD_DATA b: bad");
}

TEST(Failure, StartsNothingThatComesLater) {
    const Loaded loaded(
        "{actionId: r, requires: [b], echo: {}}\n---\n{actionId: b, requires: [a], before: [\"set('ran', true, "
        "'app')\"], echo: {}}\n---\n{actionId: a, echo: {fail: {times: 1}}, onError: {when: \"get('x') == 1\"}}");
    EXPECT_EQ(loaded.text(), "INTERNAL_ERROR 500 INTERNAL a: it failed");
}

TEST(DataEdge, MakesTheResultTheSameEveryTime) {
    const Loaded loaded(
        "{actionId: r, requires: [a, b], echo: {value: \"{{ get('b') }}\"}}\n---\n{actionId: a, after: [\"set('k', "
        "1)\"]}\n---\n{actionId: b, echo: {value: \"{{ get('k') }}\"}}");
    for (int i = 0; i < 200; ++i) ASSERT_EQ(loaded.text(), "1");
}

}  // namespace
}  // namespace kdeps::engine
