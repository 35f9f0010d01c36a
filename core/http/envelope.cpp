// SPDX-License-Identifier: Apache-2.0
#include "core/http/envelope.hpp"

#include <chrono>
#include <kdeps/cpp/text.hpp>

namespace kdeps::http {

namespace {

using columns::append_json_string;

void append_meta(const engine::Request& request, bool is_error, const value::Value& more, std::string& out) {
    out += ",\"meta\":{\"requestID\":";
    append_json_string(request.id, out);
    out += ",\"timestamp\":\"";
    out += timestamp(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    out += "Z\"";
    if (is_error) {
        out += ",\"path\":";
        append_json_string(request.path, out);
        out += ",\"method\":";
        append_json_string(request.method, out);
    }
    for (std::size_t i = 0; more.is_map() && i < more.size(); ++i) {
        out += ',';
        append_json_string(more.key_at(i), out);
        out += ':';
        value::append_json(more.at(i), out);
    }
    out += "}}";
}

void append_error(std::string_view code, std::string_view message, std::string_view resource, std::string_view details,
                  std::string& out) {
    out += "{\"success\":false,\"error\":{\"code\":";
    append_json_string(code, out);
    out += ",\"message\":";
    append_json_string(message, out);
    if (!resource.empty()) {
        out += ",\"resourceId\":";
        append_json_string(resource, out);
    }
    if (!details.empty()) {
        out += ",\"details\":";
        out += details;
    }
    out += '}';
}

}  // namespace

std::string envelope(const engine::Outcome& outcome, const engine::Request& request) {
    std::string out;
    if (outcome.error) {
        const Error& error = *outcome.error;
        // A code of its own (VALIDATION_ERROR …) comes with a message that is the author's or says it all.
        const std::string message = error.code.empty() && !error.resource.empty()
                                        ? "resource '" + error.resource + "': " + error.message
                                        : error.message;
        append_error(engine::error_code(error).code, redact(message), error.resource, error.details_json, out);
        append_meta(request, true, {}, out);
        return out;
    }
    out = outcome.success ? "{\"success\":true,\"data\":" : "{\"success\":false,\"data\":";
    value::append_json(outcome.data, out);
    append_meta(request, false, outcome.meta, out);
    return out;
}

std::string error_envelope(std::string_view code, std::string_view message, const engine::Request& request) {
    std::string out;
    append_error(code, message, "", "", out);
    append_meta(request, true, {}, out);
    return out;
}

}  // namespace kdeps::http
