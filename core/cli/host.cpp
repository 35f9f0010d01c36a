// SPDX-License-Identifier: Apache-2.0
#include "core/cli/host.hpp"

namespace kdeps::cli {

Host::Host(const LoadOptions& options)
    : faults(options.is_strict), plugins(plugin::search_folders(options.plugin_folders)) {
    for (const std::string& fault : plugins.manifest_faults()) {
        faults.warning(fault, {});
    }
    workflow =
        workflow::read(options.path, {options.connections, options.target}, plugins, engine::host_names(), faults);
    engine = std::make_unique<engine::Engine>(*workflow, plugins, faults);
}

}  // namespace kdeps::cli
