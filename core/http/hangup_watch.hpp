// SPDX-License-Identifier: Apache-2.0
// Raises the stop flag of a run whose client hangs up, and of all runs when the time to shut down is over.  One thread
// waits for all.
#pragma once

#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "core/base/base.hpp"

namespace kdeps::http {

// Any thread.  A connection is watched from its first run until forget().
class HangupWatch {
public:
    HangupWatch();
    ~HangupWatch();
    HangupWatch(const HangupWatch&) = delete;
    HangupWatch& operator=(const HangupWatch&) = delete;

    // A run for the client behind a socket, from construction to destruction.
    class Guard {
    public:
        Guard(HangupWatch& watch, int socket, StopFlag& flag);
        ~Guard();
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

    private:
        HangupWatch& watch_;
        const int socket_;
    };

    // Before the socket is closed: its number will be another client's.
    void forget(int socket);

    // Raises every flag that is still there then, and at once those that come later.
    void stop_all_at(Deadline deadline);

private:
    struct Client {
        std::uint32_t number = 0;  // a socket's number comes again, this does not
        StopFlag* flag = nullptr;  // of the run, while there is one
        bool is_gone = false;
    };

    void work();
    void wake() const;

    const int epoll_;
    const int event_;                          // wakes the thread
    std::mutex mutex_;                         // guards everything below
    std::unordered_map<int, Client> clients_;  // by socket
    std::uint32_t last_number_ = 0;
    Deadline deadline_;
    bool are_all_stopped_ = false;
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace kdeps::http
