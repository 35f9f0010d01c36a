// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mariadb_server.hpp"

#include <mysql.h>
#include <optional>
#include <stdexcept>
#include <vector>

#include "tests/support/free_port.hpp"
#include "tests/support/server_process.hpp"

namespace kdeps::testing {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSystemUser = "mysql";  // mariadbd refuses to run as root
constexpr auto kStopTime = std::chrono::seconds(20);

struct CloseConnection {
    void operator()(MYSQL* connection) const { mysql_close(connection); }
};
using Connection = std::unique_ptr<MYSQL, CloseConnection>;

struct FreeResult {
    void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using QueryResult = std::unique_ptr<MYSQL_RES, FreeResult>;

// Leaves the reason in mysql_error if it fails.
bool connect(MYSQL* connection, const std::string& socket, const std::string& database) {
    mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    return mysql_real_connect(connection, "localhost", "root", "", database.c_str(), 0, socket.c_str(),
                              CLIENT_MULTI_STATEMENTS) != nullptr;
}

// First column of the first row of the last result; nothing if there was no row.
std::optional<std::string> query(const std::string& socket, const std::string& database, const std::string& sql) {
    const Connection connection(mysql_init(nullptr));
    if (!connect(connection.get(), socket, database)) {
        throw std::runtime_error("cannot connect to database '" + database + "': " + mysql_error(connection.get()));
    }
    std::optional<std::string> value;
    int more = mysql_real_query(connection.get(), sql.data(), sql.size());
    while (more == 0) {
        value.reset();
        const QueryResult result(mysql_store_result(connection.get()));
        if (result != nullptr) {
            if (const MYSQL_ROW row = mysql_fetch_row(result.get()); row != nullptr) {
                value = row[0] == nullptr ? "" : std::string(row[0], mysql_fetch_lengths(result.get())[0]);
            }
        } else if (mysql_errno(connection.get()) != 0) {
            break;
        }
        more = mysql_next_result(connection.get());  // -1 = that was the last
    }
    if (mysql_errno(connection.get()) != 0) {
        throw std::runtime_error("a statement on database '" + database + "' failed: " + mysql_error(connection.get()));
    }
    return value;
}

// `text` between `quote`s: an identifier with `, a literal with '.
std::string quoted(const std::string& text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        out.append(c == quote || (quote == '\'' && c == '\\') ? 2 : 1, c);
    }
    return out + quote;
}

ProcessOptions process_options(const fs::path& folder) {
    ProcessOptions options;
    options.env = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
    options.folder = folder;
    options.user = kSystemUser;
    return options;
}

// Of the preparation and of the server, which must agree on the log file.  --no-defaults keeps the system's settings
// out and comes first.  The folder for temporary tables is its own: a server that starts deletes those of all others
// there.
std::vector<std::string> common_arguments(const fs::path& program, const fs::path& folder,
                                          const Installation& installation) {
    std::vector<std::string> argv = {program.string(), "--no-defaults", "--datadir=" + (folder / "data").string(),
                                     "--tmpdir=" + folder.string(), "--innodb-buffer-pool-size=32M"};
    if (!installation.is_of_system()) argv.push_back("--basedir=" + (installation / "usr").string());
    if (installation.is("mysql")) {
        argv.insert(argv.end(), {"--innodb-redo-log-capacity=16M", "--innodb-flush-method=nosync",
                                 "--lc-messages-dir=" + (installation / "usr/share/mysql").string(),
                                 "--character-sets-dir=" + (installation / "usr/share/mysql/charsets").string(),
                                 "--secure-file-priv=NULL"});
    } else {
        argv.insert(argv.end(), {"--innodb-log-file-size=16M", "--debug-no-sync"});
    }
    return argv;
}

std::vector<fs::path> program_folders(const Installation& installation) {
    return {installation / "usr/sbin", installation / "usr/bin", installation / "usr/libexec"};
}

}  // namespace

MariaDbServer::MariaDbServer(int max_connections, Installation installation)
    : installation_(std::move(installation)), port_(free_port()), max_connections_(max_connections) {
    folder_.give_to(kSystemUser);
    prepare();
    start();
    execute("", "CREATE USER 'user'@'%' IDENTIFIED BY 'pass'; GRANT ALL PRIVILEGES ON *.* TO 'user'@'%'");
}

void MariaDbServer::prepare() {
    const std::vector<fs::path> folders = program_folders(installation_);
    std::vector<std::string> argv;
    if (is_mysql()) {
        argv = common_arguments(installed_program("mysqld", folders, "mysql-server"), folder_.path(), installation_);
        argv.emplace_back("--initialize-insecure");
    } else {
        argv = common_arguments(installed_program("mariadb-install-db", folders, "mariadb-server"), folder_.path(),
                                installation_);
        argv.insert(argv.end(), {"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"});
    }
    prepare_server(argv, process_options(folder_.path()));
}

MariaDbServer::~MariaDbServer() { stop(); }

void MariaDbServer::start() {
    if (process_ != nullptr) {
        return;
    }
    const fs::path server = is_mysql()
                                ? installed_program("mysqld", program_folders(installation_), "mysql-server")
                                : installed_program("mariadbd", program_folders(installation_), "mariadb-server");
    std::vector<std::string> argv = common_arguments(server, folder_.path(), installation_);
    if (is_mysql()) argv.emplace_back("--mysqlx=OFF");
    argv.insert(
        argv.end(),
        {"--bind-address=127.0.0.1", "--port=" + std::to_string(port_), "--socket=" + socket(),
         "--pid-file=" + (folder_.path() / "pid").string(), "--max-connections=" + std::to_string(max_connections_),
         "--skip-log-bin", "--skip-name-resolve", "--character-set-server=utf8mb4",
         "--collation-server=utf8mb4_general_ci", "--default-time-zone=+00:00",
         // A commit reaches the system's cache: 0 would leave it in the server for a second, and kill() would lose it.
         "--innodb-flush-log-at-trx-commit=2"});
    process_ = start_server(argv, process_options(folder_.path()), [this]() -> std::string {
        const Connection connection(mysql_init(nullptr));
        return connect(connection.get(), socket(), "") ? "" : mysql_error(connection.get());
    });
}

void MariaDbServer::end(int signal) {
    if (process_ == nullptr) {
        return;
    }
    process_->signal(signal);
    process_->wait(kStopTime);
    last_log_ = process_->err();
    process_.reset();
}

void MariaDbServer::kill() { end(SIGKILL); }

void MariaDbServer::stop() { end(SIGTERM); }

std::string MariaDbServer::log() const { return process_ == nullptr ? last_log_ : process_->err(); }

std::string MariaDbServer::url(std::string_view database, std::string_view user, std::string_view password) const {
    return server_url("mysql", user, password, port_, database);
}

void MariaDbServer::create_database(const std::string& name) {
    execute("", "CREATE DATABASE IF NOT EXISTS " + quoted(name, '`'));
}

void MariaDbServer::execute(const std::string& database, const std::string& sql) { query(socket(), database, sql); }

std::string MariaDbServer::scalar(const std::string& database, const std::string& sql) {
    const std::optional<std::string> value = query(socket(), database, sql);
    if (!value) {
        throw std::runtime_error("the query on database '" + database + "' gives no row; write one that does: " + sql);
    }
    return *value;
}

int MariaDbServer::connections(const std::string& database) {
    return std::stoi(scalar("", "SELECT count(*) FROM information_schema.processlist WHERE user <> 'root' AND db = " +
                                    quoted(database, '\'')));
}

}  // namespace kdeps::testing
