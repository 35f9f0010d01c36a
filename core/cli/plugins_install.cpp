// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins install` and `remove`.
#include <cstdio>

#include "core/cli/commands.hpp"
#include "core/cli/install/install.hpp"

namespace kdeps::cli {

namespace {

int fail(const Error& error) {
    std::fprintf(stderr, "error: %s\n", redact(error.message).c_str());
    return kRunFailed;
}

}  // namespace

int plugins_install(const PluginInstallOptions& options) {
    try {
        const install::Installed done =
            install::install({options.what, options.index, options.sha256, options.may_be_unsigned});
        if (done.signed_by.empty())
            std::fprintf(stderr, "warning: plugin '%s' is not signed by a trusted key\n", done.id.c_str());
        std::printf("installed %s %s%s to %s\n", done.id.c_str(), done.version.c_str(),
                    done.replaced.empty() ? "" : (" (was " + done.replaced + ")").c_str(), done.folder.c_str());
        return kSuccess;
    } catch (const Error& error) {
        return fail(error);
    }
}

int plugins_remove(const std::string& id) {
    try {
        install::Store store;
        if (!install::is_id(id) || !store.remove(id)) {
            std::vector<std::string> known;
            for (const auto& [one, locked] : store.record().plugins()) known.push_back(one);
            throw Error(Status::not_found, "no plugin '" + id + "' is installed in '" + plugin::user_folder().string() +
                                               "'" + did_you_mean(id, known));
        }
        if (store.record().remove(id)) store.record().write();
        std::printf("removed %s\n", id.c_str());
        return kSuccess;
    } catch (const Error& error) {
        return fail(error);
    }
}

}  // namespace kdeps::cli
