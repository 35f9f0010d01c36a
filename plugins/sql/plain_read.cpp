// SPDX-License-Identifier: Apache-2.0
#include "plain_read.hpp"

#include <kdeps/driver.h>

#include <algorithm>
#include <array>
#include <span>

#include "lexemes.hpp"

namespace kdeps::sql {

namespace {

// All lists are sorted.
bool has(std::span<const std::string_view> words, std::string_view word) {
    return std::binary_search(words.begin(), words.end(), word);
}

constexpr auto kStarts = std::to_array<std::string_view>({"SELECT", "TABLE", "VALUES", "WITH"});
constexpr auto kChanges = std::to_array<std::string_view>({"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"});
// Of kEffects, those that stand in a change.
constexpr auto kOfChanges =
    std::to_array<std::string_view>({"DELETE", "DO", "INSERT", "INTO", "MERGE", "REPLACE", "SET", "UPDATE"});

// Words that begin a change or a command, or ask for what only a session knows.
constexpr auto kEffects = std::to_array<std::string_view>({"ABORT",
                                                           "ALTER",
                                                           "ANALYZE",
                                                           "ATTACH",
                                                           "BEGIN",
                                                           "CALL",
                                                           "CHECKPOINT",
                                                           "CLUSTER",
                                                           "COMMIT",
                                                           "COPY",
                                                           "CREATE",
                                                           "CURRENT_CATALOG",
                                                           "CURRENT_ROLE",
                                                           "CURRENT_SCHEMA",
                                                           "CURRENT_USER",
                                                           "CURRVAL",
                                                           "DEALLOCATE",
                                                           "DECLARE",
                                                           "DELETE",
                                                           "DETACH",
                                                           "DISCARD",
                                                           "DO",
                                                           "DROP",
                                                           "EXEC",
                                                           "EXECUTE",
                                                           "EXPLAIN",
                                                           "GRANT",
                                                           "HANDLER",
                                                           "INSERT",
                                                           "INSTALL",
                                                           "INTO",
                                                           "KILL",
                                                           "LASTVAL",
                                                           "LISTEN",
                                                           "LOAD",
                                                           "LOCK",
                                                           "MERGE",
                                                           "NEXTVAL",
                                                           "NOTIFY",
                                                           "OPERATOR",
                                                           "PRAGMA",
                                                           "PREPARE",
                                                           "PROCEDURE",
                                                           "REFRESH",
                                                           "REINDEX",
                                                           "RELEASE",
                                                           "REPLACE",
                                                           "RESET",
                                                           "REVOKE",
                                                           "ROLLBACK",
                                                           "SAVEPOINT",
                                                           "SESSION_USER",
                                                           "SET",
                                                           "SETVAL",
                                                           "SHARE",
                                                           "SIGNAL",
                                                           "SQL_CALC_FOUND_ROWS",
                                                           "START",
                                                           "SYSTEM_USER",
                                                           "TRUNCATE",
                                                           "UNLISTEN",
                                                           "UNLOCK",
                                                           "UPDATE",
                                                           "USE",
                                                           "VACUUM",
                                                           "XA"});
// T-SQL separates statements by their first words alone.
constexpr auto kTransactSql = std::to_array<std::string_view>(
    {"ADD",     "BACKUP",    "BREAK",   "BULK",  "CLOSE",       "CONTINUE",     "DBCC",     "DENY",
     "DISABLE", "DUMP",      "ENABLE",  "GET",   "GOTO",        "HOLDLOCK",     "IDENTITY", "IF",
     "MOVE",    "OPEN",      "PAGLOCK", "PRINT", "RAISERROR",   "READTEXT",     "RECEIVE",  "RECONFIGURE",
     "RESTORE", "RETURN",    "REVERT",  "SAVE",  "SEND",        "SERIALIZABLE", "SETUSER",  "SHUTDOWN",
     "TABLOCK", "TABLOCKX",  "THROW",   "TRAN",  "TRANSACTION", "UPDATETEXT",   "UPDLOCK",  "WAITFOR",
     "WHILE",   "WRITETEXT", "XLOCK"});
// They take no name, so that a parenthesis or a text behind one belongs to an expression.
constexpr auto kKeywords = std::to_array<std::string_view>(
    {"ALL",    "AND",     "ANY",  "ARRAY", "AS",     "BETWEEN", "CASE", "DISTINCT",  "ELSE",
     "EXCEPT", "EXISTS",  "FROM", "GROUP", "HAVING", "ILIKE",   "IN",   "INTERSECT", "IS",
     "JOIN",   "LATERAL", "LIKE", "LIMIT", "NOT",    "OFFSET",  "ON",   "OR",        "ROW",
     "SELECT", "SOME",    "THEN", "UNION", "USING",  "VALUES",  "WHEN", "WHERE"});
// May stand before a text, beside the keywords: values of these types are read by the database itself.
constexpr auto kTypes = std::to_array<std::string_view>({"BIGINT",
                                                         "BINARY",
                                                         "BIT",
                                                         "BLOB",
                                                         "BOOL",
                                                         "BOOLEAN",
                                                         "BPCHAR",
                                                         "BYTEA",
                                                         "CHAR",
                                                         "CHARACTER",
                                                         "CIDR",
                                                         "DATE",
                                                         "DATETIME",
                                                         "DATETIME2",
                                                         "DATETIMEOFFSET",
                                                         "DEC",
                                                         "DECIMAL",
                                                         "DOUBLE",
                                                         "FLOAT",
                                                         "FLOAT4",
                                                         "FLOAT8",
                                                         "INET",
                                                         "INT",
                                                         "INT2",
                                                         "INT4",
                                                         "INT8",
                                                         "INTEGER",
                                                         "INTERVAL",
                                                         "JSON",
                                                         "JSONB",
                                                         "MEDIUMINT",
                                                         "MONEY",
                                                         "NCHAR",
                                                         "NUMERIC",
                                                         "NVARCHAR",
                                                         "REAL",
                                                         "SIGNED",
                                                         "SMALLDATETIME",
                                                         "SMALLINT",
                                                         "SMALLMONEY",
                                                         "TEXT",
                                                         "TIME",
                                                         "TIMESTAMP",
                                                         "TIMESTAMPTZ",
                                                         "TIMETZ",
                                                         "TINYINT",
                                                         "UNIQUEIDENTIFIER",
                                                         "UNSIGNED",
                                                         "UUID",
                                                         "VARBINARY",
                                                         "VARBIT",
                                                         "VARCHAR",
                                                         "YEAR"});
// Built-in functions that compute from their arguments, or tell the time.
constexpr auto kFunctions = std::to_array<std::string_view>({"ABS",
                                                             "ACOS",
                                                             "AGE",
                                                             "ANY_VALUE",
                                                             "APPROX_COUNT_DISTINCT",
                                                             "ARRAY_AGG",
                                                             "ARRAY_LENGTH",
                                                             "ARRAY_POSITION",
                                                             "ARRAY_REMOVE",
                                                             "ARRAY_TO_JSON",
                                                             "ARRAY_TO_STRING",
                                                             "ASCII",
                                                             "ASIN",
                                                             "ATAN",
                                                             "ATAN2",
                                                             "AVG",
                                                             "BIT_AND",
                                                             "BIT_LENGTH",
                                                             "BIT_OR",
                                                             "BOOL_AND",
                                                             "BOOL_OR",
                                                             "BTRIM",
                                                             "CARDINALITY",
                                                             "CAST",
                                                             "CEIL",
                                                             "CEILING",
                                                             "CHAR",
                                                             "CHARACTER_LENGTH",
                                                             "CHARINDEX",
                                                             "CHAR_LENGTH",
                                                             "CHECKSUM",
                                                             "CHOOSE",
                                                             "CHR",
                                                             "CLOCK_TIMESTAMP",
                                                             "COALESCE",
                                                             "CONCAT",
                                                             "CONCAT_WS",
                                                             "CONVERT",
                                                             "CORR",
                                                             "COS",
                                                             "COT",
                                                             "COUNT",
                                                             "COUNT_BIG",
                                                             "COVAR_POP",
                                                             "COVAR_SAMP",
                                                             "CRC32",
                                                             "CUME_DIST",
                                                             "CURDATE",
                                                             "CURRENT_DATE",
                                                             "CURRENT_TIME",
                                                             "CURRENT_TIMESTAMP",
                                                             "CURTIME",
                                                             "DATE",
                                                             "DATEADD",
                                                             "DATEDIFF",
                                                             "DATEDIFF_BIG",
                                                             "DATEFROMPARTS",
                                                             "DATENAME",
                                                             "DATEPART",
                                                             "DATETIME",
                                                             "DATETRUNC",
                                                             "DATE_ADD",
                                                             "DATE_FORMAT",
                                                             "DATE_PART",
                                                             "DATE_SUB",
                                                             "DATE_TRUNC",
                                                             "DAY",
                                                             "DAYNAME",
                                                             "DAYOFMONTH",
                                                             "DAYOFWEEK",
                                                             "DAYOFYEAR",
                                                             "DEGREES",
                                                             "DENSE_RANK",
                                                             "DIV",
                                                             "ELT",
                                                             "EOMONTH",
                                                             "EVERY",
                                                             "EXP",
                                                             "EXTRACT",
                                                             "FIELD",
                                                             "FIND_IN_SET",
                                                             "FIRST_VALUE",
                                                             "FLOOR",
                                                             "FORMAT",
                                                             "FROM_DAYS",
                                                             "FROM_UNIXTIME",
                                                             "GENERATE_SERIES",
                                                             "GENERATE_SUBSCRIPTS",
                                                             "GEN_RANDOM_UUID",
                                                             "GETDATE",
                                                             "GETUTCDATE",
                                                             "GREATEST",
                                                             "GROUPING",
                                                             "GROUP_CONCAT",
                                                             "HEX",
                                                             "HOUR",
                                                             "IFNULL",
                                                             "IIF",
                                                             "INITCAP",
                                                             "INSTR",
                                                             "ISDATE",
                                                             "ISJSON",
                                                             "ISNULL",
                                                             "ISNUMERIC",
                                                             "JSON",
                                                             "JSONB",
                                                             "JSONB_AGG",
                                                             "JSONB_ARRAY_ELEMENTS",
                                                             "JSONB_ARRAY_ELEMENTS_TEXT",
                                                             "JSONB_ARRAY_LENGTH",
                                                             "JSONB_BUILD_ARRAY",
                                                             "JSONB_BUILD_OBJECT",
                                                             "JSONB_EACH",
                                                             "JSONB_EACH_TEXT",
                                                             "JSONB_EXTRACT_PATH",
                                                             "JSONB_EXTRACT_PATH_TEXT",
                                                             "JSONB_OBJECT_AGG",
                                                             "JSONB_OBJECT_KEYS",
                                                             "JSONB_SET",
                                                             "JSONB_STRIP_NULLS",
                                                             "JSONB_TYPEOF",
                                                             "JSON_AGG",
                                                             "JSON_ARRAY",
                                                             "JSON_ARRAYAGG",
                                                             "JSON_ARRAY_ELEMENTS",
                                                             "JSON_ARRAY_ELEMENTS_TEXT",
                                                             "JSON_ARRAY_LENGTH",
                                                             "JSON_BUILD_ARRAY",
                                                             "JSON_BUILD_OBJECT",
                                                             "JSON_CONTAINS",
                                                             "JSON_DEPTH",
                                                             "JSON_EACH",
                                                             "JSON_EACH_TEXT",
                                                             "JSON_EXTRACT",
                                                             "JSON_EXTRACT_PATH",
                                                             "JSON_EXTRACT_PATH_TEXT",
                                                             "JSON_GROUP_ARRAY",
                                                             "JSON_GROUP_OBJECT",
                                                             "JSON_KEYS",
                                                             "JSON_LENGTH",
                                                             "JSON_MODIFY",
                                                             "JSON_OBJECT",
                                                             "JSON_OBJECTAGG",
                                                             "JSON_OBJECT_AGG",
                                                             "JSON_OBJECT_KEYS",
                                                             "JSON_PATH_EXISTS",
                                                             "JSON_QUERY",
                                                             "JSON_QUOTE",
                                                             "JSON_SET",
                                                             "JSON_STRIP_NULLS",
                                                             "JSON_TREE",
                                                             "JSON_TYPE",
                                                             "JSON_TYPEOF",
                                                             "JSON_UNQUOTE",
                                                             "JSON_VALID",
                                                             "JSON_VALUE",
                                                             "JULIANDAY",
                                                             "JUSTIFY_DAYS",
                                                             "JUSTIFY_HOURS",
                                                             "JUSTIFY_INTERVAL",
                                                             "LAG",
                                                             "LAST_DAY",
                                                             "LAST_VALUE",
                                                             "LCASE",
                                                             "LEAD",
                                                             "LEAST",
                                                             "LEFT",
                                                             "LEN",
                                                             "LENGTH",
                                                             "LN",
                                                             "LOCALTIME",
                                                             "LOCALTIMESTAMP",
                                                             "LOCATE",
                                                             "LOG",
                                                             "LOG10",
                                                             "LOG2",
                                                             "LOWER",
                                                             "LPAD",
                                                             "LTRIM",
                                                             "MAKEDATE",
                                                             "MAKETIME",
                                                             "MAKE_DATE",
                                                             "MAKE_INTERVAL",
                                                             "MAKE_TIME",
                                                             "MAKE_TIMESTAMP",
                                                             "MAKE_TIMESTAMPTZ",
                                                             "MAX",
                                                             "MD5",
                                                             "MICROSECOND",
                                                             "MID",
                                                             "MIN",
                                                             "MINUTE",
                                                             "MOD",
                                                             "MODE",
                                                             "MONTH",
                                                             "MONTHNAME",
                                                             "NCHAR",
                                                             "NEWID",
                                                             "NOW",
                                                             "NTH_VALUE",
                                                             "NTILE",
                                                             "NULLIF",
                                                             "NUM_NONNULLS",
                                                             "NUM_NULLS",
                                                             "OCTET_LENGTH",
                                                             "OPENJSON",
                                                             "ORD",
                                                             "OVERLAY",
                                                             "PATINDEX",
                                                             "PERCENTILE_CONT",
                                                             "PERCENTILE_DISC",
                                                             "PERCENT_RANK",
                                                             "PG_TYPEOF",
                                                             "PI",
                                                             "PLAINTO_TSQUERY",
                                                             "POSITION",
                                                             "POW",
                                                             "POWER",
                                                             "PRINTF",
                                                             "QUARTER",
                                                             "QUOTENAME",
                                                             "QUOTE_IDENT",
                                                             "QUOTE_LITERAL",
                                                             "RADIANS",
                                                             "RANDOM",
                                                             "RANK",
                                                             "REGEXP_LIKE",
                                                             "REGEXP_MATCH",
                                                             "REGEXP_MATCHES",
                                                             "REGEXP_REPLACE",
                                                             "REGEXP_SPLIT_TO_ARRAY",
                                                             "REGEXP_SPLIT_TO_TABLE",
                                                             "REGEXP_SUBSTR",
                                                             "REGR_INTERCEPT",
                                                             "REGR_SLOPE",
                                                             "REPEAT",
                                                             "REPLACE",
                                                             "REPLICATE",
                                                             "REVERSE",
                                                             "RIGHT",
                                                             "ROUND",
                                                             "ROW_NUMBER",
                                                             "ROW_TO_JSON",
                                                             "RPAD",
                                                             "RTRIM",
                                                             "SECOND",
                                                             "SEC_TO_TIME",
                                                             "SHA1",
                                                             "SHA2",
                                                             "SHA256",
                                                             "SIGN",
                                                             "SIN",
                                                             "SOUNDEX",
                                                             "SPACE",
                                                             "SPLIT_PART",
                                                             "SQRT",
                                                             "STARTS_WITH",
                                                             "STATEMENT_TIMESTAMP",
                                                             "STDDEV",
                                                             "STDDEV_POP",
                                                             "STDDEV_SAMP",
                                                             "STDEV",
                                                             "STDEVP",
                                                             "STRFTIME",
                                                             "STRING_AGG",
                                                             "STRING_ESCAPE",
                                                             "STRING_SPLIT",
                                                             "STRING_TO_ARRAY",
                                                             "STRPOS",
                                                             "STR_TO_DATE",
                                                             "STUFF",
                                                             "SUBDATE",
                                                             "SUBSTR",
                                                             "SUBSTRING",
                                                             "SUBSTRING_INDEX",
                                                             "SUM",
                                                             "SWITCHOFFSET",
                                                             "SYSDATETIME",
                                                             "SYSDATETIMEOFFSET",
                                                             "SYSUTCDATETIME",
                                                             "TAN",
                                                             "TIME",
                                                             "TIMESTAMP",
                                                             "TIMESTAMPDIFF",
                                                             "TIME_FORMAT",
                                                             "TIME_TO_SEC",
                                                             "TODATETIMEOFFSET",
                                                             "TOTAL",
                                                             "TO_BASE64",
                                                             "TO_CHAR",
                                                             "TO_DATE",
                                                             "TO_DAYS",
                                                             "TO_HEX",
                                                             "TO_JSON",
                                                             "TO_JSONB",
                                                             "TO_NUMBER",
                                                             "TO_TIMESTAMP",
                                                             "TO_TSQUERY",
                                                             "TO_TSVECTOR",
                                                             "TRANSLATE",
                                                             "TRIM",
                                                             "TRUNC",
                                                             "TRUNCATE",
                                                             "TRY_CAST",
                                                             "TRY_CONVERT",
                                                             "TS_RANK",
                                                             "TYPEOF",
                                                             "UCASE",
                                                             "UNHEX",
                                                             "UNICODE",
                                                             "UNIXEPOCH",
                                                             "UNIX_TIMESTAMP",
                                                             "UNNEST",
                                                             "UPPER",
                                                             "UTC_DATE",
                                                             "UTC_TIME",
                                                             "UTC_TIMESTAMP",
                                                             "VAR",
                                                             "VARIANCE",
                                                             "VARP",
                                                             "VAR_POP",
                                                             "VAR_SAMP",
                                                             "WEBSEARCH_TO_TSQUERY",
                                                             "WEEK",
                                                             "WEEKDAY",
                                                             "YEAR",
                                                             "YEARWEEK"});
constexpr auto kOperators = std::to_array<std::string_view>(
    {"!",  "!=", "!~", "!~*", "#>", "#>>", "%",  "&", "&&", "*",  "+",  "-",  "->", "->>", "/", "<",  "<<", "<=", "<=>",
     "<>", "<@", "=",  "==",  ">",  ">=",  ">>", "?", "?&", "?|", "@>", "@?", "@@", "^",   "|", "||", "~",  "~*"});

static_assert(std::is_sorted(kEffects.begin(), kEffects.end()));
static_assert(std::is_sorted(kTransactSql.begin(), kTransactSql.end()));
static_assert(std::is_sorted(kKeywords.begin(), kKeywords.end()));
static_assert(std::is_sorted(kTypes.begin(), kTypes.end()));
static_assert(std::is_sorted(kFunctions.begin(), kFunctions.end()));
static_assert(std::is_sorted(kOperators.begin(), kOperators.end()));

// Comments that a database reads (/*! … */, hints), that may end for it elsewhere than here, or quotes that do.
bool is_ambiguous(std::string_view text, const Token& token) {
    if (!token.is_closed) return true;
    if (text.find('\0') != std::string_view::npos) return true;
    if (token.kind == TokenKind::comment) {
        const bool is_read = text.starts_with("/*!") || text.starts_with("/*M!") || text.starts_with("/*+");
        const std::size_t cr = text.find('\r');
        return is_read || (!text.starts_with("/*") && cr != std::string_view::npos && cr + 1 != text.size()) ||
               (text.starts_with("/*") && text.find("/*", 2) != std::string_view::npos);
    }
    return token.kind == TokenKind::string &&
           (text.find("\\'") != std::string_view::npos || text.find("\\\"") != std::string_view::npos);
}

class Judge {
public:
    Judge(std::string_view sql, std::uint32_t lexis, bool may_change)
        : sql_(sql), lexis_(lexis), may_change_(may_change) {
        const std::vector<Token> tokens = tokenize(sql, lexis, {});
        for (const Token& token : tokens)
            is_clear_ = is_clear_ && !is_ambiguous(sql.substr(token.begin, token.end - token.begin), token);
        all_ = lexemes(sql, tokens);
        while (!all_.empty() && all_.back().is(";")) all_.pop_back();
    }

    bool is_plain() {
        if (!is_clear_ || !begins_well()) return false;
        for (at_ = 0; at_ < all_.size(); ++at_) {
            if (!is_plain(all_[at_])) return false;
        }
        return true;
    }

private:
    bool has_lexis(std::uint32_t flag) const { return (lexis_ & flag) != 0; }
    bool is_transact_sql() const { return has_lexis(KDEPS_LEXIS_BRACKET) && !has_lexis(KDEPS_LEXIS_BACKTICK); }
    const Lexeme* before(std::size_t count = 1) const { return at_ >= count ? &all_[at_ - count] : nullptr; }
    const Lexeme* behind(std::size_t count = 1) const {
        return at_ + count < all_.size() ? &all_[at_ + count] : nullptr;
    }
    bool is_before(std::string_view word, std::size_t count = 1) const {
        const Lexeme* lexeme = before(count);
        return lexeme != nullptr && lexeme->is(word);
    }
    bool is_behind(std::string_view word, std::size_t count = 1) const {
        const Lexeme* lexeme = behind(count);
        return lexeme != nullptr && lexeme->is(word);
    }

    bool begins_well() const {
        const auto first = std::find_if(all_.begin(), all_.end(), [](const Lexeme& lexeme) { return !lexeme.is("("); });
        return first != all_.end() && first->is_word() &&
               has(may_change_ ? std::span<const std::string_view>(kChanges)
                               : std::span<const std::string_view>(kStarts),
                   first->word);
    }

    bool is_plain(const Lexeme& lexeme) {
        switch (lexeme.kind) {
            case TokenKind::word: return is_plain_word(lexeme);
            case TokenKind::name: return !is_behind("(") || is_alias() || is_target();
            case TokenKind::string: return is_plain_text();
            case TokenKind::number: return true;
            case TokenKind::dollar: return true;
            // Another than what the drivers write would be a variable.
            case TokenKind::at_name: return is_transact_sql() && is_placeholder(text(lexeme));
            case TokenKind::question: return !has_lexis(KDEPS_LEXIS_QUESTION_OPERATOR) || is_plain_operator();
            case TokenKind::symbol: return is_plain_symbol(lexeme);
            default: return false;
        }
    }

    std::string_view text(const Lexeme& lexeme) const { return sql_.substr(lexeme.begin, lexeme.end - lexeme.begin); }

    // @p1
    static bool is_placeholder(std::string_view name) {
        return name.size() > 2 && name.starts_with("@p") &&
               name.find_first_not_of("0123456789", 2) == std::string_view::npos;
    }

    bool is_plain_word(const Lexeme& lexeme) {
        const std::string& word = lexeme.word;
        if (word.starts_with('@') || word.starts_with("PRAGMA_")) return false;
        const bool is_called = is_behind("(");
        const bool is_of_change = may_change_ && has(kOfChanges, word);
        if (has(kEffects, word) && !is_of_change && !(is_called && (word == "REPLACE" || word == "TRUNCATE")))
            return false;
        if (word == "USER" && !is_before(".") && !is_behind(".")) return false;
        if ((word == "NEXT" || word == "PREVIOUS") && is_behind("VALUE")) return false;
        if (is_transact_sql()) {
            if (has(kTransactSql, word)) return false;
            if (word == "FETCH" && !is_before("ROWS") && !is_before("ROW")) return false;
        }
        if (word == "AS" && is_cast()) return has_type(1);
        if (!is_called || is_target()) return true;
        if (word == "WITH") return is_before_hint();
        if (is_before(".")) return false;
        return has(kKeywords, word) || has(kFunctions, word) || is_alias() || is_type() || is_clause(word);
    }

    // Behind AS, ) and WITH stands a name with columns, and no call.
    bool is_alias() const {
        return is_before("AS") || is_before(")") || is_before("WITH") ||
               (is_before("RECURSIVE") && is_before("WITH", 2));
    }
    // Behind INTO stands a table with columns, and behind CONFLICT nothing but columns.
    bool is_target() const {
        if (!may_change_) return false;
        std::size_t dots = 1;
        while (is_before(".", dots)) dots += 2;
        return is_before("INTO", dots) || all_[at_].is("CONFLICT");
    }
    // x::numeric(5, 2)
    bool is_type() const { return is_before("::"); }

    bool is_clause(std::string_view word) const {
        if (word == "BY") return is_before("ORDER") || is_before("GROUP") || is_before("PARTITION");
        if (word == "MATERIALIZED") return is_before("AS") || is_before("NOT");
        if (word == "SETS") return is_before("GROUPING");
        if (word == "ROLLUP" || word == "CUBE") return is_before("BY");
        if (word == "TOP") return is_transact_sql() && (is_before("SELECT") || is_before("DISTINCT"));
        if (word == "OPTION") return is_transact_sql();
        if (word == "IF") return has_lexis(KDEPS_LEXIS_HASH_COMMENT);
        return has(kTypes, word) && is_in_cast_;
    }

    // T-SQL: WITH (NOLOCK)
    bool is_before_hint() const {
        return is_transact_sql() && (is_behind("NOLOCK", 2) || is_behind("READUNCOMMITTED", 2)) && is_behind(")", 3);
    }

    // Is the innermost parenthesis that of CAST?
    bool is_cast() const { return !casts_.empty() && casts_.back(); }

    bool has_type(std::size_t ahead) const {
        const Lexeme* type = behind(ahead);
        return type != nullptr && type->is_word() && has(kTypes, type->word) && !is_behind(".", ahead + 1);
    }

    // 'text' stands for itself; behind a word it may be read by the code of a type.
    bool is_plain_text() const {
        const Lexeme* word = before();
        if (word == nullptr || !word->is_word()) return word == nullptr || word->kind != TokenKind::name;
        if (has(kKeywords, word->word) || has(kTypes, word->word) || word->is("ESCAPE")) return true;
        if (word->is("ZONE")) return is_before("TIME", 2);
        if (word->is("TO")) return is_before("SIMILAR", 2);
        if (word->is("PRECISION") || word->is("VARYING")) return false;
        // Only PostgreSQL has types that users define and write before a text.
        return !has_lexis(KDEPS_LEXIS_E_STRING) && (word->is("REGEXP") || word->is("RLIKE") || word->is("GLOB") ||
                                                    word->is("SEPARATOR") || word->word.starts_with('_'));
    }

    bool is_plain_symbol(const Lexeme& lexeme) {
        if (lexeme.is("(")) {
            const bool is_cast = is_before("CAST") || is_before("TRY_CAST");
            const bool is_convert = is_before("CONVERT") || is_before("TRY_CONVERT");
            if (is_convert && is_transact_sql() && !has_type(1)) return false;
            casts_.push_back(is_cast);
            is_in_cast_ = is_cast || is_convert;
            return true;
        }
        if (lexeme.is(")")) {
            if (casts_.empty()) return false;
            casts_.pop_back();
            is_in_cast_ = is_cast();
            return true;
        }
        if (lexeme.is("::")) return has_type(1);
        if (lexeme.is("[")) {
            ++brackets_;
            return true;
        }
        if (lexeme.is("]")) {
            --brackets_;
            return brackets_ >= 0;
        }
        if (lexeme.is(":")) return brackets_ > 0 && !is_behind("=");
        if (lexeme.is(",") || lexeme.is(".")) return true;
        return is_plain_operator();
    }

    static bool is_operator_part(const Lexeme& lexeme) {
        return (lexeme.kind == TokenKind::symbol || lexeme.kind == TokenKind::question) && lexeme.word.size() == 1 &&
               std::string_view("+-*/<>=~!@#%^&|`?").find(lexeme.word[0]) != std::string_view::npos;
    }

    // As many as touch one another; at_ is then the last of them.
    bool is_plain_operator() {
        std::string found;
        const std::size_t first = at_;
        for (; at_ < all_.size() && is_operator_part(all_[at_]); ++at_) {
            if (at_ > first && all_[at_ - 1].end != all_[at_].begin) break;
            if (all_[at_].kind == TokenKind::question && !has_lexis(KDEPS_LEXIS_QUESTION_OPERATOR)) break;
            found += all_[at_].word;
        }
        if (at_ == first) return false;
        --at_;
        // a=-1, a<-1: the sign is its own, in PostgreSQL unless one of these stands before it.
        const bool has_own_sign =
            !has_lexis(KDEPS_LEXIS_E_STRING) || found.find_first_of("~!@#%^&|`?") == std::string::npos;
        while (has_own_sign && found.size() > 1 && (found.ends_with('-') || found.ends_with('+')) &&
               !has(kOperators, found))
            found.pop_back();
        return has(kOperators, found);
    }

    const std::string_view sql_;
    const std::uint32_t lexis_;
    const bool may_change_;
    bool is_clear_ = true;
    std::vector<Lexeme> all_;
    std::size_t at_ = 0;
    std::vector<bool> casts_;  // per open parenthesis: that of CAST
    bool is_in_cast_ = false;
    int brackets_ = 0;
};

}  // namespace

bool is_plain_read(std::string_view sql, std::uint32_t lexis) { return Judge(sql, lexis, false).is_plain(); }

bool is_plain_change(std::string_view sql, std::uint32_t lexis) { return Judge(sql, lexis, true).is_plain(); }

}  // namespace kdeps::sql
