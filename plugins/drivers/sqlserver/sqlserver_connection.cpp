// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "sqlserver_reach.hpp"
#include "sqlserver_relay.hpp"
#include "sqlserver_results.hpp"
#include "sqlserver_statement.hpp"

namespace kdeps::sqlserver {

namespace {

// DB-Library starts sessions with the settings of 1995; these are what every newer client has, and what indexed views
// and XML need.  The language comes first, as it sets the first day of the week and the order of a date, and so that
// the messages do not follow the login.
constexpr const char* kSession =
    "SET LANGUAGE us_english; SET DATEFIRST 7; SET DATEFORMAT ymd; "
    "SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ANSI_NULL_DFLT_ON ON; SET ARITHABORT ON; "
    "SET CONCAT_NULL_YIELDS_NULL ON; SET QUOTED_IDENTIFIER ON; SET NUMERIC_ROUNDABORT OFF; "
    "SET CURSOR_CLOSE_ON_COMMIT OFF; SET IMPLICIT_TRANSACTIONS OFF; "
    "SET TEXTSIZE 2147483647; SET ROWCOUNT 0; SET NOCOUNT OFF; SET XACT_ABORT OFF; SET DEADLOCK_PRIORITY NORMAL; "
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ";

constexpr const char* kReadCommitted = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ";

const char* isolation_name(std::uint32_t isolation) {
    switch (isolation) {
        case KDEPS_ISOLATION_READ_UNCOMMITTED: return "READ UNCOMMITTED";
        case KDEPS_ISOLATION_REPEATABLE_READ: return "REPEATABLE READ";
        case KDEPS_ISOLATION_SERIALIZABLE: return "SERIALIZABLE";
        case KDEPS_ISOLATION_SNAPSHOT: return "SNAPSHOT";
        default: return "READ COMMITTED";
    }
}

// "[a]]b]"
std::string quoted(const std::string& name) {
    std::string out = "[";
    for (const char c : name) out += c == ']' ? std::string("]]") : std::string(1, c);
    return out + "]";
}

// "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64) ..." from 2016 on; others may lack the function.
bool has_transaction_numbers(std::string_view version) {
    constexpr std::string_view kName = "Microsoft SQL Server 20";
    if (version.starts_with("Microsoft SQL Azure")) return true;
    if (!version.starts_with(kName) || version.find("Babelfish") != std::string_view::npos) return false;
    int year = 0;
    const std::string_view digits = version.substr(kName.size(), 2);
    std::from_chars(digits.data(), digits.data() + digits.size(), year);
    return year >= 16;
}

}  // namespace

Connection::Connection(Library& library, const Call& call, Settings settings) : settings_(std::move(settings)) {
    call.check();
    const auto limit = settings_.connect_timeout ? std::chrono::nanoseconds(*settings_.connect_timeout)
                                                 : std::chrono::nanoseconds::max();
    Operation operation(call, bell_, Bound::login, limit);
    reach(operation, settings_.host, settings_.port);
    log_in(library, operation);
    socket_ = ::fcntl(dbiordesc(process()), F_DUPFD_CLOEXEC, 0);
    start_session(operation);
    state_ = {KDEPS_TRANSACTION_NONE, KDEPS_SESSION_UNTOUCHED, KDEPS_EXCHANGE_UNSENT};
}

// dbclose says goodbye without waiting for an answer.
Connection::~Connection() {
    process_.reset();
    if (socket_ >= 0) ::close(socket_);
}

void Connection::cancel() {
    // The host rings until its call returns.  What goes on long after it was told to stop, as a long value does that
    // the library reads in one piece, loses the connection.
    constexpr auto kPatience = kStopGrace + std::chrono::milliseconds(500);
    const auto now = Clock::now().time_since_epoch().count();
    Clock::rep first = 0;
    if (!first_cancel_.compare_exchange_strong(first, now) &&
        Clock::duration(now - first) > std::chrono::duration_cast<Clock::duration>(kPatience) && socket_ >= 0) {
        ::shutdown(socket_, SHUT_RDWR);
    }
    bell_.ring();
}

void Connection::log_in(Library& library, Operation& operation) {
    const Login login(dblogin());
    if (login == nullptr) throw std::bad_alloc();
    DBSETLUSER(login.get(), settings_.user.c_str());
    DBSETLPWD(login.get(), settings_.password.c_str());
    DBSETLAPP(login.get(), settings_.application.c_str());
    DBSETLCHARSET(login.get(), "UTF-8");
    DBSETLNATLANG(login.get(), "us_english");
    dbsetlversion(login.get(), DBVERSION_74);
    if (!settings_.database.empty()) DBSETLDBNAME(login.get(), settings_.database.c_str());
    process_.reset(dbopen(login.get(), library.server_name(settings_).c_str()));
    if (process_ != nullptr) {
        // From here on the library asks each second of a wait whether to go on.
        dbsetopt(process_.get(), DBSETTIME, "1", 0);
        operation.forget();
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
    Error error = connect_failure(place, why_no_login(operation, settings_));
    if (reports.client) error.detail = reports.client->text;
    throw error;
}

std::string Connection::session_settings() const {
    return kSession +
           ("SET LOCK_TIMEOUT " + (settings_.lock_timeout ? std::to_string(*settings_.lock_timeout) : "-1") + "; ");
}

void Connection::start_session(Operation& operation) {
    send(operation, session_settings() + "SELECT @@VERSION, DB_NAME()");
    Results results(*this, operation);
    const auto text = [&](int column) {
        const BYTE* data = column <= dbnumcols(process()) ? dbdata(process(), column) : nullptr;
        if (data == nullptr) return std::string();
        return std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(dbdatlen(process(), column)));
    };
    while (results.next()) {
        while (results.has_columns() && results.next_row()) {
            server_ = text(1);
            database_ = text(2);
        }
    }
    results.expect_success();
    is_babelfish_ = server_.find("Babelfish") != std::string::npos;
    numbers_transactions_ = has_transaction_numbers(server_);
    if (server_.starts_with("Microsoft ")) server_.erase(0, std::string_view("Microsoft ").size());
    server_.resize(std::min(server_.find(" ("), server_.size()));
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

namespace {

// The library's own packet, less what a request has beside its values.
constexpr std::size_t kOnePacket = 3500;

template <typename Send>
bool send_guarded(Operation& operation, DBPROCESS* process, std::size_t bytes, Send send) {
    if (bytes <= kOnePacket) return send();
    const Relay relay(operation, dbiordesc(process));
    return send();
}

}  // namespace

void Connection::send(Operation& operation, const std::string& sql) {
    expect_open();
    dbfreebuf(process());
    if (dbcmd(process(), sql.c_str()) != kSucceed) throw failure(operation);
    state_.exchange = KDEPS_EXCHANGE_SENT;
    const bool is_sent =
        send_guarded(operation, process(), 2 * sql.size(), [&] { return dbsqlsend(process()) == kSucceed; });
    if (!is_sent) throw failure(operation);
    wait_for_answer(operation);
}

void Connection::send_call(Operation& operation, std::size_t bytes) {
    expect_open();
    state_.exchange = KDEPS_EXCHANGE_SENT;
    const bool is_sent = send_guarded(operation, process(), bytes, [&] { return dbrpcsend(process()) == kSucceed; });
    if (!is_sent) throw failure(operation);
    wait_for_answer(operation);
}

std::optional<Error> Connection::run(Operation& operation, const std::string& sql) {
    try {
        send(operation, sql);
        Results results(*this, operation);
        results.drain();
        results.expect_success();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

void Connection::run_or_throw(Operation& operation, const std::string& sql) {
    if (auto failed = run(operation, sql)) throw *failed;
}

std::vector<std::int64_t> Connection::integers(Operation& operation, const std::string& sql) {
    std::vector<std::int64_t> out;
    send(operation, sql);
    Results results(*this, operation);
    while (results.next()) {
        while (results.has_columns() && results.next_row()) {
            out.clear();
            for (int i = 1; i <= dbnumcols(process()); ++i) {
                std::int64_t value = 0;
                if (const BYTE* data = dbdata(process(), i); data != nullptr)
                    dbconvert(process(), dbcoltype(process(), i), data, dbdatlen(process(), i), SYBINT8,
                              reinterpret_cast<BYTE*>(&value), sizeof value);
                out.push_back(value);
            }
        }
    }
    results.expect_success();
    return out;
}

bool Connection::has_openjson(const Call& call) {
    if (!has_openjson_) {
        constexpr int kSqlServer2016 = 130;
        has_openjson_ = is_babelfish_;
        if (numbers_transactions_) {
            Operation operation(call, bell_);
            const auto told =
                integers(operation, "SELECT compatibility_level FROM sys.databases WHERE name = DB_NAME()");
            has_openjson_ = !told.empty() && told[0] >= kSqlServer2016;
        }
    }
    return *has_openjson_;
}

void Connection::start(const Words& words) {
    first_cancel_ = 0;
    words_ = words;
    before_ = state_.transaction;
    is_implicit_ = is_implicit_ || words.makes_implicit;
    can_be_undone_ = can_be_undone_ && words.can_be_undone;
    if (!words.only_reads) state_.session = KDEPS_SESSION_UNKNOWN;
    state_.exchange = KDEPS_EXCHANGE_UNSENT;
    // Until the server tells.
    if (is_implicit_ || !words.keeps_transaction) state_.transaction = KDEPS_TRANSACTION_UNKNOWN;
}

void Connection::note_answer(const Operation& operation) {
    if (state_.exchange != KDEPS_EXCHANGE_SENT) return;
    const bool is_good = operation.reports().messages.empty() && operation.stopped() == KDEPS_OK;
    state_.exchange = is_good ? KDEPS_EXCHANGE_ANSWERED : KDEPS_EXCHANGE_REFUSED;
}

std::string Connection::standing_query() const {
    return std::string("SELECT @@TRANCOUNT, XACT_STATE(), ") +
           (numbers_transactions_ ? "CURRENT_TRANSACTION_ID()" : "0");
}

void Connection::take(const Standing& standing) {
    const bool is_other = begun_level_ > 0 && (standing.level < begun_level_ || standing.number != begun_number_);
    state_.transaction = standing.level == 0  ? KDEPS_TRANSACTION_NONE
                         : is_other           ? KDEPS_TRANSACTION_OTHER
                         : standing.state < 0 ? KDEPS_TRANSACTION_FAILED
                                              : KDEPS_TRANSACTION_OPEN;
}

void Connection::finish(const Call& call, bool is_good) {
    if (dbdead(process()) != 0) {
        state_.transaction = KDEPS_TRANSACTION_UNKNOWN;
        return;
    }
    if (state_.exchange == KDEPS_EXCHANGE_UNSENT) {
        state_.transaction = before_;
        return;
    }
    const bool was_open = begun_level_ > 0 || state_.transaction != KDEPS_TRANSACTION_NONE;
    if (is_good ? !is_implicit_ && words_.keeps_transaction : !was_open) return;
    const std::uint32_t exchange = state_.exchange;
    state_.transaction = KDEPS_TRANSACTION_UNKNOWN;
    try {
        Operation operation(call, bell_, call.state() == KDEPS_OK ? Bound::call : Bound::grace);
        const auto told = integers(operation, standing_query());
        if (told.size() == 3) take({told[0], told[1], numbers_transactions_ && told[0] > 0 ? told[2] : 0});
    } catch (const Error&) {
        // It stays unknown, and the caller assumes the worst.
    }
    state_.exchange = exchange;
}

void Connection::settle(Error& error) const {
    if (dbdead(process()) != 0) error.damage = KDEPS_DAMAGE_CONNECTION;
    if (error.damage == KDEPS_DAMAGE_CONNECTION) return;
    // The transaction that was begun has ended or failed, or one is open that nobody began here.
    const bool is_damaged =
        begun_level_ > 0 ? state_.transaction != KDEPS_TRANSACTION_OPEN : state_.transaction != KDEPS_TRANSACTION_NONE;
    if (is_damaged) {
        error.damage = KDEPS_DAMAGE_TRANSACTION;
    } else if (begun_level_ == 0) {
        error.damage = KDEPS_DAMAGE_NONE;
    }
}

bool Connection::may_have_written() const {
    if (words_.only_reads) return false;
    // What an open transaction holds ends with its connection.
    return state_.transaction != KDEPS_TRANSACTION_OPEN || begun_level_ == 0 || is_implicit_;
}

Error Connection::doubted(Error error) const {
    if (state_.exchange != KDEPS_EXCHANGE_SENT || error.sqlstate == kNothingSent || !may_have_written()) return error;
    error.retry = KDEPS_RETRY_IN_DOUBT;
    return error;
}

Error Connection::failure(const Operation& operation, std::string_view sql) const {
    const Reports& reports = operation.reports();
    const bool is_dead = dbdead(process()) != 0;
    if (operation.stopped() != KDEPS_OK) {
        Error error = stop_failure(operation.stopped(), "SQL Server worked on a statement");
        error.damage = is_dead                                        ? KDEPS_DAMAGE_CONNECTION
                       : state_.transaction != KDEPS_TRANSACTION_NONE ? KDEPS_DAMAGE_TRANSACTION
                                                                      : KDEPS_DAMAGE_NONE;
        if (is_dead) error.detail = "the server did not confirm within 2 s that it stopped";
        return doubted(std::move(error));
    }
    if (!reports.messages.empty()) {
        Error error = to_error(reports.messages.front(), sql);
        if (is_dead) error.damage = KDEPS_DAMAGE_CONNECTION;
        return is_dead ? doubted(std::move(error)) : error;
    }
    if (is_dead) return doubted(loss_failure(reports, state_.exchange == KDEPS_EXCHANGE_SENT && may_have_written()));
    if (reports.client && is_conversion(*reports.client)) {
        Error error(KDEPS_BAD_DATA,
                    "a text of SQL Server holds characters that cannot be converted to Unicode; CAST the column to "
                    "varbinary to see its bytes");
        error.sqlstate = "22021";
        error.detail = reports.client->text;
        return error;
    }
    Error error(KDEPS_INTERNAL, "the FreeTDS client library failed");
    error.damage = KDEPS_DAMAGE_CONNECTION;  // nobody knows what it has sent
    if (reports.client) error.detail = reports.client->text;
    return doubted(std::move(error));
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
    first_cancel_ = 0;
    run_or_throw(operation, "SELECT 1");
}

void Connection::reset(Call& call) {
    first_cancel_ = 0;
    if (!can_be_undone_) {
        Error error(KDEPS_UNSUPPORTED,
                    "a statement may have left something in the session that no other statement undoes, so the "
                    "connection has to be closed");
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
    Operation operation(call, bell_);
    words_ = {};
    const std::string home = database_.empty() ? "" : "USE " + quoted(database_) + "; ";
    const auto told = integers(
        operation, "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION; " + session_settings() + home + "SELECT @@TRANCOUNT");
    if (!told.empty() && told[0] != 0) throw Error(KDEPS_INTERNAL, "a transaction cannot be rolled back");
    is_implicit_ = has_set_isolation_ = false;
    begun_level_ = 0;
    state_.transaction = KDEPS_TRANSACTION_NONE;
    state_.session = KDEPS_SESSION_UNTOUCHED;
}

void Connection::begin(Call& call, std::uint32_t isolation, bool is_read_only) {
    call.check();
    first_cancel_ = 0;
    if (is_read_only) {
        throw Error(
            KDEPS_UNSUPPORTED,
            "SQL Server has no read-only transactions; leave 'readOnly' out, or connect as a user who may only read");
    }
    Operation operation(call, bell_);
    words_ = {.only_reads = true};
    state_.exchange = KDEPS_EXCHANGE_UNSENT;
    state_.transaction = KDEPS_TRANSACTION_UNKNOWN;
    begun_level_ = 0;
    const bool sets_isolation = isolation != KDEPS_ISOLATION_DEFAULT;
    has_set_isolation_ = has_set_isolation_ || sets_isolation;
    const auto told = integers(
        operation,
        (sets_isolation ? std::string("SET TRANSACTION ISOLATION LEVEL ") + isolation_name(isolation) + "; " : "") +
            "BEGIN TRANSACTION; " + standing_query());
    has_told_ = told.size() == 3;
    if (!has_told_) return;  // and the transaction stays unknown
    if (told[0] < 1) throw Error(KDEPS_INTERNAL, "the server began no transaction");
    begun_level_ = told[0];
    begun_number_ = numbers_transactions_ ? told[2] : 0;
    state_.transaction = KDEPS_TRANSACTION_OPEN;
}

void Connection::commit(Call& call) {
    call.check();
    first_cancel_ = 0;
    Operation operation(call, bell_);
    words_ = {};
    state_.exchange = KDEPS_EXCHANGE_UNSENT;
    const std::string own =
        "@@TRANCOUNT = " + std::to_string(begun_level_) +
        (numbers_transactions_ ? " AND CURRENT_TRANSACTION_ID() = " + std::to_string(begun_number_) : std::string());
    // Only the transaction that `begin` began, and only where its COMMIT is the last.
    const std::string sql = "DECLARE @kdeps_level int = @@TRANCOUNT, @kdeps_own int = 0; IF " + own +
                            " SET @kdeps_own = 1; IF @kdeps_own = 1 COMMIT TRANSACTION; "
                            "SELECT @kdeps_own, @kdeps_level, @@TRANCOUNT";
    std::vector<std::int64_t> told;
    state_.transaction = KDEPS_TRANSACTION_UNKNOWN;
    try {
        told = integers(operation, has_told_ ? sql : "COMMIT TRANSACTION");
    } catch (Error& error) {
        if (state_.exchange == KDEPS_EXCHANGE_SENT && error.sqlstate != kNothingSent) {
            // Nobody knows whether it was committed.
            if (error.status != KDEPS_TIMEOUT && error.status != KDEPS_CANCELLED)
                error = loss_failure(operation.reports(), true);
            error.retry = KDEPS_RETRY_IN_DOUBT;
            error.damage = KDEPS_DAMAGE_CONNECTION;
        }
        throw;
    }
    if (!has_told_) return;
    if (told.size() != 3) throw Error(KDEPS_INTERNAL, "the server does not tell whether it committed");
    if (told[0] == 0) {
        const bool is_nested = told[1] > begun_level_;
        state_.exchange = KDEPS_EXCHANGE_REFUSED;
        state_.transaction = told[2] == 0 ? KDEPS_TRANSACTION_NONE
                             : is_nested  ? KDEPS_TRANSACTION_OPEN
                                          : KDEPS_TRANSACTION_OTHER;
        Error error(KDEPS_INVALID_STATE,
                    is_nested ? "nothing is committed: a statement began a transaction of its own and did not end it "
                                "(@@TRANCOUNT is " +
                                    std::to_string(told[1]) + "); leave BEGIN TRANSACTION out, or add its COMMIT"
                              : "the transaction had ended before its COMMIT: a statement or a procedure committed it "
                                "or rolled it back; leave COMMIT and ROLLBACK to 'transaction'");
        error.sqlstate = "25000";
        error.damage = KDEPS_DAMAGE_TRANSACTION;
        throw error;
    }
    state_.transaction = told[2] == 0 ? KDEPS_TRANSACTION_NONE : KDEPS_TRANSACTION_OPEN;
    begun_level_ = 0;
    // Not with the COMMIT, so that a COMMIT that failed is known as such.
    if (has_set_isolation_) {
        has_set_isolation_ = false;
        const std::uint32_t exchange = state_.exchange;
        if (run(operation, kReadCommitted)) state_.session = KDEPS_SESSION_TOUCHED;
        state_.exchange = exchange;
    }
}

// Also after the call's end: the caller wants the connection back.
void Connection::rollback(Call& call) {
    first_cancel_ = 0;
    Operation operation(call, bell_, call.state() == KDEPS_OK ? Bound::call : Bound::grace);
    words_ = {.only_reads = true};
    const auto told = integers(operation, std::string("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION; ") +
                                              (has_set_isolation_ ? kReadCommitted : "") + "SELECT @@TRANCOUNT");
    if (!told.empty() && told[0] != 0) throw Error(KDEPS_INTERNAL, "the transaction cannot be rolled back");
    begun_level_ = 0;
    has_set_isolation_ = false;
    state_.transaction = KDEPS_TRANSACTION_NONE;
}

}  // namespace kdeps::sqlserver
