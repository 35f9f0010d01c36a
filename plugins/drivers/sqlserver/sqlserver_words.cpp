// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include "sqlserver_placeholders.hpp"

namespace kdeps::sqlserver {

namespace {

template <std::size_t size>
bool is_one_of(const std::array<std::string_view, size>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// A batch that begins with another word may call a procedure without EXEC.
constexpr std::array<std::string_view, 29> kBegins = {
    "SELECT", "INSERT", "UPDATE", "DELETE",    "MERGE", "WITH",  "DECLARE", "IF",   "SET",      "PRINT",
    "CREATE", "DROP",   "ALTER",  "TRUNCATE",  "USE",   "BEGIN", "COMMIT",  "SAVE", "ROLLBACK", "WAITFOR",
    "WHILE",  "RETURN", "THROW",  "RAISERROR", "GRANT", "DENY",  "REVOKE",  "GOTO", "BREAK"};
// Reserved words: none of them is a name without brackets.
constexpr std::array<std::string_view, 10> kEndTransactions = {"BEGIN", "COMMIT",  "ROLLBACK",    "SAVE", "TRAN",
                                                               "EXEC",  "EXECUTE", "TRANSACTION", "KILL", "SHUTDOWN"};
constexpr std::array<std::string_view, 9> kChange = {"INSERT", "UPDATE", "DELETE",   "MERGE", "INTO",
                                                     "CREATE", "DROP",   "TRUNCATE", "ALTER"};
// What starts a statement, but for SELECT and the ones that change rows.
constexpr std::array<std::string_view, 45> kStatements = {
    "WHILE",     "ADD",      "ALTER",   "BACKUP",      "BEGIN",   "BREAK",    "BULK",    "CHECKPOINT", "CLOSE",
    "COMMIT",    "CREATE",   "DBCC",    "DEALLOCATE",  "DECLARE", "DENY",     "DISABLE", "DROP",       "ENABLE",
    "EXEC",      "EXECUTE",  "FETCH",   "GOTO",        "GRANT",   "IF",       "KILL",    "OPEN",       "PRINT",
    "RAISERROR", "READTEXT", "RECEIVE", "RECONFIGURE", "RESTORE", "RETURN",   "REVERT",  "REVOKE",     "ROLLBACK",
    "SAVE",      "SEND",     "SETUSER", "SHUTDOWN",    "THROW",   "TRUNCATE", "USE",     "WAITFOR",    "WRITETEXT"};
// What outlives its batch and has no undoing, or none that can be told from here.
constexpr std::array<std::string_view, 14> kBeyond = {"EXEC",         "EXECUTE",  "CURSOR",  "OPEN",   "REVERT",
                                                      "SETUSER",      "DBCC",     "RECEIVE", "SEND",   "KILL",
                                                      "CONVERSATION", "SHUTDOWN", "BACKUP",  "RESTORE"};
constexpr std::array<std::string_view, 24> kKnownOptions = {"ROWCOUNT",
                                                            "NOCOUNT",
                                                            "DATEFIRST",
                                                            "DATEFORMAT",
                                                            "LANGUAGE",
                                                            "LOCK_TIMEOUT",
                                                            "XACT_ABORT",
                                                            "ARITHABORT",
                                                            "ANSI_NULLS",
                                                            "ANSI_PADDING",
                                                            "ANSI_WARNINGS",
                                                            "ANSI_NULL_DFLT_ON",
                                                            "QUOTED_IDENTIFIER",
                                                            "CONCAT_NULL_YIELDS_NULL",
                                                            "TEXTSIZE",
                                                            "DEADLOCK_PRIORITY",
                                                            "TRANSACTION",
                                                            "IMPLICIT_TRANSACTIONS",
                                                            "CURSOR_CLOSE_ON_COMMIT",
                                                            "NUMERIC_ROUNDABORT",
                                                            "ANSI_DEFAULTS",
                                                            "ANSI_NULL_DFLT_OFF",
                                                            "STATISTICS",
                                                            "FMTONLY"};

// Is what follows a SET a variable, a column (in UPDATE and MERGE) or an option that is known?
bool is_undone(const std::vector<std::string>& words, std::size_t set, bool changes_rows) {
    if (set + 1 >= words.size()) return false;
    const std::string& option = words[set + 1];
    if (option.starts_with('@') || is_one_of(kKnownOptions, option)) return true;
    constexpr std::array<std::string_view, 9> kUnknownOptions = {
        "IDENTITY_INSERT", "CONTEXT_INFO", "OFFSETS",
        "FIPS_FLAGGER",    "NOEXEC",       "PARSEONLY",
        "FORCEPLAN",       "ARITHIGNORE",  "REMOTE_PROC_TRANSACTIONS"};
    // In an UPDATE a name is a column.
    return changes_rows && !is_one_of(kUnknownOptions, option) && !option.starts_with("SHOWPLAN");
}

}  // namespace

std::vector<std::string> capital_words(std::string_view sql) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < sql.size();) {
        if (!is_of_name(sql[at])) {
            at = after_other(sql, at);
            continue;
        }
        const std::size_t begin = at;
        while (at < sql.size() && is_of_name(sql[at])) ++at;
        std::string& word = out.emplace_back(sql.substr(begin, at - begin));
        std::transform(word.begin(), word.end(), word.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }
    return out;
}

Words words_of(std::string_view sql) {
    const std::vector<std::string> words = capital_words(sql);
    Words out;
    if (words.empty() || !is_one_of(kBegins, words.front())) return out;
    out.keeps_transaction = out.can_be_undone = out.is_plain = true;
    bool changes = false;
    bool calls_out = false;
    int sets = 0;
    int changing = 0;
    const bool changes_rows =
        std::any_of(words.begin(), words.end(), [](const std::string& w) { return w == "UPDATE" || w == "MERGE"; });
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (is_one_of(kEndTransactions, word)) out.keeps_transaction = false;
        if (is_one_of(kBeyond, word) || word.starts_with('#')) out.can_be_undone = false;
        if (is_one_of(kStatements, word)) out.is_plain = false;
        if (is_one_of(kChange, word)) changes = true;
        if (word == "INSERT" || word == "UPDATE" || word == "DELETE" || word == "MERGE") ++changing;
        if (word == "SET") {
            ++sets;
            out.can_be_undone = out.can_be_undone && is_undone(words, i, changes_rows);
        }
        if (word == "IMPLICIT_TRANSACTIONS" || word == "ANSI_DEFAULTS") {
            out.makes_implicit = true;
            out.keeps_transaction = false;
        }
        // What works elsewhere, and a sequence that moves on.
        if (word == "OPENQUERY" || word == "OPENROWSET" || word == "OPENDATASOURCE" || word == "NEXT") calls_out = true;
    }
    // MERGE has its UPDATE, INSERT and DELETE inside, with a SET of each.
    const bool is_merge = words.front() == "MERGE";
    const bool is_update = words.front() == "UPDATE" || (words.front() == "WITH" && changes_rows);
    if (!is_merge && (changing > 1 || sets > (is_update ? 1 : 0))) out.is_plain = false;
    if (words.front() == "UPDATE" && words.size() > 1 && words[1] == "STATISTICS") out.is_plain = false;
    if (words.front() == "SET") out.is_plain = false;
    out.only_reads = out.is_plain && !changes && !calls_out && sets == 0;
    return out;
}

}  // namespace kdeps::sqlserver
