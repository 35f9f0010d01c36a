// SPDX-License-Identifier: Apache-2.0
// onError: what a workflow does when a step of it fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

class OnError : public ::testing::Test {
protected:
    // Answers with what `failing` gives, whose query and onError the test writes.
    httplib::Response ask(const std::string& query, const std::string& on_error,
                          const std::string& answer = "get('failing')") {
        const WorkflowText text{
            .target = "answer",
            .connections = {{"pg", connection(postgres().url("analytics"))}},
            .resources = "actionId: failing\nsql:\n  connectionName: pg\n  query: \"" + query +
                         "\"\nonError: " + on_error +
                         "\n---\nactionId: answer\nrequires: [failing]\napiResponse: {response: \"" + answer + "\"}\n"};
        host_ = std::make_unique<KdepsHost>(write_workflow(folder_, text));
        return host_->get("/q");
    }

    // Fails until it is asked for the `n`th time; a sequence counts also what is rolled back.
    static std::string succeeds_at(int n) {
        postgres().execute("analytics",
                           "SET ROLE \"user\"; DROP SEQUENCE IF EXISTS tries; CREATE SEQUENCE tries; "
                           "CREATE OR REPLACE FUNCTION try(wanted int) RETURNS int LANGUAGE plpgsql AS $$ "
                           "DECLARE n int := nextval('tries'); BEGIN IF n < wanted THEN RAISE EXCEPTION 'try %', n; "
                           "END IF; RETURN n; END $$");
        return "SELECT try(" + std::to_string(n) + ") AS n";
    }
    static std::string tries() { return postgres().scalar("analytics", "SELECT last_value FROM tries"); }

    const TemporaryFolder folder_;
    std::unique_ptr<KdepsHost> host_;
};

const char* const kMissing = "SELECT * FROM nothing";

TEST_F(OnError, ContinueWithoutFallbackGivesTheError) {
    EXPECT_EQ(
        data_of(ask(kMissing, "{action: continue}")).dump(),
        R"-({"_error":{"message":"the statement could not be prepared: relation \"nothing\" does not exist (SQLSTATE 42P01)","type":"INVALID_ARGUMENT","handled":true}})-");
}

TEST_F(OnError, ContinueWithFallbackGivesTheFallback) {
    EXPECT_EQ(
        data_of(ask(kMissing,
                    "{action: continue, fallback: {rows: [], why: \"get('error')\", state: \"{{ error.sqlstate }}\", "
                    "type: \"error.type\", where: \"error.resource\"}}"))
            .dump(),
        R"-({"rows":[],"why":"the statement could not be prepared: relation \"nothing\" does not exist (SQLSTATE 42P01)","state":"42P01","type":"INVALID_ARGUMENT","where":"failing"})-");
}

TEST_F(OnError, PartsOfTheErrorAreKnown) {
    EXPECT_EQ(data_of(ask("INSERT INTO orders (user_id) VALUES (4711)",
                          "{action: continue, fallback: [\"error.type\", \"error.code\", \"error.statusCode\", "
                          "\"error.sqlstate\"]}"))
                  .dump(),
              R"(["CONSTRAINT","UNPROCESSABLE",422,"23503"])");
}

TEST_F(OnError, RetrySucceedsAtTheThirdAttempt) {
    EXPECT_EQ(data_of(ask(succeeds_at(3), "{action: retry, maxRetries: 3, retryDelay: 10ms}")).dump(), R"([{"n":3}])");
    EXPECT_EQ(tries(), "3");
}

TEST_F(OnError, RetryThatRunsOutFallsToTheFallback) {
    EXPECT_EQ(data_of(ask(succeeds_at(9),
                          "{action: retry, maxRetries: 2, retryDelay: 1ms, retryBackoff: fixed, fallback: spent}")),
              "spent");
    EXPECT_EQ(tries(), "3");
}

TEST_F(OnError, RetryThatRunsOutFails) {
    const httplib::Response response = ask(succeeds_at(9), "{action: retry, maxRetries: 1, retryDelay: 1ms}");
    EXPECT_EQ(response.status, 422);  // P0001: what a procedure raises is its rule
    EXPECT_EQ(error_of(response)["message"],
              "resource 'failing': all 2 attempts failed: the statement failed: try 2 (SQLSTATE P0001)");
}

TEST_F(OnError, WhenChoosesWhichErrors) {
    EXPECT_EQ(data_of(ask(kMissing, "{action: continue, fallback: caught, when: [\"error.sqlstate == '42P01'\"]}")),
              "caught");
    EXPECT_EQ(ask(kMissing, "{action: continue, fallback: caught, when: [\"error.type == 'TIMEOUT'\"]}").status, 500);
    EXPECT_EQ(data_of(ask(kMissing,
                          "{action: continue, fallback: caught, when: [\"get('error') contains 'does not exist'\"]}")),
              "caught");
}

TEST_F(OnError, ExprRunsBeforeTheFallback) {
    EXPECT_EQ(data_of(ask(kMissing, "{action: continue, expr: [\"set('seen', error.sqlstate)\"], fallback: ok}",
                          "get('seen')")),
              "42P01");
}

TEST_F(OnError, FailEndsTheRun) {
    const httplib::Response response = ask(kMissing, "{action: fail, fallback: never}");
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(error_of(response)["resourceId"], "failing");
}

TEST_F(OnError, ApiResponseEndsTheRunWithItsStatus) {
    const httplib::Response response = ask(kMissing,
                                           "{apiResponse: {success: false, response: {message: \"get('error')\"}, "
                                           "meta: {statusCode: 418, headers: {X-Why: \"{{ error.sqlstate }}\"}}}}");
    EXPECT_EQ(response.status, 418);
    EXPECT_EQ(response.get_header_value("X-Why"), "42P01");
    EXPECT_THAT(
        response.body,
        HasSubstr(
            R"-({"success":false,"data":{"message":"the statement could not be prepared: relation \"nothing\" does not exist (SQLSTATE 42P01)"})-"));
}

TEST_F(OnError, ApiResponseWithoutStatusTakesTheErrors) {
    EXPECT_EQ(ask("INSERT INTO users (id) VALUES (1)", "{apiResponse: {success: false, response: taken}}").status, 409);
}

TEST_F(OnError, PreflightFailureDoesNotReachIt) {
    const WorkflowText text{
        .target = "checked",
        .connections = {},
        .resources =
            "metadata: {actionId: checked}\nrun:\n  preflightCheck:\n    validations: [\"get('q') != ''\"]\n"
            "    error: {code: 422, message: \"q is needed, not '{{ get('q') }}'\"}\n"
            "  apiResponse: {response: fine}\n  onError: {action: continue, fallback: never}\n"};
    const KdepsHost host(write_workflow(folder_, text));
    EXPECT_EQ(data_of(host.get("/q?q=a")), "fine");
    const httplib::Response response = host.get("/q?q=");
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(error_of(response)["code"], "PREFLIGHT_FAILED");
    EXPECT_EQ(error_of(response)["message"], "q is needed, not ''");
}

}  // namespace
}  // namespace kdeps::testing
