// SPDX-License-Identifier: Apache-2.0
// A call: its errors there and back, its limits, background calls, the host's table.
#include <cstddef>

#include <gtest/gtest.h>

#include "tests/unit/plugin/plugin_fixture.hpp"

namespace kdeps::plugin {
namespace {

using CallTest = HostFixture;

kdeps_error full_error() {
    kdeps_error out{};
    out.struct_size = sizeof(out);
    out.status = KDEPS_CONFLICT;
    std::copy_n("23505", 5, out.sqlstate);
    out.retry = KDEPS_RETRY_SAME;
    out.damage = KDEPS_DAMAGE_TRANSACTION;
    out.vendor_code = 1062;
    out.batch_set = 3;
    out.message = to_str("the value exists");
    out.detail = to_str("key (id)");
    return out;
}

TEST_F(CallTest, KeepsAnErrorAsThePluginGaveIt) {
    std::string message = "the value exists";
    kdeps_error given = full_error();
    given.message = to_str(message);
    EXPECT_EQ(host().fail(&call, &given), KDEPS_CONFLICT);
    message = "overwritten text";  // the host has copied it
    const Error error = call.failure(KDEPS_CONFLICT, "x");
    EXPECT_EQ(error.status, Status::conflict);
    EXPECT_EQ(error.message, "the value exists");
    EXPECT_EQ(error.detail, "key (id)");
    EXPECT_EQ(error.sqlstate, "23505");
    EXPECT_EQ(error.retry, Retry::same);
    EXPECT_EQ(error.damage, Damage::transaction);
    EXPECT_EQ(error.vendor_code, 1062);
    EXPECT_EQ(error.batch_set, 3);
}

TEST_F(CallTest, GivesTheErrorBackToAPlugin) {
    kdeps_error out{};
    out.struct_size = sizeof(out);
    EXPECT_EQ(host().last_error(&call, &out), 0);
    const kdeps_error given = full_error();
    host().fail(&call, &given);
    ASSERT_EQ(host().last_error(&call, &out), 1);
    EXPECT_EQ(out.struct_size, sizeof(kdeps_error));
    EXPECT_EQ(out.status, KDEPS_CONFLICT);
    EXPECT_STREQ(out.sqlstate, "23505");
    EXPECT_EQ(out.retry, KDEPS_RETRY_SAME);
    EXPECT_EQ(out.damage, KDEPS_DAMAGE_TRANSACTION);
    EXPECT_EQ(out.vendor_code, 1062);
    EXPECT_EQ(out.batch_set, 3);
    EXPECT_EQ(text(out.message), "the value exists");
    EXPECT_EQ(text(out.detail), "key (id)");
}

TEST_F(CallTest, TakesTheShorterErrorOfAnOlderPlugin) {
    kdeps_error given = full_error();
    given.struct_size = offsetof(kdeps_error, batch_set);
    EXPECT_EQ(host().fail(&call, &given), KDEPS_CONFLICT);
    const Error error = call.failure(KDEPS_CONFLICT, "x");
    EXPECT_EQ(error.batch_set, -1);
    EXPECT_EQ(error.message, "");
    EXPECT_EQ(error.sqlstate, "23505");
}

TEST_F(CallTest, MakesAnInternalErrorOfAStatusThatItDoesNotKnow) {
    kdeps_error given = full_error();
    given.status = 99;
    given.retry = 77;
    given.damage = 77;
    EXPECT_EQ(host().fail(&call, &given), KDEPS_INTERNAL);
    EXPECT_EQ(call.error->retry, Retry::never);
    EXPECT_EQ(call.error->damage, Damage::connection);  // the safe side
}

TEST_F(CallTest, HasAMessageAlsoWhenThePluginGaveNone) {
    EXPECT_EQ(call.failure(KDEPS_UNAVAILABLE, "com.example.x").message,
              "plugin 'com.example.x' failed with UNAVAILABLE and gave no reason");
    EXPECT_EQ(call.failure(KDEPS_TIMEOUT, "x").message, "the time limit was reached");
    EXPECT_EQ(call.failure(KDEPS_CANCELLED, "x").message, "the run was cancelled");
    EXPECT_EQ(call.failure(1234, "x").message, "plugin 'x' failed with INTERNAL and gave no reason");
}

TEST_F(CallTest, TellsWhenItShouldEnd) {
    EXPECT_EQ(host().check(&call), KDEPS_OK);
    EXPECT_EQ(host().remaining_ns(&call), INT64_MAX);
    call.deadline = Deadline(Clock::now() - std::chrono::seconds(1));
    EXPECT_EQ(host().check(&call), KDEPS_TIMEOUT);
    EXPECT_EQ(host().remaining_ns(&call), 0);
    StopFlag stop;
    call.stop = &stop;
    EXPECT_EQ(host().check(&call), KDEPS_TIMEOUT);
    stop.request();
    EXPECT_EQ(host().check(&call), KDEPS_CANCELLED);
}

TEST_F(CallTest, KnowsItsExtensionsAndNoOthers) {
    for (const char* id : {KDEPS_VALUE_ID, KDEPS_EXPRESSION_ID, KDEPS_DIAGNOSTICS_ID, KDEPS_CONTEXT_ID,
                           KDEPS_PROGRESS_ID, KDEPS_METRICS_ID, KDEPS_BACKGROUND_ID}) {
        EXPECT_NE(host().get_extension(&host(), id), nullptr) << id;
    }
    EXPECT_EQ(host().get_extension(&host(), "kdeps.value/2"), nullptr);
}

TEST_F(CallTest, FindsNoInterfaceWithoutPlugins) {
    kdeps_instance* owner = nullptr;
    EXPECT_EQ(host().find_interface(&host(), &call, KDEPS_DRIVER_ID, to_str("postgres"), &owner), nullptr);
    EXPECT_EQ(call.failure(KDEPS_NOT_FOUND, "x").message, "no plugin provides kdeps.driver/1 'postgres'");
}

TEST_F(CallTest, OfTheBackgroundHasALimitOfItsOwn) {
    const auto& background = extension<kdeps_background>(KDEPS_BACKGROUND_ID);
    kdeps_call* made = background.begin(&host(), to_str("refill"), 3'600'000'000'000);
    EXPECT_EQ(text(extension<kdeps_context>(KDEPS_CONTEXT_ID).resource(made)), "refill");
    EXPECT_GT(host().remaining_ns(made), 3'000'000'000'000);
    EXPECT_LE(host().remaining_ns(made), 3'600'000'000'000);
    background.end(made);
}

TEST_F(CallTest, CountsMetrics) {
    const auto& metrics = extension<kdeps_metrics>(KDEPS_METRICS_ID);
    const kdeps_str labels[] = {to_str("pool"), to_str("main")};
    metrics.count(&host(), to_str("kdeps_test_total"), labels, 2, 2);
    metrics.count(&host(), to_str("kdeps_test_total"), labels, 2, 1);
    metrics.gauge(&host(), to_str("kdeps_test_open"), labels, 2, 5);
    const std::string shown = registry.metrics().text();
    EXPECT_NE(shown.find("kdeps_test_total{pool=\"main\"} 3\n"), std::string::npos) << shown;
    EXPECT_NE(shown.find("kdeps_test_open{pool=\"main\"} 5\n"), std::string::npos) << shown;
}

}  // namespace
}  // namespace kdeps::plugin
