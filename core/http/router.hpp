// SPDX-License-Identifier: Apache-2.0
// Finds the route of a path: exact, ":param" for one segment, a final "*" for any rest.  The most specific pattern
// wins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/workflow/workflow.hpp"

namespace kdeps::http {

// Percent-decodes; '+' is a space in queries and forms only.  Bad sequences stay as they are.
std::string decode_percent(std::string_view text, bool plus_is_space);

// name=value pairs of a query or a form, in order.
void parse_query(std::string_view text, engine::Pairs& out);

// Immutable; any thread.
class Router {
public:
    explicit Router(const std::vector<workflow::Route>& routes);

    struct Found {
        const workflow::Route* route = nullptr;  // null: none takes the path with this method
        engine::Pairs parameters;
        std::string allow;  // methods that the path takes otherwise, for 405; empty = unknown path
    };
    // `path` is still percent-encoded.  HEAD is taken where GET is.
    Found find(std::string_view method, std::string_view path) const;

    const std::vector<workflow::Route>& routes() const { return routes_; }

private:
    struct Pattern {
        const workflow::Route* route;
        std::vector<std::string> segments;
        bool has_rest = false;  // ends with *
    };

    std::vector<workflow::Route> routes_;
    std::vector<Pattern> patterns_;  // most specific first
};

}  // namespace kdeps::http
