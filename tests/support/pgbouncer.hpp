// SPDX-License-Identifier: Apache-2.0
// pgbouncer in front of a PostgreSQL server of the tests, in transaction mode: a client has a server connection for the
// time of a transaction, and any of them for the next.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/installation.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

// One thread at a time; the thread that makes it must outlive it (see Process).
class PgBouncer {
public:
    // Server connections for each database, however many clients there are.
    static constexpr int kServerConnections = 2;

    // `settings`: more lines of its file.  Throws std::runtime_error if pgbouncer is not installed (with what to
    // install) or does not start (with its log).
    explicit PgBouncer(const PostgresServer& server, const std::string& settings = "",
                       const Installation& installation = chosen_installation("KDEPS_TEST_PGBOUNCER"));
    PgBouncer(const PgBouncer&) = delete;
    PgBouncer& operator=(const PgBouncer&) = delete;

    std::string url(std::string_view database) const;  // as 'user'
    std::string log() const { return process_->err(); }

    // The prepared statements in the session of each server connection, by the process that serves it.  Nobody else may
    // use the database meanwhile: all connections are held at once.
    std::map<int, int> prepared_statements(const std::string& database) const;

private:
    TemporaryFolder folder_;
    std::uint16_t port_;
    std::unique_ptr<Process> process_;
};

}  // namespace kdeps::testing
