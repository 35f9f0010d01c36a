// SPDX-License-Identifier: Apache-2.0
#include "core/http/decode.hpp"

#include <algorithm>

#include "core/http/router.hpp"

namespace kdeps::http {

std::string media_type(std::string_view content_type) {
    std::string out(content_type.substr(0, content_type.find(';')));
    out.erase(std::find_if(out.rbegin(), out.rend(), [](char c) { return c != ' '; }).base(), out.end());
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

void decode_body(std::string body, std::string_view content_type, engine::Request& request) {
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return;
    const std::string type = media_type(content_type);
    const bool looks_like_json = body[first] == '{' || body[first] == '[';
    const bool is_form = type == "application/x-www-form-urlencoded";
    request.has_body = true;
    // A client that forgot to name the type (curl -d '{…}') means JSON.
    if (type.empty() || type == "application/json" || type.ends_with("+json") || type == "text/json" ||
        (is_form && looks_like_json)) {
        try {
            request.body = value::parse_json(body);
        } catch (const Error& error) {
            Error bad(Status::invalid_argument, "the body is not valid JSON: " + error.message);
            bad.code = "BAD_REQUEST";
            bad.http_status = 400;
            throw Error(std::move(bad));
        }
        return;
    }
    if (is_form) {
        engine::Pairs pairs;
        parse_query(body, pairs);
        value::Map map;
        for (auto& [name, text] : pairs) {
            if (map.find(name) == nullptr) map.set(name, value::Value(std::move(text)));
        }
        request.body = value::Value::map(std::move(map));
        return;
    }
    request.body = is_valid_utf8(body) ? value::Value(std::move(body)) : value::Value::bytes(std::move(body));
}

}  // namespace kdeps::http
