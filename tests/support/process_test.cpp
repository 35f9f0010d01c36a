// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;

TEST(Process, KeepsBothStreamsAndTheExitCode) {
    const Result result = run({"sh", "-c", "echo to out; echo to err >&2; exit 3"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_EQ(result.out, "to out\n");
    EXPECT_EQ(result.err, "to err\n");
}

TEST(Process, PassesAllOfALargeInput) {
    std::string text;
    while (text.size() < 5'000'000) {
        text += "a line of the input\n";
    }
    const Result result = run({"cat"}, {.input = text});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_TRUE(result.out == text) << result.out.size() << " of " << text.size() << " bytes";
}

TEST(Process, SurvivesAProgramThatDoesNotReadItsInput) {
    EXPECT_EQ(run({"true"}, {.input = std::string(1'000'000, 'x')}).exit_code, 0);
}

TEST(Process, SetsEnvironmentAndFolder) {
    const TemporaryFolder folder;
    const Result result = run({"sh", "-c", "echo $KDEPS_TEST_WORD; pwd"},
                              {.env = {{"KDEPS_TEST_WORD", "hello"}}, .folder = folder.path()});
    EXPECT_EQ(result.out, "hello\n" + folder.path().string() + "\n");
}

TEST(Process, ReportsASignalAsShellsDo) {
    Process process({"sleep", "600"});
    EXPECT_FALSE(process.wait(1ms));
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(10s), 128 + SIGTERM);
}

TEST(Process, WaitsForText) {
    Process process({"sh", "-c", "echo listening on 1 >&2; echo ready; exec sleep 600"});
    EXPECT_TRUE(process.wait_for_err("listening", 10s));
    EXPECT_TRUE(process.wait_for_out("ready", 10s));
    EXPECT_FALSE(process.wait_for_out("never written", 1ms));
}

TEST(Process, StopsWaitingForTextWhenTheStreamEnds) {
    Process process({"true"});
    EXPECT_FALSE(process.wait_for_out("never written", 1h));
}

TEST(Process, EndsItsWholeGroup) {
    const TemporaryFolder folder;
    const std::string fifo = (folder.path() / "fifo").string();
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    Descriptor reading;
    {
        Process process({"sh", "-c", "sleep 600 >fifo & echo started; wait"}, {.folder = folder.path()});
        ASSERT_TRUE(process.wait_for_out("started", 10s));
        reading =
            Descriptor(open(fifo.c_str(), O_RDONLY | O_CLOEXEC));  // returns when the grandchild has opened its end
        pollfd end{reading.get(), POLLIN, 0};
        ASSERT_EQ(poll(&end, 1, 0), 0);
    }
    pollfd end{reading.get(), POLLIN, 0};
    ASSERT_EQ(poll(&end, 1, 10'000), 1);
    EXPECT_NE(end.revents & POLLHUP, 0);
}

TEST(Process, SaysWhyAProgramCannotBeStarted) {
    try {
        run({"/no/such/program"});
        FAIL() << "it was started";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "cannot start '/no/such/program': No such file or directory");
    }
    try {
        run({"true"}, {.folder = "/no/such/folder"});
        FAIL() << "it was started";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "cannot start 'true': cannot enter folder '/no/such/folder': No such file or directory");
    }
}

TEST(Process, SaysWhatAProgramWroteThatTakesTooLong) {
    try {
        run({"sh", "-c", "echo started; exec sleep 600"}, {}, 1s);
        FAIL() << "it ended";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "'sh' still runs after 1000 ms; stdout: started\n; stderr: ");
    }
}

}  // namespace
}  // namespace kdeps::testing
