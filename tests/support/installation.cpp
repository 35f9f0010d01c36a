// SPDX-License-Identifier: Apache-2.0
#include "tests/support/installation.hpp"

#include <unistd.h>
#include <cstdlib>
#include <stdexcept>

namespace kdeps::testing {

namespace fs = std::filesystem;

namespace {

std::string variable_or(const char* name, const std::string& otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? otherwise : value;
}

// As tests/support/servers/fetch finds it.
fs::path folder_of_all() {
    const std::string home = variable_or("HOME", "/");
    return variable_or("KDEPS_TEST_SERVERS",
                       geteuid() == 0 ? "/var/cache/kdeps-test-servers"
                                      : variable_or("XDG_CACHE_HOME", home + "/.cache") + "/kdeps-test-servers");
}

}  // namespace

Installation installation(const std::string& name) {
    if (name.empty()) return {"", "/"};
    const fs::path root = folder_of_all() / name;
    if (!fs::exists(root / "recipe")) {
        throw std::runtime_error("the tests need the server '" + name + "' in '" + root.string() +
                                 "'; unpack it: tests/support/servers/fetch " + name);
    }
    return {name, root};
}

Installation chosen_installation(const char* variable) { return installation(variable_or(variable, "")); }

}  // namespace kdeps::testing
