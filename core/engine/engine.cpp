// SPDX-License-Identifier: Apache-2.0
#include "core/engine/engine.hpp"

#include "core/engine/items.hpp"
#include "core/engine/run.hpp"
#include "core/engine/session_file.hpp"

namespace kdeps::engine {

namespace {

// More threads than this would only wait for the same connections.
constexpr std::size_t kMostWorkers = 256;

std::unique_ptr<ZonedClock> make_clock(const workflow::Workflow& workflow, config::Diagnostics& faults) {
    try {
        return std::make_unique<ZonedClock>(workflow.settings.timezone);
    } catch (const Error& error) {
        faults.error("settings.agentSettings.timezone: " + error.message,
                     {workflow.files.empty() ? "" : workflow.files.front().string(), 0, 0});
        return std::make_unique<ZonedClock>("UTC");
    }
}

std::unique_ptr<SessionFile> make_session_file(const workflow::Workflow& workflow, plugin::Registry& plugins,
                                               config::Diagnostics& faults) {
    const std::string& path = workflow.settings.session_path;
    if (path.empty() || faults.has_errors()) {
        return nullptr;
    }
    try {
        return std::make_unique<SessionFile>(plugins, workflow.folder.string(), path, workflow.settings.session_ttl);
    } catch (const Error& error) {
        faults.error("settings.session.path: " + error.message, {workflow.files.front().string(), 0, 0});
        return nullptr;
    }
}

}  // namespace

Parts::Parts(const workflow::Workflow& workflow_read, plugin::Registry& registry, config::Diagnostics& faults)
    : workflow(workflow_read),
      plugins(registry),
      folder(workflow_read.folder.string()),
      clock(make_clock(workflow_read, faults)),
      // Order makes sense only without cycles and with a target.
      plan(faults.has_errors() ? plan::Plan() : plan::Plan(workflow_read, workflow_read.target_index)),
      target(workflow_read.target_index),
      is_sequential(workflow_read.settings.is_sequential),
      sessions(workflow_read.settings.session_ttl, make_session_file(workflow_read, registry, faults),
               [this](std::function<void()> task) { workers.submit(std::move(task)); }),
      workers(kMostWorkers) {
    configure(faults);
    for (const workflow::Resource& resource : workflow.resources) {
        CompiledResource compiled;
        compiled.source = &resource;
        const auto step = [&](const std::optional<workflow::Action>& action) {
            return action ? std::make_unique<Step>(plugins, workflow, resource, *action, faults) : nullptr;
        };
        check_side_by_side(resource, faults);
        compiled.validator = std::make_unique<Validator>(resource, faults);
        compiled.action = step(resource.action);
        compiled.response = step(resource.response);
        compiled.on_error_response = resource.on_error ? step(resource.on_error->response) : nullptr;
        resources.push_back(std::move(compiled));
    }
}

// Every plugin that owns a key of settings is configured, also without one, as a reload may have taken it away; but no
// plugin is loaded for a key that the workflow does not have.
void Parts::configure(config::Diagnostics& faults) {
    const auto configure_one = [&](const std::string& key, const workflow::ConfigValue* value) {
        const auto bound = plugins.bind<kdeps_settings>(KDEPS_SETTINGS_ID, key);
        if (!bound) return;
        // agentSettings belongs to no plugin; one that needs it says so in the schema of its own key
        // (decisions/0003-agent-settings.md).
        const kdeps_str given = bound->table->config_schema;
        const std::string_view text(given.data == nullptr ? "" : given.data, given.size);
        const config::Schema schema = text.empty() ? config::Schema() : config::Schema(text);
        // By name: "any further key" does not mean this one.
        const auto properties = schema.is_empty() ? std::nullopt : schema.value().find("properties");
        if (properties && properties->is_map() && properties->find("agentSettings")) {
            value = &with_agent.emplace_back(
                (value == nullptr ? workflow::ConfigValue() : *value).with("agentSettings", workflow.settings.agent));
        }
        settings_values.push_back(value == nullptr ? nullptr : plugin::make_handles(*value));
        kdeps_call_ call(plugins, "", folder);
        call.faults = &faults;
        const std::size_t before = faults.size();
        const kdeps_status status = bound->table->configure(bound->instance, &call, settings_values.back().get());
        if (status != KDEPS_OK && faults.size() == before) {
            faults.error("settings." + key + ": " + call.failure(status, bound->plugin->manifest().id).message,
                         value == nullptr ? Position() : value->position_of(0));
        }
        settings.push_back(*bound);
    };
    for (const auto& [key, value] : workflow.settings.plugins) {
        configure_one(key, &value);
    }
    for (const std::string& key : plugins.settings_keys()) {
        const plugin::Plugin* owner = plugins.find(KDEPS_SETTINGS_ID, key);
        const bool is_given = std::any_of(workflow.settings.plugins.begin(), workflow.settings.plugins.end(),
                                          [&](const auto& given) { return given.first == key; });
        if (!is_given && owner != nullptr && owner->state() == plugin::Plugin::State::loaded)
            configure_one(key, nullptr);
    }
}

Engine::Engine(const workflow::Workflow& workflow, plugin::Registry& plugins, config::Diagnostics& faults)
    : sources_(faults), parts_(std::make_unique<Parts>(workflow, plugins, faults)) {}

Engine::~Engine() = default;

void Engine::start() {
    for (const auto& bound : parts_->settings) {
        kdeps_call_ call(parts_->plugins, "", parts_->folder);
        bound.table->start(bound.instance, &call);
    }
}

Outcome Engine::run(const Request& request, const StopFlag& stop) {
    Outcome outcome;
    try {
        outcome = Run(*parts_, request, stop).execute();
    } catch (...) {  // before the first resource
        outcome.success = false;
        outcome.error = current_error();
        outcome.status = error_code(*outcome.error).http_status;
    }
    if (outcome.error && outcome.error->detail.empty() && outcome.error->position.known()) {
        outcome.error->detail = outcome.error->position.text() + "\n" + sources_.excerpt(outcome.error->position);
    }
    return outcome;
}

value::Value Engine::health(std::chrono::nanoseconds timeout) {
    value::List all;
    for (const auto& bound : parts_->settings) {
        const auto* health = static_cast<const kdeps_health*>(bound.plugin->interface(KDEPS_HEALTH_ID));
        if (health == nullptr) continue;
        kdeps_call_ call(parts_->plugins, "", parts_->folder);
        call.deadline = Deadline::after(timeout);
        kdeps_value out = nullptr;
        const kdeps_status status = health->check(bound.instance, &call, &out);
        if (status != KDEPS_OK) {
            value::Map failed;
            failed.set("name", bound.plugin->manifest().id);
            failed.set("ok", false);
            failed.set("error", call.failure(status, bound.plugin->manifest().id).message);
            all.push_back(value::Value::map(std::move(failed)));
            continue;
        }
        const value::Value list = call.take(out);
        for (std::size_t i = 0; i < list.size(); ++i) all.push_back(list.at(i));
    }
    return value::Value::list(std::move(all));
}

value::Value Engine::check_live(config::Diagnostics& faults, std::chrono::nanoseconds timeout) {
    const Deadline end = Deadline::after(timeout);
    value::List all;
    const auto check = [&](const workflow::Resource& resource, const std::unique_ptr<Step>& step) {
        if (step == nullptr) return;
        kdeps_call_ call(parts_->plugins, resource.action_id, parts_->folder);
        call.deadline = end;
        call.faults = &faults;
        try {
            const value::Value list = step->check_live(call);
            for (std::size_t i = 0; list.is_array() && i < list.size(); ++i) {
                value::Map one;
                one.set("resource", resource.action_id);
                const value::Value told = list.at(i);
                for (std::size_t k = 0; told.is_map() && k < told.size(); ++k)
                    one.set(told.key_at(k), *told.find(told.key_at(k)));
                all.push_back(value::Value::map(std::move(one)));
            }
        } catch (const Error& error) {
            faults.error("resource '" + resource.action_id + "' cannot be checked: " + error.message, error.position);
        }
    };
    for (const CompiledResource& resource : parts_->resources) {
        check(*resource.source, resource.action);
        check(*resource.source, resource.response);
        check(*resource.source, resource.on_error_response);
    }
    return value::Value::list(std::move(all));
}

const workflow::Workflow& Engine::workflow() const { return parts_->workflow; }

}  // namespace kdeps::engine
