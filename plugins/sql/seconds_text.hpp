// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace kdeps::sql {

// "4.9 s", for messages.
inline std::string seconds_text(std::chrono::nanoseconds span) {
    char buffer[32];
    std::snprintf(buffer, sizeof(buffer), "%.1f s", std::chrono::duration<double>(span).count());
    return buffer;
}

}  // namespace kdeps::sql
