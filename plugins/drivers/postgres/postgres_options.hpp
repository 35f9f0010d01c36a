// SPDX-License-Identifier: Apache-2.0
// From a connection URL to libpq's parameters; finds every fault that can be seen without connecting.
#pragma once

#include <chrono>
#include <kdeps/cpp/driver.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kdeps::postgres {

struct Options {
    std::vector<std::pair<std::string, std::string>> parameters;  // keyword, value
    std::optional<std::chrono::seconds>
        connect_timeout;       // of the whole opening; libpq does not watch it when it must not block
    bool is_one_shot = false;  // KDEPS_TARGET_ONE_SHOT

    // Which server, as the options name it; no secret.
    std::string address() const;
};

// Throws Error (INVALID_ARGUMENT) with the first fault.
Options read_options(const Call& call, const Target& target);

}  // namespace kdeps::postgres
