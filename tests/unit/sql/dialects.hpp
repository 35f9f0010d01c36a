// SPDX-License-Identifier: Apache-2.0
// The rules of the databases' dialects, as their drivers give them.
#pragma once

#include <kdeps/driver.h>

namespace kdeps::sql {

inline kdeps_driver dialect(std::uint32_t placeholders, std::uint32_t lexis, const char* quote) {
    kdeps_driver out{};
    out.placeholders = placeholders;
    out.lexis = lexis;
    out.quote = {quote, 2};
    return out;
}

inline const kdeps_driver kPostgres = dialect(
    KDEPS_PLACEHOLDER_DOLLAR,
    KDEPS_LEXIS_DOLLAR_QUOTE | KDEPS_LEXIS_NESTED_COMMENT | KDEPS_LEXIS_E_STRING | KDEPS_LEXIS_QUESTION_OPERATOR,
    "\"\"");
inline const kdeps_driver kMysql = dialect(KDEPS_PLACEHOLDER_QUESTION,
                                           KDEPS_LEXIS_BACKSLASH | KDEPS_LEXIS_BACKTICK | KDEPS_LEXIS_HASH_COMMENT |
                                               KDEPS_LEXIS_DOUBLE_QUOTE_TEXT | KDEPS_LEXIS_DASH_NEEDS_SPACE,
                                           "``");
inline const kdeps_driver kSqlite =
    dialect(KDEPS_PLACEHOLDER_QUESTION, KDEPS_LEXIS_BACKTICK | KDEPS_LEXIS_BRACKET, "\"\"");
inline const kdeps_driver kSqlserver =
    dialect(KDEPS_PLACEHOLDER_AT, KDEPS_LEXIS_BRACKET | KDEPS_LEXIS_NESTED_COMMENT, "[]");

}  // namespace kdeps::sql
