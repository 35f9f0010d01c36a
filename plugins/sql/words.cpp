// SPDX-License-Identifier: Apache-2.0
#include "words.hpp"

#include <algorithm>
#include <array>

namespace kdeps::sql {

namespace {

template <std::size_t N>
bool has(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr auto kBeforeValue = std::to_array<std::string_view>({
    "ALL",      "AND",       "ANY",       "AS",     "BETWEEN", "BOTH",     "BY",        "CALL",    "CASE",
    "COLLATE",  "DEFAULT",   "DISTINCT",  "DIV",    "ELSE",    "ELSIF",    "ESCAPE",    "EXCEPT",  "FETCH",
    "FIRST",    "FOR",       "FROM",      "GLOB",   "GROUPS",  "HAVING",   "ILIKE",     "IN",      "INTERSECT",
    "INTERVAL", "INTO",      "IS",        "JOIN",   "LATERAL", "LEADING",  "LIKE",      "LIMIT",   "MATCH",
    "MOD",      "NEXT",      "NOT",       "OFFSET", "ON",      "OR",       "OVERLAPS",  "PLACING", "RANGE",
    "REGEXP",   "RETURN",    "RETURNING", "RLIKE",  "ROWS",    "SELECT",   "SEPARATOR", "SET",     "SIMILAR",
    "SOME",     "SYMMETRIC", "THEN",      "TO",     "TOP",     "TRAILING", "UESCAPE",   "UNION",   "USING",
    "VALUES",   "VARIADIC",  "WHEN",      "WHERE",  "WITH",    "XOR",      "ZONE",
});
constexpr auto kBeforeName =
    std::to_array<std::string_view>({"JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "INDEX", "SCHEMA", "DATABASE", "BY",
                                     "AS", "COLUMN", "SET", "SEQUENCE", "TRUNCATE"});
constexpr auto kBeforeCount = std::to_array<std::string_view>({"LIMIT", "OFFSET", "TOP", "FIRST", "NEXT", "FETCH"});
constexpr auto kClauses = std::to_array<std::string_view>(
    {"SELECT", "FROM",   "WHERE",  "SET",       "HAVING",    "VALUES", "LIMIT",  "OFFSET",
     "FETCH",  "UNION",  "EXCEPT", "INTERSECT", "RETURNING", "FOR",    "ON",     "USING",
     "WHEN",   "UPDATE", "WINDOW", "ROWS",      "RANGE",     "GROUPS", "OPTION", "OUTPUT"});
constexpr auto kStatements = std::to_array<std::string_view>(
    {"ALTER",    "BEGIN",  "CLOSE", "COMMIT", "CREATE",   "DECLARE", "DELETE", "DROP",      "EXEC",
     "EXECUTE",  "FETCH",  "IF",    "INSERT", "MERGE",    "OPEN",    "PRINT",  "RAISERROR", "RETURN",
     "ROLLBACK", "SELECT", "SET",   "THROW",  "TRUNCATE", "UPDATE",  "WHILE",  "WITH"});

}  // namespace

bool is_before_value(std::string_view word) { return has(kBeforeValue, word); }
bool is_before_name(std::string_view word) { return has(kBeforeName, word); }
bool is_before_count(std::string_view word) { return has(kBeforeCount, word); }
bool is_clause(std::string_view word) { return has(kClauses, word); }
bool begins_statement(std::string_view word) { return has(kStatements, word); }

}  // namespace kdeps::sql
