// SPDX-License-Identifier: Apache-2.0
// `kdeps validate`: the same load as a run, all faults in one report.
#include <cstdio>

#include "core/cli/commands.hpp"

namespace kdeps::cli {

namespace {

using workflow::ConfigValue;

void explain(const ConfigValue& value, const std::string& field) {
    switch (value.kind()) {
        case ConfigValue::Kind::list:
            for (std::size_t i = 0; i < value.size(); ++i) explain(value.at(i), field + "[" + std::to_string(i) + "]");
            return;
        case ConfigValue::Kind::map:
            for (std::size_t i = 0; i < value.size(); ++i) explain(value.at(i), field + "." + value.key(i));
            return;
        case ConfigValue::Kind::literal:
            if (!value.literal().is_string()) return;
            break;
        default: break;
    }
    const char* reading = value.kind() == ConfigValue::Kind::expression ? "expression"
                          : value.kind() == ConfigValue::Kind::templ    ? "template  "
                                                                        : "text      ";
    std::printf("%s: %s %s: %s\n", value.location().c_str(), reading, field.c_str(),
                value::to_json(redact(value.source())).c_str());
}

void explain_all(const std::vector<ConfigValue>& values, const std::string& field) {
    for (std::size_t i = 0; i < values.size(); ++i) explain(values[i], field + "[" + std::to_string(i) + "]");
}

// How each string of a resource was read (rules §3).
void explain(const workflow::Resource& resource) {
    const std::string name = resource.action_id;
    if (resource.items) explain(*resource.items, name + ".items");
    explain_all(resource.skip_condition, name + ".skipCondition");
    if (resource.preflight) explain_all(resource.preflight->validations, name + ".preflightCheck.validations");
    for (const auto& rule : resource.custom_rules) explain(rule.condition, name + ".validation.customRules");
    explain_all(resource.expr_before, name + ".exprBefore");
    if (resource.action) explain(resource.action->config, name + "." + resource.action->run_key);
    explain_all(resource.expr_after, name + ".expr");
    if (resource.response) explain(resource.response->config, name + "." + resource.response->run_key);
    if (resource.on_error) {
        explain_all(resource.on_error->when, name + ".onError.when");
        explain_all(resource.on_error->expr, name + ".onError.expr");
        if (resource.on_error->fallback) explain(*resource.on_error->fallback, name + ".onError.fallback");
        if (resource.on_error->response) explain(resource.on_error->response->config, name + ".onError.apiResponse");
    }
}

std::string text_of(const value::Value& map, std::string_view key) {
    const auto found = map.find(key);
    return found && found->is_string() ? found->text() : std::string();
}

// "id int32, name text"
std::string described(const std::optional<value::Value>& list) {
    std::string out;
    for (std::size_t i = 0; list && i < list->size(); ++i)
        out += (i == 0 ? "" : ", ") + text_of(list->at(i), "name") + " " + text_of(list->at(i), "type");
    return out.empty() ? "none" : out;
}

void print_statements(const value::Value& statements) {
    for (std::size_t i = 0; i < statements.size(); ++i) {
        const value::Value one = statements.at(i);
        const std::string name = text_of(one, "name");
        const std::string on = text_of(one, "on");
        std::printf("%s: %s%s%s\n", text_of(one, "location").c_str(), text_of(one, "resource").c_str(),
                    name.empty() ? "" : (", " + name).c_str(), on.empty() ? "" : (", on " + redact(on)).c_str());
        if (const std::string note = text_of(one, "note"); !note.empty()) {
            std::printf("  nothing is known of it: %s\n", note.c_str());
            continue;
        }
        std::printf("  parameters: %s\n  columns:    %s\n", described(one.find("parameters")).c_str(),
                    described(one.find("columns")).c_str());
    }
}

}  // namespace

bool report(const Host& host) {
    if (!host.faults.is_empty()) {
        const std::string text = host.faults.text();
        std::fwrite(text.data(), 1, text.size(), stderr);
    }
    return host.is_usable();
}

int validate(const ValidateOptions& options) {
    // Longer than a server that does not answer may take; those that do are asked one statement after the other.
    constexpr auto kLongest = std::chrono::minutes(2);
    Host host(options.load);
    value::Value statements = value::Value::list({});
    if (options.is_live && host.is_usable()) statements = host.engine->check_live(host.faults, kLongest);
    if (options.is_json) {
        if (options.is_live) {
            std::printf("{\"faults\":%s,\"statements\":%s}\n", host.faults.json().c_str(),
                        redact(value::to_json(statements)).c_str());
        } else {
            std::printf("%s\n", host.faults.json().c_str());
        }
        return host.is_usable() ? kSuccess : kWrongUse;
    }
    report(host);
    if (options.explains) {
        for (const auto& resource : host.workflow->resources) explain(resource);
    }
    print_statements(statements);
    if (!host.is_usable()) return kWrongUse;
    std::printf("Validation successful: %zu resources, target '%s'\n", host.workflow->resources.size(),
                host.workflow->target.c_str());
    return kSuccess;
}

}  // namespace kdeps::cli
