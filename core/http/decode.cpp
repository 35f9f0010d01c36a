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

namespace {

// The border: behind it every text is UTF-8.
void want_utf8(std::string_view text, const std::string& place) {
    if (is_valid_utf8(text)) return;
    Error bad(Status::invalid_argument, place + " is not valid UTF-8");
    bad.code = "BAD_REQUEST";
    bad.http_status = 400;
    throw Error(std::move(bad));
}

void want_utf8(const engine::Pairs& pairs, const std::string& what) {
    for (const auto& [name, text] : pairs) {
        want_utf8(name, "the name of a " + what);
        want_utf8(text, "the " + what + " '" + name + "'");
    }
}

}  // namespace

void check_target(const engine::Request& request) {
    want_utf8(request.path, "the path");
    want_utf8(request.path_parameters, "path parameter");
    want_utf8(request.query, "query parameter");
}

void check_part(std::string_view name, std::string_view file, const std::string* text) {
    want_utf8(name, "the name of a part of the body");
    want_utf8(file, "the name of the file of part '" + std::string(name) + "'");
    if (text != nullptr) want_utf8(*text, "the field '" + std::string(name) + "'");
}

std::string header_text(std::string text) {
    if (is_valid_utf8(text)) return text;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t size = 1;
        while (size <= 4 && !is_valid_utf8(std::string_view(text).substr(at, size))) ++size;
        if (size <= 4) {
            out += text.substr(at, size);
            at += std::min(size, text.size() - at);
        } else {
            out += "\xEF\xBF\xBD";
            ++at;
        }
    }
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
        want_utf8(pairs, "field");
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
