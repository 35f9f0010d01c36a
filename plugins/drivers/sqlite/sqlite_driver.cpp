// SPDX-License-Identifier: Apache-2.0
// SQLite through its own library.
#include <kdeps/cpp/driver.hpp>

#include "sqlite_connection.hpp"
#include "sqlite_open.hpp"

namespace kdeps::sqlite {

class Driver {
public:
    using Connection = sqlite::Connection;
    using Statement = sqlite::Statement;

    Driver(const Host&, const Call&) {}

    void check(Call& call, const Target& target) const { read_options(call, target); }

    std::unique_ptr<Connection> open(Call& call, const Target& target) {
        Options options = read_options(call, target);
        std::string memory_uri = options.is_memory ? memory_.uri(target.name) : std::string();
        return std::make_unique<Connection>(call, std::move(options), std::move(memory_uri));
    }

private:
    MemoryDatabases memory_;
};

}  // namespace kdeps::sqlite

KDEPS_DRIVER_PLUGIN(kdeps::sqlite::Driver, {.id = "kdeps.driver.sqlite",
                                            .version = KDEPS_PLUGIN_VERSION,
                                            .summary = "SQLite 3",
                                            .name = "sqlite",
                                            .schemes = "sqlite sqlite3",
                                            .placeholders = KDEPS_PLACEHOLDER_QUESTION,
                                            .lexis = KDEPS_LEXIS_BACKTICK | KDEPS_LEXIS_BRACKET,
                                            .quote = "\"\"",
                                            .flags = KDEPS_DRIVER_BULK})
