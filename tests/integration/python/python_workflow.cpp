// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/python/python_workflow.hpp"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "core/value/value.hpp"
#include "tests/support/patience.hpp"

namespace kdeps::testing {

namespace {

std::string indented(std::string_view text, int columns) {
    std::string out;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);)
        out += (line.empty() ? "" : std::string(static_cast<std::size_t>(columns), ' ')) + line + "\n";
    return out;
}

// A process may end while it is looked at: it has no children then.
void collect(int parent, std::vector<std::pair<int, std::string>>& out) {
    std::error_code gone;
    std::filesystem::directory_iterator task("/proc/" + std::to_string(parent) + "/task", gone);
    for (; !gone && task != std::filesystem::directory_iterator(); task.increment(gone)) {
        std::ifstream children(task->path() / "children");
        for (int child = 0; children >> child;) {
            std::string name;
            std::ifstream("/proc/" + std::to_string(child) + "/comm") >> name;
            out.emplace_back(child, name);
            collect(child, out);
        }
    }
}

}  // namespace

PythonWorkflow::PythonWorkflow(std::string_view script, const PythonOptions& options)
    : plugins_(std::make_unique<plugin::Registry>(std::vector<std::filesystem::path>{KDEPS_PLUGIN_FOLDER})),
      faults_(std::make_unique<config::Diagnostics>(false)) {
    std::string text =
        "apiVersion: kdeps.io/v1\nkind: Workflow\nmetadata:\n  name: t\n  version: \"1.0.0\"\n  targetActionId: main\n";
    text += "settings:\n  apiServerMode: false\n" + indented(options.settings, 2) + options.resources;
    text += "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata:\n  actionId: main\n  name: main\n";
    if (!options.requires_ids.empty()) text += "  requires: [" + options.requires_ids + "]\n";
    text += "run:\n  python:\n" + indented(options.fields, 4);
    if (!script.empty()) text += "    script: |\n" + indented(script, 6);
    folder_.write("workflow.yaml", text);
    for (const auto& [name, content] : options.files) folder_.write(name, content);
    workflow_ = workflow::read(folder_.path(), {}, *plugins_, engine::host_names(), *faults_);
    engine_ = std::make_unique<engine::Engine>(*workflow_, *plugins_, *faults_);
    if (!faults_->has_errors()) engine_->start();
}

PythonWorkflow::~PythonWorkflow() {
    engine_.reset();
    plugins_.reset();
}

std::string PythonWorkflow::faults() const {
    std::string out = faults_->text();
    const std::string folder = folder_.path().string() + "/";
    for (std::size_t at = out.find(folder); at != std::string::npos; at = out.find(folder))
        out.erase(at, folder.size());
    return out;
}

engine::Outcome PythonWorkflow::run(const engine::Pairs& query) {
    engine::Request request;
    request.id = "r";
    request.query = query;
    const StopFlag stop;
    return engine_->run(request, stop);
}

std::string PythonWorkflow::answer(const engine::Pairs& query) {
    const engine::Outcome outcome = run(query);
    if (outcome.error) return std::string(status_name(outcome.error->status)) + ": " + outcome.error->message;
    std::string out;
    value::append_json(outcome.data, out);
    return out;
}

std::vector<std::pair<int, std::string>> descendants() {
    std::vector<std::pair<int, std::string>> out;
    collect(getpid(), out);
    return out;
}

bool wait_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10) * kPatience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) return false;
        poll(nullptr, 0, 5);
    }
    return true;
}

}  // namespace kdeps::testing
