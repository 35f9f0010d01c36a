// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"

#include <array>

namespace kdeps {

std::string_view status_name(Status status) {
    static constexpr std::array<std::string_view, 16> kNames = {
        "OK",          "INVALID_ARGUMENT", "INVALID_STATE", "NOT_FOUND",  "ALREADY_EXISTS",
        "UNSUPPORTED", "UNAUTHENTICATED",  "FORBIDDEN",     "CONSTRAINT", "BAD_DATA",
        "CONFLICT",    "UNAVAILABLE",      "EXHAUSTED",     "TIMEOUT",    "CANCELLED",
        "INTERNAL"};
    const auto index = static_cast<std::size_t>(status);
    return index < kNames.size() ? kNames[index] : "INTERNAL";
}

std::string Position::text() const {
    if (!known()) {
        return file;
    }
    std::string out = file;
    if (!out.empty()) {
        out += ':';
    }
    return out + std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace kdeps
