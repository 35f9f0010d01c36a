// SPDX-License-Identifier: Apache-2.0
#include "core/http/router.hpp"

#include <algorithm>
#include <set>

namespace kdeps::http {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> out;
    if (path.starts_with('/')) path.remove_prefix(1);
    out.reserve(static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) + 1);
    while (true) {
        const std::size_t slash = path.find('/');
        out.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        path.remove_prefix(slash + 1);
    }
}

bool is_parameter(std::string_view segment) { return segment.starts_with(':') || segment == "*"; }

// 0 literal, 1 parameter, 2 rest: the smaller is the more specific.
int rank(std::string_view segment, bool is_rest) { return is_rest ? 2 : is_parameter(segment) ? 1 : 0; }

bool takes(const workflow::Route& route, std::string_view method) {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    return std::find(route.methods.begin(), route.methods.end(), wanted) != route.methods.end() ||
           std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
}

}  // namespace

std::string decode_percent(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

void parse_query(std::string_view text, engine::Pairs& out) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        if (!pair.empty()) {
            const std::size_t equals = std::min(pair.find('='), pair.size());
            out.emplace_back(decode_percent(pair.substr(0, equals), true),
                             decode_percent(pair.substr(std::min(equals + 1, pair.size())), true));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

Router::Router(const std::vector<workflow::Route>& routes) : routes_(routes) {
    for (const workflow::Route& route : routes_) {
        Pattern pattern{&route, {}, false};
        for (const std::string_view segment : split(route.path)) pattern.segments.emplace_back(segment);
        if (!pattern.segments.empty() && pattern.segments.back() == "*") {
            pattern.has_rest = true;
            pattern.segments.pop_back();
        }
        patterns_.push_back(std::move(pattern));
    }
    std::stable_sort(patterns_.begin(), patterns_.end(), [](const Pattern& a, const Pattern& b) {
        const std::size_t common = std::max(a.segments.size(), b.segments.size());
        for (std::size_t i = 0; i < common; ++i) {
            const int left = i < a.segments.size() ? rank(a.segments[i], false) : a.has_rest ? 2 : 0;
            const int right = i < b.segments.size() ? rank(b.segments[i], false) : b.has_rest ? 2 : 0;
            if (left != right) return left < right;
        }
        return !a.has_rest && b.has_rest;
    });
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
    const std::vector<std::string_view> given = split(path);
    std::set<std::string> allowed;
    for (const Pattern& pattern : patterns_) {
        const std::size_t count = pattern.segments.size();
        if (given.size() < count || (given.size() > count && !pattern.has_rest)) continue;
        Found found;
        bool matches = true;
        for (std::size_t i = 0; matches && i < count; ++i) {
            const std::string& wanted = pattern.segments[i];
            if (is_parameter(wanted)) {
                matches = !given[i].empty();
                if (matches && wanted.size() > 1)
                    found.parameters.emplace_back(wanted.substr(1), decode_percent(given[i], false));
            } else {
                matches = wanted == given[i] || wanted == decode_percent(given[i], false);
            }
        }
        if (!matches) continue;
        if (takes(*pattern.route, method)) {
            found.route = pattern.route;
            return found;
        }
        allowed.insert(pattern.route->methods.begin(), pattern.route->methods.end());
    }
    Found none;
    if (allowed.contains("GET")) allowed.insert("HEAD");
    for (const std::string& one : allowed) none.allow += (none.allow.empty() ? "" : ", ") + one;
    return none;
}

}  // namespace kdeps::http
