// SPDX-License-Identifier: Apache-2.0
// Opens databases as the options tell.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "sqlite_link.hpp"
#include "sqlite_options.hpp"

namespace kdeps::sqlite {

// Databases in memory, one for each pool, which live as long as this.  Any thread.
class MemoryDatabases {
public:
    // The SQLite URI behind which all connections of the pool find the same database.
    std::string uri(std::string_view pool);

private:
    std::mutex mutex_;                                   // guards kept_
    std::map<std::string, Database, std::less<>> kept_;  // a database in memory is gone with its last connection
};

// Gives the link a handle with every option in effect, in place of the one that it has.  `memory_uri`: of a database in
// memory.  Throws Error; then the link may be without a handle.
void open_link(const Call& call, const Options& options, const std::string& memory_uri, Link& link);

}  // namespace kdeps::sqlite
