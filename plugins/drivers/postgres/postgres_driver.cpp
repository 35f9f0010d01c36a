// SPDX-License-Identifier: Apache-2.0
// The PostgreSQL driver: kdeps.driver/1 on libpq.
#include <kdeps/cpp/driver.hpp>

#include "postgres_connection.hpp"
#include "postgres_options.hpp"
#include "postgres_statement.hpp"

namespace {

class PostgresDriver {
public:
    using Connection = kdeps::postgres::Connection;
    using Statement = kdeps::postgres::Statement;

    PostgresDriver(const kdeps::Host&, const kdeps::Call&) {}

    void check(kdeps::Call& call, const kdeps::Target& target) { kdeps::postgres::read_options(call, target); }

    std::unique_ptr<Connection> open(kdeps::Call& call, const kdeps::Target& target) {
        call.check();
        return std::make_unique<Connection>(call, kdeps::postgres::read_options(call, target), forgetful_);
    }

private:
    kdeps::postgres::ForgetfulServers forgetful_;
};

}  // namespace

KDEPS_DRIVER_PLUGIN(PostgresDriver, {.id = "kdeps.driver.postgres",
                                     .version = KDEPS_PLUGIN_VERSION,
                                     .summary = "PostgreSQL through libpq",
                                     .name = "postgres",
                                     .schemes = "postgres postgresql",
                                     .placeholders = KDEPS_PLACEHOLDER_DOLLAR,
                                     .lexis = KDEPS_LEXIS_DOLLAR_QUOTE | KDEPS_LEXIS_NESTED_COMMENT |
                                              KDEPS_LEXIS_E_STRING | KDEPS_LEXIS_QUESTION_OPERATOR,
                                     .flags = KDEPS_DRIVER_BULK | KDEPS_DRIVER_LISTS})
