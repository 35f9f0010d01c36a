// SPDX-License-Identifier: Apache-2.0
#include "mysql_connection.hpp"

#include <poll.h>

#include <new>

#include "mysql_statement.hpp"

namespace kdeps::mysql {

namespace {

constexpr auto kCloseTime = std::chrono::milliseconds(500);
constexpr auto kInterruptTime = std::chrono::milliseconds(1500);
constexpr auto kEndSessionTime = std::chrono::milliseconds(500);
// As long as the rest of a result is read away before the server is told to stop.
constexpr auto kDiscardTime = std::chrono::milliseconds(20);

Client new_client() {
    Client client(mysql_init(nullptr));
    if (client == nullptr) throw std::bad_alloc();
    Operation::watch(client.get());
    return client;
}

// "10.11.6-MariaDB-0+deb12u1" is MariaDB 10.11.6.
std::string server_name(MYSQL* client) {
    const std::string_view info = mysql_get_server_info(client);
    const std::size_t end = std::min(info.find_first_not_of("0123456789."), info.size());
    return (mariadb_connection(client) != 0 ? "MariaDB " : "MySQL ") + std::string(info.substr(0, end));
}

std::string begin_command(std::uint32_t isolation, bool is_read_only) {
    const std::string mode = is_read_only ? "READ ONLY" : "READ WRITE";
    return "START TRANSACTION " + (isolation == KDEPS_ISOLATION_SNAPSHOT ? "WITH CONSISTENT SNAPSHOT, " + mode : mode);
}

const char* isolation_name(std::uint32_t isolation) {
    switch (isolation) {
        case KDEPS_ISOLATION_READ_UNCOMMITTED: return "READ UNCOMMITTED";
        case KDEPS_ISOLATION_READ_COMMITTED: return "READ COMMITTED";
        case KDEPS_ISOLATION_REPEATABLE_READ:
        case KDEPS_ISOLATION_SNAPSHOT: return "REPEATABLE READ";
        case KDEPS_ISOLATION_SERIALIZABLE: return "SERIALIZABLE";
        default: return nullptr;
    }
}

Error connect_error(const Operation& operation, const Call& call, const NativeError& native, const std::string& place) {
    Error error = to_error(native);
    if (operation.stopped() != KDEPS_OK && call.state() == operation.stopped()) {
        error.status = operation.stopped();
        error.message = error.status == KDEPS_CANCELLED ? "the run was cancelled"
                                                        : "the time limit was reached while connecting to " + place;
    } else if (operation.stopped() != KDEPS_OK) {
        error.message = "cannot connect to " + place + ": no answer within connect_timeout";
    } else if (error.status == KDEPS_UNAUTHENTICATED) {
        error.message = "login to " + place + " was refused: " + native.message;
    } else if (native.code == CR_CONNECTION_ERROR || native.code == CR_CONN_HOST_ERROR) {
        // The library's own text ends with the number of another error.
        error.message = "cannot connect to " + place + ": no server accepts connections there";
        error.detail = native.message;
    } else {
        error.message = "cannot connect to " + place + ": " + error.message;
    }
    error.damage = KDEPS_DAMAGE_CONNECTION;
    return error;
}

}  // namespace

Connection::Connection(const Call& call, Settings settings) : settings_(std::move(settings)) {
    call.check();
    Operation operation(
        {.call = &call,
         .at_most = settings_.connect_timeout ? *settings_.connect_timeout : std::chrono::nanoseconds::max(),
         .bell = &bell_});
    client_ = new_client();
    settings_.apply(client_.get());
    if (!settings_.connect(client_.get())) {
        throw connect_error(operation, call, native_error(client_.get()), settings_.place());
    }
    Operation::bound(mysql_get_socket(client_.get()));
    // The library goes on without TLS where the server has none, unless it verifies.
    if (settings_.needs_tls && mysql_get_ssl_cipher(client_.get()) == nullptr) {
        Error error(KDEPS_UNAVAILABLE,
                    "cannot connect to " + settings_.place() + ": the server offers no TLS, which the options ask for");
        error.sqlstate = "08001";
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
    session_ = mysql_thread_id(client_.get());
    server_ = server_name(client_.get());
    if (const auto failed = run_together(settings_.session_commands())) {
        throw connect_error(operation, call, *failed, settings_.place());
    }
}

Connection::~Connection() {
    const Operation operation({.at_most = kCloseTime});
    client_.reset();
}

std::unique_ptr<Statement> Connection::prepare(Call& call, std::string_view sql) {
    return std::make_unique<Statement>(*this, call, sql);
}

void Connection::ping(Call& call) {
    const Operation operation(limits(call, OnStop::wait));
    if (mysql_ping(client()) != 0) throw failure(operation, native_error(client()));
}

void Connection::reset(Call& call) {
    const Operation operation(limits(call, OnStop::wait));
    ready();
    // Ends the transaction, temporary tables, locks and variables; prepared statements too, which are prepared again on
    // use.
    ++generation_;
    if (mysql_reset_connection(client()) != 0) throw failure(operation, native_error(client()));
    if (const auto failed = run_together(settings_.session_commands())) throw failure(operation, *failed);
}

void Connection::begin(Call& call, std::uint32_t isolation, bool is_read_only) {
    call.check();
    const Operation operation(limits(call, OnStop::interrupt));
    ready();
    std::vector<std::string> commands;
    if (const char* level = isolation_name(isolation); level != nullptr) {
        commands.push_back(std::string("SET TRANSACTION ISOLATION LEVEL ") + level);
    }
    commands.push_back(begin_command(isolation, is_read_only));
    if (const auto failed = run_together(commands)) {
        Error error = failure(operation, *failed);
        if (is_in_transaction()) run("ROLLBACK");
        throw error;
    }
}

void Connection::commit(Call& call) {
    call.check();
    const Operation operation(limits(call, OnStop::wait));
    ready();
    if (const auto failed = run("COMMIT")) throw commit_failure(operation, *failed);
}

// Also after the call's end: the caller wants the connection back.
void Connection::rollback(Call& call) {
    const Operation operation(limits(call, OnStop::wait));
    ready();
    if (const auto failed = run("ROLLBACK")) throw failure(operation, *failed);
}

Error Connection::commit_failure(const Operation& operation, const NativeError& native) {
    Error error = failure(operation, native);
    if (error.damage == KDEPS_DAMAGE_CONNECTION) {
        error.status = KDEPS_UNAVAILABLE;
        error.retry = KDEPS_RETRY_IN_DOUBT;
        error.detail = native.message;
        error.message =
            "the connection was lost while the transaction was committed: it may or may not have taken effect";
    }
    return error;
}

bool Connection::is_in_transaction() const {
    constexpr unsigned int kOpen = SERVER_STATUS_IN_TRANS | SERVER_STATUS_IN_TRANS_READONLY;
    return (client_->server_status & kOpen) != 0 || (client_->server_status & SERVER_STATUS_AUTOCOMMIT) == 0;
}

Limits Connection::limits(const Call& call, OnStop on_stop) {
    return {.call = &call,
            .per_wait = settings_.read_timeout ? *settings_.read_timeout : std::chrono::nanoseconds::max(),
            .on_stop = on_stop,
            .bell = &bell_,
            .interrupt = [this](bool ends_session) { interrupt(ends_session); }};
}

// What the server closed while it was idle would show only after the statement was sent, when nobody could tell any more
// whether it ran.
void Connection::expect_open() {
    pollfd entry{mysql_get_socket(client()), POLLRDHUP, 0};
    if (entry.fd >= 0 && ::poll(&entry, 1, 0) == 0) return;
    Error error(KDEPS_UNAVAILABLE, "the connection was closed by the server before the statement was sent");
    error.sqlstate = kNothingSent;
    error.retry = KDEPS_RETRY_FRESH;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    throw error;
}

// A KILL QUERY that came just after its statement ended would hit the next one: a statement without effect takes it up.
void Connection::ready() {
    expect_open();
    if (may_hold_interrupt_) {
        run("DO 0");
        may_hold_interrupt_ = false;
    }
}

std::optional<NativeError> Connection::run(std::string_view sql) {
    if (mysql_real_query(client(), sql.data(), sql.size()) != 0) return native_error(client());
    return std::nullopt;
}

std::optional<NativeError> Connection::run_together(const std::vector<std::string>& commands) {
    std::optional<NativeError> failed;
    std::size_t sent = 0;
    for (const std::string& command : commands) {
        if (mysql_send_query(client(), command.data(), command.size()) != 0) {
            failed = native_error(client());
            break;
        }
        ++sent;
    }
    for (; sent > 0; --sent) {
        if (mysql_read_query_result(client()) != 0) {
            if (!failed) failed = native_error(client());
        } else if (mysql_field_count(client()) > 0) {
            const BufferedResult unwanted(mysql_store_result(client()));  // an init-command that gives rows
        }
    }
    return failed;
}

Error Connection::failure(const Operation& operation, const NativeError& native) {
    Error error = to_error(native);
    const bool is_lost =
        mysql_get_socket(client()) == MARIADB_INVALID_SOCKET || error.damage == KDEPS_DAMAGE_CONNECTION;
    if (operation.stopped() != KDEPS_OK && (is_lost || is_interruption(native))) {
        error = Error(operation.stopped(),
                      operation.stopped() == KDEPS_TIMEOUT ? "the time limit was reached" : "the run was cancelled");
        error.sqlstate = "70100";
        error.vendor_code = static_cast<std::int32_t>(native.code);
        error.detail = native.message;
    }
    if (is_lost) {
        error.damage = KDEPS_DAMAGE_CONNECTION;
        if (error.status == KDEPS_UNAVAILABLE) error.retry = KDEPS_RETRY_FRESH;
    } else if ((error.status == KDEPS_TIMEOUT || error.status == KDEPS_CANCELLED) && is_in_transaction()) {
        error.damage = KDEPS_DAMAGE_TRANSACTION;
    }
    return error;
}

void Connection::discard(MYSQL_STMT* statement) {
    Operation operation({.at_most = kDiscardTime,
                         .on_stop = OnStop::interrupt,
                         .bell = nullptr,
                         .interrupt = [this](bool ends_session) { interrupt(ends_session); }});
    // Nothing is decoded, and nothing is written to what an earlier reader of the statement has bound.
    std::vector<MYSQL_BIND> skipped(mysql_stmt_field_count(statement));
    for (MYSQL_BIND& bind : skipped) {
        bind.buffer_type = MYSQL_TYPE_NULL;
        bind.flags = MADB_BIND_DUMMY;
    }
    bool is_end = skipped.empty() || mysql_stmt_bind_result(statement, skipped.data()) != 0;
    constexpr int kRowsBetweenLooks = 64;
    int rows = 0;
    while (!is_end && (rows++ % kRowsBetweenLooks != 0 || !operation.check())) {
        is_end = mysql_stmt_fetch(statement) != 0;
    }
    mysql_stmt_free_result(statement);
    while (mysql_stmt_more_results(statement) != 0 && mysql_stmt_next_result(statement) == 0) {
        mysql_stmt_free_result(statement);
    }
}

// The library has no way to interrupt: as its manual says, another connection kills.
void Connection::interrupt(bool ends_session) noexcept {
    may_hold_interrupt_ = true;
    const Operation operation({.at_most = ends_session ? kEndSessionTime : kInterruptTime});
    const Client second = new_client();
    settings_.apply(second.get());
    if (settings_.connect(second.get())) {
        Operation::bound(mysql_get_socket(second.get()));
        const std::string command = (ends_session ? "KILL " : "KILL QUERY ") + std::to_string(session_);
        mysql_real_query(second.get(), command.data(), command.size());
    }
}

}  // namespace kdeps::mysql
