// SPDX-License-Identifier: Apache-2.0
// A server that speaks TDS 7.1 to 7.4 (SQL Server's protocol), on 127.0.0.1 and a free port, for tests.  Below it is
// SQLite: it understands a small part of T-SQL (rewrite.hpp) and refuses the rest.  Passwords are checked; user 'user'
// has password 'pass'.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/descriptor.hpp"
#include "tests/support/tds/connection.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

// Any thread may call the methods but start and stop.
class TdsServer {
public:
    TdsServer();
    ~TdsServer();
    TdsServer(const TdsServer&) = delete;
    TdsServer& operator=(const TdsServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string url(std::string_view database, std::string_view user = "user",
                    std::string_view password = "pass") const;

    // Directly, without a connection.  Failures are std::runtime_error.
    void create_database(const std::string& name);  // of no effect if it is there
    void execute(const std::string& database, const std::string& sql);
    std::string scalar(const std::string& database,
                       const std::string& sql);  // first column of the first row; NULL gives ""

    tds::Log& log() { return shared_.log; }
    tds::Faults& faults() { return shared_.faults; }
    int connections() const { return shared_.log.connections(); }

    void stop();   // breaks all connections; nobody listens any more
    void start();  // again on the same port with the same data; of no effect if it runs
    void drop_connections();
    void delay(std::chrono::milliseconds time) {
        shared_.delay_ms = static_cast<int>(time.count());
    }  // before each answer
    // From the next connection on.
    void use_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key) {
        shared_.identity = std::make_shared<tds::TlsIdentity>(certificate, key);
    }
    void limit_connections(int most) { shared_.most_connections = most; }
    // Nothing is answered between the two, no login and no attention; clients can still connect and send.
    void stall() { shared_.gate.close(); }
    void resume() { shared_.gate.open(); }

private:
    struct Served {
        std::unique_ptr<tds::Connection> connection;
        std::thread thread;
        bool is_over = false;
    };
    void accept_all();

    TemporaryFolder folder_;
    tds::Shared shared_;
    std::uint16_t port_;
    Descriptor listener_;
    Descriptor stop_;  // an eventfd
    std::thread acceptor_;
    std::mutex mutex_;  // guards what follows
    std::list<Served> served_;
    int last_session_ = 50;
};

}  // namespace kdeps::testing
