// SPDX-License-Identifier: Apache-2.0
// A cell as the engine below keeps it, and the errors that a client sees.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <variant>

namespace kdeps::testing::tds {

struct Blob {
    std::string bytes;
    bool operator==(const Blob&) const = default;
};

using Null = std::monostate;
using Value = std::variant<Null, std::int64_t, double, std::string, Blob>;

inline bool is_null(const Value& value) { return std::holds_alternative<Null>(value); }

// An ERROR token.  Severity 16 and above 10 are errors; what the client did to deserve it is in the message, as with
// the original.
class SqlError : public std::exception {
public:
    SqlError(int code, std::string text, int level = 16, int state_number = 1)
        : number(code), severity(level), state(state_number), message(std::move(text)) {}
    const char* what() const noexcept override { return message.c_str(); }

    int number;
    int severity;
    int state;
    std::string message;
    int line = 1;
    bool ends_batch = false;  // THROW; of other errors the number tells
};

// For what this server does not know; it never guesses.
inline SqlError not_supported(const std::string& what) {
    return {40515, "'" + what + "' is not supported by this test server."};
}

}  // namespace kdeps::testing::tds
