// SPDX-License-Identifier: Apache-2.0
#include "postgres_errors.hpp"

#include <array>
#include <charconv>

namespace kdeps::postgres {
namespace {

struct Rule {
    std::string_view state;  // a whole SQLSTATE, or its class
    kdeps_status status;
    std::uint8_t retry = KDEPS_RETRY_NEVER;
    std::uint8_t damage = KDEPS_DAMAGE_NONE;
};

// The first that matches counts, so whole codes stand before their class.  Source of the codes: PostgreSQL 15, appendix
// A.
constexpr std::array kRules{
    Rule{"08", KDEPS_UNAVAILABLE, KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{"0A", KDEPS_UNSUPPORTED},
    Rule{"21", KDEPS_INVALID_ARGUMENT},
    Rule{"22", KDEPS_BAD_DATA},
    Rule{"23505", KDEPS_CONFLICT},
    Rule{"23P01", KDEPS_CONFLICT},  // an exclusion constraint is uniqueness with another operator
    Rule{"23", KDEPS_CONSTRAINT},
    Rule{"25006", KDEPS_FORBIDDEN},  // read-only transaction
    Rule{"25P02", KDEPS_INVALID_STATE, KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    Rule{"25P03", KDEPS_UNAVAILABLE, KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},  // idle in transaction for too long
    Rule{"25", KDEPS_INVALID_STATE},
    Rule{"26", KDEPS_INVALID_STATE},
    Rule{"28", KDEPS_UNAUTHENTICATED},
    Rule{"3D", KDEPS_INVALID_ARGUMENT},
    Rule{"3F", KDEPS_INVALID_ARGUMENT},
    Rule{"40001", KDEPS_CONFLICT, KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{"40P01", KDEPS_CONFLICT, KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{"40002", KDEPS_CONSTRAINT, KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    Rule{"40003", KDEPS_UNAVAILABLE, KDEPS_RETRY_IN_DOUBT, KDEPS_DAMAGE_CONNECTION},
    Rule{"40", KDEPS_CONFLICT, KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    Rule{"42501", KDEPS_FORBIDDEN},
    Rule{"42P04", KDEPS_ALREADY_EXISTS},
    Rule{"42P06", KDEPS_ALREADY_EXISTS},
    Rule{"42P07", KDEPS_ALREADY_EXISTS},
    Rule{"42710", KDEPS_ALREADY_EXISTS},
    Rule{"42723", KDEPS_ALREADY_EXISTS},
    Rule{"42", KDEPS_INVALID_ARGUMENT},
    Rule{"44", KDEPS_CONSTRAINT},
    Rule{"53300", KDEPS_EXHAUSTED, KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{"53", KDEPS_EXHAUSTED},
    Rule{"54000", KDEPS_BAD_DATA},  // a value or a row is larger than PostgreSQL takes
    Rule{"54", KDEPS_INVALID_ARGUMENT},
    Rule{"55P03", KDEPS_CONFLICT, KDEPS_RETRY_SAME},  // NOWAIT, lock_timeout
    Rule{"55006", KDEPS_CONFLICT},
    Rule{"55", KDEPS_INVALID_STATE},
    Rule{"57014", KDEPS_CANCELLED},
    Rule{"57", KDEPS_UNAVAILABLE, KDEPS_RETRY_FRESH,
         KDEPS_DAMAGE_CONNECTION},  // shutdown, crash, starting up, idle session
    Rule{"72", KDEPS_CONFLICT, KDEPS_RETRY_SAME},
    Rule{"P0001", KDEPS_CONSTRAINT},  // RAISE EXCEPTION: a rule that the schema's author wrote
    Rule{"P0002", KDEPS_NOT_FOUND},
};

Rule rule_of(std::string_view sqlstate) {
    for (const Rule& rule : kRules) {
        if (sqlstate.starts_with(rule.state)) return rule;
    }
    return {"", KDEPS_INTERNAL};
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

// Data exceptions quote the value that was refused; only the log may show it.
std::string without_values(std::string_view message) {
    // Quotes of another language are not known.
    if (std::any_of(message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
        return "PostgreSQL refuses a value";
    const std::size_t first = message.find('"');
    const std::size_t last = message.rfind('"');
    if (first == std::string_view::npos || last == first) return std::string(message);
    if (last + 1 == message.size() && first >= 2 && message.substr(first - 2, 2) == ": ")
        return std::string(message.substr(0, first - 2));
    return std::string(message.substr(0, first)) + "\"***\"" + std::string(message.substr(last + 1));
}

// "$2" if the server says that this parameter could not be read (since PostgreSQL 13), else nothing.
std::string_view parameter_in(std::string_view context) {
    constexpr std::string_view kMark = "parameter $";
    const std::size_t found = context.find(kMark);
    if (found == std::string_view::npos) return {};
    const std::string_view rest = context.substr(found + kMark.size() - 1);
    return rest.substr(0, std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
}

// libpq counts characters from 1, kdeps bytes from 0.
std::int32_t byte_offset(std::string_view sql, std::string_view position) {
    std::size_t characters = 0;
    if (std::from_chars(position.data(), position.data() + position.size(), characters).ec != std::errc() ||
        characters == 0)
        return -1;
    std::size_t at = 0;
    const auto is_inside = [&](std::size_t i) {
        return i < sql.size() && (static_cast<unsigned char>(sql[i]) & 0xC0U) == 0x80U;
    };
    for (; characters > 1 && at < sql.size(); --characters) {
        ++at;
        while (is_inside(at)) ++at;
    }
    return at < sql.size() ? static_cast<std::int32_t>(at) : -1;
}

void append_detail(std::string_view label, std::string_view text, std::string& out) {
    if (text.empty()) return;
    if (!out.empty()) out += "; ";
    out += label;
    out += text;
}

// What a client may see of why it cannot connect: no host, port, user or database.
std::string without_places(std::string_view state, std::string_view line) {
    if (state == "28P01") return "password authentication failed";
    if (state == "3D000") return "the database does not exist";
    if (state == "28000" && line.find("pg_hba.conf") != std::string_view::npos)
        return "the server does not admit this login from here (pg_hba.conf)";
    // connection to server at "h" (1.2.3.4), port 5432 failed: Connection refused
    constexpr std::string_view kMark = " failed: ";
    if (const std::size_t mark = line.rfind(kMark); mark != std::string_view::npos)
        line.remove_prefix(mark + kMark.size());
    std::string out;
    while (true) {
        const std::size_t first = line.find('"');
        const std::size_t last = first == std::string_view::npos ? first : line.find('"', first + 1);
        if (last == std::string_view::npos) return out.append(line);
        out.append(line.substr(0, first)).append("\"***\"");
        line.remove_prefix(last + 1);
    }
}

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::all_of(text.begin(), text.end(),
                                           [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

}  // namespace

kdeps_status status_of(std::string_view sqlstate) { return rule_of(sqlstate).status; }

Error error_of(const PGresult* result, const Circumstances& circumstances) {
    const std::string_view state = error_field(result, PG_DIAG_SQLSTATE);
    const std::string_view primary = error_field(result, PG_DIAG_MESSAGE_PRIMARY);
    const std::string_view context = error_field(result, PG_DIAG_CONTEXT);
    const Rule rule = rule_of(state);
    Error error(rule.status, std::string(circumstances.doing) + ": ");
    error.sqlstate = std::string(state);
    error.retry = rule.retry;
    error.damage = rule.damage;
    if (state.empty()) {
        // Not the server's words but libpq's: out of memory, a message that it does not understand.
        error.message += first_line(PQresultErrorMessage(result));
        error.sqlstate = "58000";
    } else if (state == "57014") {
        // Without a stop of ours it is statement_timeout, or somebody called pg_cancel_backend.
        const bool is_timeout =
            circumstances.stopped == KDEPS_TIMEOUT ||
            (circumstances.stopped == KDEPS_OK && primary.find("timeout") != std::string_view::npos);
        error.status = is_timeout ? KDEPS_TIMEOUT : KDEPS_CANCELLED;
        error.message += circumstances.stopped == KDEPS_OK ? primary
                         : is_timeout                      ? "it was stopped at its time limit"
                                                           : "it was stopped because the run was cancelled";
    } else if (rule.status == KDEPS_BAD_DATA) {
        if (const std::string_view parameter = parameter_in(context); !parameter.empty()) {
            error.message += "parameter " + std::string(parameter) + ": ";
        }
        // The message about encodings quotes the encoding, and shows bytes of the text.
        const std::string shown =
            state == "22021" ? "a text holds a byte that is not allowed in UTF-8, or zero" : without_values(primary);
        error.message += shown;
        if (shown != primary) append_detail("", primary, error.detail);
    } else {
        error.message += primary;
    }
    append_detail("", error_field(result, PG_DIAG_MESSAGE_DETAIL), error.detail);
    append_detail("hint: ", error_field(result, PG_DIAG_MESSAGE_HINT), error.detail);
    append_detail("context: ", context, error.detail);
    error.sql_offset = byte_offset(circumstances.sql, error_field(result, PG_DIAG_STATEMENT_POSITION));
    if (circumstances.transaction == PQTRANS_INERROR)
        error.damage = std::max<std::uint8_t>(error.damage, KDEPS_DAMAGE_TRANSACTION);
    if (const std::string_view severity = error_field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
        severity == "FATAL" || severity == "PANIC") {
        error.damage = KDEPS_DAMAGE_CONNECTION;
    }
    return error;
}

Error connect_error(const PGconn* connection) {
    const std::string_view words = PQerrorMessage(connection);
    // Every address and every way (TLS or not) that was tried adds its lines; the server's own word is the best of
    // them, the last the most telling:  connection to server at "h", port 5432 failed: FATAL:  28P01: password
    // authentication failed for user "u"
    std::string_view state;
    std::string_view line = first_line(words);
    constexpr std::string_view kMark = ":  ";
    for (std::size_t at = words.find(kMark); at != std::string_view::npos; at = words.find(kMark, at + 1)) {
        const std::string_view candidate = words.substr(at + kMark.size(), 5);
        if (is_sqlstate(candidate) && words.substr(at + kMark.size() + 5, 2) == ": ") {
            state = candidate;
            line = first_line(words.substr(at + kMark.size() + 7));
        }
    }
    Rule rule = rule_of(state);
    if (state.empty()) {
        rule = {"08001", KDEPS_UNAVAILABLE, KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION};
        // libpq itself refuses, before any server is asked.
        if (words.find("no password supplied") != std::string_view::npos) {
            rule = {"28000", KDEPS_UNAUTHENTICATED, KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION};
        }
        state = rule.state;
    }
    std::string message = "cannot connect to PostgreSQL: " + without_places(state, line);
    // A pooler's words: PostgreSQL itself takes every parameter that libpq sends.
    if (line.starts_with("unsupported startup parameter")) {
        rule = {"08P01", KDEPS_INVALID_ARGUMENT};
        message +=
            "; remove it from the connection URL or the environment (PGOPTIONS), or have pgbouncer drop it: "
            "ignore_startup_parameters";
    }
    Error error(rule.status, std::move(message));
    error.sqlstate = std::string(state);
    error.retry = rule.retry;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    error.detail = std::string(words);
    return error;
}

Error lost_error(std::string_view words, Loss loss) {
    std::string message = "the connection to PostgreSQL was lost";
    if (loss == Loss::in_doubt) message += "; it is not known whether the work was committed";
    if (!words.empty()) message += ": " + without_places({}, first_line(words));
    Error error(KDEPS_UNAVAILABLE, std::move(message));
    error.sqlstate = loss == Loss::in_doubt ? "08007" : loss == Loss::before_anything_was_sent ? kNothingSent : "08006";
    error.retry = loss == Loss::in_doubt || loss == Loss::unanswered ? KDEPS_RETRY_IN_DOUBT : KDEPS_RETRY_FRESH;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    error.detail = std::string(words);
    return error;
}

}  // namespace kdeps::postgres
