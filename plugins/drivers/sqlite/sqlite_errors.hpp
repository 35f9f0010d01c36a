// SPDX-License-Identifier: Apache-2.0
// From SQLite's result codes to errors of kdeps: category, SQLSTATE, what would help, what is still usable.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <kdeps/cpp/error.hpp>

namespace kdeps::sqlite {

// What the code and the message alone do not tell.
struct Circumstances {
    std::string_view doing;               // begins the message: "the statement failed"
    kdeps_status stopped = KDEPS_OK;      // TIMEOUT or CANCELLED if the call should end
    std::chrono::milliseconds waited{0};  // for the locks of other connections
    bool had_transaction = false;         // before the call
};

// `code` is what a function on `db` has just returned: the message is still that of the failure.
Error error_of(sqlite3* db, int code, const Circumstances& circumstances);

// A statement that a read-only transaction does not allow.
Error read_only_error();

}  // namespace kdeps::sqlite
