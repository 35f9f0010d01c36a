// SPDX-License-Identifier: Apache-2.0
// Lifecycle: the manifest, the descriptor, init, the tables behind the interfaces, shutdown.
#include <kdeps/live.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "core/cli/conformance/checks.hpp"

namespace kdeps::conformance {

namespace {

std::string text_of(kdeps_str text) { return text.data == nullptr ? std::string() : std::string(text.data, text.size); }

// Throws Error if the text is no JSON Schema; none at all accepts everything.
void expect_schema(kdeps_str text) {
    if (text.data != nullptr && text.size > 0) config::Schema(std::string_view(text.data, text.size));
}

struct Known {
    std::string_view id;
    std::size_t size;  // in this host's minor
};
constexpr std::array<Known, 6> kKnown = {{{KDEPS_EXECUTOR_ID, sizeof(kdeps_executor)},
                                          {KDEPS_SETTINGS_ID, sizeof(kdeps_settings)},
                                          {KDEPS_HEALTH_ID, sizeof(kdeps_health)},
                                          {KDEPS_LIVE_ID, sizeof(kdeps_live)},
                                          {KDEPS_DRIVER_ID, sizeof(kdeps_driver)},
                                          {KDEPS_CONNECTIONS_ID, sizeof(kdeps_connections)}}};

std::string wrong_descriptor(const kdeps_plugin& descriptor, const plugin::Manifest& manifest) {
    if (descriptor.abi_minor == KDEPS_ABI_MINOR && descriptor.struct_size != sizeof(kdeps_plugin)) {
        return "struct_size is " + std::to_string(descriptor.struct_size) + ", in this minor it is " +
               std::to_string(sizeof(kdeps_plugin));
    }
    if (const std::string id = text_of(descriptor.id); id != manifest.id)
        return "the library calls itself '" + id + "', its manifest '" + manifest.id + "'";
    if (const std::string version = text_of(descriptor.version); version != manifest.version) {
        return "the library has the version '" + version + "', its manifest '" + manifest.version + "'";
    }
    if (descriptor.reserved != 0 || descriptor.reserved2 != 0) return "reserved fields must be 0";
    return {};
}

std::string wrong_exports(const std::filesystem::path& library) {
    std::string more;
    for (const std::string& symbol : exported_symbols(library)) {
        if (symbol != "kdeps_plugin_entry_v1") more += (more.empty() ? "" : ", ") + symbol;
    }
    return more.empty()
               ? ""
               : "exports more than the entry symbol: " + more + " (link with the version script of kdeps_add_plugin)";
}

bool has_name(const plugin::Provided& provided, const std::string& name) {
    return std::find(provided.names.begin(), provided.names.end(), name) != provided.names.end();
}

// The name in the table and those of the manifest, which the host believes without loading the library.
std::string wrong_names(std::string_view id, const void* table, const plugin::Provided& provided) {
    std::vector<std::string> wanted;
    if (id == KDEPS_EXECUTOR_ID) {
        const auto& executor = *static_cast<const kdeps_executor*>(table);
        wanted = {text_of(executor.run_key)};
        expect_schema(executor.config_schema);
    } else if (id == KDEPS_SETTINGS_ID) {
        const auto& settings = *static_cast<const kdeps_settings*>(table);
        wanted = {text_of(settings.settings_key)};
        expect_schema(settings.config_schema);
    } else if (id == KDEPS_DRIVER_ID) {
        const auto& driver = *static_cast<const kdeps_driver*>(table);
        wanted = {text_of(driver.name)};
        if (driver.placeholders < KDEPS_PLACEHOLDER_DOLLAR || driver.placeholders > KDEPS_PLACEHOLDER_AT)
            return "has no known style of placeholders";
        if (driver.quote.size != 2) return "gives no two quotes for identifiers";
        const std::string schemes = text_of(driver.schemes);
        for (std::size_t start = 0; start < schemes.size();) {
            const std::size_t stop = std::min(schemes.find(' ', start), schemes.size());
            if (stop > start) wanted.push_back(schemes.substr(start, stop - start));
            start = stop + 1;
        }
    }
    for (const std::string& name : wanted) {
        if (!has_name(provided, name)) return "is named '" + name + "' in its table, but not in the manifest";
    }
    return {};
}

void check_interfaces(plugin::Plugin& plugin, Reporter& reporter) {
    const kdeps_plugin& descriptor = plugin.descriptor();
    kdeps_instance* const instance = plugin.instance();
    const plugin::Manifest& manifest = plugin.manifest();
    for (const plugin::Provided& provided : manifest.provides) {
        const std::string check = "interface " + provided.interface;
        reporter.at("get_interface");
        const void* raw = descriptor.get_interface(instance, provided.interface.c_str());
        if (raw == nullptr) {
            reporter.fail(check, "the manifest says that it is provided, get_interface returns NULL");
            continue;
        }
        const auto known =
            std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& one) { return one.id == provided.interface; });
        if (known == kKnown.end()) {
            reporter.skip(check, "this host does not know it");
            continue;
        }
        std::uint32_t size = 0;
        std::memcpy(&size, raw, sizeof(size));
        // A plugin that is pinned to an older minor has shorter tables.
        const bool is_of_this_minor =
            descriptor.abi_minor == KDEPS_ABI_MINOR && descriptor.min_host_minor == KDEPS_ABI_MINOR;
        if (is_of_this_minor ? size != known->size : descriptor.abi_minor <= KDEPS_ABI_MINOR && size > known->size) {
            reporter.fail(check, "struct_size is " + std::to_string(size) + ", in this minor it is " +
                                     std::to_string(known->size));
            continue;
        }
        try {
            reporter.result(check, wrong_names(provided.interface, plugin.interface(provided.interface), provided));
        } catch (const Error& error) {
            reporter.fail(check, error.message);
        }
    }
    std::string unlisted;
    for (const Known& known : kKnown) {
        const bool is_listed = std::any_of(manifest.provides.begin(), manifest.provides.end(),
                                           [&](const auto& one) { return one.interface == known.id; });
        reporter.at("get_interface");
        if (!is_listed && descriptor.get_interface(instance, std::string(known.id).c_str()) != nullptr) {
            unlisted = "provides " + std::string(known.id) + ", which its manifest does not list";
        }
    }
    if (descriptor.get_interface(instance, "kdeps.conformance.unknown/1") != nullptr)
        unlisted = "returns a table for an interface that nobody knows";
    reporter.result("unknown interfaces", unlisted);
}

// Threads that were told to end may take a moment to be gone.
bool threads_are_at_most(std::size_t threads) {
    const Deadline deadline = Deadline::after(kSoon);
    while (footprint().threads > threads) {
        if (deadline.has_passed()) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace

void check_lifecycle(const Options& options, Reporter& reporter) {
    const plugin::Manifest manifest = manifest_of(options.library);
    reporter.pass("manifest");
    reporter.result("exports", wrong_exports(options.library));
    const Footprint before = footprint();
    auto registry = std::make_unique<plugin::Registry>(std::vector{manifest.file.parent_path()});
    plugin::Plugin& plugin = plugin_of(*registry, manifest);
    reporter.at("init");
    try {
        plugin.load();
    } catch (const Error& error) {
        reporter.fail("init", error.message);
        return;
    }
    reporter.pass("init");
    const kdeps_plugin& descriptor = plugin.descriptor();
    const kdeps_plugin copy = descriptor;
    reporter.result("descriptor", wrong_descriptor(copy, manifest));
    check_interfaces(plugin, reporter);
    reporter.at("shutdown");
    registry.reset();
    std::string wrong;
    if (!threads_are_at_most(before.threads)) wrong = "leaves threads running";
    if (footprint().descriptors > before.descriptors) wrong = "leaves files or sockets open";
    if (std::memcmp(&copy, &descriptor, sizeof(copy)) != 0) wrong = "the descriptor has changed since it was returned";
    reporter.result("shutdown", wrong);
}

}  // namespace kdeps::conformance
