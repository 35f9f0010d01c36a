// SPDX-License-Identifier: Apache-2.0
// One client: its login and its requests, until it goes.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "tests/support/tds/faults.hpp"
#include "tests/support/tds/log.hpp"
#include "tests/support/tds/rpc.hpp"
#include "tests/support/tds/tls.hpp"

namespace kdeps::testing::tds {

// Holds answers back.  Any thread.
class Gate {
public:
    void close() {
        const std::lock_guard lock(mutex_);
        is_open_ = false;
    }
    void open() {
        {
            const std::lock_guard lock(mutex_);
            is_open_ = true;
        }
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_open_; });
    }

private:
    std::mutex mutex_;  // guards is_open_
    std::condition_variable changed_;
    bool is_open_ = true;
};

// What all connections of a server share; lives longer than they do.
struct Shared {
    std::filesystem::path folder;              // one file per database
    std::map<std::string, std::string> users;  // password by name
    Log log;
    Faults faults;
    std::shared_ptr<TlsIdentity> identity;  // none: nothing is encrypted
    Gate gate;                              // closed: nothing is answered any more
    std::atomic<int> delay_ms{0};           // before each answer
    std::atomic<int> most_connections{32767};
    std::atomic<int> open_connections{0};
};

class Connection {
public:
    Connection(Descriptor socket, int session, Shared& shared)
        : socket_(socket.get()), stream_(std::move(socket)), session_(session), shared_(shared) {
        stream_.set_session(static_cast<std::uint16_t>(session));
    }

    // Until the end; never throws.
    void serve();
    // Any thread: ends serve().
    void shut_down();

private:
    bool log_in();
    void refuse(const SqlError& error);
    void serve_request(Message message);
    void run_batch(std::string_view data, TokenWriter& out);
    void run_transaction(std::string_view data, TokenWriter& out);

    std::unique_ptr<TlsTunnel> tunnel_;
    int socket_;  // the client's, for shut_down
    PacketStream stream_;
    int session_;
    Shared& shared_;
    Login login_;
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Procedures> procedures_;
};

}  // namespace kdeps::testing::tds
