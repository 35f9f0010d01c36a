// SPDX-License-Identifier: Apache-2.0
#include "core/cli/conformance/subject.hpp"

#include <fstream>
#include <iterator>

namespace kdeps::conformance {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> folders(const Options& options) {
    std::vector<fs::path> out = {fs::absolute(options.library).parent_path()};
    for (const fs::path& folder : plugin::search_folders(options.plugin_folders)) out.push_back(folder);
    return out;
}

// Every environment of these names is one.
Memory& of(expr::Environment& environment) { return static_cast<Memory&>(environment); }

void throw_faults(const config::Diagnostics& faults) {
    if (faults.has_errors()) throw Error(Status::invalid_argument, faults.text());
}

}  // namespace

Quirks::Quirks(const fs::path& file) {
    root_ = empty_map();
    if (file.empty()) return;
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw Error(Status::not_found, "--quirks: the file '" + file.string() + "' cannot be read");
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    config::Diagnostics faults;
    faults.add_source(file.string(), text);
    std::vector<config::Node> documents = config::read_yaml(text, file.string(), faults);
    throw_faults(faults);
    if (documents.size() != 1 || documents[0].kind != config::Node::Kind::map) {
        throw Error(Status::invalid_argument,
                    "--quirks: '" + file.string() + "' must hold one map with settings, executor or driver");
    }
    root_ = std::move(documents[0]);
}

const config::Node* Quirks::find(std::string_view group, std::string_view key) const {
    const config::Node* part = root_.find(group);
    return part == nullptr ? nullptr : part->find(key);
}

std::string Quirks::text(std::string_view group, std::string_view key, std::string_view otherwise) const {
    const config::Node* node = find(group, key);
    return node == nullptr ? std::string(otherwise) : node->text;
}

value::Value Memory::get(std::string_view key, std::string_view) {
    const auto found = values_.find(key);
    return found == values_.end() ? value::Value() : found->second;
}
void Memory::set(std::string_view key, value::Value value, std::string_view) {
    values_[std::string(key)] = std::move(value);
}
value::Value Memory::info(std::string_view) { return {}; }

const expr::Names& names() {
    static const expr::Names kNames = [] {
        expr::Names out;
        out.add_function({"get", 1, 2, [](expr::Environment& e, std::span<const value::Value> arguments) {
                              value::Value found = of(e).get(arguments[0].text(), {});
                              return found.is_null() && arguments.size() > 1 ? arguments[1] : found;
                          }});
        out.add_function({"set", 2, 3, [](expr::Environment& e, std::span<const value::Value> arguments) {
                              of(e).set(arguments[0].text(), arguments[1], {});
                              return arguments[1];
                          }});
        out.add_function(
            {"info", 1, 1, [](expr::Environment&, std::span<const value::Value>) { return value::Value(); }});
        return out;
    }();
    return kNames;
}

config::Node empty_map() {
    config::Node node;
    node.kind = config::Node::Kind::map;
    node.position = {"quirks", 1, 1};
    return node;
}

Configuration::Configuration(const config::Node& node, std::string_view schema) {
    config::Diagnostics faults;
    value_ = workflow::compile(node, schema.empty() ? config::Schema() : config::Schema(schema), names(), faults);
    throw_faults(faults);
    handles_ = plugin::make_handles(value_);
}

bool Configuration::holds(const kdeps_value_* value) const {
    const std::function<bool(const kdeps_value_&)> look = [&](const kdeps_value_& node) {
        if (&node == value) return true;
        for (const auto& child : node.more->children) {
            if (look(*child)) return true;
        }
        return false;
    };
    return look(*handles_);
}

plugin::Manifest manifest_of(const fs::path& library) {
    const fs::path file = fs::absolute(library);
    if (!fs::exists(file)) throw Error(Status::not_found, "plugin library '" + library.string() + "' does not exist");
    for (const auto& entry : fs::directory_iterator(file.parent_path())) {
        if (!entry.path().filename().string().ends_with(".plugin.json")) continue;
        try {
            if (plugin::Manifest manifest = plugin::read_manifest(entry.path());
                manifest.library.filename() == file.filename())
                return manifest;
        } catch (const Error&) {
            // Another plugin's manifest: if it is this one's, the message below tells that none was found.
        }
    }
    throw Error(Status::not_found,
                "no manifest beside '" + library.string() +
                    "' names it; build with kdeps_add_plugin(), or write NAME.plugin.json as sdk/README.md tells");
}

plugin::Plugin& plugin_of(const plugin::Registry& registry, const plugin::Manifest& manifest) {
    for (const auto& plugin : registry.plugins()) {
        if (plugin->manifest().file.filename() == manifest.file.filename() && plugin->manifest().id == manifest.id)
            return *plugin;
    }
    throw Error(Status::already_exists,
                "another plugin in '" + manifest.file.parent_path().string() + "' has the id '" + manifest.id + "'");
}

Subject::Subject(const Options& options, const Quirks& quirks)
    : registry_(folders(options)), plugin_(&plugin_of(registry_, manifest_of(options.library))) {
    plugin_->load();
    configure(quirks);
}

void Subject::configure(const Quirks& quirks) {
    const auto* table = this->table<kdeps_settings>(KDEPS_SETTINGS_ID);
    if (table == nullptr) return;
    const config::Node* node = quirks.settings({table->settings_key.data, table->settings_key.size});
    if (node != nullptr)
        settings_ = std::make_unique<Configuration>(
            *node, std::string_view(table->config_schema.data, table->config_schema.size));
    config::Diagnostics faults;
    Invocation invocation(registry_);
    invocation.call.faults = &faults;
    const kdeps_status status =
        table->configure(instance(), invocation.handle(), settings_ == nullptr ? nullptr : settings_->handle());
    if (const std::string wrong = status == KDEPS_OK ? "" : wrong_failure(status, invocation.call, !faults.is_empty());
        !wrong.empty()) {
        throw Error(Status::bad_data, "configure " + wrong);
    }
    throw_faults(faults);
    if (status != KDEPS_OK) throw Error(invocation.call.failure(status, manifest().id));
}

std::string wrong_failure(kdeps_status status, const kdeps_call_& call, bool has_reported) {
    if (status < KDEPS_OK || status > KDEPS_INTERNAL) return "returned the unknown status " + std::to_string(status);
    const std::string name(status_name(static_cast<Status>(status)));
    if (!call.error) {
        // The host has words of its own for these.
        if (has_reported || status == KDEPS_TIMEOUT || status == KDEPS_CANCELLED) return {};
        return "failed with " + name + " and did not say why: call host->fail before returning";
    }
    if (call.error->status != static_cast<Status>(status)) {
        return "returned " + name + ", but told host->fail " + std::string(status_name(call.error->status)) +
               ": return what host->fail returns";
    }
    if (call.error->message.empty() && !has_reported) return "failed with " + name + " and an empty message";
    if (!is_valid_utf8(call.error->message)) return "failed with a message that is not UTF-8";
    if (!call.error->sqlstate.empty() && call.error->sqlstate.size() != 5)
        return "gave the SQLSTATE '" + call.error->sqlstate + "', which has not five characters";
    return {};
}

}  // namespace kdeps::conformance
