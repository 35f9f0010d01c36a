// SPDX-License-Identifier: Apache-2.0
#include "sqlite_connection.hpp"

#include <climits>

namespace kdeps::sqlite {
namespace {

[[noreturn]] void refuse(std::string text) {
    Error error(KDEPS_INVALID_ARGUMENT, std::move(text));
    error.sqlstate = "42601";
    throw error;
}

}  // namespace

Connection::Connection(std::unique_ptr<Link> link)
    : link_(std::move(link)), server_("SQLite " + std::string(sqlite3_libversion())) {}

std::unique_ptr<Statement> Connection::prepare(Call& call, std::string_view sql) {
    if (sql.size() >= INT_MAX) refuse("the statement is longer than 2 GiB");
    if (sql.find('\0') != std::string_view::npos) refuse("the statement holds a zero byte");
    const Link::Use use(*link_, call);
    std::string_view rest;
    Prepared statement = link_->prepare(sql, &rest);
    if (statement == nullptr) refuse("the statement is empty");
    std::string table = link_->insert_table();
    // Spaces and comments may follow.  An unfinished comment is all that SQLite could refuse there, and it does not.
    for (std::string_view after; !rest.empty(); rest = after) {
        if (link_->prepare(rest, &after) != nullptr)
            refuse("the text holds more than one statement; write them as a list of queries");
    }
    return std::make_unique<Statement>(*link_, std::move(statement), std::move(table));
}

void Connection::ping(Call& call) {
    const Link::Use use(*link_, call);
    int has_moved = 0;
    if (sqlite3_file_control(link_->db(), "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) == SQLITE_OK && has_moved != 0) {
        Error error(KDEPS_UNAVAILABLE, "the database file was moved or deleted");
        error.sqlstate = "08006";
        error.retry = KDEPS_RETRY_FRESH;
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
}

void Connection::reset(Call& call) { rollback(call); }

void Connection::begin(Call& call, std::uint32_t /*isolation*/, bool is_read_only) {
    const Link::Use use(*link_, call);
    // The lock for writing at once: a transaction that reads first could find out later that it may not write any more.
    const bool can_write = !is_read_only && sqlite3_db_readonly(link_->db(), "main") == 0;
    link_->run(can_write ? "BEGIN IMMEDIATE" : "BEGIN", "the transaction cannot begin");
    if (is_read_only) {
        is_read_only_ = true;
        link_->run("PRAGMA query_only=1", "the transaction cannot begin");
    }
}

void Connection::commit(Call& call) {
    const Link::Use use(*link_, call);
    try {
        link_->run("COMMIT", "the transaction cannot be committed");
    } catch (Error& error) {
        error.damage = std::max<std::uint8_t>(error.damage, KDEPS_DAMAGE_TRANSACTION);
        if ((error.vendor_code & 0xFF) == SQLITE_IOERR) error.retry = KDEPS_RETRY_IN_DOUBT;
        throw;
    }
    allow_writing();
}

void Connection::rollback(Call& /*call*/) {
    // SQLite may have rolled back by itself.
    if (link_->is_in_transaction()) link_->run("ROLLBACK", "the transaction cannot be rolled back");
    allow_writing();
}

void Connection::allow_writing() {
    if (is_read_only_) link_->run("PRAGMA query_only=0", "the read-only transaction cannot be ended");
    is_read_only_ = false;
}

}  // namespace kdeps::sqlite
