// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as an event on a thread of their own, where anything may be done.
#pragma once

#include <functional>
#include <thread>

namespace kdeps::cli {

// Called before any other thread is made, so that all of them leave the signals to the one of Signals: the system gives
// a signal to any thread that takes it, and its default is to end the process.
void block_signals();

class Signals {
public:
    // `on_signal` is called for every SIGINT or SIGTERM, with its number of the order, from 1.
    explicit Signals(std::function<void(int)> on_signal);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    std::thread thread_;
};

}  // namespace kdeps::cli
