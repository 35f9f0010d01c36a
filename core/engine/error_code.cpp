// SPDX-License-Identifier: Apache-2.0
// The one table from the category of an error to HTTP (rules §8).
#include "core/engine/engine.hpp"

namespace kdeps::engine {

ErrorCode error_code(const Error& error) {
    if (!error.code.empty()) {
        return {error.http_status, error.code};
    }
    const bool is_value_of_client = error.sqlstate.starts_with("22");  // data exception: the database refused a value
    switch (error.status) {
        case Status::not_found: return {404, "NOT_FOUND"};
        case Status::forbidden: return {403, "FORBIDDEN"};
        case Status::conflict:
        case Status::already_exists: return {409, "CONFLICT"};
        case Status::constraint: return {422, "UNPROCESSABLE"};
        case Status::exhausted:
            // Class 54: what was given is larger than the database can take, however often it is asked.
            if (error.sqlstate.starts_with("54")) return {400, "BAD_REQUEST"};
            [[fallthrough]];
        case Status::unavailable:
        case Status::cancelled: return {503, "UNAVAILABLE"};
        case Status::timeout: return {504, "TIMEOUT"};
        case Status::invalid_argument:
        case Status::bad_data:
            // A wrong statement or expression is the workflow's fault, not the client's.
            return is_value_of_client ? ErrorCode{400, "BAD_REQUEST"} : ErrorCode{500, "INTERNAL_ERROR"};
        case Status::ok:
        case Status::invalid_state:
        case Status::unsupported:
        case Status::unauthenticated:  // the host's login at a database, never the client's
        case Status::internal: break;
    }
    return {500, "INTERNAL_ERROR"};
}

}  // namespace kdeps::engine
