// SPDX-License-Identifier: Apache-2.0
// libpq's connections and results, with an owner.
#pragma once

#include <libpq-fe.h>
#include <memory>

namespace kdeps::testing {

struct CloseConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PgConnection = std::unique_ptr<PGconn, CloseConnection>;

struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, ClearResult>;

}  // namespace kdeps::testing
