// SPDX-License-Identifier: Apache-2.0
#include "tests/support/pgbouncer.hpp"

#include <stdexcept>
#include <vector>

#include "tests/support/free_port.hpp"
#include "tests/support/libpq.hpp"
#include "tests/support/server_process.hpp"

namespace kdeps::testing {

namespace {

constexpr const char* kUser = "postgres";  // pgbouncer refuses to run as root

std::string settings_text(const PostgresServer& server, std::uint16_t port, const std::string& more) {
    return "[databases]\n* = host=127.0.0.1 port=" + std::to_string(server.port()) +
           "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port) +
           "\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = users.txt\npool_mode = transaction"
           "\ndefault_pool_size = " +
           std::to_string(PgBouncer::kServerConnections) + "\nmax_client_conn = 500\n" + more;
}

}  // namespace

PgBouncer::PgBouncer(const PostgresServer& server, const std::string& settings, const Installation& installation)
    : port_(free_port()) {
    const auto program = installed_program("pgbouncer", {installation / "usr/sbin"}, "pgbouncer");
    folder_.write("pgbouncer.ini", settings_text(server, port_, settings));
    folder_.write("users.txt", "\"user\" \"pass\"\n");
    folder_.give_to(kUser);
    ProcessOptions options;
    options.folder = folder_.path();
    options.user = kUser;
    process_ = start_server({program.string(), "pgbouncer.ini"}, options, [this]() -> std::string {
        const PgConnection connection(PQconnectdb(url("postgres").c_str()));
        return PQstatus(connection.get()) == CONNECTION_OK ? "" : PQerrorMessage(connection.get());
    });
}

std::string PgBouncer::url(std::string_view database) const {
    return server_url("postgres", "user", "pass", port_, database);
}

std::map<int, int> PgBouncer::prepared_statements(const std::string& database) const {
    std::vector<PgConnection> clients;
    std::map<int, int> counts;
    for (int i = 0; i < kServerConnections; ++i) {
        const PgConnection& client = clients.emplace_back(PQconnectdb(url(database).c_str()));
        // One message: the transaction that it begins keeps the server connection.
        const PgResult result(
            PQexec(client.get(), "BEGIN; SELECT pg_backend_pid(), count(*) FROM pg_prepared_statements"));
        if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
            throw std::runtime_error(std::string("pgbouncer: ") + PQerrorMessage(client.get()));
        }
        counts[std::stoi(PQgetvalue(result.get(), 0, 0))] = std::stoi(PQgetvalue(result.get(), 0, 1));
    }
    return counts;
}

}  // namespace kdeps::testing
