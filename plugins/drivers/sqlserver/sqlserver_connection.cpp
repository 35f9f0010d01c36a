// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_connection.hpp"

#include <poll.h>

#include "sqlserver_reach.hpp"
#include "sqlserver_results.hpp"
#include "sqlserver_statement.hpp"

namespace kdeps::sqlserver {

namespace {

// DB-Library starts sessions with the settings of 1995; these are what every newer client has, and what indexed views
// and XML need.
constexpr const char* kSession =
    "SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ANSI_NULL_DFLT_ON ON; SET ARITHABORT ON; "
    "SET CONCAT_NULL_YIELDS_NULL ON; SET QUOTED_IDENTIFIER ON; SET CURSOR_CLOSE_ON_COMMIT OFF; SET "
    "IMPLICIT_TRANSACTIONS OFF; "
    "SET DATEFORMAT ymd; SET TEXTSIZE 2147483647; SET NOCOUNT OFF; SET XACT_ABORT OFF; SET TRANSACTION ISOLATION LEVEL "
    "READ COMMITTED; ";

constexpr const char* kRollback =
    "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION; SET TRANSACTION ISOLATION LEVEL READ COMMITTED";

const char* isolation_name(std::uint32_t isolation) {
    switch (isolation) {
        case KDEPS_ISOLATION_READ_UNCOMMITTED: return "READ UNCOMMITTED";
        case KDEPS_ISOLATION_REPEATABLE_READ: return "REPEATABLE READ";
        case KDEPS_ISOLATION_SERIALIZABLE: return "SERIALIZABLE";
        case KDEPS_ISOLATION_SNAPSHOT: return "SNAPSHOT";
        default: return "READ COMMITTED";
    }
}

}  // namespace

Connection::Connection(Library& library, const Call& call, Settings settings) : settings_(std::move(settings)) {
    call.check();
    const auto limit = settings_.connect_timeout ? std::chrono::nanoseconds(*settings_.connect_timeout)
                                                 : std::chrono::nanoseconds::max();
    Operation operation(call, bell_, Bound::login, limit);
    reach(operation, settings_.host, settings_.port);
    log_in(library, operation);
    start_session(operation);
}

// dbclose says goodbye without waiting for an answer.
Connection::~Connection() = default;

void Connection::log_in(Library& library, Operation& operation) {
    const Login login(dblogin());
    if (login == nullptr) throw std::bad_alloc();
    DBSETLUSER(login.get(), settings_.user.c_str());
    DBSETLPWD(login.get(), settings_.password.c_str());
    DBSETLAPP(login.get(), settings_.application.c_str());
    DBSETLCHARSET(login.get(), "UTF-8");
    if (!settings_.database.empty()) DBSETLDBNAME(login.get(), settings_.database.c_str());
    process_.reset(dbopen(login.get(), library.server_name(settings_).c_str()));
    if (process_ != nullptr) {
        // From here on the library asks each second of a wait whether to go on.
        dbsetopt(process_.get(), DBSETTIME, "1", 0);
        return;
    }
    const Reports& reports = operation.reports();
    const std::string place = settings_.place();
    if (operation.stopped() != KDEPS_OK) {
        Error error = stop_failure(operation.stopped(), "connecting to " + place);
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
    if (!reports.messages.empty()) {
        Error error = to_error(reports.messages.front(), {});
        error.message = (error.status == KDEPS_UNAUTHENTICATED ? "login to " + place + " was refused: "
                                                               : "cannot connect to " + place + ": ") +
                        error.message;
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
    Error error = connect_failure(place, settings_.encryption == "require"
                                             ? "no encrypted connection could be made, which option 'encrypt' demands"
                                             : "the server does not answer as SQL Server does");
    if (reports.client) error.detail = reports.client->text;
    throw error;
}

void Connection::start_session(Operation& operation) {
    std::string sql = kSession;
    if (settings_.lock_timeout) sql += "SET LOCK_TIMEOUT " + std::to_string(*settings_.lock_timeout) + "; ";
    send(operation, sql + "SELECT @@VERSION");
    Results results(*this, operation);
    while (results.next()) {
        if (!results.has_columns()) continue;
        while (results.next_row()) {
            const auto* text = reinterpret_cast<const char*>(dbdata(process(), 1));
            if (text == nullptr) continue;
            // "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64) ..."
            server_.assign(text, static_cast<std::size_t>(dbdatlen(process(), 1)));
            if (server_.starts_with("Microsoft ")) server_.erase(0, std::string_view("Microsoft ").size());
            server_.resize(std::min(server_.find(" ("), server_.size()));
        }
    }
    results.expect_success();
}

void Connection::wait_for_answer(Operation& operation) {
    if (!operation.wait_for(dbiordesc(process()), POLLIN)) {
        operation.interrupt(process());
        throw failure(operation);
    }
    dbsqlok(process());  // an error of the server is among the reports, and its results are read as others
    if (operation.stopped() != KDEPS_OK || dbdead(process()) != 0) throw failure(operation);
}

// What the server closed while it was idle would show only after a statement was sent.
void Connection::expect_open() const {
    pollfd entry{dbiordesc(process()), POLLRDHUP, 0};
    if (dbdead(process()) == 0 && ::poll(&entry, 1, 0) == 0) return;
    Error error(KDEPS_UNAVAILABLE, "the connection was closed by the server before the statement was sent");
    error.sqlstate = kNothingSent;
    error.retry = KDEPS_RETRY_FRESH;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    throw error;
}

void Connection::send(Operation& operation, const std::string& sql) {
    expect_open();
    dbfreebuf(process());
    if (dbcmd(process(), sql.c_str()) != kSucceed || dbsqlsend(process()) != kSucceed) throw failure(operation);
    wait_for_answer(operation);
}

void Connection::send_call(Operation& operation) {
    expect_open();
    if (dbrpcsend(process()) != kSucceed) throw failure(operation);
    wait_for_answer(operation);
}

std::optional<Error> Connection::run(Operation& operation, const std::string& sql) {
    try {
        send(operation, sql);
        Results results(*this, operation);
        while (results.next()) {
            while (results.has_columns() && results.next_row()) {
            }
        }
        results.expect_success();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

void Connection::run_or_throw(Operation& operation, const std::string& sql) {
    if (auto failed = run(operation, sql)) throw *failed;
}

Error Connection::failure(const Operation& operation, std::string_view sql) const {
    const Reports& reports = operation.reports();
    const bool is_dead = dbdead(process()) != 0;
    if (operation.stopped() != KDEPS_OK) {
        Error error = stop_failure(operation.stopped(), "SQL Server worked on a statement");
        error.damage = is_dead              ? KDEPS_DAMAGE_CONNECTION
                       : is_in_transaction_ ? KDEPS_DAMAGE_TRANSACTION
                                            : KDEPS_DAMAGE_NONE;
        if (is_dead) error.detail = "the server did not confirm within 2 s that it stopped";
        return error;
    }
    if (!reports.messages.empty()) {
        Error error = to_error(reports.messages.front(), sql);
        if (is_dead) error.damage = KDEPS_DAMAGE_CONNECTION;
        return error;
    }
    if (is_dead) return loss_failure(reports, false);
    Error error(KDEPS_INTERNAL, "the FreeTDS client library failed");
    error.damage = KDEPS_DAMAGE_CONNECTION;  // nobody knows what it has sent
    if (reports.client) error.detail = reports.client->text;
    return error;
}

Error Connection::commit_failure(const Operation& operation, Error error) const {
    if (dbdead(process()) == 0 || error.sqlstate == kNothingSent) return error;
    return loss_failure(operation.reports(), true);
}

void Connection::discard(const Call& call) {
    Operation operation(call, bell_, Bound::grace);
    operation.interrupt(process());
}

std::unique_ptr<Statement> Connection::prepare(Call&, std::string_view sql) {
    return std::make_unique<Statement>(*this, sql);
}

void Connection::ping(Call& call) {
    Operation operation(call, bell_);
    run_or_throw(operation, "SELECT 1");
}

void Connection::reset(Call& call) {
    Operation operation(call, bell_);
    run_or_throw(operation,
                 std::string(kRollback) + "; " + kSession +
                     (settings_.lock_timeout ? "SET LOCK_TIMEOUT " + std::to_string(*settings_.lock_timeout) : ""));
    is_in_transaction_ = false;
}

void Connection::begin(Call& call, std::uint32_t isolation, bool is_read_only) {
    call.check();
    if (is_read_only) {
        throw Error(
            KDEPS_UNSUPPORTED,
            "SQL Server has no read-only transactions; leave 'readOnly' out, or connect as a user who may only read");
    }
    Operation operation(call, bell_);
    run_or_throw(operation,
                 std::string("SET TRANSACTION ISOLATION LEVEL ") + isolation_name(isolation) + "; BEGIN TRANSACTION");
    is_in_transaction_ = true;
}

void Connection::commit(Call& call) {
    call.check();
    Operation operation(call, bell_);
    const auto failed = run(operation, "COMMIT TRANSACTION; SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
    if (failed) throw commit_failure(operation, *failed);
    is_in_transaction_ = false;
}

// Also after the call's end: the caller wants the connection back.
void Connection::rollback(Call& call) {
    Operation operation(call, bell_, call.state() == KDEPS_OK ? Bound::call : Bound::grace);
    run_or_throw(operation, kRollback);
    is_in_transaction_ = false;
}

}  // namespace kdeps::sqlserver
