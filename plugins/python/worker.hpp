// SPDX-License-Identifier: Apache-2.0
// One worker: a warm interpreter in a process of its own, with a supervisor that lets nothing outlive it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_set>

#include "channel.hpp"

namespace kdeps::python {

using std::chrono::nanoseconds;

// What a worker is started with.
struct Launch {
    std::filesystem::path program;                   // kdeps-python-worker
    std::string executable;                          // the Python whose packages are used
    std::string folder;                              // of the workflow
    std::size_t memory_limit = 0;                    // bytes; 0 = none
    std::map<std::string, std::string> environment;  // added to that of the host
};

// What a call has written to stdout and stderr.
struct Output {
    std::string out;
    std::string err;
};

// How a worker ended.
struct End {
    int exit_code = 0;  // 128 + n after signal n
    std::string text;   // "was ended by signal 11 (Segmentation fault)"
};

// One thread, but for kill.
class Worker {
public:
    // Starts the process and returns at once.  Throws Error.
    explicit Worker(const Launch& launch);
    ~Worker();  // kills and reaps: within two seconds nothing is left
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Waits until the interpreter serves.  Throws Error with what it wrote.
    void await_ready(nanoseconds timeout, const std::atomic<bool>& stop);

    bool is_alive() const;

    // False if the worker is gone.
    bool send(Message type, const Packet& packet);

    // unread: gone without having read the last message, so that nothing of it was done.
    enum class Received { frame, gone, unread, late, too_much };
    // Waits for a message and reads what the script prints meanwhile, at most 16 MiB in all.
    Received receive(Frame& frame, Output& output, nanoseconds timeout);

    // Any thread.  The worker and all that it has started end soon; its messages stop.
    void kill() noexcept;

    // After it is gone; waits for a second at most.
    End end();

    std::unordered_set<std::uint64_t> scripts;  // that it has compiled
    std::int64_t calls = 0;

private:
    // False at the end of the pipe.
    bool read_some(Descriptor& pipe, std::string& into);

    Channel channel_;
    Descriptor lifeline_;
    Descriptor out_;
    Descriptor err_;
    pid_t supervisor_ = -1;
};

inline constexpr std::size_t kMostOutput = 16U << 20;

}  // namespace kdeps::python
