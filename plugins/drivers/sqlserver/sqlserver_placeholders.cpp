// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_placeholders.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

namespace kdeps::sqlserver {

namespace {

// Behind the comment that starts at `at`; they nest.
std::size_t after_comment(std::string_view sql, std::size_t at) {
    std::size_t depth = 0;
    while (at < sql.size()) {
        const std::string_view two = sql.substr(at, 2);
        if (two == "/*") {
            ++depth;
            at += 2;
        } else if (two == "*/") {
            at += 2;
            if (--depth == 0) break;
        } else {
            ++at;
        }
    }
    return at;
}

}  // namespace

bool is_of_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '@' || c == '#' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

// A doubled quote ends one text and starts the next, which comes to the same.
std::size_t after_other(std::string_view sql, std::size_t at) {
    const char c = sql[at];
    if (c == '\'' || c == '"' || c == '[') {
        const std::size_t end = sql.find(c == '[' ? ']' : c, at + 1);
        return end == std::string_view::npos ? sql.size() : end + 1;
    }
    if (sql.substr(at, 2) == "--") return std::min(sql.find('\n', at), sql.size());
    if (sql.substr(at, 2) == "/*") return after_comment(sql, at);
    return at + 1;
}

std::vector<Placeholder> placeholders(std::string_view sql) {
    std::vector<Placeholder> out;
    for (std::size_t at = 0; at < sql.size();) {
        if (!is_of_name(sql[at])) {
            at = after_other(sql, at);
            continue;
        }
        const std::size_t begin = at;
        while (at < sql.size() && is_of_name(sql[at])) ++at;
        const std::string_view name = sql.substr(begin, at - begin);
        if (name.size() < 3 || (!name.starts_with("@p") && !name.starts_with("@P"))) continue;
        std::size_t number = 0;
        const auto [end, failed] = std::from_chars(name.data() + 2, name.data() + name.size(), number);
        if (failed == std::errc() && end == name.data() + name.size() && number > 0) out.push_back({begin, at, number});
    }
    return out;
}

std::string with_own_names(std::string_view sql, const std::vector<Placeholder>& places) {
    std::string out;
    std::map<std::size_t, int> seen;
    std::size_t at = 0;
    for (const Placeholder& place : places) {
        out += sql.substr(at, place.end - at);
        if (const int times = ++seen[place.number]; times > 1) out += "_" + std::to_string(times);
        at = place.end;
    }
    return out += sql.substr(at);
}

}  // namespace kdeps::sqlserver
