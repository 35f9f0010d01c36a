// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins verify` and `lock`.
#include <algorithm>
#include <cstdio>

#include "core/cli/commands.hpp"
#include "core/cli/install/install.hpp"

namespace kdeps::cli {

namespace {

bool is_meant(const plugin::Manifest& manifest, const std::string& name) {
    return name.empty() || manifest.id == name ||
           std::any_of(manifest.provides.begin(), manifest.provides.end(), [&](const plugin::Provided& provided) {
               return std::find(provided.names.begin(), provided.names.end(), name) != provided.names.end();
           });
}

// "signed by 0123...", "not signed": what is good about a plugin.  Throws Error with what is not.
std::string verdict(const plugin::Manifest& manifest, const install::TrustedKeys& keys, const plugin::Lock& record) {
    plugin::check_trust(manifest);
    const auto installed = record.plugins().find(manifest.id);
    const bool is_users = manifest.library.parent_path().parent_path() == plugin::user_folder();
    if (is_users && installed != record.plugins().end() && installed->second.sha256 != manifest.sha256) {
        throw Error(Status::forbidden, "plugin '" + manifest.id + "' is not what was installed: its sha256 is " +
                                           manifest.sha256 + ", '" + record.file().string() + "' says " +
                                           installed->second.sha256 + "; install it again");
    }
    const install::TrustedKeys::Answer answer = keys.check(manifest.file, manifest.id);
    switch (answer.verdict) {
        case install::TrustedKeys::Verdict::good: return "signed by " + answer.key_id;
        case install::TrustedKeys::Verdict::unknown_key: return "signed by " + answer.key_id + ", which is not trusted";
        case install::TrustedKeys::Verdict::unsigned_: break;
    }
    return "not signed";
}

// Where a loaded plugin came from.
std::string source_of(const plugin::Manifest& manifest, const plugin::Lock& record) {
    const auto found = record.plugins().find(manifest.id);
    if (found != record.plugins().end() && found->second.sha256 == manifest.sha256) return found->second.source;
    return manifest.package.empty() ? manifest.library.string() : "package " + manifest.package;
}

}  // namespace

int plugins_verify(const LoadOptions& options, const std::string& name) {
    const plugin::Registry plugins(plugin::search_folders(options.plugin_folders));
    const install::TrustedKeys keys(install::key_folders());
    const plugin::Lock record(install::record_file());
    bool is_well = plugins.manifest_faults().empty() || !name.empty();
    bool is_found = false;
    if (name.empty()) {
        for (const std::string& fault : plugins.manifest_faults()) std::printf("refused  %s\n", fault.c_str());
    }
    std::vector<std::string> known;
    for (const auto& plugin : plugins.plugins()) {
        const plugin::Manifest& manifest = plugin->manifest();
        known.push_back(manifest.id);
        if (!is_meant(manifest, name)) continue;
        is_found = true;
        try {
            const std::string good = verdict(manifest, keys, record);
            std::printf("ok       %s %s, %s\n", manifest.id.c_str(), manifest.version.c_str(), good.c_str());
        } catch (const Error& error) {
            std::printf("refused  %s\n", error.message.c_str());
            is_well = false;
        }
    }
    if (!is_found && !name.empty()) {
        std::fprintf(stderr, "error: no plugin '%s'%s\n", name.c_str(), did_you_mean(name, known).c_str());
        return kWrongUse;
    }
    return is_well ? kSuccess : kRunFailed;
}

int plugins_lock(const LoadOptions& options) {
    const Host host(options);
    if (!report(host)) return kWrongUse;
    const plugin::Lock record(install::record_file());
    plugin::Lock lock(folder_of(options.path) / "kdeps.lock");
    lock.clear();
    for (const auto& plugin : host.plugins.plugins()) {
        if (plugin->state() != plugin::Plugin::State::loaded) continue;
        const plugin::Manifest& manifest = plugin->manifest();
        const auto found = record.plugins().find(manifest.id);
        lock.put(manifest.id, {manifest.version, manifest.sha256, source_of(manifest, record),
                               found == record.plugins().end() ? "" : found->second.signed_by});
    }
    lock.write();
    std::printf("%s: %zu plugins\n", lock.file().c_str(), lock.plugins().size());
    return kSuccess;
}

}  // namespace kdeps::cli
