// SPDX-License-Identifier: Apache-2.0
#include "mysql_connection.hpp"

#include <poll.h>

#include <charconv>
#include <new>
#include <utility>

#include "mysql_statement.hpp"

namespace kdeps::mysql {

namespace {

constexpr auto kCloseTime = std::chrono::milliseconds(500);
constexpr auto kInterruptTime = std::chrono::milliseconds(1500);
constexpr auto kEndSessionTime = std::chrono::milliseconds(500);
// As long as the rest of a result that may be cut is read away before the server is told to stop.
constexpr auto kDiscardTime = std::chrono::milliseconds(5);

constexpr unsigned long kRolesOfMySql = 80'000;
constexpr unsigned long kNamesOfMySql8 = 80'003;  // transaction_read_only instead of tx_read_only

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

std::string quoted_name(const std::string& name) {
    std::string out = "`";
    for (const char c : name) out.append(c == '`' ? 2 : 1, c);
    return out + "`";
}

// Where it was stands in the detail: an answer to a client must not tell.
Error connect_error(const Operation& operation, const Call& call, const NativeError& native, const std::string& place) {
    Error error = to_error(native);
    const auto is = [&](auto... codes) { return ((native.code == static_cast<unsigned int>(codes)) || ...); };
    if (operation.stopped() != KDEPS_OK && call.state() == operation.stopped()) {
        error.status = operation.stopped();
        error.message = error.status == KDEPS_CANCELLED ? "the run was cancelled"
                                                        : "the time limit was reached while connecting to the server";
    } else if (operation.stopped() != KDEPS_OK) {
        error.message = "cannot connect to the server: no answer within connect_timeout";
    } else if (operation.is_unwanted()) {
        error.status = KDEPS_UNAVAILABLE;
        error.sqlstate = "08001";
        error.retry = KDEPS_RETRY_NEVER;
        error.message = "cannot connect to the server: it offers no TLS, which the options ask for; no login was sent";
    } else if (is(CR_PLUGIN_NOT_ALLOWED)) {
        error.status = KDEPS_UNAUTHENTICATED;
        error.message =
            "the login was given up: the server asks for the password in a way that shows it to whoever answers; name "
            "who signs the server's certificate with 'ssl-ca', or say 'ssl=true' and 'ssl-verify-server-cert=false' "
            "where "
            "the network is trusted";
    } else if (is(CR_UNKNOWN_ERROR, CR_AUTH_PLUGIN_ERR, CR_AUTH_PLUGIN_CANNOT_LOAD)) {
        error.status = KDEPS_UNAUTHENTICATED;
        error.message =
            "the login was given up: the server asks for the password in a way that is not secret on this connection, "
            "or "
            "that this client does not know; it is sent over TLS, over a Unix socket or with option "
            "'server-public-key'";
    } else if (error.status == KDEPS_UNAUTHENTICATED) {
        error.message = "the login was refused";
    } else if (is(ER_BAD_DB_ERROR, ER_DBACCESS_DENIED_ERROR)) {
        error.message = "the login was refused: the database does not exist, or the user may not use it";
    } else if (is(CR_CONNECTION_ERROR, CR_CONN_HOST_ERROR)) {
        // The library's own text ends with the number of another error.
        error.message = "cannot connect to the server: no server accepts connections there";
    } else if (is(CR_UNKNOWN_HOST)) {
        error.message = "cannot connect to the server: its host is unknown";
    } else {
        error.message = "cannot connect to the server: " + without_names(error.message, "");
    }
    error.detail = place + ": " + native.message;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    return error;
}

}  // namespace

Connection::Connection(const Call& call, Settings settings) : settings_(std::move(settings)) {
    call.check();
    client_ = new_client();
    session_.watch(client_.get());
    settings_.apply(client_.get());
    Operation operation(
        {.call = &call,
         .at_most = settings_.connect_timeout ? *settings_.connect_timeout : std::chrono::nanoseconds::max(),
         .bell = &bell_,
         .on_greeting = [this](bool offers_tls) { return settings_.greeted(client_.get(), offers_tls); }});
    if (!settings_.connect(client_.get())) {
        throw connect_error(operation, call, native_error(client_.get()), settings_.place());
    }
    Operation::bound(mysql_get_socket(client_.get()));
    // Seen in the greeting already, but for a Unix socket.
    if (settings_.needs_tls() && mysql_get_ssl_cipher(client_.get()) == nullptr) {
        Error error(KDEPS_UNAVAILABLE, "cannot connect to the server: it offers no TLS, which the options ask for");
        error.sqlstate = "08001";
        error.detail = settings_.place();
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
    thread_ = mysql_thread_id(client_.get());
    server_ = server_name(client_.get());
    if (const auto failed = set_session()) throw connect_error(operation, call, *failed, settings_.place());
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

std::optional<NativeError> Connection::set_session() {
    const bool is_mariadb = mariadb_connection(client()) != 0;
    const unsigned long version = mysql_get_server_version(client());
    const auto set = [&](bool tracks) {
        std::vector<std::string> commands = settings_.session_commands(tracks);
        const bool is_first = generation_ == 0;
        if (!is_first && is_mariadb) {
            commands.insert(commands.begin(), "SET ROLE " + (role_.empty() ? "NONE" : quoted_name(role_)));
        } else if (!is_first && version >= kRolesOfMySql) {
            commands.insert(commands.begin(), "SET ROLE DEFAULT");
        }
        if (!is_first && !settings_.database.empty()) {
            commands.insert(commands.begin(), "USE " + quoted_name(settings_.database));
        }
        commands.push_back(std::string("SELECT @@sql_mode, ") +
                           (is_mariadb || version < kNamesOfMySql8 ? "@@tx_read_only" : "@@transaction_read_only") +
                           ", DATABASE(), " + (is_mariadb ? "CURRENT_ROLE()" : "NULL") +
                           ", @@max_allowed_packet, @@time_zone");
        std::vector<std::string> facts;
        auto failed = run_together(commands, &facts, !is_first);
        if (failed || facts.size() < 6) return failed;
        std::from_chars(facts[4].data(), facts[4].data() + facts[4].size(), max_packet_);
        session_.learn_sql_mode(facts[0]);
        session_.learn_time_zone(facts[5]);
        is_read_only_by_itself_ = facts[1] == "1" || facts[1] == "ON";
        if (is_first) role_ = facts[3];
        if (settings_.database.empty() && !facts[2].empty()) {
            failed = NativeError{ER_NO_DB_ERROR, "08006", "the session cannot leave the database that it uses"};
        }
        return failed;
    };
    const bool may_track = (client_->server_capabilities & CLIENT_SESSION_TRACKING) != 0;
    auto failed = set(may_track);
    // Something between here and the server may know less than the server.
    if (failed && may_track && failed->code == ER_UNKNOWN_SYSTEM_VARIABLE) failed = set(false);
    session_.ended();
    session_.is_new();
    return failed;
}

// What COM_RESET_CONNECTION keeps, the role and the database, is set anew.
void Connection::reset(Call& call) {
    const Operation operation(limits(call, OnStop::wait));
    ready();
    late_failure_.reset();
    is_marked_ = false;
    // The server forgets its statements; they are prepared again on use.
    ++generation_;
    for (LIST* entry = client_->stmts; entry != nullptr; entry = entry->next) {
        static_cast<MYSQL_STMT*>(entry->data)->mysql = nullptr;
    }
    client_->stmts = nullptr;
    if (const auto failed = set_session()) {
        Error error = failure(operation, *failed);
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
}

void Connection::begin(Call& call, std::uint32_t isolation, bool is_read_only) {
    call.check();
    const Operation operation(limits(call, OnStop::interrupt));
    ready();
    late_failure_.reset();
    std::vector<std::string> commands;
    // Also for a transaction that a procedure begins after it has ended this one.
    const bool sets_session = is_read_only && !is_read_only_by_itself_;
    if (sets_session) commands.emplace_back("SET SESSION TRANSACTION READ ONLY");
    if (const char* level = isolation_name(isolation); level != nullptr) {
        commands.push_back(std::string("SET TRANSACTION ISOLATION LEVEL ") + level);
    }
    commands.push_back(begin_command(isolation, is_read_only));
    const Session::Own own(session_);
    session_.begun(is_read_only);
    if (const auto failed = run_together(commands)) {
        Error error = failure(operation, *failed);
        if (error.damage != KDEPS_DAMAGE_CONNECTION) end_transaction("ROLLBACK");
        session_.ended();
        throw error;
    }
    session_.is_caught();
}

std::optional<NativeError> Connection::end_transaction(const char* command) {
    std::vector<std::string> commands = {command};
    if (session_.is_read_only() && !is_read_only_by_itself_) {
        commands.emplace_back("SET SESSION TRANSACTION READ WRITE");
    }
    const Session::Own own(session_);
    return run_together(commands);
}

void Connection::commit(Call& call) {
    call.check();
    const Operation operation(limits(call, OnStop::wait));
    session_.exchange_begins();
    ready();
    if (late_failure_) throw *std::exchange(late_failure_, std::nullopt);
    if (session_.is_begun() && session_.state().transaction != KDEPS_TRANSACTION_OPEN) {
        end_transaction("ROLLBACK");
        session_.ended();
        Error error(KDEPS_INVALID_STATE,
                    "the transaction has ended before it was committed: a statement in it commits or rolls back; what "
                    "ran before that statement is committed or rolled back by it, what ran after it is not committed");
        error.sqlstate = "25000";
        throw error;
    }
    session_.is_sent();
    const auto failed = end_transaction("COMMIT");
    if (failed) {
        Error error = commit_failure(operation, *failed);
        if (error.damage != KDEPS_DAMAGE_CONNECTION) session_.is_answered(true);
        throw error;
    }
    session_.is_answered(false);
    session_.ended();
}

// Also after the call's end: the caller wants the connection back.
void Connection::rollback(Call& call) {
    const Operation operation(limits(call, OnStop::wait));
    ready();
    late_failure_.reset();
    if (const auto failed = end_transaction("ROLLBACK")) throw failure(operation, *failed);
    session_.ended();
}

void Connection::expect_to_fit(std::size_t bytes) const {
    if (bytes < max_packet_) return;
    Error error(KDEPS_EXHAUSTED, "the statement and its values take " + std::to_string(bytes) +
                                     " bytes, but the server takes packets of less than " +
                                     std::to_string(max_packet_) +
                                     " (max_allowed_packet); send less, or raise the setting on the server");
    error.sqlstate = "54000";
    error.vendor_code = ER_NET_PACKET_TOO_LARGE;
    throw error;
}

void Connection::statement_begins(const StatementWords& words) {
    if (wants_mark(words)) is_marked_ = !run("SAVEPOINT kdeps_mark");
    if (!words.keeps_transaction) ++catalog_;
    session_.note(words);
    session_.is_sent();
}

// Its answer has flags for the transaction, but an error has none, and none tells of a transaction that ended while
// another began.
void Connection::statement_ends(bool is_refused) {
    session_.is_answered(is_refused);
    session_.look();
    const Session::Own own(session_);
    bool is_stale = is_refused && is_in_transaction();
    if (std::exchange(is_marked_, false)) {
        const auto failed = run("RELEASE SAVEPOINT kdeps_mark");
        if (failed && failed->code == ER_SP_DOES_NOT_EXIST) session_.is_another();
        is_stale = failed.has_value();
    }
    if (is_stale) run("DO 0");
    if (session_.has_escaped() && !run("SET SESSION TRANSACTION READ ONLY")) session_.is_caught();
}

Error Connection::statement_fails(const Operation& operation, const NativeError& native) {
    Error error = failure(operation, native);
    if (error.damage != KDEPS_DAMAGE_CONNECTION) {
        statement_ends(true);
    } else if (native.code == CR_SERVER_GONE_ERROR) {
        session_.exchange_begins();  // found dead while it was sent
    }
    return error;
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

Limits Connection::limits(const Call& call, OnStop on_stop) {
    return {.call = &call,
            .per_wait = settings_.read_timeout ? *settings_.read_timeout : std::chrono::nanoseconds::max(),
            .on_stop = on_stop,
            .bell = &bell_,
            .interrupt = [this](bool ends_session) { interrupt(ends_session); }};
}

// What the server closed while it was idle would show only after the statement was sent, when nobody could tell any
// more whether it ran.
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
    if (is_interrupt_lost_) {
        Error error(KDEPS_UNAVAILABLE,
                    "the server did not answer a request to stop a statement, so the connection is given up");
        error.sqlstate = kNothingSent;
        error.retry = KDEPS_RETRY_FRESH;
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
    if (may_hold_interrupt_) {
        run("DO 0");
        may_hold_interrupt_ = false;
    }
}

std::optional<NativeError> Connection::run(std::string_view sql) {
    if (mysql_real_query(client(), sql.data(), sql.size()) != 0) return native_error(client());
    return std::nullopt;
}

std::optional<NativeError> Connection::run_together(const std::vector<std::string>& commands,
                                                    std::vector<std::string>* last_row, bool resets) {
    std::optional<NativeError> failed;
    std::size_t sent = 0;
    if (resets) {
        constexpr my_bool kDoesNotWait = 1;
        if (client_->methods->db_command(client(), COM_RESET_CONNECTION, nullptr, 0, kDoesNotWait, nullptr) != 0) {
            return native_error(client());
        }
        ++sent;
    }
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
            continue;
        }
        if (mysql_field_count(client()) == 0) continue;
        const BufferedResult result(mysql_store_result(client()));  // an init-command may give rows, which nobody wants
        const MYSQL_ROW row = result == nullptr || last_row == nullptr ? nullptr : mysql_fetch_row(result.get());
        if (row == nullptr) continue;
        const unsigned long* lengths = mysql_fetch_lengths(result.get());
        last_row->clear();
        for (unsigned int i = 0; i < mysql_num_fields(result.get()); ++i) {
            last_row->emplace_back(row[i] == nullptr ? "" : row[i], row[i] == nullptr ? 0 : lengths[i]);
        }
    }
    return failed;
}

Error Connection::failure(const Operation& operation, const NativeError& native) {
    Error error = to_error(native);
    error.message = without_names(error.message, client_->db == nullptr ? "" : client_->db);
    if (error.message != native.message) error.detail = native.message;
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

// The library leaves the flags of the packet that ends a result which it reads row by row: FE, two bytes of warnings,
// two of flags.
void Connection::take_status() {
    constexpr unsigned char kEnd = 0xFE;
    const unsigned char* packet = client_->net.read_pos;
    if (packet != nullptr && packet[0] == kEnd) {
        client_->server_status = packet[3] | static_cast<unsigned int>(packet[4]) << 8U;
    }
}

std::optional<NativeError> Connection::read_on(MYSQL_STMT* statement, Operation& operation) {
    constexpr int kRowsBetweenLooks = 64;
    while (true) {
        // Nothing is decoded, and nothing is written to what an earlier reader of the statement has bound.
        std::vector<MYSQL_BIND> skipped(mysql_stmt_field_count(statement));
        for (MYSQL_BIND& bind : skipped) {
            bind.buffer_type = MYSQL_TYPE_NULL;
            bind.flags = MADB_BIND_DUMMY;
        }
        if (!skipped.empty() && mysql_stmt_bind_result(statement, skipped.data()) != 0) return native_error(statement);
        int fetched = skipped.empty() ? MYSQL_NO_DATA : 0;
        for (int rows = 0; fetched == 0 || fetched == MYSQL_DATA_TRUNCATED; ++rows) {
            if (rows % kRowsBetweenLooks == 0) operation.check();
            fetched = mysql_stmt_fetch(statement);
        }
        if (fetched != MYSQL_NO_DATA) return native_error(statement);
        if (!skipped.empty()) take_status();
        mysql_stmt_free_result(statement);
        if (mysql_stmt_more_results(statement) == 0) return std::nullopt;
        session_.look();
        if (mysql_stmt_next_result(statement) > 0) return native_error(statement);
    }
}

void Connection::discard(MYSQL_STMT* statement, const Call& call, bool only_reads) {
    if (only_reads || bell_.is_rung()) {
        Operation operation({.at_most = kDiscardTime,
                             .on_stop = OnStop::interrupt,
                             .bell = nullptr,
                             .interrupt = [this](bool ends_session) { interrupt(ends_session); }});
        read_on(statement, operation);
        statement_ends(false);
        return;
    }
    Operation operation(limits(call, OnStop::interrupt));
    if (const auto failed = read_on(statement, operation)) {
        late_failure_ = statement_fails(operation, *failed);
    } else {
        statement_ends(false);
    }
}

// The library has no way to interrupt: as its manual says, another connection kills.
void Connection::interrupt(bool ends_session) noexcept {
    may_hold_interrupt_ = true;
    MYSQL* handle = nullptr;
    const Operation operation({.at_most = ends_session ? kEndSessionTime : kInterruptTime,
                               .on_greeting = [&](bool offers_tls) { return settings_.greeted(handle, offers_tls); }});
    const Client second = new_client();  // and closed within the operation
    handle = second.get();
    settings_.apply(second.get());
    if (settings_.connect(second.get())) {
        Operation::bound(mysql_get_socket(second.get()));
        const std::string command = (ends_session ? "KILL " : "KILL QUERY ") + std::to_string(thread_);
        // One that is still on its way would stop a later statement.
        is_interrupt_lost_ = mysql_real_query(second.get(), command.data(), command.size()) != 0 || is_interrupt_lost_;
    }
}

}  // namespace kdeps::mysql
