// SPDX-License-Identifier: Apache-2.0
// Scripts that misbehave: the call fails or succeeds by itself, the next one is served, nothing is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <thread>

#include "tests/integration/python/python_workflow.hpp"
#include "tests/support/patience.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The script does what parameter `what` says; anything else gives its own double.
constexpr std::string_view kMischief =
    "import os, sys, time\n"
    "what = get('what', '21')\n"
    "if what == 'segfault':\n    import ctypes as c\n    c.string_at(0)\n"
    "if what == 'exit': os._exit(7)\n"
    "if what == 'kill': os.kill(os.getpid(), 9)\n"
    "if what == 'forever':\n    while True: pass\n"
    "if what == 'stubborn':\n    while True:\n        try:\n            time.sleep(60)\n        except BaseException: "
    "pass\n"
    "if what == 'children':\n"
    "    import subprocess\n"
    "    for i in range(20): subprocess.Popen(['sleep', '1000'], start_new_session=i % 2 == 0)\n"
    "    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0: time.sleep(1000)\n        os._exit(0)\n"
    "    return 'children'\n"
    "if what == 'fork': os.fork()\n"
    "if what == 'stdout': sys.stdout = None\n"
    "if what == 'closed':\n    sys.stdout.close()\n    sys.stderr.close()\n"
    "if what == 'pipe':\n    os.close(1)\n    os.close(2)\n"
    "if what == 'socket':\n    os.closerange(3, 100)\n"
    "if what == 'parent': os.kill(os.getppid(), 9)\n"
    "if what == 'group': os.killpg(0, 9)\n"
    "if what == 'bomb':\n    for i in range(30):\n        if os.fork() == 0:\n            while True: pass\n"
    "    return 'bomb'\n"
    "if what == 'daemon':\n    import subprocess\n    subprocess.Popen('setsid sleep 1000 & disown', shell=True, "
    "executable='/bin/bash').wait()\n"
    "if what == 'streams':\n    sys.stdout = sys.stderr = object()\n"
    "if what == 'detached':\n    sys.stdout.detach()\n"
    "if what == 'moved':\n    os.chdir('/')\n"
    "if what == 'thread':\n    import threading\n    threading.Thread(target=lambda: time.sleep(1000)).start()\n"
    "if what == 'print':\n    while True: print('x' * 10000)\n"
    "if what == 'memory':\n    x = bytearray(1 << 40)\n"
    "if what == 'recurse':\n    def f(): return f()\n    f()\n"
    "if what == 'exception': raise KeyError(what)\n"
    "return int(what) * 2 if what.isdigit() else what\n";

PythonOptions options(const std::string& more = "") { return {.settings = "python: {workers: 2}", .fields = more}; }

// The children of this process but for the supervisors and interpreters of `workers` idle workers.
std::size_t strangers() {
    std::size_t count = 0;
    for (const auto& [process, name] : descendants()) count += name.starts_with("kdeps-python") ? 0U : 1U;
    return count;
}

bool has_calm() {
    return wait_until([] { return strangers() == 0 && descendants().size() == 4; });
}

std::size_t shared_memory_files() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code failed;
        count +=
            std::filesystem::read_symlink(entry, failed).string().find("kdeps-table") != std::string::npos ? 1U : 0U;
    }
    return count;
}

class Mischief : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Mischief, EndsWithItsCall) {
    PythonWorkflow workflow(kMischief, options());
    ASSERT_EQ(workflow.faults(), "");
    for (int i = 0; i < 2; ++i) {
        EXPECT_THAT(workflow.answer({{"what", GetParam().first}}), StartsWith(GetParam().second));
        EXPECT_EQ(workflow.answer({{"what", "4"}}), "8");
    }
    EXPECT_TRUE(has_calm()) << strangers() << " of " << descendants().size();
}

INSTANTIATE_TEST_SUITE_P(
    All, Mischief,
    ::testing::Values(
        std::pair("segfault", "INTERNAL: the python process of the script was ended by signal 11 (Segmentation fault)"),
        std::pair("exit", "INTERNAL: the python process of the script ended with exit code 7"),
        std::pair("kill", "INTERNAL: the python process of the script was ended by signal 9 (Killed)"),
        std::pair("children", "\"children\""), std::pair("fork", "\"fork\""), std::pair("stdout", "\"stdout\""),
        std::pair("closed", "\"closed\""), std::pair("pipe", "\"pipe\""),
        std::pair("socket", "INTERNAL: the python process of the script "),
        std::pair("group", "INTERNAL: the python process of the script was "), std::pair("bomb", "\"bomb\""),
        std::pair("daemon", "\"daemon\""), std::pair("streams", "\"streams\""), std::pair("detached", "\"detached\""),
        std::pair("moved", "\"moved\""), std::pair("thread", "\"thread\""),
        std::pair("print",
                  "EXHAUSTED: the script printed more than 16 MiB; return a value instead, or write to a file"),
        std::pair("recurse", "INTERNAL: RecursionError: maximum recursion depth exceeded"),
        std::pair("exception", "INTERNAL: KeyError: 'exception' (workflow.yaml:")),
    [](const auto& one) { return std::string(one.param.first); });

TEST(Limits, ATimeoutEndsTheWorkerWithinASecond) {
    for (const char* what : {"forever", "stubborn"}) {
        PythonWorkflow workflow(kMischief, options("timeout: 300ms"));
        ASSERT_EQ(workflow.answer(), "42");
        const auto start = std::chrono::steady_clock::now();
        EXPECT_EQ(workflow.answer({{"what", what}}),
                  "TIMEOUT: the time limit of 300 ms was reached (the script was ended)");
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1300) * kPatience);
        EXPECT_EQ(workflow.answer({{"what", "4"}}), "8");
        EXPECT_TRUE(has_calm());
    }
}

// The call of such a script ends one way or the other; those that follow are served.
TEST(Limits, AScriptThatKillsItsSupervisorHurtsNobodyElse) {
    PythonWorkflow workflow(kMischief, options());
    for (int i = 0; i < 20; ++i) {
        workflow.answer({{"what", "parent"}});
        for (int next = 0; next < 3; ++next) EXPECT_EQ(workflow.answer({{"what", "4"}}), "8") << i << ", " << next;
    }
    EXPECT_TRUE(has_calm()) << descendants().size();
}

bool has_ended(int process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(stat, text);
    const std::size_t state = text.rfind(')') + 2;
    return text.size() <= state || text[state] == 'Z';
}

// Killed from outside while it waits for a call: no call is handed to it, or what it was handed goes to another.
TEST(Limits, AWorkerThatDiesWhileIdleTakesNoCallAlong) {
    PythonWorkflow workflow("return int(get('n')) * 2", {.settings = "python: {workers: 1}"});
    ASSERT_EQ(workflow.answer({{"n", "1"}}), "2");
    for (int i = 0; i < 30; ++i) {
        const auto processes = descendants();
        ASSERT_FALSE(processes.empty());
        // Interpreters, that are dead or dying when the call comes, and supervisors, whose death takes theirs along.
        const bool is_supervisor = i % 2 == 0;
        const int process = is_supervisor ? processes.front().first : processes.back().first;
        kill(process, SIGKILL);
        if (is_supervisor) {
            EXPECT_TRUE(wait_until([&] { return has_ended(process); }));
        }
        EXPECT_EQ(workflow.answer({{"n", std::to_string(i)}}), std::to_string(2 * i)) << i;
    }
}

TEST(Limits, ATimeoutEndsWhatTheScriptHasStarted) {
    PythonWorkflow workflow(
        "import subprocess, time\nif get('what', '') == '': return 1\n"
        "for i in range(5): subprocess.Popen(['sleep', '1000'], start_new_session=True)\ntime.sleep(1000)",
        options("timeout: 300ms"));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(workflow.answer({{"what", "children"}}), StartsWith("TIMEOUT: "));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1300) * kPatience);
    EXPECT_TRUE(wait_until([] { return strangers() == 0; }));
    EXPECT_EQ(workflow.answer(), "1");
}

TEST(Limits, MemoryIsLimited) {
    PythonWorkflow workflow(kMischief, {.settings = "python: {workers: 1, memoryLimit: 1GiB}"});
    EXPECT_THAT(workflow.answer({{"what", "memory"}}),
                ::testing::MatchesRegex("EXHAUSTED: MemoryError .*; settings.python.memoryLimit is 1GiB"));
    EXPECT_EQ(workflow.answer({{"what", "4"}}), "8");
}

TEST(Limits, CallsBeyondTheWorkersWait) {
    PythonWorkflow workflow("import time, os\ntime.sleep(0.02)\nreturn os.getpid()",
                            {.settings = "python: {workers: 2}"});
    std::mutex mutex;
    std::set<std::string> processes;
    std::vector<std::thread> callers;
    for (int i = 0; i < 12; ++i) {
        callers.emplace_back([&] {
            const std::string process = workflow.answer();
            const std::lock_guard lock(mutex);
            processes.insert(process);
        });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(processes.size(), 2U);
}

TEST(Limits, AWorkerIsReplacedAfterItsCalls) {
    PythonWorkflow workflow("import os\nreturn os.getpid()",
                            {.settings = "python: {workers: 1, maxCallsPerWorker: 3}"});
    std::set<std::string> processes;
    for (int i = 0; i < 9; ++i) processes.insert(workflow.answer());
    EXPECT_EQ(processes.size(), 3U);
}

// Every call with its own answer while others crash.
TEST(Limits, NothingIsLostAmongCrashes) {
    // What is mentioned in a script itself would have its worker replaced after each call.
    PythonWorkflow workflow("exec(get('code', ''))\nreturn int(get('n')) * 2", options("timeout: 20s"));
    std::atomic<int> next{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> callers;
    for (unsigned t = 0; t < 4; ++t) {
        callers.emplace_back([&, t] {
            std::minstd_rand random(t + 1);
            constexpr std::array kCrashes = {
                "import ctypes; ctypes.string_at(0)",
                "import os; os._exit(7)",
                "import os; os.kill(os.getpid(), 9)",
                "import subprocess; subprocess.Popen(['sleep', '1000'])",
                "import os; os.close(1)",
                "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()",
                "import os; os.kill(os.getppid(), 9)",
                "import os; os.closerange(3, 100)"};
            for (int i = next++; i < 1000; i = next++) {
                if (random() % 20 == 0) {
                    workflow.answer({{"n", "1"}, {"code", kCrashes[random() % kCrashes.size()]}});
                } else if (const std::string got = workflow.answer({{"n", std::to_string(i)}});
                           got != std::to_string(2 * i)) {
                    ADD_FAILURE() << i << " gave " << got;
                    ++wrong;
                }
            }
        });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(wrong, 0);
    // As many workers as before: two, each with its supervisor, and no zombie.
    EXPECT_TRUE(has_calm()) << descendants().size();
    EXPECT_EQ(shared_memory_files(), 0U);
}

// Large tables both ways: the files are closed and the mappings gone, here and in the worker.
TEST(Limits, SharedMemoryIsGivenBack) {
    PythonWorkflow workflow(
        "t = get('rows')\nset('back', t[1:])\nif get('crash', '') != '':\n    import os\n    os._exit(1)\n"
        "del t\nreturn sum('kdeps-table' in line for line in open('/proc/self/maps'))",
        {.settings = "sqlConnections: {db: {connection: \"sqlite://:memory:\"}}\npython: {workers: 1}",
         .resources =
             "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: rows, name: rows}\nrun:\n  "
             "sql:\n    connectionName: db\n    query: \"WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 "
             "FROM n WHERE id < 20000) SELECT id, 'name ' || id AS name FROM n\"\n",
         .requires_ids = "rows"});
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(workflow.answer(), "0");
        EXPECT_THAT(workflow.answer({{"crash", "yes"}}), StartsWith("INTERNAL: "));
    }
    EXPECT_EQ(shared_memory_files(), 0U);
    std::ifstream maps("/proc/self/maps");
    const std::string all((std::istreambuf_iterator<char>(maps)), {});
    EXPECT_EQ(all.find("kdeps-table"), std::string::npos);
}

std::size_t resident_pages(int process) {
    std::ifstream statm("/proc/" + std::to_string(process) + "/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    statm >> all >> resident;
    return resident;
}

TEST(Limits, MemoryDoesNotGrow) {
    if (kPatience > 1) GTEST_SKIP() << "the heap of a sanitizer keeps what was freed, hundreds of MiB of it";
    PythonWorkflow workflow(
        "class A:\n    pass\ndef f(x):\n    return [x, A()]\nkeep = f(get('n'))\nkeep.append(keep)\nprint('some "
        "text')\nreturn {'n': get('n'), 'list': list(range(20))}",
        {.settings = "python: {workers: 1}"});
    const auto call = [&](int count) {
        for (int i = 0; i < count; ++i) workflow.run({{"n", std::to_string(i)}});
    };
    const auto sum = [] {
        std::size_t out = resident_pages(getpid());
        for (const auto& [process, name] : descendants()) out += resident_pages(process);
        return out;
    };
    call(5000);
    const std::size_t before = sum();
    call(50000);
    const std::size_t after = sum();
    constexpr std::size_t kPagesOf4MiB = 1024;
    EXPECT_LT(after, before + kPagesOf4MiB);
}

}  // namespace
}  // namespace kdeps::testing
