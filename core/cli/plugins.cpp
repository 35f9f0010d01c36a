// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins`: what is installed.  `list` opens no library.
#include <cstdio>

#include "core/cli/commands.hpp"

namespace kdeps::cli {

std::string provides(const plugin::Manifest& manifest) {
    std::string out;
    for (const auto& provided : manifest.provides) {
        out += (out.empty() ? "" : "; ") + provided.interface + " ";
        for (std::size_t i = 0; i < provided.names.size(); ++i) out += (i > 0 ? "," : "") + provided.names[i];
    }
    return out;
}

namespace {

// Why it would not be loaded; empty if it would.
std::string refusal(const plugin::Manifest& manifest) {
    try {
        plugin::check_trust(manifest);
        return {};
    } catch (const Error& error) {
        return error.message;
    }
}

value::Value to_value(const plugin::Manifest& manifest) {
    value::Map map;
    map.set("id", manifest.id);
    map.set("version", manifest.version);
    map.set("abi", manifest.abi);
    map.set("summary", manifest.summary);
    map.set("package", manifest.package);
    map.set("library", manifest.library.string());
    map.set("sha256", manifest.sha256);
    const std::string refused = refusal(manifest);
    map.set("state", refused.empty() ? "ok" : "refused");
    if (!refused.empty()) map.set("reason", refused);
    value::Map offers;
    for (const auto& provided : manifest.provides) {
        value::List names(provided.names.begin(), provided.names.end());
        offers.set(provided.interface, value::Value::list(std::move(names)));
    }
    map.set("provides", value::Value::map(std::move(offers)));
    return value::Value::map(std::move(map));
}

}  // namespace

int plugins_list(const LoadOptions& options, bool is_json) {
    const plugin::Registry plugins(plugin::search_folders(options.plugin_folders));
    for (const std::string& fault : plugins.manifest_faults()) std::fprintf(stderr, "warning: %s\n", fault.c_str());
    if (is_json) {
        value::List list;
        for (const auto& plugin : plugins.plugins()) list.push_back(to_value(plugin->manifest()));
        std::printf("%s\n", value::to_json(value::Value::list(std::move(list))).c_str());
        return kSuccess;
    }
    if (plugins.plugins().empty()) {
        std::puts("no plugins found; looked in:");
        for (const auto& folder : plugins.folders()) std::printf("  %s\n", folder.c_str());
        return kSuccess;
    }
    std::vector<std::string> reasons;
    std::printf("%-28s %-9s %-4s %-60s %-8s %s\n", "ID", "VERSION", "ABI", "PROVIDES", "STATE", "FROM");
    for (const auto& plugin : plugins.plugins()) {
        const auto& manifest = plugin->manifest();
        const std::string refused = refusal(manifest);
        if (!refused.empty()) reasons.push_back(refused);
        std::printf("%-28s %-9s %-4s %-60s %-8s %s\n", manifest.id.c_str(), manifest.version.c_str(),
                    manifest.abi.c_str(), provides(manifest).c_str(), refused.empty() ? "ok" : "refused",
                    manifest.library.c_str());
    }
    for (const std::string& reason : reasons) std::printf("refused: %s\n", reason.c_str());
    return kSuccess;
}

int plugins_info(const LoadOptions& options, const std::string& name) {
    const plugin::Registry plugins(plugin::search_folders(options.plugin_folders));
    std::vector<std::string> known;
    for (const auto& plugin : plugins.plugins()) {
        const auto& manifest = plugin->manifest();
        known.push_back(manifest.id);
        bool is_meant = manifest.id == name;
        for (const auto& provided : manifest.provides) {
            for (const std::string& one : provided.names) {
                is_meant = is_meant || one == name;
                known.push_back(one);
            }
        }
        if (!is_meant) continue;
        std::printf(
            "id        %s\nversion   %s\nsummary   %s\nabi       %s\npackage   %s\nprovides  %s\nlibrary   %s\nsha256  "
            "  %s\n",
            manifest.id.c_str(), manifest.version.c_str(), manifest.summary.c_str(), manifest.abi.c_str(),
            manifest.package.c_str(), provides(manifest).c_str(), manifest.library.c_str(), manifest.sha256.c_str());
        try {
            plugin->load();
            std::puts("state     loads");
        } catch (const Error& error) {
            std::printf("state     cannot be loaded: %s\n", error.message.c_str());
            return kRunFailed;
        }
        return kSuccess;
    }
    std::fprintf(stderr, "error: no plugin '%s'%s\n", name.c_str(), did_you_mean(name, known).c_str());
    return kWrongUse;
}

}  // namespace kdeps::cli
