// SPDX-License-Identifier: Apache-2.0
#include "core/http/cors.hpp"

#include <algorithm>

namespace kdeps::http {

namespace {

std::string joined(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& one : list) out += (out.empty() ? "" : ", ") + one;
    return out;
}

bool holds(const std::vector<std::string>& list, std::string_view one) {
    return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

engine::Pairs cors_headers(const workflow::Cors& cors, std::string_view origin, bool is_preflight) {
    engine::Pairs out;
    const bool takes_all = holds(cors.allow_origins, "*");
    if (!takes_all) out.emplace_back("Vary", "Origin");
    if (origin.empty() || (!takes_all && !holds(cors.allow_origins, origin))) return out;
    out.emplace_back("Access-Control-Allow-Origin", takes_all ? "*" : std::string(origin));
    // The reader refuses credentials together with '*'.
    if (cors.allow_credentials && !takes_all) out.emplace_back("Access-Control-Allow-Credentials", "true");
    if (is_preflight) {
        out.emplace_back("Access-Control-Allow-Methods", joined(cors.allow_methods));
        out.emplace_back("Access-Control-Allow-Headers", joined(cors.allow_headers));
        if (cors.max_age.count() > 0) out.emplace_back("Access-Control-Max-Age", std::to_string(cors.max_age.count()));
    } else if (!cors.expose_headers.empty()) {
        out.emplace_back("Access-Control-Expose-Headers", joined(cors.expose_headers));
    }
    return out;
}

}  // namespace kdeps::http
