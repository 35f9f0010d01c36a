// SPDX-License-Identifier: Apache-2.0
// Executors under stress: deadlines, cancel, many threads, many times.
#include <algorithm>
#include <future>
#include <thread>

#include "core/cli/conformance/checks.hpp"
#include "core/cli/conformance/executor_step.hpp"

namespace kdeps::conformance {

namespace {

constexpr std::string_view kWants = "give executor.good in --quirks: a configuration that runs";
constexpr std::size_t kThreads = 8;
constexpr std::size_t kRuns = 25;  // of each thread

const kdeps_executor& executor_of(const Subject& subject) { return *subject.table<kdeps_executor>(KDEPS_EXECUTOR_ID); }

bool has_stopped(kdeps_status status) { return status == KDEPS_TIMEOUT || status == KDEPS_CANCELLED; }

// Runs a slow step, and tells it to stop as the host does: again and again until it returns.
std::string wrong_stop(const Step& step, Invocation& invocation, const std::function<void()>& tell) {
    std::promise<Ran> promise;
    std::future<Ran> future = promise.get_future();
    std::thread runner([&] { promise.set_value(step.run(invocation)); });
    std::string wrong;
    if (future.wait_for(std::chrono::milliseconds(200)) == std::future_status::ready &&
        !invocation.call.deadline.has_passed()) {
        const Ran ran = future.get();
        runner.join();
        return "executor.slow ended by itself" + (ran.status == KDEPS_OK ? std::string() : ": " + ran.text);
    }
    tell();
    const Deadline deadline = Deadline::after(kSoon);
    do {
        step.cancel(invocation);
    } while (future.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready && !deadline.has_passed());
    if (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        runner.detach();  // the process ends without it
        return "goes on " + duration_text(kSoon) + " after it was told to stop: look at host->check, or stop in cancel";
    }
    const Ran ran = future.get();
    runner.join();
    if (!ran.wrong.empty()) return ran.wrong;
    return has_stopped(ran.status) ? "" : "returned neither TIMEOUT nor CANCELLED: " + ran.text;
}

}  // namespace

void check_executor_stops(const Options& options, const Quirks& quirks, Reporter& reporter) {
    Subject subject(options, quirks);
    if (const config::Node* good = quirks.find("executor", "good"); good != nullptr) {
        const Step step(subject, executor_of(subject), *good);
        Invocation late(subject.registry(), Deadline::after(std::chrono::nanoseconds(0)));
        reporter.at("run after its deadline");
        reporter.result("a deadline that has passed", step.run(late).wrong);
    } else {
        reporter.skip("a deadline that has passed", kWants);
    }
    const config::Node* slow = quirks.find("executor", "slow");
    if (slow == nullptr) {
        reporter.skip("cancel", "give executor.slow in --quirks: a configuration that runs until it is stopped");
        return;
    }
    const Step step(subject, executor_of(subject), *slow);
    reporter.at("run, cancelled");
    Invocation stopped(subject.registry());
    const std::string wrong = wrong_stop(step, stopped, [&] { stopped.stop.request(); });
    reporter.result("cancel", wrong);
    if (!wrong.empty()) reporter.leave();
    reporter.at("run, at its deadline");
    Invocation late(subject.registry(), Deadline::after(std::chrono::milliseconds(100)));
    const std::string wrong_late = wrong_stop(step, late, [] {});
    reporter.result("deadline", wrong_late);
    if (!wrong_late.empty()) reporter.leave();
}

void check_executor_threads(const Options& options, const Quirks& quirks, Reporter& reporter) {
    const config::Node* good = quirks.find("executor", "good");
    if (good == nullptr) {
        reporter.skip("one step on many threads", kWants);
        return;
    }
    Subject subject(options, quirks);
    const Step step(subject, executor_of(subject), *good);
    const auto alone = [&] {
        Invocation invocation(subject.registry());
        return step.run(invocation);
    };
    reporter.at("run");
    const Ran expected = alone();
    const bool is_steady = alone().text == expected.text;
    reporter.at("run on many threads");
    std::vector<std::future<std::string>> results;
    for (std::size_t i = 0; i < kThreads; ++i) {
        results.push_back(std::async(std::launch::async, [&]() -> std::string {
            for (std::size_t j = 0; j < kRuns; ++j) {
                const Ran ran = alone();
                if (!ran.wrong.empty()) return ran.wrong;
                if (ran.status != expected.status) return "ends differently than alone: " + ran.text;
                if (is_steady && ran.text != expected.text)
                    return "gives " + ran.text + ", alone it gives " + expected.text;
            }
            return {};
        }));
    }
    std::string wrong;
    for (auto& result : results) {
        if (std::string one = result.get(); !one.empty()) wrong = one;
    }
    reporter.result("one step on many threads", wrong);
}

void check_executor_leaks(const Options& options, const Quirks& quirks, Reporter& reporter) {
    const config::Node* good = quirks.find("executor", "good");
    if (good == nullptr) {
        reporter.skip("run leaves nothing behind", kWants);
        return;
    }
    Subject subject(options, quirks);
    reporter.at("run, many times");
    {
        const Step step(subject, executor_of(subject), *good);
        reporter.result("run leaves nothing behind", leak_of(200, [&] {
                            Invocation invocation(subject.registry());
                            step.run(invocation);
                        }));
    }
    reporter.at("compile and destroy, many times");
    reporter.result("destroy leaves nothing behind",
                    leak_of(200, [&] { const Step step(subject, executor_of(subject), *good); }));
}

}  // namespace kdeps::conformance
