// SPDX-License-Identifier: Apache-2.0
#include "sqlite_connection.hpp"

#include <climits>

#include "sqlite_open.hpp"

namespace kdeps::sqlite {
namespace {

[[noreturn]] void refuse(std::string text) {
    Error error(KDEPS_INVALID_ARGUMENT, std::move(text));
    error.sqlstate = "42601";
    throw error;
}

}  // namespace

Connection::Connection(const Call& call, Options options, std::string memory_uri)
    : options_(std::move(options)),
      memory_uri_(std::move(memory_uri)),
      link_(options_.busy_timeout),
      server_("SQLite " + std::string(sqlite3_libversion())) {
    open_link(call, options_, memory_uri_, link_);
}

std::unique_ptr<Statement> Connection::prepare(Call& call, std::string_view sql) {
    if (sql.size() >= INT_MAX) refuse("the statement is longer than 2 GiB");
    if (sql.find('\0') != std::string_view::npos) refuse("the statement holds a zero byte");
    const Link::Use use(link_, call);
    std::string_view rest;
    Compiled compiled = link_.compile(sql, &rest);
    if (compiled.statement == nullptr) refuse("the statement is empty");
    // Spaces and comments may follow.  An unfinished comment is all that SQLite could refuse there, and it does not.
    for (std::string_view after; !rest.empty(); rest = after) {
        if (link_.compile(rest, &after).statement != nullptr)
            refuse("the text holds more than one statement; write them as a list of queries");
    }
    return std::make_unique<Statement>(link_, std::move(compiled));
}

void Connection::ping(Call& call) {
    const Link::Use use(link_, call);
    int has_moved = 0;
    if (sqlite3_file_control(link_.db(), "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) == SQLITE_OK && has_moved != 0) {
        Error error(KDEPS_UNAVAILABLE, "the database file was moved or deleted");
        error.sqlstate = "08006";
        error.retry = KDEPS_RETRY_FRESH;
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
}

void Connection::reset(Call& call) {
    rollback(call);
    if (link_.is_touched()) open_link(call, options_, memory_uri_, link_);
    link_.forget_counts();
}

State Connection::state() const noexcept {
    State out;
    if (!link_.is_open()) return out;
    out.transaction = !link_.is_in_transaction()     ? KDEPS_TRANSACTION_NONE
                      : link_.has_lost_transaction() ? KDEPS_TRANSACTION_OTHER
                                                     : KDEPS_TRANSACTION_OPEN;
    out.session = link_.is_touched() || link_.has_counts() ? KDEPS_SESSION_TOUCHED : KDEPS_SESSION_UNTOUCHED;
    out.exchange = link_.exchange();
    return out;
}

void Connection::begin(Call& call, std::uint32_t /*isolation*/, bool is_read_only) {
    const Link::Use use(link_, call);
    // The lock for writing at once: a transaction that reads first could find out later that it may not write any more.
    const bool can_write = !is_read_only && sqlite3_db_readonly(link_.db(), "main") == 0;
    link_.run(can_write ? "BEGIN IMMEDIATE" : "BEGIN", "the transaction cannot begin");
    link_.set_began(true);
    link_.set_read_only(is_read_only);
}

void Connection::commit(Call& call) {
    link_.set_exchange(KDEPS_EXCHANGE_UNSENT);
    const Link::Use use(link_, call);
    if (link_.has_lost_transaction()) {
        Error error(KDEPS_INVALID_STATE,
                    "the transaction has ended before its commit: a statement of it committed it or rolled it back");
        error.sqlstate = "25P01";
        error.damage = KDEPS_DAMAGE_TRANSACTION;
        throw error;
    }
    try {
        link_.run("COMMIT", "the transaction cannot be committed");
        link_.set_exchange(KDEPS_EXCHANGE_ANSWERED);
    } catch (Error& error) {
        error.damage = std::max<std::uint8_t>(error.damage, KDEPS_DAMAGE_TRANSACTION);
        // It may have failed after the commit was on the disk.
        const bool is_in_doubt = (error.vendor_code & 0xFF) == SQLITE_IOERR;
        if (is_in_doubt) error.retry = KDEPS_RETRY_IN_DOUBT;
        link_.set_exchange(is_in_doubt ? KDEPS_EXCHANGE_SENT : KDEPS_EXCHANGE_REFUSED);
        throw;
    }
    end_transaction();
}

void Connection::rollback(Call& /*call*/) {
    // SQLite may have rolled back by itself.
    if (link_.is_in_transaction()) link_.run("ROLLBACK", "the transaction cannot be rolled back");
    end_transaction();
}

void Connection::end_transaction() {
    link_.set_began(false);
    link_.set_read_only(false);
}

}  // namespace kdeps::sqlite
