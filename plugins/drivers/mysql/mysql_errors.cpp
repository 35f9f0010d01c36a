// SPDX-License-Identifier: Apache-2.0
#include "mysql_errors.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kdeps::mysql {

namespace {

struct Meaning {
    unsigned int code;
    kdeps_status status;
    const char* sqlstate = "";  // where the server gives a general one
    std::uint8_t retry = KDEPS_RETRY_NEVER;
    std::uint8_t damage = KDEPS_DAMAGE_NONE;
};

// Numbers stand for codes that only one of MariaDB and MySQL has, as a header of one lacks those of the other.
// Sources: https://mariadb.com/kb/en/mariadb-error-code-reference/ and
// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
constexpr auto kSame = KDEPS_RETRY_SAME;
constexpr auto kFresh = KDEPS_RETRY_FRESH;
constexpr auto kTransaction = KDEPS_DAMAGE_TRANSACTION;
constexpr auto kConnection = KDEPS_DAMAGE_CONNECTION;
constexpr std::array kMeanings = {
    // Uniqueness and concurrency.
    Meaning{ER_DUP_KEY, KDEPS_CONFLICT, "23000"}, Meaning{ER_DUP_ENTRY, KDEPS_CONFLICT},
    Meaning{ER_DUP_ENTRY_WITH_KEY_NAME, KDEPS_CONFLICT},
    Meaning{ER_LOCK_DEADLOCK, KDEPS_CONFLICT, "40001", kSame, kTransaction},
    Meaning{ER_LOCK_WAIT_TIMEOUT, KDEPS_CONFLICT, "", kSame, kTransaction},
    Meaning{ER_CHECKREAD, KDEPS_CONFLICT, "40001", kSame, kTransaction},  // innodb_snapshot_isolation
    Meaning{ER_XA_RBDEADLOCK, KDEPS_CONFLICT, "", kSame, kTransaction},
    Meaning{3572, KDEPS_CONFLICT, "", kSame, kTransaction},  // MySQL: NOWAIT, and the lock is taken
    // Other constraints.
    Meaning{ER_BAD_NULL_ERROR, KDEPS_CONSTRAINT, "23000"}, Meaning{ER_NO_DEFAULT_FOR_FIELD, KDEPS_CONSTRAINT, "23000"},
    Meaning{ER_NO_REFERENCED_ROW, KDEPS_CONSTRAINT}, Meaning{ER_ROW_IS_REFERENCED, KDEPS_CONSTRAINT},
    Meaning{ER_NO_REFERENCED_ROW_2, KDEPS_CONSTRAINT}, Meaning{ER_ROW_IS_REFERENCED_2, KDEPS_CONSTRAINT},
    Meaning{3819, KDEPS_CONSTRAINT, "23000"},  // MySQL: CHECK
    Meaning{4025, KDEPS_CONSTRAINT, "23000"},  // MariaDB: CHECK
    Meaning{ER_SIGNAL_EXCEPTION, KDEPS_CONSTRAINT},
    // Login and rights.
    Meaning{ER_ACCESS_DENIED_ERROR, KDEPS_UNAUTHENTICATED},
    Meaning{ER_ACCESS_DENIED_NO_PASSWORD_ERROR, KDEPS_UNAUTHENTICATED},
    Meaning{ER_MUST_CHANGE_PASSWORD, KDEPS_UNAUTHENTICATED},
    Meaning{ER_MUST_CHANGE_PASSWORD_LOGIN, KDEPS_UNAUTHENTICATED},
    Meaning{4151, KDEPS_UNAUTHENTICATED},  // MariaDB: the account is locked
    Meaning{3118, KDEPS_UNAUTHENTICATED},  // MySQL: the same
    Meaning{ER_HOST_NOT_PRIVILEGED, KDEPS_FORBIDDEN, "28000"}, Meaning{ER_DBACCESS_DENIED_ERROR, KDEPS_FORBIDDEN},
    Meaning{ER_TABLEACCESS_DENIED_ERROR, KDEPS_FORBIDDEN}, Meaning{ER_COLUMNACCESS_DENIED_ERROR, KDEPS_FORBIDDEN},
    Meaning{ER_SPECIFIC_ACCESS_DENIED_ERROR, KDEPS_FORBIDDEN}, Meaning{ER_PROCACCESS_DENIED_ERROR, KDEPS_FORBIDDEN},
    Meaning{ER_NOT_ALLOWED_COMMAND, KDEPS_FORBIDDEN}, Meaning{ER_OPTION_PREVENTS_STATEMENT, KDEPS_FORBIDDEN},
    Meaning{ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, KDEPS_FORBIDDEN}, Meaning{ER_READ_ONLY_MODE, KDEPS_FORBIDDEN},
    // Limits.
    Meaning{ER_CON_COUNT_ERROR, KDEPS_EXHAUSTED, "", kFresh, kConnection},
    Meaning{ER_TOO_MANY_USER_CONNECTIONS, KDEPS_EXHAUSTED, "", kFresh, kConnection},
    Meaning{ER_USER_LIMIT_REACHED, KDEPS_EXHAUSTED, "", kFresh, kConnection},
    Meaning{ER_CANT_CREATE_THREAD, KDEPS_EXHAUSTED, "", kFresh, kConnection},
    Meaning{ER_NET_PACKET_TOO_LARGE, KDEPS_EXHAUSTED, "54000", KDEPS_RETRY_NEVER, kConnection},
    Meaning{CR_NET_PACKET_TOO_LARGE, KDEPS_EXHAUSTED, "54000", KDEPS_RETRY_NEVER, kConnection},
    Meaning{ER_OUTOFMEMORY, KDEPS_EXHAUSTED}, Meaning{ER_OUT_OF_SORTMEMORY, KDEPS_EXHAUSTED},
    Meaning{ER_OUT_OF_RESOURCES, KDEPS_EXHAUSTED}, Meaning{ER_DISK_FULL, KDEPS_EXHAUSTED},
    Meaning{ER_RECORD_FILE_FULL, KDEPS_EXHAUSTED}, Meaning{ER_LOCK_TABLE_FULL, KDEPS_EXHAUSTED},
    Meaning{ER_MAX_PREPARED_STMT_COUNT_REACHED, KDEPS_EXHAUSTED}, Meaning{CR_OUT_OF_MEMORY, KDEPS_EXHAUSTED},
    // The connection.
    Meaning{CR_CONNECTION_ERROR, KDEPS_UNAVAILABLE, "08001", kFresh, kConnection},
    Meaning{CR_CONN_HOST_ERROR, KDEPS_UNAVAILABLE, "08001", kFresh, kConnection},
    Meaning{CR_UNKNOWN_HOST, KDEPS_UNAVAILABLE, "08001", kFresh, kConnection},
    Meaning{CR_SSL_CONNECTION_ERROR, KDEPS_UNAVAILABLE, "08001", kFresh, kConnection},
    Meaning{ER_HOST_IS_BLOCKED, KDEPS_UNAVAILABLE, "08004", kFresh, kConnection},
    Meaning{CR_SERVER_GONE_ERROR, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},
    Meaning{CR_SERVER_LOST, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},
    Meaning{CR_SERVER_LOST_EXTENDED, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},
    Meaning{CR_MALFORMED_PACKET, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},
    Meaning{ER_SERVER_SHUTDOWN, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},
    Meaning{ER_NORMAL_SHUTDOWN, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},
    Meaning{ER_CONNECTION_KILLED, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},
    Meaning{ER_NET_READ_ERROR, KDEPS_UNAVAILABLE, "", kFresh, kConnection},
    Meaning{ER_NET_READ_INTERRUPTED, KDEPS_UNAVAILABLE, "", kFresh, kConnection},
    Meaning{ER_NET_ERROR_ON_WRITE, KDEPS_UNAVAILABLE, "", kFresh, kConnection},
    Meaning{ER_NET_WRITE_INTERRUPTED, KDEPS_UNAVAILABLE, "", kFresh, kConnection},
    Meaning{4031, KDEPS_UNAVAILABLE, "08S01", kFresh, kConnection},  // MySQL: closed after wait_timeout
    // The statement.
    Meaning{ER_BAD_DB_ERROR, KDEPS_INVALID_ARGUMENT}, Meaning{ER_UNKNOWN_SYSTEM_VARIABLE, KDEPS_INVALID_ARGUMENT},
    Meaning{ER_NON_UNIQ_ERROR, KDEPS_INVALID_ARGUMENT, "42000"},  // a column that two tables have
    Meaning{1906, KDEPS_INVALID_ARGUMENT, "42000"},               // MariaDB: a value for a generated column
    Meaning{3105, KDEPS_INVALID_ARGUMENT, "42000"},               // MySQL: the same
    Meaning{ER_VIEW_INVALID, KDEPS_INVALID_ARGUMENT}, Meaning{ER_UNSUPPORTED_PS, KDEPS_UNSUPPORTED},
    Meaning{ER_NOT_SUPPORTED_YET, KDEPS_UNSUPPORTED}, Meaning{ER_QUERY_INTERRUPTED, KDEPS_CANCELLED},
    Meaning{1969, KDEPS_TIMEOUT},  // MariaDB: max_statement_time
    Meaning{3024, KDEPS_TIMEOUT},  // MySQL: max_execution_time
    // Values.
    Meaning{ER_WARN_DATA_OUT_OF_RANGE, KDEPS_BAD_DATA, "22003"}, Meaning{ER_DATA_OUT_OF_RANGE, KDEPS_BAD_DATA, "22003"},
    Meaning{WARN_DATA_TRUNCATED, KDEPS_BAD_DATA, "22000"}, Meaning{ER_DATA_TOO_LONG, KDEPS_BAD_DATA, "22001"},
    Meaning{ER_TRUNCATED_WRONG_VALUE, KDEPS_BAD_DATA, "22007"},
    Meaning{ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, KDEPS_BAD_DATA, "22007"},
    Meaning{ER_WRONG_VALUE_FOR_TYPE, KDEPS_BAD_DATA, "22007"},
    Meaning{ER_ILLEGAL_VALUE_FOR_TYPE, KDEPS_BAD_DATA, "22007"},
    Meaning{ER_INVALID_CHARACTER_STRING, KDEPS_BAD_DATA, "22021"},
    // Characters that the charset of a column or an operand does not have.
    Meaning{ER_CANT_AGGREGATE_2COLLATIONS, KDEPS_BAD_DATA, "22021"},
    Meaning{ER_CANT_AGGREGATE_3COLLATIONS, KDEPS_BAD_DATA, "22021"},
    Meaning{ER_CANT_AGGREGATE_NCOLLATIONS, KDEPS_BAD_DATA, "22021"},
    Meaning{3854, KDEPS_BAD_DATA, "22021"},  // MySQL: cannot convert a text
    Meaning{3988, KDEPS_BAD_DATA, "22021"},  // MySQL: the same
    Meaning{ER_NO_PARTITION_FOR_GIVEN_VALUE, KDEPS_CONSTRAINT, "23000"},
    Meaning{ER_DIVISION_BY_ZERO, KDEPS_BAD_DATA, "22012"},
    Meaning{3140, KDEPS_BAD_DATA, "22032"},  // MySQL: invalid JSON text
    Meaning{4038, KDEPS_BAD_DATA, "22032"},  // MariaDB: the same
};

// Codes whose text quotes a value or a piece of the statement first.
constexpr std::array kQuotesValue = {
    static_cast<unsigned int>(ER_DUP_ENTRY),
    static_cast<unsigned int>(ER_DUP_ENTRY_WITH_KEY_NAME),
    static_cast<unsigned int>(ER_TRUNCATED_WRONG_VALUE),
    static_cast<unsigned int>(ER_TRUNCATED_WRONG_VALUE_FOR_FIELD),
    static_cast<unsigned int>(ER_WRONG_VALUE_FOR_TYPE),
    static_cast<unsigned int>(ER_ILLEGAL_VALUE_FOR_TYPE),
    static_cast<unsigned int>(ER_INVALID_CHARACTER_STRING),
    static_cast<unsigned int>(ER_DATA_OUT_OF_RANGE),
    static_cast<unsigned int>(ER_WRONG_VALUE_FOR_VAR),
    3854U,
};

constexpr std::string_view kNear = " near '";
constexpr std::string_view kAtLine = "' at line ";

// The values may hold quotes: what is hidden ends at the last quote before a known rest of the sentence.
std::string hide_values(const std::string& text) {
    static constexpr std::array<std::string_view, 6> kRests = {"' for key ",    "' for column ", "' for function ",
                                                               "' value found", "' at row ",     "' to be set"};
    const std::size_t start = text.find('\'');
    if (start == std::string::npos) return text;
    std::size_t end = std::string::npos;
    for (const std::string_view rest : kRests) {
        if (const std::size_t at = text.rfind(rest); at != std::string::npos && at > start) end = std::min(end, at);
    }
    if (end == std::string::npos) end = text.rfind('\'');
    if (end <= start) return text.substr(0, start + 1) + "***'";
    return text.substr(0, start + 1) + "***" + text.substr(end);
}

std::string public_text(const NativeError& native) {
    if (native.code == ER_NO_PARTITION_FOR_GIVEN_VALUE) return "the table has no partition for the value";
    if (native.code == ER_PARSE_ERROR) {
        // "You have an error in your SQL syntax; check the manual ... near '<SQL>' at line 3"
        const std::size_t line = native.message.rfind(kAtLine);
        return "syntax error" +
               (line == std::string::npos ? "" : " at line " + native.message.substr(line + kAtLine.size()));
    }
    if (std::find(kQuotesValue.begin(), kQuotesValue.end(), native.code) != kQuotesValue.end()) {
        return hide_values(native.message);
    }
    return native.message;
}

Meaning by_sqlstate(std::string_view state) {
    const auto is = [&](std::string_view class_code) { return state.substr(0, 2) == class_code; };
    if (is("08")) return {0, KDEPS_UNAVAILABLE, "", kFresh, kConnection};
    if (is("0A")) return {0, KDEPS_UNSUPPORTED};
    if (is("22")) return {0, KDEPS_BAD_DATA};
    if (is("23") || is("45")) return {0, KDEPS_CONSTRAINT};
    if (is("25")) return {0, KDEPS_INVALID_STATE};
    if (is("28")) return {0, KDEPS_UNAUTHENTICATED};
    if (is("40")) return {0, KDEPS_CONFLICT, "", kSame, kTransaction};
    // 21: cardinality, 3D: no database is selected.
    if (is("42") || is("21") || is("3D")) return {0, KDEPS_INVALID_ARGUMENT};
    return {0, KDEPS_INTERNAL};
}

}  // namespace

NativeError native_error(MYSQL* client) { return {mysql_errno(client), mysql_sqlstate(client), mysql_error(client)}; }

NativeError native_error(MYSQL_STMT* statement) {
    if (mysql_stmt_errno(statement) == 0 && statement->mysql != nullptr) return native_error(statement->mysql);
    return {mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement), mysql_stmt_error(statement)};
}

bool is_interruption(const NativeError& native) {
    return native.code == ER_QUERY_INTERRUPTED || native.code == ER_FILSORT_ABORT || native.code == 1969 ||
           native.code == 3024;
}

bool is_connection_loss(const NativeError& native) { return (to_error(native).damage & KDEPS_DAMAGE_CONNECTION) != 0; }

bool is_stale_statement(const NativeError& native) {
    return native.code == ER_NEED_REPREPARE || native.code == ER_UNKNOWN_STMT_HANDLER || native.code == CR_STMT_CLOSED;
}

Error to_error(const NativeError& native) {
    const auto* found =
        std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& m) { return m.code == native.code; });
    const Meaning meaning = found != kMeanings.end() ? *found : by_sqlstate(native.sqlstate);
    Error error(meaning.status, public_text(native));
    if (error.message != native.message) error.detail = native.message;
    error.sqlstate = *meaning.sqlstate != '\0' ? meaning.sqlstate : native.sqlstate;
    error.retry = meaning.retry;
    error.damage = meaning.damage;
    error.vendor_code = static_cast<std::int32_t>(native.code);
    return error;
}

std::string without_names(std::string text, const std::string& database) {
    // 'user'@'host', and what may stand before it: to user, for user
    constexpr std::string_view kAt = "'@'";
    for (std::size_t at = text.find(kAt); at != std::string::npos; at = text.find(kAt, at)) {
        std::size_t start = at == 0 ? std::string::npos : text.rfind('\'', at - 1);
        std::size_t end = text.find('\'', at + kAt.size());
        if (start == std::string::npos || end == std::string::npos) break;
        text.replace(start, end + 1 - start, "***");
        at = start;
    }
    if (database.empty()) return text;
    for (const auto& [written, kept] : {std::pair<std::string, std::string>{"`" + database + "`.", ""},
                                        {"'" + database + ".", "'"},
                                        {" " + database + ".", " "}}) {
        for (std::size_t at = text.find(written); at != std::string::npos; at = text.find(written, at)) {
            text.replace(at, written.size(), kept);
            at += kept.size();
        }
    }
    return text;
}

std::int32_t syntax_error_offset(const NativeError& native, std::string_view sql) {
    const std::string_view text = native.message;
    const std::size_t near = text.find(kNear);
    const std::size_t end = text.rfind(kAtLine);
    if (native.code != ER_PARSE_ERROR || near == std::string_view::npos || end == std::string_view::npos ||
        end < near + kNear.size()) {
        return -1;
    }
    const std::string_view quoted = text.substr(near + kNear.size(), end - near - kNear.size());
    if (quoted.empty()) return static_cast<std::int32_t>(sql.size());
    const std::size_t at = sql.find(quoted);
    const bool is_only_one = at != std::string_view::npos && sql.find(quoted, at + 1) == std::string_view::npos;
    return is_only_one ? static_cast<std::int32_t>(at) : -1;
}

}  // namespace kdeps::mysql
