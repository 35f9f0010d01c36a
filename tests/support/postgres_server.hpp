// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL server of its own for a test program, on 127.0.0.1 and a free port.  Passwords are checked; the role
// 'user' with password 'pass' owns every database that create_database makes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/installation.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

// One thread at a time; the thread that starts the server must outlive it (see Process).
class PostgresServer {
public:
    // Throws std::runtime_error if PostgreSQL is not installed (with what to install) or does not start (with its log).
    explicit PostgresServer(int max_connections = 100,
                            Installation installation = chosen_installation("KDEPS_TEST_POSTGRES"));
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    const Installation& installation() const { return installation_; }
    std::uint16_t port() const { return port_; }
    std::string url(std::string_view database, std::string_view user = "user",
                    std::string_view password = "pass") const;
    std::string log() const;  // of the server that was started last

    // As superuser over the socket, each on a connection of its own.  Failures are std::runtime_error.
    void create_database(const std::string& name);                      // of no effect if it is there
    void execute(const std::string& database, const std::string& sql);  // several statements are one transaction
    std::string scalar(const std::string& database,
                       const std::string& sql);    // first column of the first row; NULL gives ""
    int connections(const std::string& database);  // clients now, without those of this object

    // Every session breaks and nothing is written out, as in a crash.  Committed data survives.
    void kill();
    void stop();   // tells the clients, ends orderly
    void start();  // again on the same port with the same data; of no effect if it runs

private:
    Installation installation_;
    TemporaryFolder folder_;  // data, socket
    std::uint16_t port_;
    int max_connections_;
    std::unique_ptr<Process> process_;  // none while it is down
    std::string last_log_;

    void end(int signal);
};

}  // namespace kdeps::testing
