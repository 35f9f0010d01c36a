// SPDX-License-Identifier: Apache-2.0
// Whose SQL a text is, as far as its reading depends on it.  What a driver tells decides, not its name.
#pragma once

#include <kdeps/driver.h>

#include <cstddef>
#include <cstdint>

namespace kdeps::sql {

struct Dialect {
    std::uint32_t placeholders = 0;  // KDEPS_PLACEHOLDER_*
    std::uint32_t lexis = 0;         // KDEPS_LEXIS_*, of the session

    bool has(std::uint32_t flag) const { return (lexis & flag) != 0; }
    bool is_numbered() const { return placeholders != KDEPS_PLACEHOLDER_QUESTION; }
    bool is_postgres() const { return placeholders == KDEPS_PLACEHOLDER_DOLLAR && has(KDEPS_LEXIS_E_STRING); }
    bool is_mysql() const { return has(KDEPS_LEXIS_HASH_COMMENT); }
    bool is_transact_sql() const { return has(KDEPS_LEXIS_BRACKET) && !has(KDEPS_LEXIS_BACKTICK); }
    bool is_sqlite() const { return has(KDEPS_LEXIS_BRACKET) && has(KDEPS_LEXIS_BACKTICK); }

    // Parameters that a statement may have.
    std::size_t most_parameters() const { return is_transact_sql() ? 2'098 : is_sqlite() ? 32'766 : 65'535; }
};

}  // namespace kdeps::sql
