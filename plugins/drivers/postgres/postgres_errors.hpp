// SPDX-License-Identifier: Apache-2.0
// From PostgreSQL's errors to those of kdeps: category, SQLSTATE, what would help, what is still usable.
#pragma once

#include <kdeps/cpp/error.hpp>

#include "postgres_result.hpp"

namespace kdeps::postgres {

// What the server's words alone do not tell.
struct Circumstances {
    std::string_view doing;                              // begins the message: "the statement failed"
    std::string_view sql = {};                           // for the place of a syntax error; may be empty
    PGTransactionStatusType transaction = PQTRANS_IDLE;  // after the failure
    kdeps_status stopped = KDEPS_OK;                     // TIMEOUT or CANCELLED if this side asked the server to stop
};

// The server's words about a failed result.
Error error_of(const PGresult* result, const Circumstances& circumstances);

// Why the connection attempt failed.  The connection was opened with PQERRORS_VERBOSE, so that the text holds the
// SQLSTATE, which libpq does not tell otherwise.
Error connect_error(const PGconn* connection);

// The connection is gone.  `words` are libpq's, for the message.
enum class Loss {
    before_anything_was_sent,
    nothing_committed,
    unanswered,  // a statement may have committed by itself; the caller knows more of it
    in_doubt     // a commit
};
Error lost_error(std::string_view words, Loss loss);

// The category of an SQLSTATE.
kdeps_status status_of(std::string_view sqlstate);

}  // namespace kdeps::postgres
