// SPDX-License-Identifier: Apache-2.0
#include "sqlite_errors.hpp"

#include <array>
#include <cstdio>

namespace kdeps::sqlite {
namespace {

struct Rule {
    int code;  // an extended code, or a primary one for all of its kind
    std::string_view sqlstate;
    kdeps_status status;
    std::uint8_t retry = KDEPS_RETRY_NEVER;
    std::uint8_t damage = KDEPS_DAMAGE_NONE;
};

// The first that matches counts, so extended codes stand before their primary one.  Source of the codes:
// sqlite.org/rescode.html.
constexpr std::array kRules{
    Rule{SQLITE_CONSTRAINT_UNIQUE, "23505", KDEPS_CONFLICT},
    Rule{SQLITE_CONSTRAINT_PRIMARYKEY, "23505", KDEPS_CONFLICT},
    Rule{SQLITE_CONSTRAINT_ROWID, "23505", KDEPS_CONFLICT},
    Rule{SQLITE_CONSTRAINT_FOREIGNKEY, "23503", KDEPS_CONSTRAINT},
    Rule{SQLITE_CONSTRAINT_CHECK, "23514", KDEPS_CONSTRAINT},
    Rule{SQLITE_CONSTRAINT_NOTNULL, "23502", KDEPS_CONSTRAINT},
    Rule{SQLITE_CONSTRAINT_DATATYPE, "22018", KDEPS_BAD_DATA},  // a STRICT table
    Rule{SQLITE_CONSTRAINT, "23000", KDEPS_CONSTRAINT},         // RAISE of a trigger among others
    // A transaction that has read cannot write any more, because another one has written since.
    Rule{SQLITE_BUSY_SNAPSHOT, "40001", KDEPS_CONFLICT, KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{SQLITE_BUSY, "55P03", KDEPS_UNAVAILABLE, KDEPS_RETRY_SAME},
    Rule{SQLITE_LOCKED, "55P03", KDEPS_UNAVAILABLE, KDEPS_RETRY_SAME},
    Rule{SQLITE_CANTOPEN, "08001", KDEPS_UNAVAILABLE, KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{SQLITE_READONLY_DBMOVED, "08006", KDEPS_UNAVAILABLE, KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{SQLITE_READONLY, "25006", KDEPS_FORBIDDEN},
    Rule{SQLITE_NOTADB, "58030", KDEPS_BAD_DATA, KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{SQLITE_CORRUPT, "XX001", KDEPS_BAD_DATA, KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{SQLITE_FULL, "53100", KDEPS_EXHAUSTED},
    Rule{SQLITE_NOMEM, "53200", KDEPS_EXHAUSTED},
    Rule{SQLITE_IOERR, "58030", KDEPS_UNAVAILABLE, KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{SQLITE_PROTOCOL, "08006", KDEPS_UNAVAILABLE, KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{SQLITE_NOLFS, "54000", KDEPS_EXHAUSTED},
    Rule{SQLITE_TOOBIG, "54000", KDEPS_BAD_DATA},
    Rule{SQLITE_MISMATCH, "22018", KDEPS_BAD_DATA},
    Rule{SQLITE_RANGE, "22023", KDEPS_INVALID_ARGUMENT},
    Rule{SQLITE_AUTH, "42501", KDEPS_FORBIDDEN},
    Rule{SQLITE_PERM, "42501", KDEPS_FORBIDDEN},
    Rule{SQLITE_SCHEMA, "40001", KDEPS_CONFLICT, KDEPS_RETRY_SAME},
    Rule{SQLITE_INTERRUPT, "57014", KDEPS_CANCELLED},
};

// SQLITE_ERROR says what happened in its text only.  Source: the SQLite 3.40 sources; what is not listed is
// INVALID_ARGUMENT.
struct Words {
    std::string_view text;  // found anywhere in the message
    std::string_view sqlstate;
    kdeps_status status = KDEPS_INVALID_ARGUMENT;
};
constexpr std::array kWords{
    Words{"no such table", "42P01"},
    Words{"no such column", "42703"},
    Words{"has no column named", "42703"},
    Words{"no such function", "42883"},
    Words{"wrong number of arguments", "42883"},
    Words{"ambiguous column name", "42702"},
    Words{"duplicate column name", "42701"},
    Words{"no such savepoint", "3B001", KDEPS_INVALID_STATE},
    Words{"no such", "42704"},  // index, view, trigger, database, collation, module
    Words{"already exists", "42P07", KDEPS_ALREADY_EXISTS},
    Words{"there is already", "42P07", KDEPS_ALREADY_EXISTS},
    Words{"within a transaction", "25001", KDEPS_INVALID_STATE},
    Words{"inside a transaction", "25001", KDEPS_INVALID_STATE},
    Words{"from within a transaction", "25001", KDEPS_INVALID_STATE},
    Words{"no transaction is active", "25P01", KDEPS_INVALID_STATE},
    Words{"too many", "54000"},
    Words{"integer overflow", "22003", KDEPS_BAD_DATA},
    Words{"malformed JSON", "22032", KDEPS_BAD_DATA},
    Words{"JSON cannot hold", "22032", KDEPS_BAD_DATA},
    Words{"JSON path", "22033", KDEPS_BAD_DATA},
    Words{"not authorized", "42501", KDEPS_FORBIDDEN},
    Words{"syntax error", "42601"},
    Words{"unrecognized token", "42601"},
    Words{"incomplete input", "42601"},
    Words{"values for", "42601"},
    Words{"values were supplied", "42601"},
};

Rule rule_of(int code) {
    for (const Rule& rule : kRules) {
        if (rule.code == code || rule.code == (code & 0xFF)) return rule;
    }
    return {code, "XX000", KDEPS_INTERNAL};
}

Rule rule_of_words(std::string_view message) {
    for (const Words& words : kWords) {
        if (message.find(words.text) != std::string_view::npos) return {SQLITE_ERROR, words.sqlstate, words.status};
    }
    return {SQLITE_ERROR, "42000", KDEPS_INVALID_ARGUMENT};
}

// Some messages quote the rest of the statement, a literal in it, or a value; only the log may show those.
std::string without_values(std::string_view message) {
    if (message.starts_with("unrecognized token")) return "unrecognized token";
    if (message.starts_with("near \"'")) return "syntax error near a text";
    if (message.starts_with("JSON path") || message.starts_with("bad JSON path")) return "malformed JSON path";
    return std::string(message);
}

std::string seconds(std::chrono::milliseconds time) {
    std::array<char, 32> text;
    const int size = std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(time.count()) / 1000);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

Error error_of(sqlite3* db, int code, const Circumstances& circumstances) {
    const std::string_view words = sqlite3_errmsg(db);
    const int primary = code & 0xFF;
    const bool is_lock = primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
    const Rule rule = primary == SQLITE_ERROR ? rule_of_words(words) : rule_of(code);

    Error error(rule.status, std::string(circumstances.doing) + ": ");
    error.sqlstate = std::string(rule.sqlstate);
    error.retry = rule.retry;
    error.damage = rule.damage;
    error.vendor_code = code;
    error.sql_offset = primary == SQLITE_ERROR ? sqlite3_error_offset(db) : -1;
    if (primary == SQLITE_INTERRUPT || (is_lock && circumstances.stopped != KDEPS_OK)) {
        const bool is_timeout = circumstances.stopped == KDEPS_TIMEOUT;
        error.status = is_timeout ? KDEPS_TIMEOUT : KDEPS_CANCELLED;
        error.sqlstate = "57014";
        error.retry = KDEPS_RETRY_NEVER;
        error.message +=
            is_timeout ? "it was stopped at its time limit" : "it was stopped because the run was cancelled";
        if (is_lock) error.message += " while it waited for another connection, which has locked the database";
    } else if (code == SQLITE_BUSY_SNAPSHOT) {
        error.message += "another transaction has written since this one began to read; repeat the transaction";
    } else if (is_lock) {
        error.message += "the database is locked by another connection";
        if (circumstances.waited.count() > 0) error.message += ", waited " + seconds(circumstances.waited);
    } else {
        error.message += without_values(words);
        if (error.message.size() != circumstances.doing.size() + 2 + words.size()) error.detail = std::string(words);
    }
    // Some failures (no room, an interrupted write) make SQLite roll the transaction back by itself.
    if (circumstances.had_transaction && sqlite3_get_autocommit(db) != 0) {
        error.damage = std::max<std::uint8_t>(error.damage, KDEPS_DAMAGE_TRANSACTION);
    }
    return error;
}

Error read_only_error() {
    Error error(KDEPS_FORBIDDEN,
                "the transaction is read-only: a statement may neither write, nor end the transaction, nor change the "
                "session (PRAGMA, ATTACH); leave readOnly or readOnlyOnGet out to allow it");
    error.sqlstate = "25006";
    error.vendor_code = SQLITE_READONLY;
    return error;
}

}  // namespace kdeps::sqlite
