// SPDX-License-Identifier: Apache-2.0
// The cost of a script: a warm call through the engine, beside a new interpreter and beside a plain loop that speaks
// JSON over pipes; a table in and summed, beside the same as JSON; calls per second by workers.  Prints a table; those
// that are compared take turns.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
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

// Processor seconds that this process and all below it have used.
double cpu_of(int process) {
    clockid_t clock{};
    timespec used{};
    double out = clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &used) == 0
                     ? static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9
                     : 0;
    const std::string name = "/proc/" + std::to_string(process);
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(name + "/task", gone)) {
        std::ifstream children(task.path() / "children");
        for (int child = 0; children >> child;) out += cpu_of(child);
    }
    return out;
}

// One of those that are compared, in turns with the others: a busy machine is busy for all of them.
class Contender {
public:
    Contender(std::string name, int calls, std::function<void()> work)
        : name_(std::move(name)), calls_(calls), work_(std::move(work)) {}

    void round() {
        work_();
        const double cpu = cpu_of(getpid());
        for (int i = 0; i < calls_; ++i) {
            const auto start = std::chrono::steady_clock::now();
            work_();
            times_.push_back(Seconds(std::chrono::steady_clock::now() - start).count());
        }
        cpu_ += cpu_of(getpid()) - cpu;
    }
    double at(double part) {
        std::sort(times_.begin(), times_.end());
        return times_[static_cast<std::size_t>(static_cast<double>(times_.size() - 1) * part)];
    }
    double p50() { return at(0.5); }
    double cpu() const { return cpu_ / static_cast<double>(times_.size()); }
    void show(double unit, const char* unit_name) {
        std::printf("%-56s p50 %9.1f %s   p99 %9.1f %s   cpu %9.1f %s\n", name_.c_str(), p50() * unit, unit_name,
                    at(0.99) * unit, unit_name, cpu() * unit, unit_name);
    }

private:
    std::string name_;
    int calls_;
    std::function<void()> work_;
    std::vector<double> times_;
    double cpu_ = 0;
};

void compete(std::vector<Contender*> all, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        for (Contender* one : all) one->round();
    }
}

std::string resource(const std::string& id, const std::string& more, const std::string& run) {
    return "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: " + id + ", name: " + id + more +
           "}\nrun:\n" + run;
}

// The least that a loop can do: a script by its text, compiled once, fresh names, an answer.  A script that prints or
// raises ends it.
constexpr const char* kBareLoop =
    "import sys, json\ncodes = {}\nfor line in sys.stdin:\n    job = json.loads(line)\n    s = job['script']\n"
    "    c = codes.get(s) or codes.setdefault(s, compile(s, 's', 'exec'))\n    names = dict(job['names'])\n"
    "    exec(c, names)\n    sys.stdout.write(json.dumps({'result': names['result']}) + '\\n')\n    sys.stdout.flush()";

// The same that keeps what a script prints apart from its answers, and lives on after an exception.
constexpr const char* kSafeLoop =
    "import sys, json, io, traceback\nfrom contextlib import redirect_stdout, redirect_stderr\ncodes = {}\n"
    "answers = sys.stdout\nfor line in sys.stdin:\n    job = json.loads(line)\n    s = job['script']\n"
    "    out, err = io.StringIO(), io.StringIO()\n    answer = {}\n    try:\n"
    "        with redirect_stdout(out), redirect_stderr(err):\n"
    "            c = codes.get(s) or codes.setdefault(s, compile(s, 's', 'exec'))\n"
    "            names = dict(job['names'])\n            exec(c, names)\n        answer['result'] = names['result']\n"
    "    except BaseException as e:\n        answer['error'] = traceback.format_exc()\n"
    "    answer['stdout'], answer['stderr'] = out.getvalue(), err.getvalue()\n"
    "    answers.write(json.dumps(answer) + '\\n')\n    answers.flush()";

void calls() {
    Loaded none("none", "", resource("main", "", "  apiResponse: {response: \"{{ 1 + 1 }}\"}\n"));
    Loaded warm("calls", "  python: {workers: 1}\n", resource("main", "", "  python: {script: \"return 1 + 1\"}\n"));
    Interpreter bare_loop(kBareLoop);
    Interpreter safe_loop(kSafeLoop);
    const std::string job = "{\"script\": \"result = 1 + 1\", \"names\": {}}\n";
    Contender engine("  the engine alone, no script", 1000, [&] { none.run(); });
    Contender ours("trivial script, warm worker, whole engine", 1000, [&] { warm.run(); });
    Contender bare("  bare python3 loop, JSON over pipes, no engine", 1000, [&] { bare_loop.ask(job); });
    Contender safe("  the same that keeps output and errors apart", 1000, [&] { safe_loop.ask(job); });
    Contender fresh("  python3 -c, a new interpreter each time", 3, [] { Interpreter("print(1 + 1)").ask(""); });
    compete({&engine, &ours, &bare, &safe, &fresh}, 20);
    constexpr double kMicro = 1e6;
    for (Contender* one : {&ours, &bare, &safe, &fresh, &engine}) one->show(kMicro, "us");
    std::printf("  p50 against the warm worker: new interpreter %.0f x, bare loop %.2f x, safe loop %.2f x\n",
                fresh.p50() / ours.p50(), bare.p50() / ours.p50(), safe.p50() / ours.p50());
}

// The script tells how long it took from the first get, in which the table is handed over: the query is not of
// interest.
void tables() {
    const std::string query =
        "  sql:\n    connectionName: db\n    query: \"WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n "
        "WHERE a < " +
        std::to_string(kRows) +
        ") SELECT a, a * 2 AS b, a * 0.5 AS c, a * 0.25 AS d, 'text ' || a AS e, a % 7 AS f FROM n\"\n";
    const std::string connection =
        "  python: {workers: 1}\n  sqlConnections: {db: {connection: \"sqlite://:memory:\"}}\n";
    const std::string rows = "'a', 'b', 'c', 'd', 'f'";
    struct Way {
        const char* name;
        std::string body;
        std::unique_ptr<Loaded> loaded;
        std::vector<double> times;
    };
    std::vector<Way> ways;
    ways.push_back({"handed over", "", nullptr, {}});
    ways.push_back({"handed over and summed by columns, sum(t.column('a'))",
                    "total = sum(sum(t.column(c)) for c in (" + rows + "))",
                    nullptr,
                    {}});
    ways.push_back({"handed over and summed by numpy, t.column('a')",
                    "total = sum(numpy.asarray(t.column(c)).sum() for c in (" + rows + "))",
                    nullptr,
                    {}});
    ways.push_back({"handed over and summed row by row, r['a']",
                    "total = 0\n      for r in t: total += r['a'] + r['b'] + r['c'] + r['d'] + r['f']",
                    nullptr,
                    {}});
    ways.push_back({"handed over and summed row by row, r.a",
                    "total = 0\n      for r in t: total += r.a + r.b + r.c + r.d + r.f",
                    nullptr,
                    {}});
    for (Way& way : ways) {
        way.loaded = std::make_unique<Loaded>(
            "way" + std::to_string(&way - ways.data()), connection,
            resource("rows", "", query) +
                resource("main", ", requires: [rows]",
                         "  python:\n    script: |\n      import time, numpy\n      start = time.perf_counter()\n"
                         "      t = get('rows')\n      " +
                             way.body + "\n      return time.perf_counter() - start\n"));
    }
    Interpreter loop(
        "import sys, json\nfor line in sys.stdin:\n    rows = json.loads(line)\n    total = 0\n    for r in rows: "
        "total += r['a'] + r['b'] + r['c'] + r['d'] + r['f']\n"
        "    sys.stdout.write(json.dumps(total) + '\\n')\n    sys.stdout.flush()");
    Loaded source("json", connection, resource("main", "", query));
    const value::Value table = source.run();
    std::vector<double> json;
    constexpr int kRuns = 15;
    for (int i = 0; i < kRuns; ++i) {
        const auto start = std::chrono::steady_clock::now();
        std::string text;
        value::append_json(table, text);
        loop.ask(text + "\n");
        json.push_back(Seconds(std::chrono::steady_clock::now() - start).count() * 1e3);
        for (Way& way : ways) way.times.push_back(way.loaded->run().floating() * 1e3);
    }
    const auto median = [](std::vector<double>& times) {
        std::sort(times.begin(), times.end());
        return times[times.size() / 2];
    };
    std::printf("\n%d rows x 6 columns, 5 of them summed, p50 of %d\n", kRows, kRuns);
    std::printf("  %-56s %8.1f ms\n", "as JSON over a pipe and summed row by row", median(json));
    for (Way& way : ways)
        std::printf("  %-56s %8.1f ms   %6.1f x\n", way.name, median(way.times), median(json) / median(way.times));
}

void throughput() {
    constexpr int kCallers = 8;
    constexpr int kCalls = 4'000;
    constexpr int kRounds = 5;
    std::printf("\ncalls per second, %d callers, p50 of %d rounds\n", kCallers, kRounds);
    struct Pool {
        int workers;
        std::unique_ptr<Loaded> loaded;
        std::vector<double> rates;
    };
    std::vector<Pool> pools;
    for (const int workers : {1, 2, 4}) {
        pools.push_back({workers,
                         std::make_unique<Loaded>("many" + std::to_string(workers),
                                                  "  python: {workers: " + std::to_string(workers) + "}\n",
                                                  resource("main", "", "  python: {script: \"return 1 + 1\"}\n")),
                         {}});
    }
    for (int round = 0; round <= kRounds; ++round) {
        for (Pool& pool : pools) {
            std::atomic<int> next{0};
            const auto start = std::chrono::steady_clock::now();
            std::vector<std::thread> callers;
            for (int i = 0; i < kCallers; ++i) {
                callers.emplace_back([&] {
                    while (next++ < kCalls) pool.loaded->run();
                });
            }
            for (std::thread& caller : callers) caller.join();
            const double rate = kCalls / Seconds(std::chrono::steady_clock::now() - start).count();
            if (round > 0) pool.rates.push_back(rate);  // the first warms up
        }
    }
    for (Pool& pool : pools) {
        std::sort(pool.rates.begin(), pool.rates.end());
        std::printf("  %d workers %10.0f\n", pool.workers, pool.rates[pool.rates.size() / 2]);
    }
}

}  // namespace

// Without an argument all of it; else one of calls, tables, throughput.
int main(int count, char** arguments) {
    const std::string_view only = count > 1 ? arguments[1] : "";
    if (only.empty() || only == "calls") calls();
    if (only.empty() || only == "tables") tables();
    if (only.empty() || only == "throughput") throughput();
}
