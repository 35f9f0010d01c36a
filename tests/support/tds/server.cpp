// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "tests/support/free_port.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/tds/convert.hpp"

namespace kdeps::testing {

namespace {

// Keeps the first value, throws the first error.
class DirectSink final : public tds::Sink {
public:
    void columns(const std::vector<tds::ResultColumn>&) override {}
    void row(const std::vector<tds::Value>& values) override {
        if (!first_ && !values.empty()) first_ = values[0];
    }
    void done(tds::Command, std::optional<std::int64_t>) override {}
    void failed(const tds::SqlError& error) override {
        throw std::runtime_error("a statement failed: error " + std::to_string(error.number) + ": " + error.message);
    }
    void info(const tds::SqlError&) override {}
    void transaction(tds::Transaction) override {}
    void database(const std::string&, const std::string&) override {}
    bool is_interrupted() override { return false; }
    bool wait(std::chrono::milliseconds time) override {
        std::this_thread::sleep_for(time);
        return false;
    }
    const std::optional<tds::Value>& first() const { return first_; }

private:
    std::optional<tds::Value> first_;
};

std::optional<tds::Value> run_directly(const std::filesystem::path& folder, const std::string& database,
                                       const std::string& sql) {
    tds::Faults none;
    tds::SessionFacts facts;
    facts.database = database;
    facts.user = "sa";
    facts.number = 1;
    tds::Backend backend(folder, facts, none);
    tds::Variables variables;
    DirectSink sink;
    backend.run(sql, variables, sink);
    return sink.first();
}

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

Descriptor listen_on(std::uint16_t port) {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(socket.get(), 128) != 0) {
        fail("the TDS server cannot listen");
    }
    return socket;
}

}  // namespace

TdsServer::TdsServer() : port_(free_port()), stop_(eventfd(0, EFD_CLOEXEC)) {
    shared_.folder = folder_.path();
    shared_.users["user"] = "pass";
    create_database("master");
    start();
}

TdsServer::~TdsServer() { stop(); }

std::string TdsServer::url(std::string_view database, std::string_view user, std::string_view password) const {
    return server_url("sqlserver", user, password, port_, database);
}

void TdsServer::create_database(const std::string& name) {
    const std::filesystem::path file = folder_.path() / (tds::lower(name) + ".db");
    if (!std::filesystem::exists(file)) tds::Catalog(tds::open_sqlite(file).get());
}

void TdsServer::execute(const std::string& database, const std::string& sql) {
    run_directly(shared_.folder, database, sql);
}

std::string TdsServer::scalar(const std::string& database, const std::string& sql) {
    const auto first = run_directly(shared_.folder, database, sql);
    if (!first || tds::is_null(*first)) return "";
    return std::get<std::string>(tds::convert(*first, {tds::Kind::nvarchar, tds::kMax}));
}

void TdsServer::start() {
    if (acceptor_.joinable()) return;
    listener_ = listen_on(port_);
    acceptor_ = std::thread([this] { accept_all(); });
}

void TdsServer::accept_all() {
    for (;;) {
        pollfd entries[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        if (poll(entries, 2, -1) < 0) continue;
        if ((entries[1].revents & POLLIN) != 0) return;
        Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket.is_open()) continue;
        const int yes = 1;
        setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        const std::lock_guard lock(mutex_);
        // Threads of connections that are over end here; they only wait for their join.
        served_.remove_if([](Served& served) {
            if (served.is_over) served.thread.join();
            return served.is_over;
        });
        ++shared_.open_connections;
        Served& served = served_.emplace_back();
        served.connection = std::make_unique<tds::Connection>(std::move(socket), ++last_session_, shared_);
        served.thread = std::thread([this, &served] {
            served.connection->serve();
            const std::lock_guard inner(mutex_);
            served.is_over = true;
        });
    }
}

void TdsServer::drop_connections() {
    const std::lock_guard lock(mutex_);
    for (Served& served : served_) served.connection->shut_down();
}

void TdsServer::stop() {
    if (!acceptor_.joinable()) return;
    eventfd_write(stop_.get(), 1);
    acceptor_.join();
    eventfd_t ignored = 0;
    eventfd_read(stop_.get(), &ignored);
    listener_.close();
    shared_.gate.open();
    drop_connections();
    // Without the lock, which the threads take at their end; nothing is added any more.
    for (Served& served : served_) served.thread.join();
    served_.clear();
}

}  // namespace kdeps::testing
