// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as an event on a thread of their own, where anything may be done.
#pragma once

#include <functional>
#include <thread>

namespace kdeps::cli {

// Made before any other thread, so that all of them leave the signals to this one.
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
