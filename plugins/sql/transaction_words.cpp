// SPDX-License-Identifier: Apache-2.0
#include "transaction_words.hpp"

#include <kdeps/driver.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "lexemes.hpp"

namespace kdeps::sql {

namespace {

using Statement = std::span<const Lexeme>;

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// MySQL and MariaDB: whatever follows them, unless `commits_implicitly` says otherwise.
constexpr auto kCommits = std::to_array<std::string_view>(
    {"ALTER", "ANALYZE", "CACHE",    "CHANGE", "CHECK",    "CREATE",   "DROP",      "FLUSH",
     "GRANT", "IMPORT",  "INSTALL",  "LOCK",   "OPTIMIZE", "PURGE",    "RENAME",    "REPAIR",
     "RESET", "REVOKE",  "SHUTDOWN", "START",  "STOP",     "TRUNCATE", "UNINSTALL", "UNLOCK"});
constexpr auto kRoutines = std::to_array<std::string_view>({"EVENT", "FUNCTION", "PACKAGE", "PROCEDURE", "TRIGGER"});
constexpr auto kChanges = std::to_array<std::string_view>({"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"});
constexpr auto kQueries = std::to_array<std::string_view>({"SELECT", "TABLE", "VALUES", "WITH"});
// Of one thing: DROP TABLE a, b may drop the first alone.
constexpr auto kDefinitions =
    std::to_array<std::string_view>({"ALTER", "COMMENT", "CREATE", "DROP", "GRANT", "LISTEN", "NOTIFY", "PRAGMA",
                                     "RESET", "REVOKE", "SET", "TRUNCATE"});
// Settings of a session that decide about its transactions.
constexpr auto kSettings = std::to_array<std::string_view>(
    {"AUTOCOMMIT", "COMPLETION_TYPE", "DEFAULT_TRANSACTION_DEFERRABLE", "DEFAULT_TRANSACTION_ISOLATION",
     "DEFAULT_TRANSACTION_READ_ONLY", "IMPLICIT_TRANSACTIONS", "TRANSACTION", "TRANSACTION_DEFERRABLE",
     "TRANSACTION_ISOLATION", "TRANSACTION_READ_ONLY", "TX_ISOLATION", "TX_READ_ONLY"});
// T-SQL: what can begin a further statement, as no ; need stand between them.
constexpr auto kTransactSql = std::to_array<std::string_view>(
    {"ALTER",       "BACKUP",  "BEGIN",      "BREAK",   "BULK",    "CHECKPOINT", "CLOSE", "COMMIT",    "CONTINUE",
     "CREATE",      "DBCC",    "DEALLOCATE", "DECLARE", "DENY",    "DISABLE",    "DROP",  "ENABLE",    "EXEC",
     "EXECUTE",     "GOTO",    "GRANT",      "IF",      "KILL",    "OPEN",       "PRINT", "RAISERROR", "RECEIVE",
     "RECONFIGURE", "RESTORE", "RETURN",     "REVERT",  "REVOKE",  "ROLLBACK",   "SAVE",  "SEND",      "SETUSER",
     "SHUTDOWN",    "THROW",   "TRUNCATE",   "USE",     "WAITFOR", "WHILE"});

class Text {
public:
    Text(std::string_view sql, std::uint32_t lexis) : lexis_(lexis), all_(lexemes(sql, tokenize(sql, lexis, {}))) {
        split();
    }

    bool is_mysql() const { return (lexis_ & KDEPS_LEXIS_HASH_COMMENT) != 0; }
    bool is_transact_sql() const { return (lexis_ & KDEPS_LEXIS_BRACKET) != 0 && (lexis_ & KDEPS_LEXIS_BACKTICK) == 0; }
    const std::vector<Statement>& statements() const { return statements_; }

private:
    void split() {
        std::size_t first = 0;
        bool is_body = false;
        int depth = 0;  // CREATE RULE … DO (…; …)
        for (std::size_t i = 0; i <= all_.size(); ++i) {
            if (i < all_.size()) is_body = is_body || begins_body(first, i);
            if (i < all_.size() && all_[i].is("(")) ++depth;
            if (i < all_.size() && all_[i].is(")")) --depth;
            if (i < all_.size() && (is_body || depth > 0 || !all_[i].is(";"))) continue;
            depth = 0;
            if (i > first) statements_.push_back(Statement(all_).subspan(first, i - first));
            first = i + 1;
        }
    }

    // From here on the text is one statement.
    bool begins_body(std::size_t first, std::size_t i) const {
        if (all_[first].is("CREATE") || all_[first].is("ALTER")) return is_one_of(all_[i].word, kRoutines);
        // MariaDB: BEGIN NOT ATOMIC; T-SQL: BEGIN TRY, IF … BEGIN … END
        if (all_[first].is("BEGIN")) return i == first + 1 && (all_[i].is("NOT") || is_block(i));
        return false;
    }
    bool is_block(std::size_t behind_begin) const {
        const Lexeme& next = all_[behind_begin];
        return is_transact_sql() && !next.is("TRAN") && !next.is("TRANSACTION") && !next.is("DISTRIBUTED");
    }

    const std::uint32_t lexis_;
    const std::vector<Lexeme> all_;
    std::vector<Statement> statements_;
};

bool is_at(Statement statement, std::size_t i, std::string_view word) {
    return i < statement.size() && statement[i].is(word);
}

// SET [SESSION] autocommit = 1, SET SESSION CHARACTERISTICS, SET @@transaction_read_only = 0
bool sets_transaction(Statement statement) {
    return std::any_of(statement.begin() + 1, statement.end(), [](const Lexeme& lexeme) {
        std::string_view word = lexeme.word;
        while (word.starts_with('@')) word.remove_prefix(1);
        return is_one_of(word, kSettings);
    });
}

bool commits_implicitly(Statement statement) {
    const Lexeme& first = statement[0];
    if (!first.is_word() || !is_one_of(first.word, kCommits)) return false;
    if (first.is("CREATE") || first.is("DROP")) {
        const bool is_temporary =
            is_at(statement, 1, "TEMPORARY") || (is_at(statement, 1, "OR") && is_at(statement, 3, "TEMPORARY"));
        return !is_temporary;
    }
    if (first.is("RESET")) return !is_at(statement, 1, "PERSIST");
    return true;
}

// Of one statement; `count` tells how many of its words name it.
TransactionEffect effect_of(const Text& text, Statement statement, std::size_t i, std::size_t& count) {
    const Lexeme& first = statement[i];
    count = 1;
    if (!first.is_word()) return TransactionEffect::none;
    const auto follows = [&](std::string_view word) { return is_at(statement, i + 1, word); };
    if (first.is("BEGIN")) {
        const bool is_transaction = follows("TRAN") || follows("TRANSACTION") || follows("DISTRIBUTED");
        if (is_transaction) count = 2;
        if (text.is_transact_sql()) return is_transaction ? TransactionEffect::begins : TransactionEffect::none;
        return follows("NOT") ? TransactionEffect::none : TransactionEffect::begins;
    }
    if (first.is("COMMIT")) return TransactionEffect::ends;
    if (first.is("ROLLBACK")) {
        const std::size_t next = i + (follows("WORK") || follows("TRAN") || follows("TRANSACTION") ? 2 : 1);
        // T-SQL names a savepoint so.
        const bool has_name = text.is_transact_sql() && next == i + 2 && next < statement.size() &&
                              (statement[next].kind == TokenKind::name || statement[next].is_word());
        return is_at(statement, next, "TO") || has_name ? TransactionEffect::none : TransactionEffect::ends;
    }
    if (i > 0) return TransactionEffect::none;
    if ((first.is("END") || first.is("ABORT")) && !text.is_transact_sql()) return TransactionEffect::ends;
    if (first.is("XA")) return TransactionEffect::ends;
    count = 2;
    if (first.is("PREPARE") && follows("TRANSACTION")) return TransactionEffect::ends;
    if (first.is("START") && follows("TRANSACTION")) return TransactionEffect::begins;
    if (first.is("PRAGMA")) {
        count = std::min<std::size_t>(statement.size(), is_at(statement, 2, ".") ? 4 : 2);
        const bool is_read = count == statement.size();
        return statement[count - 1].is("QUERY_ONLY") && !is_read ? TransactionEffect::sets : TransactionEffect::none;
    }
    if ((first.is("SET") || (first.is("RESET") && !text.is_mysql())) && sets_transaction(statement)) {
        count = std::min<std::size_t>(statement.size(), 3);
        return TransactionEffect::sets;
    }
    if (text.is_mysql() && commits_implicitly(statement)) {
        count = statement.size() > 1 && statement[1].is_word() ? 2 : 1;
        return TransactionEffect::commits_implicitly;
    }
    if (text.is_mysql() && first.is("SET") && follows("PASSWORD")) return TransactionEffect::commits_implicitly;
    return TransactionEffect::none;
}

// T-SQL, of a statement that begins with one of kChanges or kQueries: does another begin in it?
bool has_further_statement(Statement statement) {
    int depth = 0;
    bool has_change = false;
    bool has_set = false;
    bool may_select = true;  // a SELECT may stand here as a part of the statement
    for (std::size_t i = 0; i < statement.size(); ++i) {
        const Lexeme& lexeme = statement[i];
        if (lexeme.is("(")) ++depth;
        if (lexeme.is(")")) --depth;
        if (!lexeme.is_word() || is_at(statement, i + 1, ".") || (i > 0 && statement[i - 1].is("."))) continue;
        if (is_one_of(lexeme.word, kTransactSql)) return true;
        if (depth > 0) continue;
        if (is_one_of(lexeme.word, kChanges) && !(i > 0 && statement[i - 1].is("THEN"))) {
            if (has_change || !may_select) return true;
            has_change = true;
        } else if (lexeme.is("SET")) {
            if (!has_change || has_set) return true;
            may_select = false;
            has_set = !statement[0].is("MERGE");
        } else if (lexeme.is("VALUES")) {
            may_select = false;
        } else if (lexeme.is("UNION") || lexeme.is("EXCEPT") || lexeme.is("INTERSECT")) {
            may_select = true;
        } else if (lexeme.is("SELECT")) {
            if (!may_select) return true;
            may_select = false;
        } else if (lexeme.is("FETCH") && !(i > 0 && (statement[i - 1].is("ROWS") || statement[i - 1].is("ROW")))) {
            return true;
        }
    }
    return false;
}

bool has_word(Statement statement, std::string_view word) {
    return std::any_of(statement.begin(), statement.end(), [&](const Lexeme& lexeme) { return lexeme.is(word); });
}

}  // namespace

TransactionWord find_transaction_word(std::string_view sql, std::uint32_t lexis) {
    const Text text(sql, lexis);
    for (const Statement statement : text.statements()) {
        // T-SQL: any of its words may begin one, but not in a routine's body.
        const bool is_script = text.is_transact_sql() && !statement[0].is("CREATE") && !statement[0].is("ALTER");
        for (std::size_t i = 0; i < (is_script ? statement.size() : 1); ++i) {
            std::size_t count = 0;
            const TransactionEffect effect = effect_of(text, statement, i, count);
            if (effect == TransactionEffect::none) continue;
            TransactionWord out{effect, {}, statement[i].begin};
            for (const Lexeme& lexeme : statement.subspan(i, std::min(count, statement.size() - i))) {
                if (!out.words.empty() && !lexeme.is(".") && !out.words.ends_with('.')) out.words += ' ';
                out.words += lexeme.word.empty() ? sql.substr(lexeme.begin, lexeme.end - lexeme.begin)
                                                 : std::string_view(lexeme.word);
            }
            return out;
        }
    }
    return {};
}

bool is_undone_by_error(std::string_view sql, std::uint32_t lexis) {
    const Text text(sql, lexis);
    if (text.statements().size() != 1) return false;
    const Statement statement = text.statements()[0];
    const auto first =
        std::find_if(statement.begin(), statement.end(), [](const Lexeme& lexeme) { return !lexeme.is("("); });
    if (first == statement.end() || !first->is_word()) return false;
    if (is_one_of(first->word, kDefinitions))
        return !text.is_transact_sql() && !has_word(statement, "CONCURRENTLY") &&
               !(first->is("DROP") && has_word(statement, ","));
    if (!is_one_of(first->word, kChanges) && !is_one_of(first->word, kQueries)) return false;
    for (std::size_t i = 1; i < statement.size(); ++i) {
        if (statement[i].is("FAIL") && statement[i - 1].is("OR")) return false;
    }
    return !text.is_transact_sql() || !has_further_statement(statement);
}

std::optional<std::size_t> find_second_statement(std::string_view sql, std::uint32_t lexis) {
    const Text text(sql, lexis);
    return text.statements().size() < 2 ? std::nullopt : std::optional(text.statements()[1][0].begin);
}

}  // namespace kdeps::sql
