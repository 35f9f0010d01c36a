// SPDX-License-Identifier: Apache-2.0
// Which version of a server a test runs on: the system's, or another that tests/support/servers/fetch unpacked.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kdeps::testing {

struct Installation {
    std::string name;            // "postgresql-17"; empty = the system's
    std::filesystem::path root;  // of its files

    bool is_of_system() const { return name.empty(); }
    bool is(std::string_view kind) const { return name.starts_with(kind); }
    // A folder or file in it, "usr/sbin".
    std::filesystem::path operator/(std::string_view place) const { return root / place; }
};

// Throws std::runtime_error that says what to run if it is not unpacked.
Installation installation(const std::string& name);

// The one that an environment variable names; without it the system's.  A whole test program runs on another version
// by it: KDEPS_TEST_POSTGRES, KDEPS_TEST_MYSQL, KDEPS_TEST_PGBOUNCER.
Installation chosen_installation(const char* variable);

}  // namespace kdeps::testing
