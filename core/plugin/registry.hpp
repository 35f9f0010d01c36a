// SPDX-License-Identifier: Apache-2.0
// The plugins that were found, loaded on need.  One broken plugin never stops the others: its error comes when
// something asks for it.
#pragma once

#include <kdeps/kdeps.h>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/base.hpp"
#include "core/plugin/lock.hpp"
#include "core/plugin/manifest.hpp"
#include "core/workflow/workflow.hpp"

namespace kdeps::plugin {

class Registry;

// Set by the host in kdeps_executor.flags: the plugin has no cancel, no start.  No plugin's flag reaches these bits.
inline constexpr std::uint32_t kNoCancel = 1U << 31;
inline constexpr std::uint32_t kNoStart = 1U << 30;

// One plugin.  Any thread; load() runs once, whoever comes first.
class Plugin {
public:
    Plugin(Manifest manifest, Registry& registry);
    ~Plugin();
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    const Manifest& manifest() const { return manifest_; }

    enum class State { found, loaded, failed };
    State state() const;

    // Opens the library and initialises the plugin.  Throws the same Error each time if that failed.
    void load();

    // The normalised table of an interface, or nullptr if the plugin does not provide it.  Loads on need.  Throws
    // Error.
    const void* interface(std::string_view id);

    // Valid after load().
    kdeps_instance* instance() const { return instance_; }
    const kdeps_plugin& descriptor() const { return *descriptor_; }

private:
    void load_once();

    using Table = std::variant<kdeps_executor, kdeps_settings, kdeps_health, kdeps_driver, kdeps_connections, kdeps_live>;

    Manifest manifest_;
    Registry& registry_;
    std::once_flag loaded_;
    std::atomic<State> state_{State::found};
    std::optional<Error> failure_;
    const kdeps_plugin* descriptor_ = nullptr;
    kdeps_instance* instance_ = nullptr;
    std::mutex mutex_;  // guards tables_
    std::map<std::string, std::unique_ptr<Table>, std::less<>> tables_;
};

// An interface of a loaded plugin and the instance that its slots want.
template <typename Table>
struct Bound {
    const Table* table = nullptr;
    kdeps_instance* instance = nullptr;
    Plugin* plugin = nullptr;
};

class Registry final : public workflow::ExecutorCatalog {
public:
    // Reads the manifests in `folders`, in order; opens nothing.
    explicit Registry(const std::vector<std::filesystem::path>& folders);
    ~Registry() override;  // shuts the plugins down, last loaded first
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    // From now on no plugin is loaded that is not in the lock.  Call it before anything is loaded.
    void enforce(Lock lock) { lock_ = std::move(lock); }

    const std::vector<std::unique_ptr<Plugin>>& plugins() const { return plugins_; }
    const std::vector<std::filesystem::path>& folders() const { return folders_; }
    const std::vector<std::string>& manifest_faults() const { return manifest_faults_; }

    // The plugin whose manifest offers an interface under a name; nullptr if none.
    Plugin* find(std::string_view interface, std::string_view name) const;

    // Loads on need.  nullopt if no plugin offers the name; throws Error if the one that does cannot be loaded.
    template <typename Table>
    std::optional<Bound<Table>> bind(std::string_view id, std::string_view name) const {
        Plugin* plugin = find(id, name);
        if (plugin == nullptr) {
            return std::nullopt;
        }
        const auto* table = static_cast<const Table*>(plugin->interface(id));
        if (table == nullptr) {
            throw Error(Status::bad_data, "plugin '" + plugin->manifest().id +
                                              "' says in its manifest that it provides " + std::string(id) +
                                              ", but does not");
        }
        return Bound<Table>{table, plugin->instance(), plugin};
    }

    // ExecutorCatalog.
    std::optional<workflow::ExecutorInfo> executor(std::string_view run_key) const override;
    std::optional<std::string> settings_schema(std::string_view settings_key) const override;
    std::vector<std::string> run_keys() const override;
    std::vector<std::string> settings_keys() const override;

    const kdeps_host& host() const;
    Metrics& metrics() { return metrics_; }

private:
    friend class Plugin;
    std::vector<std::string> names_of(std::string_view interface) const;

    std::vector<std::filesystem::path> folders_;
    std::vector<std::unique_ptr<Plugin>> plugins_;
    std::vector<std::string> manifest_faults_;
    std::optional<Lock> lock_;
    Metrics metrics_;
    std::unique_ptr<struct HostTable> host_;
    std::mutex mutex_;  // guards load_order_
    std::vector<Plugin*> load_order_;
};

}  // namespace kdeps::plugin
