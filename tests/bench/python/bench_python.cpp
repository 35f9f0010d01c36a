// SPDX-License-Identifier: Apache-2.0
// The cost of a script: a warm call through the engine, beside a new interpreter and beside a plain loop that speaks
// JSON over pipes; a table in and summed, beside the same as JSON; calls per second by workers.  Prints a table; run it
// alone on the machine.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/config/config.hpp"
#include "core/engine/engine.hpp"
#include "core/plugin/plugin.hpp"
#include "core/value/value.hpp"
#include "core/workflow/workflow.hpp"

extern char** environ;

namespace {

using namespace kdeps;
using Seconds = std::chrono::duration<double>;

constexpr int kRows = 100'000;

class Loaded {
public:
    Loaded(const std::string& name, const std::string& settings, const std::string& resources)
        : folder_(std::filesystem::temp_directory_path() / ("kdeps-bench-" + std::to_string(getpid()) + name)),
          plugins_(std::vector<std::filesystem::path>{KDEPS_PLUGIN_FOLDER}) {
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ / "workflow.yaml")
            << "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: b, version: \"1\", targetActionId: "
               "main}\nsettings:\n  apiServerMode: false\n"
            << settings << resources;
        workflow_ = workflow::read(folder_, {}, plugins_, engine::host_names(), faults_);
        engine_ = std::make_unique<engine::Engine>(*workflow_, plugins_, faults_);
        if (faults_.has_errors()) {
            std::fputs(faults_.text().c_str(), stderr);
            std::exit(1);
        }
        engine_->start();
    }
    ~Loaded() {
        engine_.reset();
        std::error_code failed;
        std::filesystem::remove_all(folder_, failed);
    }

    value::Value run() {
        engine::Request request;
        const StopFlag stop;
        engine::Outcome outcome = engine_->run(request, stop);
        if (outcome.error) {
            std::fprintf(stderr, "%s\n", outcome.error->message.c_str());
            std::exit(1);
        }
        return outcome.data;
    }

private:
    std::filesystem::path folder_;
    plugin::Registry plugins_;
    config::Diagnostics faults_;
    std::unique_ptr<workflow::Workflow> workflow_;
    std::unique_ptr<engine::Engine> engine_;
};

// python3 -c with pipes for stdin and stdout.
class Interpreter {
public:
    explicit Interpreter(const char* script) {
        int in[2];
        int out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) std::exit(1);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        std::string program = "/usr/bin/python3";
        std::string flag = "-c";
        std::string text = script;
        char* arguments[] = {program.data(), flag.data(), text.data(), nullptr};
        if (posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ) != 0) std::exit(1);
        posix_spawn_file_actions_destroy(&actions);
        close(in[0]);
        close(out[1]);
        to_ = in[1];
        from_ = out[0];
    }
    ~Interpreter() {
        close(to_);
        close(from_);
        waitpid(process_, nullptr, 0);
    }
    std::string ask(const std::string& line) {
        for (std::size_t done = 0; done < line.size();)
            done += static_cast<std::size_t>(std::max<ssize_t>(write(to_, line.data() + done, line.size() - done), 0));
        std::string out;
        char bytes[65536];
        while (out.empty() || out.back() != '\n') {
            const ssize_t got = read(from_, bytes, sizeof(bytes));
            if (got <= 0) std::exit(1);
            out.append(bytes, static_cast<std::size_t>(got));
        }
        return out;
    }

private:
    pid_t process_ = -1;
    int to_ = -1;
    int from_ = -1;
};

struct Times {
    double p50;
    double p99;
};

Times measure(int count, const std::function<void()>& work) {
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        times.push_back(Seconds(std::chrono::steady_clock::now() - start).count() * 1e6);
    }
    std::sort(times.begin(), times.end());
    return {times[times.size() / 2], times[times.size() * 99 / 100]};
}

void show(const char* what, const Times& times) {
    std::printf("%-58s p50 %10.1f us   p99 %10.1f us\n", what, times.p50, times.p99);
}

std::string resource(const std::string& id, const std::string& more, const std::string& run) {
    return "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: " + id + ", name: " + id + more +
           "}\nrun:\n" + run;
}

void calls() {
    constexpr int kCalls = 20'000;
    constexpr int kStarts = 50;
    Loaded warm("calls", "  python: {workers: 1}\n", resource("main", "", "  python: {script: \"return 1 + 1\"}\n"));
    const auto call = [&] { warm.run(); };
    measure(500, call);
    const Times ours = measure(kCalls, call);
    show("trivial script, warm worker, whole engine", ours);
    Interpreter loop(
        "import sys, json\ncodes = {}\nfor line in sys.stdin:\n    job = json.loads(line)\n    s = job['script']\n    "
        "c = codes.get(s) or codes.setdefault(s, compile(s, 's', 'exec'))\n"
        "    names = dict(job['names'])\n    exec(c, names)\n    sys.stdout.write(json.dumps({'result': "
        "names['result']}) + '\\n')\n    sys.stdout.flush()");
    const auto ask = [&] { loop.ask("{\"script\": \"result = 1 + 1\", \"names\": {}}\n"); };
    measure(500, ask);
    show("  plain python3 loop, JSON over pipes, no engine", measure(kCalls, ask));
    const Times fresh = measure(kStarts, [] { Interpreter("print(1 + 1)").ask(""); });
    show("  python3 -c, a new interpreter each time", fresh);
    std::printf("%-58s %.0f x\n", "  new interpreter : warm worker, p50", fresh.p50 / ours.p50);
}

void tables() {
    constexpr int kRuns = 15;
    const std::string query =
        "  sql:\n    connectionName: db\n    query: \"WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n "
        "WHERE a < " +
        std::to_string(kRows) +
        ") SELECT a, a * 2 AS b, a * 0.5 AS c, a * 0.25 AS d, 'text ' || a AS e, a % 7 AS f FROM n\"\n";
    const std::string connection =
        "  python: {workers: 1}\n  sqlConnections: {db: {connection: \"sqlite://:memory:\"}}\n";
    const auto with = [&](const std::string& script) {
        return resource("rows", "", query) +
               resource("main", ", requires: [rows]", "  python:\n    script: |\n" + script);
    };
    // The script measures itself from the first get, in which the table is handed over; the query is not of interest.
    const auto time_in = [&](const char* name, const std::string& body) {
        Loaded loaded(name, connection,
                      with("      import time, numpy\n      start = time.perf_counter()\n      t = get('rows')\n" +
                           body + "      return time.perf_counter() - start\n"));
        std::vector<double> times;
        for (int i = 0; i < kRuns; ++i) times.push_back(loaded.run().floating() * 1e3);
        std::sort(times.begin(), times.end());
        return times[times.size() / 2];
    };
    const double frame = time_in("columns", "      total = sum(sum(t.column(c)) for c in ('a', 'b', 'c', 'd', 'f'))\n");
    const double rows =
        time_in("rows", "      total = 0\n      for r in t: total += r['a'] + r['b'] + r['c'] + r['d'] + r['f']\n");
    const double over = time_in("over", "");
    Interpreter loop(
        "import sys, json\nfor line in sys.stdin:\n    rows = json.loads(line)\n    total = 0\n    for r in rows: "
        "total += r['a'] + r['b'] + r['c'] + r['d'] + r['f']\n"
        "    sys.stdout.write(json.dumps(total) + '\\n')\n    sys.stdout.flush()");
    Loaded source("json", connection, resource("main", "", query));
    const value::Value table = source.run();
    std::vector<double> times;
    for (int i = 0; i < kRuns; ++i) {
        const auto start = std::chrono::steady_clock::now();
        std::string text;
        value::append_json(table, text);
        loop.ask(text + "\n");
        times.push_back(Seconds(std::chrono::steady_clock::now() - start).count() * 1e3);
    }
    std::sort(times.begin(), times.end());
    const double json = times[times.size() / 2];
    std::printf("\n%d rows x 6 columns, p50 of %d\n", kRows, kRuns);
    std::printf("  handed over                                             %8.1f ms\n", over);
    std::printf("  handed over and summed by columns                       %8.1f ms   %5.1f x\n", frame, json / frame);
    std::printf("  handed over and summed row by row                       %8.1f ms   %5.1f x\n", rows, json / rows);
    std::printf("  as JSON over a pipe and summed row by row               %8.1f ms\n", json);
}

void throughput() {
    std::printf("\ncalls per second, 8 callers\n");
    for (const int workers : {1, 2, 4}) {
        Loaded warm("many" + std::to_string(workers), "  python: {workers: " + std::to_string(workers) + "}\n",
                    resource("main", "", "  python: {script: \"return 1 + 1\"}\n"));
        for (int i = 0; i < 200; ++i) warm.run();
        constexpr int kCallers = 8;
        constexpr int kCalls = 20'000;
        std::atomic<int> next{0};
        const auto start = std::chrono::steady_clock::now();
        std::vector<std::thread> callers;
        for (int i = 0; i < kCallers; ++i) {
            callers.emplace_back([&] {
                while (next++ < kCalls) warm.run();
            });
        }
        for (std::thread& caller : callers) caller.join();
        std::printf("  %d workers %10.0f\n", workers,
                    kCalls / Seconds(std::chrono::steady_clock::now() - start).count());
    }
}

}  // namespace

int main() {
    calls();
    tables();
    throughput();
}
