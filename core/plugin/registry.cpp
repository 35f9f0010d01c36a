// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/registry.hpp"

#include <algorithm>

#include "core/plugin/call.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/normalise.hpp"
#include "core/plugin/trust.hpp"

namespace kdeps::plugin {

Plugin::Plugin(Manifest manifest, Registry& registry) : manifest_(std::move(manifest)), registry_(registry) {}

Plugin::~Plugin() {
    if (instance_ != nullptr) {
        descriptor_->shutdown(instance_);
    }
}

Plugin::State Plugin::state() const { return state_.load(); }

void Plugin::load() {
    std::call_once(loaded_, [this] {
        try {
            load_once();
            state_ = State::loaded;
        } catch (const Error& error) {
            failure_ = error;
            state_ = State::failed;
        }
    });
    if (failure_) {
        throw Error(*failure_);
    }
}

void Plugin::load_once() {
    check_trust(manifest_);
    if (registry_.lock_) registry_.lock_->check(manifest_);
    const kdeps_plugin* descriptor = open_library(manifest_.library);
    if (const std::string_view id = to_view(descriptor->id); id != manifest_.id) {
        throw Error(Status::bad_data, "plugin library '" + manifest_.library.string() + "' calls itself '" +
                                          std::string(id) + "', its manifest says '" + manifest_.id + "'");
    }
    kdeps_call_ call(registry_, "", "");
    kdeps_instance* instance = nullptr;
    if (const kdeps_status status = descriptor->init(&registry_.host(), &call, &instance); status != KDEPS_OK) {
        Error error = call.failure(status, manifest_.id);
        error.message = "plugin '" + manifest_.id + "' cannot start: " + error.message;
        throw Error(std::move(error));
    }
    descriptor_ = descriptor;
    instance_ = instance;
    const std::lock_guard lock(registry_.mutex_);
    registry_.load_order_.push_back(this);
}

const void* Plugin::interface(std::string_view id) {
    load();
    const auto address = [](const Table& table) {
        return std::visit([](const auto& t) -> const void* { return &t; }, table);
    };
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = tables_.find(id); found != tables_.end()) {
            return address(*found->second);
        }
    }
    const void* raw = descriptor_->get_interface(instance_, std::string(id).c_str());
    if (raw == nullptr) {
        return nullptr;
    }
    const auto normalised = [&]() -> std::unique_ptr<Table> {
        if (id == KDEPS_EXECUTOR_ID) return std::make_unique<Table>(normalise_executor(raw, manifest_.id));
        if (id == KDEPS_SETTINGS_ID) return std::make_unique<Table>(normalise_settings(raw, manifest_.id));
        if (id == KDEPS_HEALTH_ID) return std::make_unique<Table>(normalise_health(raw, manifest_.id));
        if (id == KDEPS_DRIVER_ID) return std::make_unique<Table>(normalise_driver(raw, manifest_.id));
        if (id == KDEPS_CONNECTIONS_ID) return std::make_unique<Table>(normalise_connections(raw, manifest_.id));
        if (id == KDEPS_LIVE_ID) return std::make_unique<Table>(normalise_live(raw, manifest_.id));
        return nullptr;
    }();
    if (normalised == nullptr) {
        return raw;  // an interface between plugins that this host does not know: handed through as it is
    }
    const std::lock_guard lock(mutex_);
    // Another thread may have come first: its table stays, pointers to it are out.
    return address(*tables_.try_emplace(std::string(id), std::make_unique<Table>(*normalised)).first->second);
}

Registry::Registry(const std::vector<std::filesystem::path>& folders)
    : folders_(folders), host_(std::make_unique<HostTable>(make_host(*this))) {
    SearchResult found = find_manifests(folders);
    manifest_faults_ = std::move(found.faults);
    for (Manifest& manifest : found.manifests) {
        plugins_.push_back(std::make_unique<Plugin>(std::move(manifest), *this));
    }
}

Registry::~Registry() {
    // A plugin may use one that was loaded after it (sql uses drivers) only through connections that its own shutdown
    // closes, so the first loaded ends first.
    for (Plugin* plugin : load_order_) {
        const auto place =
            std::find_if(plugins_.begin(), plugins_.end(), [&](const auto& owned) { return owned.get() == plugin; });
        place->reset();
    }
}

const kdeps_host& Registry::host() const { return host_->table; }

Plugin* Registry::find(std::string_view interface, std::string_view name) const {
    const auto found = std::find_if(plugins_.begin(), plugins_.end(), [&](const auto& plugin) {
        return plugin != nullptr && plugin->manifest().offers(interface, name);
    });
    return found == plugins_.end() ? nullptr : found->get();
}

std::optional<workflow::ExecutorInfo> Registry::executor(std::string_view run_key) const {
    const auto bound = bind<kdeps_executor>(KDEPS_EXECUTOR_ID, run_key);
    if (!bound) {
        return std::nullopt;
    }
    workflow::ExecutorInfo info;
    info.schema = std::string(to_view(bound->table->config_schema));
    info.default_timeout = std::chrono::nanoseconds(bound->table->default_timeout_ns);
    info.responds = (bound->table->flags & KDEPS_EXECUTOR_RESPONDS) != 0;
    return info;
}

std::optional<std::string> Registry::settings_schema(std::string_view settings_key) const {
    const auto bound = bind<kdeps_settings>(KDEPS_SETTINGS_ID, settings_key);
    return bound ? std::optional(std::string(to_view(bound->table->config_schema))) : std::nullopt;
}

std::vector<std::string> Registry::names_of(std::string_view interface) const {
    std::vector<std::string> names;
    for (const auto& plugin : plugins_) {
        for (const Provided& provided : plugin->manifest().provides) {
            if (provided.interface == interface) {
                names.insert(names.end(), provided.names.begin(), provided.names.end());
            }
        }
    }
    return names;
}

std::vector<std::string> Registry::run_keys() const { return names_of(KDEPS_EXECUTOR_ID); }
std::vector<std::string> Registry::settings_keys() const { return names_of(KDEPS_SETTINGS_ID); }

}  // namespace kdeps::plugin
