// SPDX-License-Identifier: Apache-2.0
// The driver for MariaDB and MySQL, on MariaDB Connector/C.
#include <kdeps/cpp/driver.hpp>

#include "mysql_connection.hpp"
#include "mysql_session.hpp"
#include "mysql_settings.hpp"
#include "mysql_statement.hpp"

namespace kdeps::mysql {

class Driver {
public:
    using Connection = mysql::Connection;
    using Statement = mysql::Statement;

    // The library initialises itself on first use, which two threads may not do at once.
    Driver(const Host&, const Call&) {
        if (mysql_library_init(0, nullptr, nullptr) != 0) {
            throw Error(KDEPS_INTERNAL, "the MariaDB client library cannot be initialised");
        }
    }

    void check(Call& call, const Target& target) const { read_settings(call, target); }

    std::unique_ptr<Connection> open(Call& call, const Target& target) const {
        return std::make_unique<Connection>(call, read_settings(call, target));
    }
};

}  // namespace kdeps::mysql

KDEPS_DRIVER_PLUGIN(kdeps::mysql::Driver, {.id = "kdeps.driver.mysql",
                                           .version = KDEPS_PLUGIN_VERSION,
                                           .summary = "Driver for MariaDB and MySQL",
                                           .name = "mysql",
                                           .schemes = "mysql mariadb",
                                           .placeholders = KDEPS_PLACEHOLDER_QUESTION,
                                           .lexis = kdeps::mysql::Session::kLexis,
                                           .quote = "``",
                                           .flags = KDEPS_DRIVER_BULK})
