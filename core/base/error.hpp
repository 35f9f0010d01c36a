// SPDX-License-Identifier: Apache-2.0
// What ends a load or a request: a category, a message for the user, and the place in a file where one is known.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace kdeps {

// Same numbers as kdeps_status (sdk/include/kdeps/types.h); the plugin folder asserts it.
enum class Status : std::int32_t {
    ok = 0,
    invalid_argument,
    invalid_state,
    not_found,
    already_exists,
    unsupported,
    unauthenticated,
    forbidden,
    constraint,
    bad_data,
    conflict,
    unavailable,
    exhausted,
    timeout,
    cancelled,
    internal,
};

// "INVALID_ARGUMENT" and so on: error.type in expressions.
std::string_view status_name(Status status);

enum class Retry : std::uint8_t { never, same, fresh, in_doubt };
enum class Damage : std::uint8_t { none, transaction, connection };

// A place in a source file.  line and column count from 1, columns in code points; line 0 = unknown.
struct Position {
    std::string file;
    int line = 0;
    int column = 0;

    bool known() const { return line > 0; }
    std::string text() const;  // "file:line:column", or only what is known
};

class Error : public std::exception {
public:
    Error(Status category, std::string text) : status(category), message(std::move(text)) {}
    Error(Status category, std::string text, Position place)
        : status(category), message(std::move(text)), position(std::move(place)) {}

    const char* what() const noexcept override { return message.c_str(); }

    Status status;
    std::string message;  // lower case, no full stop, no secret
    Position position;
    std::string sqlstate;  // empty = none
    Retry retry = Retry::never;
    Damage damage = Damage::none;
    std::int32_t vendor_code = 0;
    std::int64_t batch_set = -1;  // failing parameter set of a batch
    std::string detail;           // for the log only
    std::string resource;         // actionId
    // What the HTTP envelope shows where the category alone does not say it: VALIDATION_ERROR, PREFLIGHT_FAILED.  0 /
    // empty = by status.
    std::string code;
    int http_status = 0;
    std::string details_json;      // `details` of the envelope, as JSON text; empty = none
    bool reaches_on_error = true;  // false for validation and preflight failures
};

// The exception that is being handled as an error of the request or the load: the one place that knows what to say of
// those that are no Error.  Their own words (paths of the machine, names of functions) go to `detail`, for the log.
// In a catch block only.
Error current_error() noexcept;

}  // namespace kdeps
