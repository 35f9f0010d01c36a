// SPDX-License-Identifier: Apache-2.0
#include "core/cli/host.hpp"

#include "core/cli/install/install.hpp"

namespace kdeps::cli {

namespace fs = std::filesystem;

namespace {

// The lock beside the workflow, or that of the user's plugins.
plugin::Lock lock_for(const fs::path& workflow) {
    const fs::path own = folder_of(workflow) / "kdeps.lock";
    const fs::path users = install::record_file();
    if (fs::exists(own)) return plugin::Lock(own, own.parent_path());
    if (fs::exists(users)) return plugin::Lock(users, own.parent_path());
    throw Error(Status::not_found, "--locked: there is no lock file '" + own.string() +
                                       "'; write it with: kdeps plugins lock '" + own.parent_path().string() + "'");
}

}  // namespace

fs::path folder_of(const fs::path& workflow) {
    const fs::path path = fs::absolute(workflow).lexically_normal();
    std::error_code failed;
    if (!fs::is_directory(path, failed)) return path.parent_path();
    return path.has_filename() ? path : path.parent_path();
}

Host::Host(const LoadOptions& options)
    : faults(options.is_strict), plugins(plugin::search_folders(options.plugin_folders)) {
    if (options.is_locked) plugins.enforce(lock_for(options.path));
    for (const std::string& fault : plugins.manifest_faults()) {
        faults.warning(fault, {});
    }
    workflow =
        workflow::read(options.path, {options.connections, options.target}, plugins, engine::host_names(), faults);
    engine = std::make_unique<engine::Engine>(*workflow, plugins, faults);
}

}  // namespace kdeps::cli
