// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/library.hpp"

#include <boost/dll/shared_library.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/base.hpp"

namespace kdeps::plugin {

namespace {

constexpr const char* kEntry = "kdeps_plugin_entry_v1";

std::string version_text(unsigned major, unsigned minor) { return std::to_string(major) + "." + std::to_string(minor); }

// For the life of the process, see the header.  Never destroyed: static destructors of plugins may still need their
// code.
void keep(std::unique_ptr<boost::dll::shared_library> library) {
    static std::mutex mutex;
    static auto* const kept = new std::vector<std::unique_ptr<boost::dll::shared_library>>();
    const std::lock_guard lock(mutex);
    kept->push_back(std::move(library));
}

}  // namespace

void check_descriptor(const kdeps_plugin* descriptor, const std::filesystem::path& library) {
    const std::string name = "plugin library '" + library.string() + "'";
    if (descriptor == nullptr) {
        throw Error(Status::bad_data, name + ": its entry returned no descriptor");
    }
    if (!KDEPS_HAS(kdeps_plugin, descriptor, shutdown)) {
        throw Error(Status::bad_data,
                    name + ": its descriptor is too short (" + std::to_string(descriptor->struct_size) + " bytes)");
    }
    const std::string built_for = version_text(descriptor->abi_major, descriptor->abi_minor);
    const std::string ours = version_text(KDEPS_ABI_MAJOR, KDEPS_ABI_MINOR);
    if (descriptor->abi_major != KDEPS_ABI_MAJOR) {
        throw Error(Status::unsupported, name + " is built for ABI " + built_for + ", this host speaks " + ours);
    }
    if (descriptor->min_host_minor > KDEPS_ABI_MINOR) {
        throw Error(Status::unsupported, name + " needs a host with ABI " +
                                             version_text(descriptor->abi_major, descriptor->min_host_minor) +
                                             " or later, this host speaks " + ours);
    }
    if (descriptor->init == nullptr || descriptor->get_interface == nullptr || descriptor->shutdown == nullptr) {
        throw Error(Status::bad_data, name + ": its descriptor lacks init, get_interface or shutdown");
    }
    if (descriptor->id.size == 0) {
        throw Error(Status::bad_data, name + ": its descriptor has no id");
    }
}

const kdeps_plugin* open_library(const std::filesystem::path& library) {
    boost::dll::fs::error_code failed;
    auto opened = std::make_unique<boost::dll::shared_library>();
    opened->load(boost::dll::fs::path(library.string()),
                 boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local, failed);
    if (failed) {
        std::string why = failed.message();
        if (!std::filesystem::exists(library)) {
            why = "the file does not exist";
        } else {
            // Boost reports only a category; loading once more without an error code gives the loader's own words.
            try {
                boost::dll::shared_library again(boost::dll::fs::path(library.string()),
                                                 boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
            } catch (const std::exception& error) {
                why = error.what();
            }
        }
        throw Error(Status::unavailable, "plugin library '" + library.string() + "' cannot be opened: " + why);
    }
    if (!opened->has(kEntry)) {
        throw Error(Status::bad_data,
                    "plugin library '" + library.string() + "' is not a kdeps plugin: it does not export " + kEntry);
    }
    const auto& entry = opened->get<const kdeps_plugin*()>(kEntry);
    const kdeps_plugin* descriptor = entry();
    check_descriptor(descriptor, library);
    keep(std::move(opened));
    return descriptor;
}

}  // namespace kdeps::plugin
