// SPDX-License-Identifier: Apache-2.0
// Workflows read from files of a temporary folder, with two executors that exist only here.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/workflow/workflow.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::workflow {

class FakeCatalog : public ExecutorCatalog {
public:
    std::optional<ExecutorInfo> executor(std::string_view run_key) const override {
        if (const auto broken = broken_.find(run_key); broken != broken_.end())
            throw Error(Status::unavailable, broken->second);
        const auto found = executors.find(run_key);
        return found == executors.end() ? std::nullopt : std::optional(found->second);
    }
    std::optional<std::string> settings_schema(std::string_view settings_key) const override {
        const auto found = settings.find(settings_key);
        return found == settings.end() ? std::nullopt : std::optional(found->second);
    }
    std::vector<std::string> run_keys() const override { return keys(executors); }
    std::vector<std::string> settings_keys() const override { return keys(settings); }

    // The executor is there and cannot be loaded.
    void break_executor(const std::string& run_key, const std::string& why) { broken_[run_key] = why; }

    std::map<std::string, ExecutorInfo, std::less<>> executors = {
        {"sql",
         {R"({"type": "object", "properties": {
             "connectionName": {"type": "string", "x-kdeps-read": "literal"},
             "query": {"type": "string", "x-kdeps-read": "template"},
             "params": {"type": ["array", "object", "string"]},
             "format": {"type": "string", "x-kdeps-read": "literal", "enum": ["json", "csv", "table"]}}})",
          std::chrono::seconds(30), false}},
        {"apiResponse",
         {R"({"type": "object", "properties": {"success": {"type": "boolean"}, "response": {}, "meta": {"type": "object"}}})",
          {},
          true}}};
    std::map<std::string, std::string, std::less<>> settings = {
        {"sqlConnections",
         R"({"type": "object", "x-kdeps-read": "literal", "additionalProperties": {"type": "object", "required": ["connection"],
             "properties": {"connection": {"type": "string"}, "pool": {"type": "object"}}}})"}};

private:
    template <typename Map>
    static std::vector<std::string> keys(const Map& map) {
        std::vector<std::string> out;
        for (const auto& [key, value] : map) out.push_back(key);
        return out;
    }
    std::map<std::string, std::string, std::less<>> broken_;
};

inline const expr::Names& names() {
    static const expr::Names names = [] {
        expr::Names out;
        for (const char* name : {"request", "input", "item", "outputs", "error"}) out.add_variable(name);
        const auto nothing = [](expr::Environment& environment, std::span<const value::Value> arguments) {
            return environment.variable(arguments[0].text());
        };
        for (const char* name : {"get", "set", "info", "output", "env", "python.stdout"})
            out.add_function({name, 1, 3, nothing});
        out.add_function(
            {"session", 0, 0, [](expr::Environment&, std::span<const value::Value>) { return value::Value(); }});
        return out;
    }();
    return names;
}

struct Loaded {
    std::unique_ptr<Workflow> workflow;
    std::string report;  // the folder taken off

    const Resource& resource(std::string_view id) const {
        return workflow->resources.at(workflow->index_of(id).value());
    }
};

struct Folder {
    testing::TemporaryFolder files;
    FakeCatalog catalog;
    ReadOptions options;

    // What a missing or unwritten file would be: write before.
    Loaded load(const std::filesystem::path& path) const {
        config::Diagnostics faults;
        Loaded out;
        out.workflow = read(path, options, catalog, names(), faults);
        out.report = faults.text();
        const std::string prefix = files.path().string() + "/";
        for (std::size_t at = 0; (at = out.report.find(prefix, at)) != std::string::npos;)
            out.report.erase(at, prefix.size());
        return out;
    }
    Loaded load_text(std::string_view text) const {
        files.write("workflow.yaml", text);
        return load(files.path());
    }
};

inline Loaded load(std::string_view text) { return Folder().load_text(text); }

// A workflow with the target `r` in front of `resources`, which are documents.
inline std::string with(std::string_view resources, std::string_view settings = "{}") {
    return "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata: {name: w, targetActionId: r}\nsettings: " +
           std::string(settings) + "\n---\n" + std::string(resources);
}

}  // namespace kdeps::workflow
