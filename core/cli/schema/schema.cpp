// SPDX-License-Identifier: Apache-2.0
#include "core/cli/schema/schema.hpp"

#include <nlohmann/json.hpp>

#include "core/base/base.hpp"
#include "core/cli/schema/loosen.hpp"

namespace kdeps::schema {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kCore =
#include "workflow_schema.inc"
    ;

// A URL whose scheme an installed driver serves; ${NAME} may become one.
std::string scheme_pattern(const plugin::Registry& plugins) {
    std::string schemes;
    for (const auto& plugin : plugins.plugins()) {
        for (const auto& provided : plugin->manifest().provides) {
            if (provided.interface != KDEPS_DRIVER_ID) continue;
            for (const std::string& name : provided.names) schemes += (schemes.empty() ? "" : "|") + name;
        }
    }
    return "^(" + schemes + ")://|\\$\\{";
}

Json parse(const std::string& text) { return text.empty() ? Json::object() : Json::parse(text); }

Json reference(const std::string& name) { return {{"$ref", "#/definitions/" + name}}; }

class Assembly {
public:
    explicit Assembly(const plugin::Registry& plugins)
        : plugins_(plugins), schemes_(scheme_pattern(plugins)), root_(Json::parse(kCore)) {}

    Schema finish() {
        for (const std::string& key : plugins_.run_keys()) {
            ask("executor '" + key + "'", [&] { executor(key); });
        }
        for (const std::string& key : plugins_.settings_keys()) {
            ask("settings." + key, [&] { settings(key); });
        }
        return {root_.dump(2) + "\n", std::move(faults_)};
    }

private:
    // A broken plugin never stops the others.
    template <typename Work>
    void ask(const std::string& what, Work work) {
        try {
            work();
        } catch (const Error& error) {
            faults_.push_back(what + " is not in the schema: " + error.message);
        } catch (const nlohmann::json::exception& error) {
            faults_.push_back(what + " is not in the schema: its own is no JSON: " + error.what());
        }
    }

    void executor(const std::string& key) {
        const auto info = plugins_.executor(key);
        if (!info) return;
        Json schema = loosen(parse(info->schema), Place::evaluated, "value", schemes_);
        // What the core adds to every executor.
        if (Json& object = schema.contains("anyOf") ? schema["anyOf"][0] : schema; object.contains("properties")) {
            for (const char* name : {"timeout", "timeoutDuration"}) object["properties"][name] = reference("duration");
        }
        const std::string name = "executor-" + key;
        Json& definitions = root_["definitions"];
        definitions[name] = std::move(schema);
        definitions["resource"]["properties"]["run"]["properties"][key] = reference(name);
        definitions["flatResource"]["properties"][key] = reference(name);
        if (info->responds) definitions["onError"]["properties"][key] = reference(name);
    }

    void settings(const std::string& key) {
        const auto text = plugins_.settings_schema(key);
        if (!text) return;
        Json schema = loosen(parse(*text), Place::settings, "literal", schemes_);
        // Put there by the engine, not by an author (decisions/0003-agent-settings.md).
        for (Json* part : {&schema, schema.contains("anyOf") ? &schema["anyOf"][0] : &schema}) {
            if (part->contains("properties")) (*part)["properties"].erase("agentSettings");
        }
        root_["definitions"]["settings-" + key] = std::move(schema);
        root_["definitions"]["settings"]["properties"][key] = reference("settings-" + key);
    }

    const plugin::Registry& plugins_;
    std::string schemes_;
    Json root_;
    std::vector<std::string> faults_;
};

}  // namespace

Schema assemble(const plugin::Registry& plugins) { return Assembly(plugins).finish(); }

}  // namespace kdeps::schema
