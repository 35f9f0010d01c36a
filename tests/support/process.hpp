// SPDX-License-Identifier: Apache-2.0
// Runs a program for a test: its whole output, its exit code, signals, and an end that leaves nothing behind.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/descriptor.hpp"
#include "tests/support/patience.hpp"

namespace kdeps::testing {

struct ProcessOptions {
    std::map<std::string, std::string> env = {};  // added to the environment of the test program
    std::filesystem::path folder = {};            // working folder; empty = that of the test program
    std::optional<std::string> input = {};        // all of stdin; none = /dev/null
    std::string user = {};                        // who runs it if the test runs as root; otherwise of no effect
    int parent_death_signal = SIGKILL;            // sent when the thread that started the program ends
};

// Any thread may call the methods; the thread that makes a Process must outlive it, because the kernel ties
// parent_death_signal to that thread.
class Process {
public:
    // Searches argv[0] in PATH.  Throws std::runtime_error if the program cannot be started.
    explicit Process(const std::vector<std::string>& argv, const ProcessOptions& options = {});
    ~Process();  // SIGKILL to the whole process group
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // The exit code, 128 + n after signal n; nothing if the program still runs after `timeout`.  With the code, out()
    // and err() are complete, unless a child of the program still held them open at the end of `timeout`.
    std::optional<int> wait(std::chrono::milliseconds timeout);

    // False if the text did not come: in time, or until the program closed the stream.
    bool wait_for_out(std::string_view text, std::chrono::milliseconds timeout);
    bool wait_for_err(std::string_view text, std::chrono::milliseconds timeout);

    std::string out() const;  // what came until now
    std::string err() const;
    int pid() const { return pid_; }
    void signal(int number);  // to the program alone, not to its children; of no effect once it has ended

private:
    struct Stream {
        Descriptor descriptor;  // of the pump thread alone
        std::string text;
        bool is_open = true;
    };

    bool wait_for(const Stream& stream, std::string_view text, std::chrono::milliseconds timeout);
    void read_some(Stream& stream);
    void pump();
    void watch();

    std::string input_;  // what is not yet written; of the pump thread
    Descriptor in_;
    Descriptor stop_;  // an eventfd that ends the pump
    int pid_ = -1;

    mutable std::mutex mutex_;  // guards what follows, but for the descriptors
    std::condition_variable changed_;
    Stream out_;
    Stream err_;
    std::optional<int> exit_code_;

    std::thread pump_;
    std::thread watch_;
};

struct Result {
    int exit_code = 0;
    std::string out;
    std::string err;
};

// Runs a program to its end.  Throws std::runtime_error with its output if it takes longer than `timeout`.
Result run(const std::vector<std::string>& argv, const ProcessOptions& options = {},
           std::chrono::milliseconds timeout = std::chrono::seconds(60) * kPatience);

}  // namespace kdeps::testing
