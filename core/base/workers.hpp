// SPDX-License-Identifier: Apache-2.0
// Threads for work that mostly waits (for databases, for clients): made as they are needed, up to a limit, and ended
// after a while without work.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace kdeps {

class Workers {
public:
    explicit Workers(std::size_t limit) : limit_(limit) {}
    ~Workers();  // waits for every thread; tasks that were not started are dropped
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Any thread.  A task must not depend on being run: whoever submits it can do its work too.  False: it will not be.
    bool submit(std::function<void()> task);

private:
    void work();

    const std::size_t limit_;
    std::mutex mutex_;  // guards everything below
    std::condition_variable wake_;
    std::condition_variable ended_;
    std::deque<std::function<void()>> tasks_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
    bool is_ending_ = false;
};

}  // namespace kdeps
