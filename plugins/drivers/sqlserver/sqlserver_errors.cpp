// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_errors.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace kdeps::sqlserver {

namespace {

struct Rule {
    int number;
    kdeps_status status;
    const char* sqlstate;
    std::uint8_t retry = KDEPS_RETRY_NEVER;
    std::uint8_t damage = KDEPS_DAMAGE_NONE;
};

// Source of the numbers: SQL Server, "Database engine events and errors"; of most states: the ODBC driver's table.
constexpr std::array kRules = {
    Rule{2627, KDEPS_CONFLICT, "23505"},
    Rule{2601, KDEPS_CONFLICT, "23505"},
    Rule{547, KDEPS_CONSTRAINT, "23000"},
    Rule{515, KDEPS_CONSTRAINT, "23502"},
    Rule{1205, KDEPS_CONFLICT, "40001", KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{3960, KDEPS_CONFLICT, "40001", KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{3961, KDEPS_CONFLICT, "40001", KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{41302, KDEPS_CONFLICT, "40001", KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{41305, KDEPS_CONFLICT, "40001", KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{41325, KDEPS_CONFLICT, "40001", KDEPS_RETRY_SAME, KDEPS_DAMAGE_TRANSACTION},
    Rule{1222, KDEPS_CONFLICT, "55P03", KDEPS_RETRY_SAME},
    // Login.
    Rule{18456, KDEPS_UNAUTHENTICATED, "28000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{18452, KDEPS_UNAUTHENTICATED, "28000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{18470, KDEPS_UNAUTHENTICATED, "28000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{18486, KDEPS_UNAUTHENTICATED, "28000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{18487, KDEPS_UNAUTHENTICATED, "28000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{18488, KDEPS_UNAUTHENTICATED, "28000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_CONNECTION},
    Rule{4060, KDEPS_INVALID_ARGUMENT, "3D000"},
    Rule{911, KDEPS_INVALID_ARGUMENT, "3D000"},
    // Names, syntax.
    Rule{208, KDEPS_INVALID_ARGUMENT, "42S02"},
    Rule{207, KDEPS_INVALID_ARGUMENT, "42S22"},
    Rule{213, KDEPS_INVALID_ARGUMENT, "21S01"},
    Rule{2714, KDEPS_ALREADY_EXISTS, "42S01"},
    Rule{1801, KDEPS_ALREADY_EXISTS, "42000"},
    Rule{40515, KDEPS_UNSUPPORTED, "0A000"},
    // Values.
    Rule{206, KDEPS_BAD_DATA, "22018"},
    Rule{257, KDEPS_BAD_DATA, "22018"},
    Rule{220, KDEPS_BAD_DATA, "22003"},
    Rule{232, KDEPS_BAD_DATA, "22003"},
    Rule{235, KDEPS_BAD_DATA, "22018"},
    Rule{241, KDEPS_BAD_DATA, "22007"},
    Rule{242, KDEPS_BAD_DATA, "22007"},
    Rule{244, KDEPS_BAD_DATA, "22003"},
    Rule{245, KDEPS_BAD_DATA, "22018"},
    Rule{248, KDEPS_BAD_DATA, "22003"},
    Rule{295, KDEPS_BAD_DATA, "22007"},
    Rule{296, KDEPS_BAD_DATA, "22007"},
    Rule{517, KDEPS_BAD_DATA, "22008"},
    Rule{2628, KDEPS_BAD_DATA, "22001"},
    Rule{8152, KDEPS_BAD_DATA, "22001"},
    Rule{8114, KDEPS_BAD_DATA, "22018"},
    Rule{8115, KDEPS_BAD_DATA, "22003"},
    Rule{8134, KDEPS_BAD_DATA, "22012"},
    Rule{8169, KDEPS_BAD_DATA, "22018"},
    Rule{9402, KDEPS_BAD_DATA, "22018"},
    Rule{9420, KDEPS_BAD_DATA, "22018"},
    // Permissions.
    Rule{229, KDEPS_FORBIDDEN, "42501"},
    Rule{230, KDEPS_FORBIDDEN, "42501"},
    Rule{262, KDEPS_FORBIDDEN, "42501"},
    Rule{297, KDEPS_FORBIDDEN, "42501"},
    Rule{300, KDEPS_FORBIDDEN, "42501"},
    Rule{916, KDEPS_FORBIDDEN, "42501"},
    Rule{544, KDEPS_FORBIDDEN, "42501"},
    Rule{3906, KDEPS_FORBIDDEN, "25006"},
    // Transactions.
    Rule{3902, KDEPS_INVALID_STATE, "25000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    Rule{3903, KDEPS_INVALID_STATE, "25000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    Rule{3930, KDEPS_INVALID_STATE, "25000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    Rule{3998, KDEPS_INVALID_STATE, "25000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    // Limits.
    Rule{17809, KDEPS_EXHAUSTED, "53300", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{10928, KDEPS_EXHAUSTED, "53300", KDEPS_RETRY_FRESH},
    Rule{10929, KDEPS_EXHAUSTED, "53300", KDEPS_RETRY_FRESH},
    Rule{40501, KDEPS_EXHAUSTED, "53000", KDEPS_RETRY_FRESH},
    Rule{701, KDEPS_EXHAUSTED, "53200"},
    Rule{802, KDEPS_EXHAUSTED, "53200"},
    Rule{8645, KDEPS_EXHAUSTED, "53200"},
    Rule{1105, KDEPS_EXHAUSTED, "53100"},
    Rule{9002, KDEPS_EXHAUSTED, "53100"},
    // The server goes, or is not there yet.
    Rule{596, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{6005, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{17142, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{40197, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{40613, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
};

Rule rule_of(const ServerMessage& message) {
    const auto* found =
        std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.number == message.number; });
    if (found != kRules.end()) {
        Rule rule = *found;
        if (rule.number == 547)
            rule.sqlstate = message.text.find("CHECK constraint") != std::string::npos ? "23514" : "23503";
        return rule;
    }
    // THROW and RAISERROR: a rule that the author of the schema wrote.
    if (message.number >= 50000) return {0, KDEPS_CONSTRAINT, "45000"};
    if (message.severity >= 20) return {0, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION};
    if (message.severity >= 18) return {0, KDEPS_INTERNAL, "58000"};
    if (message.severity == 17) return {0, KDEPS_EXHAUSTED, "53000"};
    return {0, KDEPS_INVALID_ARGUMENT, "42000"};
}

// What stands before `mark`, if it is there.
void cut(std::string& text, std::string_view mark) {
    if (const std::size_t found = text.find(mark); found != std::string::npos) text.resize(found);
}

// Values and SQL text are for the log only.
std::string shown(const ServerMessage& message, kdeps_status status) {
    std::string text = message.text;
    cut(text, " The duplicate key value is");
    cut(text, " Truncated value:");
    cut(text, " after the character string");
    cut(text, " The parameterized query");
    if (text.starts_with("Incorrect syntax near")) text = "Incorrect syntax on line " + std::to_string(message.line);
    if (status == KDEPS_BAD_DATA) {
        if (const std::size_t value = text.find("value '"); value != std::string::npos) {
            const std::size_t open = value + 6;
            const std::size_t close = std::max(text.rfind("' to data type"), text.rfind('\''));
            if (close > open) text.replace(open, std::min(text.find("' to data type", open), close) - open + 1, "***");
        }
    }
    while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
    return text;
}

std::int32_t line_offset(std::string_view sql, int line) {
    std::size_t at = 0;
    for (int i = 1; i < line; ++i) {
        at = sql.find('\n', at);
        if (at == std::string_view::npos) return -1;
        ++at;
    }
    return line > 0 && !sql.empty() ? static_cast<std::int32_t>(at) : -1;
}

}  // namespace

Error to_error(const ServerMessage& message, std::string_view sql) {
    const Rule rule = rule_of(message);
    Error error(rule.status, shown(message, rule.status));
    if (error.message != message.text && error.message + "." != message.text) error.detail = message.text;
    error.sqlstate = rule.sqlstate;
    error.retry = rule.retry;
    error.damage = message.severity >= 20 ? std::uint8_t{KDEPS_DAMAGE_CONNECTION} : rule.damage;
    error.vendor_code = message.number;
    if (message.severity == 15) error.sql_offset = line_offset(sql, message.line);
    return error;
}

Error loss_failure(const Reports& reports, bool is_in_doubt) {
    Error error(KDEPS_UNAVAILABLE,
                is_in_doubt
                    ? "the connection was lost while the transaction was committed: it may or may not have taken effect"
                    : "the connection to SQL Server was lost");
    error.sqlstate = is_in_doubt ? "08007" : "08006";
    error.retry = is_in_doubt ? KDEPS_RETRY_IN_DOUBT : KDEPS_RETRY_FRESH;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    if (reports.client) error.detail = reports.client->text;
    return error;
}

Error connect_failure(const std::string& place, const std::string& why) {
    Error error(KDEPS_UNAVAILABLE, "cannot connect to " + place + ": " + why);
    error.sqlstate = "08001";
    error.retry = KDEPS_RETRY_FRESH;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    return error;
}

Error stop_failure(kdeps_status why, const std::string& doing) {
    Error error(why, why == KDEPS_CANCELLED ? "the run was cancelled while " + doing
                                            : "the time limit was reached while " + doing);
    error.sqlstate = "57014";
    return error;
}

}  // namespace kdeps::sqlserver
