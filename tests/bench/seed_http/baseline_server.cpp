// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/seed_http/baseline_server.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <libpq-fe.h>
#include <mysql.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace kdeps::bench {

namespace {

[[noreturn]] void fail(const char* what, const char* why) {
    std::fprintf(stderr, "baseline: %s: %s\n", what, why);
    std::exit(1);
}

void append_json_text(const char* text, std::size_t size, std::string& out) {
    out += '"';
    for (std::size_t i = 0; i < size; ++i) {
        const char c = text[i];
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    out += '"';
}

class Analytics {
public:
    explicit Analytics(int port) {
        const std::string options =
            "host=127.0.0.1 port=" + std::to_string(port) + " user=user password=pass dbname=analytics";
        connection_ = PQconnectdb(options.c_str());
        if (PQstatus(connection_) != CONNECTION_OK) fail("PostgreSQL", PQerrorMessage(connection_));
        PQclear(PQprepare(connection_, "users",
                          "SELECT date, COUNT(*) as users\nFROM users\nGROUP BY date\nORDER BY date DESC\n", 0,
                          nullptr));
    }
    ~Analytics() { PQfinish(connection_); }
    Analytics(const Analytics&) = delete;
    Analytics& operator=(const Analytics&) = delete;

    void append_csv(std::string& out) {
        PGresult* result = PQexecPrepared(connection_, "users", 0, nullptr, nullptr, nullptr, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK) fail("query", PQerrorMessage(connection_));
        std::string csv = "date,users\n";
        for (int row = 0; row < PQntuples(result); ++row) {
            csv.append(PQgetvalue(result, row, 0)).append(",").append(PQgetvalue(result, row, 1)).append("\n");
        }
        PQclear(result);
        append_json_text(csv.data(), csv.size(), out);
    }

private:
    PGconn* connection_;
};

class Inventory {
public:
    explicit Inventory(int port) : connection_(mysql_init(nullptr)) {
        if (mysql_real_connect(connection_, "127.0.0.1", "user", "pass", "inventory", static_cast<unsigned>(port),
                               nullptr, 0) == nullptr) {
            fail("MariaDB", mysql_error(connection_));
        }
        statement_ = mysql_stmt_init(connection_);
        const std::string sql = "SELECT name, quantity, price\nFROM products\nWHERE status = 'active'\n";
        if (mysql_stmt_prepare(statement_, sql.data(), sql.size()) != 0) fail("prepare", mysql_stmt_error(statement_));
        bind(0, MYSQL_TYPE_STRING, name_.data(), name_.size());
        bind(1, MYSQL_TYPE_LONG, &quantity_, sizeof(quantity_));
        bind(2, MYSQL_TYPE_STRING, price_.data(), price_.size());
        mysql_stmt_bind_result(statement_, columns_.data());
    }
    ~Inventory() {
        mysql_stmt_close(statement_);
        mysql_close(connection_);
    }
    Inventory(const Inventory&) = delete;
    Inventory& operator=(const Inventory&) = delete;

    void append_json(std::string& out) {
        if (mysql_stmt_execute(statement_) != 0) fail("query", mysql_stmt_error(statement_));
        out += '[';
        bool is_first = true;
        while (mysql_stmt_fetch(statement_) == 0) {
            out += is_first ? "{\"name\":" : ",{\"name\":";
            is_first = false;
            append_json_text(name_.data(), lengths_[0], out);
            out.append(",\"quantity\":")
                .append(std::to_string(quantity_))
                .append(",\"price\":")
                .append(price_.data(), lengths_[2])
                .append("}");
        }
        out += ']';
        mysql_stmt_free_result(statement_);
    }

private:
    void bind(std::size_t i, enum_field_types type, void* buffer, std::size_t size) {
        columns_[i] = {};
        columns_[i].buffer_type = type;
        columns_[i].buffer = buffer;
        columns_[i].buffer_length = size;
        columns_[i].length = &lengths_[i];
    }

    MYSQL* connection_;
    MYSQL_STMT* statement_ = nullptr;
    std::array<MYSQL_BIND, 3> columns_{};
    std::array<unsigned long, 3> lengths_{};
    std::array<char, 256> name_{};
    std::array<char, 64> price_{};
    int quantity_ = 0;
};

std::string now() {
    const auto time = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 40> buffer;
    const std::size_t size = std::strftime(buffer.data(), buffer.size(), "%FT%T", &parts);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
    std::array<char, 8> fraction;
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(milliseconds));
    return std::string(buffer.data(), size) + fraction.data();
}

}  // namespace

void serve_baseline(const BaselineOptions& options) {
    httplib::Server server;
    server.set_tcp_nodelay(true);
    server.set_keep_alive_max_count(1'000'000'000);
    server.new_task_queue = [&] { return new httplib::ThreadPool(static_cast<std::size_t>(options.threads)); };
    std::atomic<unsigned> next{1};
    server.Get("/api/v1/data", [&](const httplib::Request&, httplib::Response& response) {
        thread_local Analytics analytics(options.postgres_port);
        thread_local Inventory inventory(options.mariadb_port);
        std::string body = "{\"success\":true,\"data\":{\"analytics\":";
        analytics.append_csv(body);
        body += ",\"inventory\":";
        inventory.append_json(body);
        body.append(",\"timestamp\":\"")
            .append(now())
            .append("\"},\"meta\":{\"requestID\":\"")
            .append(std::to_string(next++));
        body.append("\",\"timestamp\":\"").append(now()).append("\"}}");
        response.set_content(body, "application/json");
    });
    std::printf("port %d\n", server.bind_to_any_port("127.0.0.1"));
    std::fflush(stdout);
    server.listen_after_bind();
    std::exit(0);
}

}  // namespace kdeps::bench
