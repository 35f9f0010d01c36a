// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_errors.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <utility>

#include "sqlserver_client.hpp"

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
    Rule{103, KDEPS_INVALID_ARGUMENT, "42000"},
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
    Rule{8023, KDEPS_BAD_DATA, "22003"},
    Rule{9402, KDEPS_BAD_DATA, "22018"},
    Rule{13608, KDEPS_BAD_DATA, "22032"},
    Rule{13609, KDEPS_BAD_DATA, "22032"},
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
    Rule{3609, KDEPS_INVALID_STATE, "25000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
    Rule{266, KDEPS_INVALID_STATE, "25000", KDEPS_RETRY_NEVER, KDEPS_DAMAGE_TRANSACTION},
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
    Rule{40143, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{40166, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{40540, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{49918, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{49919, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{49920, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{4221, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    // A database that is starting, restored or moved to another replica.
    Rule{922, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{927, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{942, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{952, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{976, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{978, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{979, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{982, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{983, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
    Rule{18401, KDEPS_UNAVAILABLE, "08004", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION},
};

Rule rule_of(const ServerMessage& message) {
    const auto* found =
        std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.number == message.number; });
    if (found != kRules.end()) {
        Rule rule = *found;
        if (rule.number == 547) rule.sqlstate = message.text.find("CHECK") != std::string::npos ? "23514" : "23503";
        return rule;
    }
    // THROW and RAISERROR: a rule that the author of the schema wrote.
    if (message.number >= 50000) return {0, KDEPS_CONSTRAINT, "45000"};
    if (message.severity >= 20) return {0, KDEPS_UNAVAILABLE, "08006", KDEPS_RETRY_FRESH, KDEPS_DAMAGE_CONNECTION};
    if (message.severity >= 18) return {0, KDEPS_INTERNAL, "58000"};
    if (message.severity == 17) return {0, KDEPS_EXHAUSTED, "53000"};
    return {0, KDEPS_INVALID_ARGUMENT, "42000"};
}

// Their quoted parts are names, in every language.  Whatever else a message quotes may be a value.
constexpr std::array kQuoteNames = {
    // constraints, indexes
    2627, 2601, 547, 515,
    // names that do not exist, or exist already
    208, 207, 2812, 4121, 911, 2714, 1801, 3701, 4701, 15151, 195, 201, 8144, 8145, 137, 1088, 4902, 4924, 1911, 209,
    8156,
    // permissions, login, databases
    229, 230, 262, 297, 300, 916, 544, 3906, 18456, 18452, 18470, 18486, 18487, 18488, 4060, 8101, 271, 8111,
    // not served here, and by Azure
    40515, 40613,
    // statements
    3609, 3902, 3903, 3930, 3998, 266, 1205, 1222, 206, 257, 529, 2628, 8152};

// Does what stands in parentheses hold a value?
constexpr std::array kParenthesesHoldValues = {2627, 2601};

// Values of numbers that messages write without quotes.
constexpr std::array kNumbersAreValues = {220, 232, 244, 248, 8115, 8023};

bool is_one_of(std::span<const int> list, int number) {
    return std::find(list.begin(), list.end(), number) != list.end();
}

// What stands between quotation marks of any language becomes ***, from the first one to the last of the same kind
// where a value may hold marks of its own.
std::string without_quoted(const std::string& text, bool holds_one_value) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kMarks = {{
        {"'", "'"},
        {"\"", "\""},
        {"\u00ab", "\u00bb"},
        {"\u201c", "\u201d"},
        {"\u2018", "\u2019"},
        {"\u300c", "\u300d"},
    }};
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto* mark = std::find_if(kMarks.begin(), kMarks.end(), [&](const auto& pair) {
            return std::string_view(text).substr(at).starts_with(pair.first);
        });
        if (mark == kMarks.end()) {
            out += text[at++];
            continue;
        }
        const std::size_t inner = at + mark->first.size();
        const std::size_t end = holds_one_value ? text.rfind(mark->second) : text.find(mark->second, inner);
        out += "***";
        at = end == std::string::npos || end < inner ? text.size() : end + mark->second.size();
    }
    return out;
}

// The last parenthesis that opens, with what it holds.
std::string without_parentheses(std::string text) {
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos || close < open) return text;
    return text.replace(open, close - open + 1, "(***)");
}

std::string without_numbers(const std::string& text) {
    std::string out;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (std::size_t at = 0; at < text.size();) {
        const bool is_start = is_digit(text[at]) || (text[at] == '-' && at + 1 < text.size() && is_digit(text[at + 1]));
        if (!is_start || (at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0)) {
            out += text[at++];
            continue;
        }
        ++at;
        while (at < text.size() && (is_digit(text[at]) || ((text[at] == '.' || text[at] == ',') &&
                                                           at + 1 < text.size() && is_digit(text[at + 1]))))
            ++at;
        out += "***";
    }
    return out;
}

// What stands before `mark`, if it is there.
void cut(std::string& text, std::string_view mark) {
    if (const std::size_t found = text.find(mark); found != std::string::npos) text.resize(found);
}

// Values and SQL text are for the log only.  By number, as the words depend on the language of the session.
std::string shown(const ServerMessage& message) {
    std::string text = message.text;
    cut(text, " The duplicate key value is");
    cut(text, " Truncated value:");
    cut(text, " after the character string");
    cut(text, " The parameterized query");
    const int number = message.number;
    if (number == 102 || number == 156 || number == 319 || text.starts_with("Incorrect syntax near"))
        text = "Incorrect syntax on line " + std::to_string(message.line);
    if (is_one_of(kParenthesesHoldValues, number)) text = without_parentheses(std::move(text));
    if (number == 2628) {
        // The names come first, the value last.
        const std::size_t last = text.rfind(": '");
        if (last != std::string::npos) text.resize(last);
    }
    // THROW and RAISERROR: the author of the schema wrote it for who reads it.
    if (number < 50000 && !is_one_of(kQuoteNames, number)) {
        // The value may hold quotation marks; the type behind it has none.
        text = without_quoted(text, number == 245 || number == 241 || number == 235 || number == 295 || number == 103);
    }
    if (is_one_of(kNumbersAreValues, number)) text = without_numbers(text);
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

bool is_conversion(const ClientError& error) {
    constexpr std::array kConversions = {SYBEICONVIU, SYBEICONVAVAIL, SYBEICONVO, SYBEICONVI, SYBEICONV2BIG};
    return is_one_of(kConversions, error.code);
}

Error to_error(const ServerMessage& message, std::string_view sql) {
    const Rule rule = rule_of(message);
    Error error(rule.status, shown(message));
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
                is_in_doubt ? "the connection to SQL Server was lost before its answer was complete: what was sent may "
                              "or may not have taken effect"
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
