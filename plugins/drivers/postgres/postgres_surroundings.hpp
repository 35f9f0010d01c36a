// SPDX-License-Identifier: Apache-2.0
// What the database knows of the names that a statement's text holds.  The server splits the text into words and takes
// each for a name that it may be, in a literal and in a comment too: more is found than is meant, and nothing less.
#pragma once

#include <string>

#include "postgres_result.hpp"

namespace kdeps::postgres {

struct Surroundings {
    // A name may be a view, a table with policies, a foreign table, a function or an operator of the user: what its
    // words show is not all that the statement does.
    bool may_write = true;
    // CALL and DO can commit while they run.
    bool may_commit_within = true;
    bool has_tables = true;
    // A query over the same tables without rows: its result type changes when a column of them does, and the server
    // refuses to execute it then.  Empty: there is none, as the user may not read them or they are too many.
    std::string witness;

    int process_id = 0;  // of the session that answered

    // Given the statement's text as $1.
    static const char* const kQuery;
    static Surroundings of(const PGresult* answer);
};

}  // namespace kdeps::postgres
