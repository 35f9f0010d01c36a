// SPDX-License-Identifier: Apache-2.0
// `kdeps connections`: each with driver, server version, latency and pool.
#include <cstdio>

#include "core/cli/commands.hpp"

namespace kdeps::cli {

namespace {

std::string text_of(const value::Value& map, std::string_view key) {
    std::string out;
    if (const auto found = map.is_map() ? map.find(key) : std::nullopt) value::append_text(*found, out);
    return out;
}

}  // namespace

int connections(const LoadOptions& options) {
    const Host host(options);
    if (!report(host)) {
        return kWrongUse;
    }
    constexpr auto kLongestWait = std::chrono::seconds(10);
    const value::Value all = host.engine->health(kLongestWait);
    if (all.size() == 0) {
        std::puts("the workflow has no connections");
        return kSuccess;
    }
    bool is_well = true;
    std::printf("%-20s %-10s %-28s %10s %8s  %s\n", "NAME", "DRIVER", "SERVER", "LATENCY", "POOL", "STATE");
    for (std::size_t i = 0; i < all.size(); ++i) {
        const value::Value one = all.at(i);
        const bool is_ok = text_of(one, "ok") == "true";
        is_well = is_well && is_ok;
        const auto pool = one.find("pool");
        const std::string latency = text_of(one, "latencyMs");
        std::printf("%-20s %-10s %-28s %10s %8s  %s\n", text_of(one, "name").c_str(), text_of(one, "driver").c_str(),
                    text_of(one, "server").c_str(), latency.empty() ? "-" : (latency + " ms").c_str(),
                    pool ? (text_of(*pool, "open") + "/" + text_of(*pool, "max")).c_str() : "-",
                    is_ok ? "ok" : redact(text_of(one, "error")).c_str());
    }
    return is_well ? kSuccess : kRunFailed;
}

}  // namespace kdeps::cli
