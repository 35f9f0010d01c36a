// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres_server.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "tests/support/free_port.hpp"
#include "tests/support/libpq.hpp"
#include "tests/support/server_process.hpp"

namespace kdeps::testing {

namespace fs = std::filesystem;

namespace {

constexpr const char* kUser = "postgres";  // of the system and of the database; PostgreSQL refuses to run as root
constexpr auto kStopTime = std::chrono::seconds(20);

PgConnection connect(const fs::path& folder, std::uint16_t port, const std::string& database) {
    const std::string host = folder.string();
    const std::string number = std::to_string(port);
    const std::array names = {
        "host", "port", "dbname", "user", "application_name", "client_encoding", static_cast<const char*>(nullptr)};
    const std::array values = {host.c_str(),
                               number.c_str(),
                               database.c_str(),
                               kUser,
                               "kdeps_test_support",
                               "UTF8",
                               static_cast<const char*>(nullptr)};
    PgConnection connection(PQconnectdbParams(names.data(), values.data(), 0));
    PQsetNoticeReceiver(
        connection.get(), [](void*, const PGresult*) {}, nullptr);  // libpq would print notices to stderr
    return connection;
}

// libpq ends its messages with a line feed.
std::string reason(PGconn* connection) {
    std::string text = PQerrorMessage(connection);
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    return text;
}

PgResult query(PGconn* connection, const std::string& database, const std::string& sql) {
    if (PQstatus(connection) != CONNECTION_OK) {
        throw std::runtime_error("cannot connect to database '" + database + "': " + reason(connection));
    }
    PgResult result(PQexec(connection, sql.c_str()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        throw std::runtime_error("a statement on database '" + database + "' failed: " + reason(connection));
    }
    return result;
}

// `text` between `quote`s: an identifier with ", a literal with '.
std::string quoted(const std::string& text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        out.append(c == quote ? 2 : 1, c);
    }
    return out + quote;
}

// The number in /usr/lib/postgresql/15/bin.
long version(const fs::path& folder) { return std::strtol(folder.parent_path().filename().c_str(), nullptr, 10); }

// Debian keeps the programs of each version out of PATH; the newest comes first.
std::vector<fs::path> program_folders(const Installation& installation) {
    std::vector<fs::path> folders;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(installation / "usr/lib/postgresql", missing)) {
        folders.push_back(entry.path() / "bin");
    }
    std::sort(folders.begin(), folders.end(),
              [](const fs::path& a, const fs::path& b) { return version(a) > version(b); });
    return folders;
}

ProcessOptions process_options(const fs::path& folder) {
    ProcessOptions options;
    options.env = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
    options.folder = folder;
    options.user = kUser;
    // Should the test program be killed, the server ends at once and still takes its shared memory with it.
    options.parent_death_signal = SIGQUIT;
    return options;
}

}  // namespace

PostgresServer::PostgresServer(int max_connections, Installation installation)
    : installation_(std::move(installation)), port_(free_port()), max_connections_(max_connections) {
    const fs::path initdb = installed_program("initdb", program_folders(installation_), "postgresql");
    folder_.give_to(kUser);
    prepare_server(
        {initdb.string(), "--pgdata=data", "--username=" + std::string(kUser), "--auth-local=trust",
         "--auth-host=scram-sha-256", "--no-sync", "--no-instructions", "--locale=C.UTF-8", "--encoding=UTF8"},
        process_options(folder_.path()));
    start();
    // What the superuser makes can be read and written too, but not altered: only the owner may.
    execute("postgres",
            R"(CREATE ROLE "user" LOGIN PASSWORD 'pass'; GRANT pg_read_all_data, pg_write_all_data TO "user")");
}

PostgresServer::~PostgresServer() { stop(); }

void PostgresServer::start() {
    if (process_ != nullptr) {
        return;
    }
    const fs::path server = installed_program("postgres", program_folders(installation_), "postgresql");
    std::vector<std::string> argv = {server.string(), "-D", "data", "-p", std::to_string(port_)};
    for (const std::string& setting : {
             std::string("listen_addresses=127.0.0.1"),
             "unix_socket_directories=" + folder_.path().string(),
             "max_connections=" + std::to_string(max_connections_),
             std::string("shared_buffers=32MB"),
             // Safe against an end of the server, not of the system.  synchronous_commit stays on: without it kill()
             // would lose commits.
             std::string("fsync=off"),
             std::string("full_page_writes=off"),
             std::string("shared_memory_type=mmap"),
             std::string("dynamic_shared_memory_type=posix"),
             std::string("jit=off"),  // its library is large and left out of what is unpacked
             std::string("timezone=UTC"),
             std::string("log_timezone=UTC"),
         }) {
        argv.insert(argv.end(), {"-c", setting});
    }
    process_ = start_server(argv, process_options(folder_.path()), [this]() -> std::string {
        const PgConnection connection = connect(folder_.path(), port_, "postgres");
        return PQstatus(connection.get()) == CONNECTION_OK ? "" : reason(connection.get());
    });
}

void PostgresServer::end(int signal) {
    if (process_ == nullptr) {
        return;
    }
    process_->signal(signal);
    process_->wait(kStopTime);
    last_log_ = process_->err();
    process_.reset();
}

void PostgresServer::kill() { end(SIGQUIT); }

void PostgresServer::stop() { end(SIGINT); }

std::string PostgresServer::log() const { return process_ == nullptr ? last_log_ : process_->err(); }

std::string PostgresServer::url(std::string_view database, std::string_view user, std::string_view password) const {
    return server_url("postgres", user, password, port_, database);
}

void PostgresServer::create_database(const std::string& name) {
    if (scalar("postgres", "SELECT count(*) FROM pg_database WHERE datname = " + quoted(name, '\'')) == "0") {
        execute("postgres", "CREATE DATABASE " + quoted(name, '"') + R"( OWNER "user")");
    }
}

void PostgresServer::execute(const std::string& database, const std::string& sql) {
    const PgConnection connection = connect(folder_.path(), port_, database);
    query(connection.get(), database, sql);
}

std::string PostgresServer::scalar(const std::string& database, const std::string& sql) {
    const PgConnection connection = connect(folder_.path(), port_, database);
    const PgResult result = query(connection.get(), database, sql);
    if (PQntuples(result.get()) == 0 || PQnfields(result.get()) == 0) {
        throw std::runtime_error("the query on database '" + database + "' gives no row; write one that does: " + sql);
    }
    return PQgetvalue(result.get(), 0, 0);
}

int PostgresServer::connections(const std::string& database) {
    return std::stoi(scalar(
        "postgres", "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = " +
                        quoted(database, '\'') + " AND application_name <> 'kdeps_test_support'"));
}

}  // namespace kdeps::testing
