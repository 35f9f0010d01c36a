// SPDX-License-Identifier: Apache-2.0
// The LOGIN7 request ([MS-TDS] 2.2.6.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/tds/types.hpp"

namespace kdeps::testing::tds {

struct Login {
    std::uint32_t tds = 0;       // as LOGINACK repeats it
    Version version = 0;         // its minor number
    bool has_null_rows = false;  // NBCROW, from 7.3.B on
    std::size_t packet_size = 4096;
    std::string host, user, password, application, server, library, language, database;
    bool is_sql_login = true;  // false: Windows authentication
};

// Throws ProtocolError, also for versions below 7.1.
Login read_login(std::string_view data);

}  // namespace kdeps::testing::tds
