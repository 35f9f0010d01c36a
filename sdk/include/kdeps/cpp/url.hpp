// SPDX-License-Identifier: Apache-2.0
// Connection URLs: scheme://user:password@host:port/path?option=value, percent-decoded (RFC 3986).
#pragma once

#include <charconv>
#include <kdeps/cpp/error.hpp>
#include <optional>
#include <vector>

KDEPS_SDK_BEGIN

struct Url {
    std::string scheme;
    std::string user;
    std::string password;
    std::string host;  // without the brackets of an IPv6 address
    int port = 0;      // 0 = not given
    std::string path;  // with its leading '/', undecoded for sqlite://./file; empty = none
    std::vector<std::pair<std::string, std::string>> options;

    std::optional<std::string> option(std::string_view name) const {
        for (const auto& [key, value] : options) {
            if (key == name) return value;
        }
        return std::nullopt;
    }
};

namespace detail {

inline int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace detail

// Throws Error (INVALID_ARGUMENT); the text shows no part of the URL, as it may be the password.
inline std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? detail::hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? detail::hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            throw Error(KDEPS_INVALID_ARGUMENT,
                        "the connection URL has a '%' that is not followed by two hexadecimal digits; write % as %25");
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

// Throws Error (INVALID_ARGUMENT).
inline Url parse_url(std::string_view text) {
    Url url;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0) {
        throw Error(KDEPS_INVALID_ARGUMENT,
                    "a connection URL must look like scheme://user:password@host:port/database");
    }
    url.scheme = std::string(text.substr(0, colon));
    std::string_view rest = text.substr(colon + 3);
    if (const std::size_t question = rest.find('?'); question != std::string_view::npos) {
        std::string_view query = rest.substr(question + 1);
        rest = rest.substr(0, question);
        while (!query.empty()) {
            const std::size_t end = std::min(query.find('&'), query.size());
            const std::string_view pair = query.substr(0, end);
            const std::size_t equals = std::min(pair.find('='), pair.size());
            if (!pair.empty()) {
                url.options.emplace_back(percent_decode(pair.substr(0, equals)),
                                         percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
            }
            query.remove_prefix(std::min(end + 1, query.size()));
        }
    }
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    // A password may hold '/' and '@' when its author forgot to encode them: the last '@' before the first '/' counts.
    std::string_view authority = rest.substr(0, slash);
    url.path = percent_decode(rest.substr(slash));
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        const std::string_view user = authority.substr(0, at);
        const std::size_t split = std::min(user.find(':'), user.size());
        url.user = percent_decode(user.substr(0, split));
        url.password = percent_decode(user.substr(std::min(split + 1, user.size())));
        authority = authority.substr(at + 1);
    }
    std::string_view port;
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) {
            throw Error(KDEPS_INVALID_ARGUMENT, "the connection URL has an IPv6 address without its closing ']'");
        }
        url.host = std::string(authority.substr(1, close - 1));
        port = authority.substr(close + 1);
    } else {
        const std::size_t split = std::min(authority.rfind(':'), authority.size());
        url.host = percent_decode(authority.substr(0, split));
        port = authority.substr(split);
    }
    if (port.starts_with(':')) {
        port.remove_prefix(1);
        const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (failed != std::errc() || end != port.data() + port.size() || url.port < 1 || url.port > 65535) {
            throw Error(KDEPS_INVALID_ARGUMENT, "the port of the connection URL must be between 1 and 65535");
        }
    } else if (!port.empty()) {
        throw Error(KDEPS_INVALID_ARGUMENT, "the connection URL has text between its IPv6 address and its port");
    }
    return url;
}

KDEPS_SDK_END
