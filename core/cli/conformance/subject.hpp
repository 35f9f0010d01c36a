// SPDX-License-Identifier: Apache-2.0
// The plugin under test, loaded in a test process as the host loads it, and what its calls need: quirks,
// configurations, a run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/cli/conformance/conformance.hpp"
#include "core/config/config.hpp"
#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"

namespace kdeps::conformance {

// A call returns so soon after it was told to stop.
inline constexpr std::chrono::seconds kSoon{2};

// What the quirks file says; every part may be absent.
class Quirks {
public:
    explicit Quirks(const std::filesystem::path& file);  // throws Error
    // "executor", "slow": the node, or nullptr.
    const config::Node* find(std::string_view group, std::string_view key) const;
    std::string text(std::string_view group, std::string_view key, std::string_view otherwise) const;
    const config::Node* settings(std::string_view key) const { return find("settings", key); }

private:
    config::Node root_;
};

// The run that a call belongs to: a memory of its own, no request.  One thread.
class Memory final : public plugin::CallContext, public expr::Environment {
public:
    value::Value get(std::string_view key, std::string_view hint) override;
    void set(std::string_view key, value::Value value, std::string_view storage) override;
    value::Value info(std::string_view name) override;
    expr::Environment& environment() override { return *this; }
    value::Value variable(std::string_view) override { return {}; }

private:
    std::map<std::string, value::Value, std::less<>> values_;
};

// get, set and info, as workflows have them.
const expr::Names& names();

// One call into a plugin.
struct Invocation {
    explicit Invocation(plugin::Registry& registry, Deadline deadline = {}) : call(registry, "conformance", "/") {
        call.deadline = deadline;
        call.context = &memory;
        call.stop = &stop;
    }
    kdeps_call* handle() { return &call; }

    StopFlag stop;
    Memory memory;
    kdeps_call_ call;
};

// A configuration as compile gets it.
class Configuration {
public:
    // Throws Error if an expression in it is wrong.
    Configuration(const config::Node& node, std::string_view schema);
    kdeps_value handle() const { return handles_.get(); }
    // Is it a node of this configuration?
    bool holds(const kdeps_value_* value) const;

private:
    workflow::ConfigValue value_;
    std::unique_ptr<kdeps_value_> handles_;
};

// An empty map.
config::Node empty_map();

// The manifest that stands beside a library and names it.  Throws Error.
plugin::Manifest manifest_of(const std::filesystem::path& library);

// The plugin of a manifest, in a registry that has read the folder of the manifest first.  Throws Error.
plugin::Plugin& plugin_of(const plugin::Registry& registry, const plugin::Manifest& manifest);

// The plugin, loaded and configured.
class Subject {
public:
    Subject(const Options& options, const Quirks& quirks);  // throws Error

    const plugin::Manifest& manifest() const { return plugin_->manifest(); }
    kdeps_instance* instance() const { return plugin_->instance(); }
    plugin::Registry& registry() { return registry_; }
    // nullptr if the manifest does not offer it.
    template <typename Table>
    const Table* table(std::string_view id) const {
        for (const auto& provided : manifest().provides) {
            if (provided.interface == id) return static_cast<const Table*>(plugin_->interface(id));
        }
        return nullptr;
    }

private:
    void configure(const Quirks& quirks);

    std::unique_ptr<Configuration> settings_;  // outlives the plugins
    plugin::Registry registry_;
    plugin::Plugin* plugin_;
};

// What is wrong with the way in which a slot failed; empty if nothing.  `has_reported`: faults of the configuration
// were reported.
std::string wrong_failure(kdeps_status status, const kdeps_call_& call, bool has_reported = false);

// What this process holds.
struct Footprint {
    std::size_t memory = 0;  // bytes of the heap in use
    std::size_t descriptors = 0;
    std::size_t threads = 0;
};
Footprint footprint();

// What is left behind by repeating `work`, after its caches have filled; empty if nothing.
std::string leak_of(std::size_t times, const std::function<void()>& work);

}  // namespace kdeps::conformance
