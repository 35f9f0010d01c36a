// SPDX-License-Identifier: Apache-2.0
// Route patterns of restrictToRoutes: exact, or by segments; ":name" and an inner "*" stand for one segment, a final
// "*" for any rest.
#pragma once

#include <string_view>

namespace kdeps::engine {

inline bool match_route(std::string_view pattern, std::string_view path) {
    while (true) {
        const std::size_t end = std::min(pattern.find('/'), pattern.size());
        const std::string_view wanted = pattern.substr(0, end);
        if (wanted == "*" && end == pattern.size()) {
            return true;
        }
        const std::size_t stop = std::min(path.find('/'), path.size());
        const std::string_view given = path.substr(0, stop);
        if (wanted != given && !((wanted == "*" || wanted.starts_with(':')) && !given.empty())) {
            return false;
        }
        if (end == pattern.size() || stop == path.size()) {
            // "/a/*" also takes "/a".
            return (end == pattern.size() && stop == path.size()) ||
                   (stop == path.size() && pattern.substr(end) == "/*");
        }
        pattern.remove_prefix(end + 1);
        path.remove_prefix(stop + 1);
    }
}

}  // namespace kdeps::engine
