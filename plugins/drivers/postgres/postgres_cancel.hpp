// SPDX-License-Identifier: Apache-2.0
// Stopping a statement: an event that wakes the waiting worker, and the request that tells the server.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "postgres_result.hpp"

namespace kdeps::postgres {

// Wakes a thread that polls fd().  Any thread.
class Wake {
public:
    Wake();  // throws Error (EXHAUSTED)
    ~Wake();
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    int fd() const { return fd_; }
    void set() noexcept;
    bool take() noexcept;  // true if it was set since the last take

private:
    int fd_;
    std::atomic<bool> is_set_{false};  // spares the system call of a take that finds nothing
};

// One request to stop what the connection runs.  PQcancel opens a connection of its own and blocks for as long as the
// network lets it, so it has a thread; the worker goes on reading meanwhile.  A thread that hangs outlives this object
// and owns all that it uses.
class CancelRequest {
public:
    explicit CancelRequest(PGconn* connection);

    // True once it is delivered or has failed: no signal can reach the connection later.  False if that did not come
    // until then.
    bool wait_until(std::chrono::steady_clock::time_point end) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace kdeps::postgres
