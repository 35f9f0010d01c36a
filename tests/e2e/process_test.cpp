// SPDX-License-Identifier: Apache-2.0
// The process: its signals in every phase, its output, its descriptors, and --dev.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/free_port.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

class ProcessOfHost : public ::testing::Test {
protected:
    // Answers at once on /q; a loop on /slow that would last for ever.
    std::string workflow(const std::string& settings = "") const {
        write_workflow(folder_,
                       {.target = "answer",
                        .connections = {},
                        .resources = "actionId: answer\nrequires: [slow]\napiResponse: {response: hello}\n---\n"
                                     "actionId: slow\nvalidations: {routes: [/slow]}\nloop: {while: 'true', every: "
                                     "1h}\nafter: ['1']\n",
                        .routes = "[{path: /q}, {path: /slow}]",
                        .settings = settings});
        return folder_.path().string();
    }

    const TemporaryFolder folder_;
};

// One of these from outside once ended the thread that hears of all others.
TEST_F(ProcessOfHost, HearsOfItsEndAfterOtherSignals) {
    workflow();
    for (const int end : {SIGTERM, SIGINT, SIGHUP}) {
        KdepsHost host(folder_.path());
        for (const int number : {SIGUSR1, SIGUSR2, SIGPIPE}) host.signal(number);
        EXPECT_EQ(host.get("/q").status, 200);
        host.signal(end);
        EXPECT_EQ(host.wait(), 0) << end;
    }
}

TEST_F(ProcessOfHost, EndsAtOnceAtTheSecondSignalAndAtSigquit) {
    workflow("  shutdownTimeout: 1h\n");
    for (const bool quits : {false, true}) {
        KdepsHost host(folder_.path());
        std::thread client([&] {
            auto http = host.client();
            http.Get("/slow");
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the request is inside, whatever it does there
        if (quits) {
            host.signal(SIGQUIT);
        } else {
            host.signal(SIGTERM);
            EXPECT_TRUE(host.logs("a second signal ends at once"));
            host.signal(SIGTERM);
        }
        EXPECT_EQ(host.wait(), 1);
        client.join();
    }
}

// From exec on: the process either ends by the signal itself, or as it does on its own, and never hangs.
TEST_F(ProcessOfHost, EndsInEveryPhaseOfItsStart) {
    workflow();
    for (int moment = 0; moment < 40; ++moment) {
        Process process({KDEPS_BINARY, "run", folder_.path().string(), "--port", "0"});
        std::this_thread::sleep_for(std::chrono::milliseconds(moment * 3));
        process.signal(moment % 2 == 0 ? SIGTERM : SIGINT);
        const auto code = process.wait(kSoon);
        ASSERT_TRUE(code.has_value()) << "after " << moment * 3 << " ms:\n" << process.err();
        EXPECT_THAT(*code, ::testing::AnyOf(0, 1, 128 + SIGTERM, 128 + SIGINT)) << process.err();
    }
}

TEST_F(ProcessOfHost, FailsWhereItsOutputCannotBeWritten) {
    const std::string folder = workflow();
    for (const std::string& command : {"run " + folder + " --once --route 'GET /q'", "graph " + folder,
                                       std::string("schema"), std::string("eval 1+1"), std::string("version")}) {
        for (const char* out : {">/dev/full", ">&-"}) {
            const Result result = run({"/bin/sh", "-c", std::string(KDEPS_BINARY) + " " + command + " " + out});
            EXPECT_EQ(result.exit_code, 1) << command << out;
            EXPECT_THAT(result.err, HasSubstr("the output could not be written")) << command << out;
        }
    }
}

// Whatever is wrong with a changed workflow, the one that is served stays.
TEST_F(ProcessOfHost, KeepsTheWorkflowIfTheChangedOneCannotBeServed) {
    const KdepsHost other(workflow());
    const TemporaryFolder mine;
    const auto answers = [&](const std::string& answer, int port) {
        write_workflow(mine, {.target = "a",
                              .connections = {},
                              .resources = "actionId: a\napiResponse: {response: " + answer + "}\n",
                              .settings = "  portNum: " + std::to_string(port) + "\n"});
    };
    const int port = free_port();
    answers("before", port);
    KdepsHost host(mine.path(), {"--dev"});
    EXPECT_EQ(data_of(host.get("/q")), "before");
    answers("taken", other.port());
    answers("after", port);
    ASSERT_TRUE(host.logs("the workflow has changed: reloading"));
    const auto until = std::chrono::steady_clock::now() + kSoon;
    while (data_of(host.get("/q")) != "after" && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_EQ(data_of(host.get("/q")), "after");  // and no connection was refused meanwhile
    EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace kdeps::testing
