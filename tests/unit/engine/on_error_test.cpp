// SPDX-License-Identifier: Apache-2.0
// onError in every form (rules §7).
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

std::string failing(const std::string& on_error, const std::string& fail = "{status: 11, message: down}") {
    return run("actionId: r\necho: {fail: " + fail + ", value: done}\nonError: " + on_error);
}

TEST(OnError, FailsWhereNothingElseIsSaid) {
    EXPECT_EQ(failing("{}"), "UNAVAILABLE 503 UNAVAILABLE r: down");
    EXPECT_EQ(failing("{action: fail, fallback: 1}"), "UNAVAILABLE 503 UNAVAILABLE r: down");
}

TEST(OnError, ContinuesWithTheErrorAsOutput) {
    EXPECT_EQ(failing("{action: continue}"), R"({"_error":{"message":"down","type":"UNAVAILABLE","handled":true}})");
}

TEST(OnError, ContinuesWithTheFallback) {
    EXPECT_EQ(failing("{action: continue, fallback: []}"), "[]");
    EXPECT_EQ(failing("{action: continue, fallback: {why: \"{{ get('error') }}\", code: \"{{ error.code }}\"}}"),
              R"({"why":"down","code":"UNAVAILABLE"})");
}

TEST(OnError, RetriesUntilItWorks) {
    EXPECT_EQ(failing("{action: retry, maxRetries: 3, retryDelay: 1ms}", "{times: 3}"), "\"done\"");
    EXPECT_EQ(failing("{action: retry, maxRetries: 2, retryDelay: 1ms}", "{status: 11, times: 3, message: down}"),
              "UNAVAILABLE 503 UNAVAILABLE r: all 3 attempts failed: down");
}

TEST(OnError, FallsBackWhenRetriesRunOut) {
    EXPECT_EQ(failing("{action: retry, maxRetries: 1, retryDelay: 1ms, fallback: none}"), "\"none\"");
}

TEST(OnError, NeverRepeatsACommitThatMayHaveHappened) {
    EXPECT_EQ(
        failing("{action: retry, maxRetries: 3, retryDelay: 1ms}", "{status: 11, retry: 3, times: 1, message: lost}"),
        "UNAVAILABLE 503 UNAVAILABLE r: lost");
}

TEST(OnError, ConcernsOnlyWhatWhenSays) {
    EXPECT_EQ(failing("{action: continue, fallback: 1, when: \"error.type == 'UNAVAILABLE'\"}"), "1");
    EXPECT_EQ(
        failing("{action: continue, fallback: 1, when: [\"error.type == 'TIMEOUT'\", \"error.sqlstate == '57P01'\"]}",
                "{status: 11, sqlstate: 57P01, message: down}"),
        "1");
    EXPECT_EQ(failing("{action: continue, fallback: 1, when: \"error.type == 'TIMEOUT'\"}"),
              "UNAVAILABLE 503 UNAVAILABLE r: down");
}

TEST(OnError, RunsItsExpressionsFirst) {
    EXPECT_EQ(failing("{action: continue, expr: [\"set('why', error.message)\"], fallback: \"get('why')\"}"),
              "\"down\"");
}

TEST(OnError, ShowsTheParts) {
    EXPECT_EQ(
        failing("{action: continue, fallback: \"{{ error }}\"}", "{status: 10, sqlstate: '23505', message: exists}"),
        R"json({"message":"exists (SQLSTATE 23505)","type":"CONFLICT","code":"CONFLICT","statusCode":409,"details":null,"sqlstate":"23505","resource":"r"})json");
}

TEST(OnError, EndsTheRunWithTheSeedsResponse) {
    const Outcome outcome =
        Loaded(
            "{actionId: r, requires: [a], echo: {value: never}}\n---\nactionId: a\necho: {fail: {status: 13, message: "
            "slow}}\n"
            "onError: {apiResponse: {success: false, response: {error: failed, message: get('error')}}}")
            .run();
    EXPECT_FALSE(outcome.error.has_value());
    EXPECT_FALSE(outcome.success);
    EXPECT_EQ(outcome.status, 504);
    EXPECT_EQ(value::to_json(outcome.data), R"({"error":"failed","message":"slow"})");
}

TEST(OnError, TakesTheStatusOfTheResponse) {
    const Outcome outcome = Loaded(
                                "actionId: r\necho: {fail: {}}\nonError: {apiResponse: {success: true, response: 1, "
                                "meta: {statusCode: 202}}}")
                                .run();
    EXPECT_TRUE(outcome.success);
    EXPECT_EQ(outcome.status, 202);
}

TEST(OnError, DoesNotSeeTheErrorAfterwards) {
    EXPECT_EQ(run("{actionId: r, requires: [a], echo: {value: \"{{ [get('error'), get('a')] }}\"}}\n---\n{actionId: a, "
                  "echo: {fail: {}}, onError: {action: continue, fallback: 1}}"),
              "[null,1]");
}

// `act` counts how often the action runs, `late` how often the expression behind it, which fails twice.
TEST(OnError, NeverRepeatsAnActionThatHasSucceeded) {
    EXPECT_EQ(
        run("actionId: r\nbefore: [\"increment('act')\"]\necho: {value: 7}\n"
            "after: [\"increment('first')\", \"increment('late') < 3 ? int('no number') : 0\"]\n"
            "apiResponse: {success: true, response: \"{{ [get('act'), get('r'), get('first'), get('late')] }}\"}\n"
            "onError: {action: retry, maxRetries: 5, retryDelay: 1ms}"),
        "[1,7,1,3]");
}

TEST(OnError, ChainsTheCauseToWhatFailedInItsPlace) {
    EXPECT_EQ(failing("{action: continue, fallback: \"{{ int('x') }}\"}").substr(0, 60),
              "INTERNAL_ERROR 500 INVALID_ARGUMENT r: onError.fallback fail");
    const std::string text = failing("{action: continue, fallback: \"{{ int('x') }}\"}");
    EXPECT_NE(text.find("it was to stand in for: down"), std::string::npos) << text;
}

TEST(OnError, WritesALineForEachRetryAndForWhatIsHandled) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(failing("{action: retry, maxRetries: 1, retryDelay: 1ms, retryBackoff: fixed, fallback: none}"),
              "\"none\"");
    EXPECT_EQ(failing("{action: continue}").substr(0, 8), "{\"_error");
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("attempt 1 of 2 failed; the next follows in "), std::string::npos) << log;
    EXPECT_NE(log.find("the fallback stands in after 2 attempts: down"), std::string::npos) << log;
    EXPECT_NE(log.find("the run goes on: down"), std::string::npos) << log;
}

TEST(OnError, IsNotTheNextIterationOfALoopAfterWhatMayHaveHappened) {
    const Loaded loaded(
        "actionId: r\nloop: {while: \"loop.index() < 3\"}\nbefore: [\"set('n', get('n', 'app', 0) + 1, 'app')\"]\n"
        "echo: {fail: {status: 11, retry: 3, message: lost}}\nonError: {action: continue, fallback: 1}");
    EXPECT_EQ(loaded.text(),
              "UNAVAILABLE 503 UNAVAILABLE r: loop: iteration 1 may have taken effect and is not repeated: lost");
}

TEST(OnError, TellsTheCauseWhenTheTimeIsOverBeforeTheNextAttempt) {
    Request request;
    request.time_limit = std::chrono::milliseconds(50);
    request.deadline = Deadline::after(request.time_limit);
    EXPECT_EQ(run("{actionId: r, echo: {fail: {status: 11, message: down}}, onError: {action: retry, retryDelay: 1h}}",
                  request),
              "TIMEOUT 504 TIMEOUT r: the run's time limit of 50 ms was reached, before onError took care of: down");
}

}  // namespace
}  // namespace kdeps::engine
