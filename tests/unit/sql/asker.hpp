// SPDX-License-Identifier: Apache-2.0
// A run on a thread of its own that asks a pool for a connection.
#pragma once

#include <optional>
#include <thread>

#include "tests/unit/sql/fake_driver.hpp"

namespace kdeps::sql {

class Asker {
public:
    // Returns when the run stands in line, or has been answered.  `deadline`: of the run.
    Asker(Pool& pool, const Host& host, const std::string& resource, nanoseconds timeout,
          std::optional<nanoseconds> deadline = std::nullopt)
        : pool_(pool), host_call_(resource), call_(host, host_call_.get()) {
        if (deadline) host_call_.set_deadline(*deadline);
        const std::size_t before = pool.counts().waiting;
        thread_ = std::thread([this, timeout] {
            error_ = PoolFixture::error_of([&] { connection_ = pool_.acquire(call_, timeout); });
            is_answered_ = true;
        });
        while (!is_answered_ && pool.counts().waiting == before) std::this_thread::yield();
    }
    ~Asker() {
        outcome();
        if (connection_ != nullptr) give_back();
    }
    Asker(const Asker&) = delete;
    Asker& operator=(const Asker&) = delete;

    bool is_answered() const { return is_answered_; }
    void cancel() {
        host_call_.cancel();
        pool_.wake();
    }
    // Waits for the answer: "connection 2", or the error.
    std::string outcome() {
        if (thread_.joinable()) thread_.join();
        return connection_ == nullptr ? error_ : "connection " + std::to_string(PoolFixture::number(connection_));
    }
    void give_back(After then = After::keep) { pool_.release(call_, std::move(connection_), then); }

private:
    Pool& pool_;
    testing::HostCall host_call_;
    const Call call_;
    std::unique_ptr<Connection> connection_;
    std::string error_;
    std::atomic<bool> is_answered_ = false;
    std::thread thread_;
};

}  // namespace kdeps::sql
