// SPDX-License-Identifier: Apache-2.0
// Walks through the results of one request.
#pragma once

#include <cstdint>

#include "sqlserver_connection.hpp"

namespace kdeps::sqlserver {

// A request has results, some of which have rows.  Its errors come between them, so all are read before the first error
// is thrown.  One thread.
class Results {
public:
    Results(Connection& connection, Operation& operation) : connection_(connection), operation_(&operation) {}

    // The rest is read in another operation.
    void continue_in(Operation& operation) { operation_ = &operation; }

    // To the next result; false at the end.  Throws Error if the connection or the call is over.
    bool next();
    bool has_columns() const;
    // The rows that the last result changed or gave; -1 if it does not count.  Behind its last row.
    std::int64_t count() const;
    // To the next row of a result with columns; false behind the last.  Throws Error also for a value that the library
    // could not convert.
    bool next_row();
    bool is_at_end() const { return is_at_end_; }

    // Reads the rest away.
    void drain();
    // After a failure that the driver has found: what may write runs to its end, what only reads is stopped.  Sets what
    // is damaged.
    void end_after(Error& error, const Call& call);
    // Throws the first error that the server or the library reported.
    void expect_success(std::string_view sql = {}) const;

private:
    void expect_going_on();

    Connection& connection_;
    Operation* operation_;
    unsigned rows_ = 0;
    bool is_at_end_ = false;
    bool is_draining_ = false;  // what cannot be converted does not matter any more
};

}  // namespace kdeps::sqlserver
