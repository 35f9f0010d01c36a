// SPDX-License-Identifier: Apache-2.0
#include "core/cli/conformance/isolate.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/base/base.hpp"
#include "core/value/value.hpp"

namespace kdeps::conformance {

namespace {

[[noreturn]] void run_child(int descriptor, const std::string& group, const std::function<void(Reporter&)>& work) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    Reporter reporter(descriptor, group);
    try {
        work(reporter);
    } catch (const Error& error) {
        reporter.fail(group, error.message);
    } catch (const std::exception& error) {
        reporter.fail(group, std::string("an exception crossed the ABI: ") + error.what());
    } catch (...) {
        reporter.fail(group, "an exception crossed the ABI");
    }
    reporter.leave();
}

// All that the child writes until it closes the pipe; false if it had not by the deadline.
bool read_all(int descriptor, Deadline deadline, std::string& out) {
    char buffer[4096];
    for (;;) {
        const auto left = static_cast<int>(deadline.remaining_ns() / 1'000'000);
        if (left <= 0) return false;
        pollfd wanted{descriptor, POLLIN, 0};
        const int ready = poll(&wanted, 1, left);
        if (ready == 0) return false;
        if (ready < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        const ssize_t got = read(descriptor, buffer, sizeof(buffer));
        if (got == 0) return true;
        if (got < 0) {
            if (errno == EINTR) continue;
            return true;
        }
        out.append(buffer, static_cast<std::size_t>(got));
    }
}

}  // namespace

void Reporter::write(std::string_view verdict, std::string_view check, std::string_view text) {
    value::List line{value::Value(std::string(verdict)),
                     value::Value(check.empty()     ? group_
                                  : group_ == check ? group_
                                                    : group_ + ": " + std::string(check)),
                     value::Value(redact(text))};
    const std::string json = value::to_json(value::Value::list(std::move(line))) + "\n";
    const std::lock_guard lock(mutex_);
    for (std::size_t done = 0; done < json.size();) {
        const ssize_t wrote = ::write(descriptor_, json.data() + done, json.size() - done);
        if (wrote < 0 && errno != EINTR) return;
        if (wrote > 0) done += static_cast<std::size_t>(wrote);
    }
}

void Reporter::leave() {
    end();
    std::fflush(nullptr);
    _exit(0);
}

void Reporter::type(const TypeSupport& type) {
    value::List parts{value::Value(type.kind), value::Value(type.sent), value::Value(type.format),
                      value::Value(type.received)};
    write("type", "", value::to_json(value::Value::list(std::move(parts))));
}

void isolate(const std::string& group, std::chrono::seconds limit, const std::function<void(Reporter&)>& work,
             Report& report) {
    int ends[2];
    if (pipe(ends) != 0) {
        throw Error(Status::exhausted, std::string("no pipe for a test process: ") + std::strerror(errno));
    }
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        throw Error(Status::exhausted, std::string("no process for a test: ") + std::strerror(errno));
    }
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], group, work);
    }
    close(ends[1]);
    std::string text;
    const bool has_ended = read_all(ends[0], Deadline::after(limit), text);
    close(ends[0]);
    if (!has_ended) kill(child, SIGKILL);
    int state = 0;
    while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
    }

    std::string place = group;
    bool is_complete = false;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t stop = std::min(text.find('\n', start), text.size());
        const std::string_view line = std::string_view(text).substr(start, stop - start);
        start = stop + 1;
        if (!line.ends_with(']')) break;  // the process was killed while it wrote
        const value::Value parts = value::parse_json(line);
        const std::string verdict = parts.at(0).text();
        if (verdict == "at") {
            place = parts.at(1).text();
        } else if (verdict == "end") {
            is_complete = true;
        } else if (verdict == "type") {
            const value::Value type = value::parse_json(parts.at(2).text());
            report.types.push_back({type.at(0).text(), type.at(1).text(), type.at(2).text(), type.at(3).text()});
        } else {
            const Verdict given = verdict == "passed"   ? Verdict::passed
                                  : verdict == "failed" ? Verdict::failed
                                                        : Verdict::skipped;
            report.findings.push_back({given, parts.at(1).text(), parts.at(2).text()});
        }
    }
    if (!has_ended) {
        report.findings.push_back(
            {Verdict::failed, place, "did not return within " + std::to_string(limit.count()) + " s"});
    } else if (WIFSIGNALED(state)) {
        report.findings.push_back(
            {Verdict::failed, place, std::string("the process died: ") + strsignal(WTERMSIG(state))});
    } else if (!is_complete) {
        report.findings.push_back(
            {Verdict::failed, place,
             "the plugin ended the process with exit code " + std::to_string(WEXITSTATUS(state))});
    }
}

}  // namespace kdeps::conformance
