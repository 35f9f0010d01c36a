// SPDX-License-Identifier: Apache-2.0
#include "mysql_session.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>

namespace kdeps::mysql {

namespace {

// MariaDB's alone.
constexpr unsigned int kAnsiQuotes = 1U << 15U;

std::string first_word(std::string_view sql) {
    const std::size_t start = std::min(sql.find_first_not_of(" \t\r\n("), sql.size());
    std::string word;
    for (std::size_t i = start; i < sql.size() && word.size() < 16; ++i) {
        const char c = sql[i];
        if (c >= 'A' && c <= 'Z') {
            word += static_cast<char>(c - 'A' + 'a');
        } else if (c >= 'a' && c <= 'z') {
            word += c;
        } else {
            break;
        }
    }
    return word;
}

// ROLLBACK [WORK] TO …
bool goes_to_savepoint(std::string_view sql) {
    std::string_view rest = sql.substr(std::min(sql.find_first_not_of(" \t\r\n("), sql.size()));
    for (const std::string_view skipped : {std::string_view("rollback"), std::string_view("work")}) {
        if (first_word(rest) != skipped) continue;
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
        rest.remove_prefix(skipped.size());
    }
    return first_word(rest) == "to";
}

}  // namespace

StatementWords StatementWords::of(std::string_view sql) {
    // The grammar allows nothing else behind such a word, whatever a comment for some versions adds.
    static constexpr std::array<std::string_view, 7> kRowWords = {"select",  "insert", "update", "delete",
                                                                  "replace", "with",   "values"};
    static constexpr std::array<std::string_view, 7> kOtherWords = {"do",       "savepoint", "release", "show",
                                                                    "describe", "explain",   "desc"};
    const std::string word = first_word(sql);
    const auto is_in = [&](const auto& words) { return std::find(words.begin(), words.end(), word) != words.end(); };
    StatementWords out;
    out.keeps_transaction = is_in(kRowWords) || is_in(kOtherWords) || (word == "rollback" && goes_to_savepoint(sql));
    // User variables are set by `:=` and INTO, which no server tells.
    out.keeps_session = is_in(kRowWords) && sql.find('@') == std::string_view::npos;
    return out;
}

void Session::watch(MYSQL* client) {
    client_ = client;
    void (*callback)(void*, enum enum_mariadb_status_info, ...) = on_change;
    mysql_optionsv(client, MARIADB_OPT_STATUS_CALLBACK, reinterpret_cast<void*>(callback), this);
}

void Session::on_change(void* data, enum enum_mariadb_status_info type, ...) {
    if (type != SESSION_TRACK_TYPE) return;
    auto& self = *static_cast<Session*>(data);
    std::va_list arguments;
    va_start(arguments, type);
    const auto what = static_cast<enum enum_session_state_type>(va_arg(arguments, int));
    if (what == SESSION_TRACK_SCHEMA || what == SESSION_TRACK_STATE_CHANGE || what == SESSION_TRACK_SYSTEM_VARIABLES)
        self.is_touched_ = true;
    if (what == SESSION_TRACK_SYSTEM_VARIABLES) {
        const auto* name = va_arg(arguments, const MARIADB_CONST_STRING*);
        const auto* value = va_arg(arguments, const MARIADB_CONST_STRING*);
        const std::string_view variable(name->str, name->length);
        const std::string_view text(value->str, value->length);
        if (variable == "sql_mode") self.learn_sql_mode(text);
        if (variable == "time_zone") self.learn_time_zone(text);
        if (variable == "tx_read_only" || variable == "transaction_read_only")
            self.has_escaped_ = text == "OFF" || text == "0";
    }
    va_end(arguments);
}

void Session::learn_sql_mode(std::string_view mode) {
    quotes_names_ = mode.find("ANSI_QUOTES") != std::string_view::npos;
}

void Session::note(const StatementWords& words) {
    is_used_ = true;
    is_touched_ = is_touched_ || !words.keeps_session;
}

void Session::look() {
    if ((client_->server_status & SERVER_SESSION_STATE_CHANGED) != 0) is_touched_ = true;
}

void Session::is_new() {
    is_used_ = false;
    is_touched_ = false;
}

void Session::begun(bool is_read_only) {
    is_begun_ = true;
    is_read_only_ = is_read_only;
    has_escaped_ = false;
    is_another_ = false;
}

void Session::ended() {
    is_begun_ = false;
    is_read_only_ = false;
    is_another_ = false;
}

bool Session::is_in_transaction() const {
    constexpr unsigned int kOpen = SERVER_STATUS_IN_TRANS | SERVER_STATUS_IN_TRANS_READONLY;
    return (client_->server_status & kOpen) != 0 || (client_->server_status & SERVER_STATUS_AUTOCOMMIT) == 0;
}

State Session::state() const {
    State out;
    out.exchange = exchange_;
    out.transaction = !is_in_transaction() ? KDEPS_TRANSACTION_NONE
                      : is_another_        ? KDEPS_TRANSACTION_OTHER
                                           : KDEPS_TRANSACTION_OPEN;
    // A trigger may take a lock or set a variable, of which tracking does not tell.
    out.session = is_touched_ ? KDEPS_SESSION_TOUCHED : is_used_ ? KDEPS_SESSION_UNKNOWN : KDEPS_SESSION_UNTOUCHED;
    return out;
}

std::uint32_t Session::lexis() const {
    std::uint32_t out = kLexis;
    if ((client_->server_status & SERVER_STATUS_NO_BACKSLASH_ESCAPES) != 0) out &= ~KDEPS_LEXIS_BACKSLASH;
    const bool has_flag = mariadb_connection(client_) != 0;
    if (has_flag ? (client_->server_status & kAnsiQuotes) != 0 : quotes_names_) out &= ~KDEPS_LEXIS_DOUBLE_QUOTE_TEXT;
    return out;
}

}  // namespace kdeps::mysql
