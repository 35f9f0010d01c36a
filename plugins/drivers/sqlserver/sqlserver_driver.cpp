// SPDX-License-Identifier: Apache-2.0
// The driver for Microsoft SQL Server, on FreeTDS (DB-Library).
#include <kdeps/cpp/driver.hpp>

#include "sqlserver_connection.hpp"
#include "sqlserver_library.hpp"
#include "sqlserver_settings.hpp"
#include "sqlserver_statement.hpp"

namespace kdeps::sqlserver {

class Driver {
public:
    using Connection = sqlserver::Connection;
    using Statement = sqlserver::Statement;

    Driver(const Host&, const Call&) {}

    void check(Call& call, const Target& target) const { read_settings(call, target); }

    std::unique_ptr<Connection> open(Call& call, const Target& target) {
        return std::make_unique<Connection>(library_, call, read_settings(call, target));
    }

private:
    Library library_;
};

}  // namespace kdeps::sqlserver

KDEPS_DRIVER_PLUGIN(kdeps::sqlserver::Driver, {.id = "kdeps.driver.sqlserver",
                                               .version = KDEPS_PLUGIN_VERSION,
                                               .summary = "Driver for Microsoft SQL Server",
                                               .name = "sqlserver",
                                               .schemes = "sqlserver mssql",
                                               .placeholders = KDEPS_PLACEHOLDER_AT,
                                               .lexis = KDEPS_LEXIS_BRACKET | KDEPS_LEXIS_NESTED_COMMENT,
                                               .quote = "[]",
                                               .flags = KDEPS_DRIVER_BULK})
