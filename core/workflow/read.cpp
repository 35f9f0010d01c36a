// SPDX-License-Identifier: Apache-2.0
// Finds the files of a workflow, reads their documents, and checks what concerns several resources at once.
#include <algorithm>
#include <fstream>
#include <functional>

#include "core/workflow/fields.hpp"

namespace kdeps::workflow {

namespace fs = std::filesystem;
using config::Node;

std::optional<std::size_t> Workflow::index_of(std::string_view action_id) const {
    const auto found =
        std::find_if(resources.begin(), resources.end(), [&](const Resource& r) { return r.action_id == action_id; });
    return found == resources.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - resources.begin()));
}

namespace {

bool is_yaml(const fs::path& file) { return file.extension() == ".yaml" || file.extension() == ".yml"; }

std::optional<fs::path> find_main(const fs::path& given, config::Diagnostics& faults) {
    std::error_code failed;
    if (fs::is_directory(given, failed)) {
        for (const char* name : {"workflow.yaml", "workflow.yml"}) {
            if (fs::is_regular_file(given / name, failed)) {
                return given / name;
            }
        }
        faults.error("folder '" + given.string() + "' holds no workflow.yaml", {});
        return std::nullopt;
    }
    if (!fs::exists(given, failed)) {
        faults.error("'" + given.string() + "' does not exist; give a workflow.yaml or the folder that holds it", {});
        return std::nullopt;
    }
    return given;
}

std::vector<Node> read_file(const fs::path& file, const std::string& shown, config::Diagnostics& faults) {
    std::ifstream stream(file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(stream), {});
    if (!stream) {
        faults.error("cannot be read", {shown, 0, 0});
        return {};
    }
    return config::read_yaml(text, shown, faults);
}

std::vector<fs::path> resource_files(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder / "resources", failed)) {
        if (entry.is_regular_file() && is_yaml(entry.path())) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end(),
              [](const fs::path& a, const fs::path& b) { return a.filename().string() < b.filename().string(); });
    return files;
}

enum class DocumentKind { workflow, resource, unknown };

DocumentKind kind_of(const Node& document, config::Diagnostics& faults) {
    if (document.kind != Node::Kind::map) {
        faults.error("a document must be a map with 'kind: Workflow' or 'kind: Resource'", document.position);
        return DocumentKind::unknown;
    }
    const Node* kind = document.find("kind");
    if (kind == nullptr) {
        if (document.find("actionId") != nullptr || document.find("run") != nullptr) return DocumentKind::resource;
        if (document.find("settings") != nullptr || document.find("resources") != nullptr)
            return DocumentKind::workflow;
        faults.error("(root): kind is required. Available options: [Workflow, Resource]", document.position);
        return DocumentKind::unknown;
    }
    if (kind->text == "Workflow") return DocumentKind::workflow;
    if (kind->text == "Resource") return DocumentKind::resource;
    const std::vector<std::string> options = {"Workflow", "Resource"};
    faults.error("kind: '" + kind->text + "' is not accepted" + did_you_mean(kind->text, options) +
                     ". Available options: [Workflow, Resource]",
                 kind->position);
    return DocumentKind::unknown;
}

void read_workflow(const Node& document, Reading& reading) {
    Fields root(&document, "", reading.faults);
    check_api_version(root, true);
    root.get("kind");
    root.require("metadata");
    root.require("settings");
    Fields metadata(root.get("metadata"), "metadata", reading.faults);
    metadata.require("name");
    metadata.require("targetActionId");
    Workflow& workflow = reading.workflow;
    workflow.name = metadata.text("name").value_or("");
    workflow.version = metadata.text("version").value_or("");
    workflow.description = metadata.text("description").value_or("");
    workflow.target = metadata.text("targetActionId").value_or("");
    if (const Node* imports = metadata.get("workflows"); imports != nullptr && !imports->children.empty()) {
        reading.faults.warning("metadata.workflows: imports are not supported and ignored", imports->position);
    }
    metadata.report_unknown();
    read_settings(root.get("settings"), reading);
    if (const Node* inline_resources = root.get("resources"); inline_resources != nullptr) {
        if (inline_resources->kind != Node::Kind::list) {
            reading.faults.error("resources: Expected type: array", inline_resources->position);
        }
        for (const Node& resource : inline_resources->children) {
            read_resource(resource, reading);
        }
    }
    root.report_unknown();
}

std::vector<std::string> ids_of(const Workflow& workflow) {
    std::vector<std::string> ids;
    for (const Resource& resource : workflow.resources) {
        ids.push_back(resource.action_id);
    }
    return ids;
}

void check_ids(const Workflow& workflow, config::Diagnostics& faults) {
    std::map<std::string, const Resource*> seen;
    for (const Resource& resource : workflow.resources) {
        const auto [first, is_new] = seen.emplace(resource.action_id, &resource);
        if (!is_new && !resource.action_id.empty()) {
            faults.error(
                "duplicate actionId '" + resource.action_id + "', first declared at " + first->second->position.text(),
                resource.position);
        }
    }
}

void link(Workflow& workflow, config::Diagnostics& faults) {
    const std::vector<std::string> ids = ids_of(workflow);
    for (Resource& resource : workflow.resources) {
        for (std::size_t i = 0; i < resource.requires_ids.size(); ++i) {
            const std::string& id = resource.requires_ids[i];
            if (const auto index = workflow.index_of(id)) {
                resource.predecessors.push_back(*index);
            } else {
                faults.error("resource '" + resource.action_id + "' requires the unknown resource '" + id + "'" +
                                 did_you_mean(id, ids),
                             resource.requires_positions[i]);
            }
        }
    }
}

// Each cycle once, as a path.
void check_cycles(const Workflow& workflow, config::Diagnostics& faults) {
    enum class State { fresh, open, done };
    std::vector<State> states(workflow.resources.size(), State::fresh);
    std::vector<std::size_t> path;
    const std::function<void(std::size_t)> visit = [&](std::size_t at) {
        states[at] = State::open;
        path.push_back(at);
        for (const std::size_t next : workflow.resources[at].predecessors) {
            if (states[next] == State::open) {
                std::string text;
                for (auto step = std::find(path.begin(), path.end(), next); step != path.end(); ++step) {
                    text += workflow.resources[*step].action_id + " → ";
                }
                faults.error("dependency cycle: " + text + workflow.resources[next].action_id,
                             workflow.resources[next].position);
            } else if (states[next] == State::fresh) {
                visit(next);
            }
        }
        path.pop_back();
        states[at] = State::done;
    };
    for (std::size_t i = 0; i < workflow.resources.size(); ++i) {
        if (states[i] == State::fresh) visit(i);
    }
}

std::vector<bool> reachable(const Workflow& workflow, std::size_t from) {
    std::vector<bool> seen(workflow.resources.size());
    std::vector<std::size_t> left = {from};
    while (!left.empty()) {
        const std::size_t at = left.back();
        left.pop_back();
        if (seen[at]) continue;
        seen[at] = true;
        left.insert(left.end(), workflow.resources[at].predecessors.begin(), workflow.resources[at].predecessors.end());
    }
    return seen;
}

// output('x') wants a resource; get('x') may mean one.
void check_references(const Workflow& workflow, config::Diagnostics& faults) {
    const std::vector<std::string> ids = ids_of(workflow);
    for (std::size_t i = 0; i < workflow.resources.size(); ++i) {
        const Resource& resource = workflow.resources[i];
        const std::vector<bool> is_ahead = reachable(workflow, i);
        for (const auto& [reference, position] : resource.references) {
            const bool wants_resource = reference.function == "output" || reference.function.starts_with("python.") ||
                                        reference.function.starts_with("exec.") ||
                                        reference.function.starts_with("http.") || reference.storage == "output";
            const bool may_be_resource = wants_resource || (reference.function == "get" && reference.storage.empty());
            if (!reference.is_literal || !may_be_resource) continue;
            const auto index = workflow.index_of(reference.key);
            if (!index && wants_resource) {
                faults.error("unknown resource '" + reference.key + "'" + did_you_mean(reference.key, ids), position);
            } else if (index && !is_ahead[*index]) {
                faults.warning("'" + reference.key + "' is not in the requires of '" + resource.action_id +
                                   "', so it may not have run; add it to requires",
                               position);
            }
        }
    }
}

void check_whole(Reading& reading, bool has_workflow) {
    Workflow& workflow = reading.workflow;
    check_ids(workflow, reading.faults);
    link(workflow, reading.faults);
    check_cycles(workflow, reading.faults);
    check_references(workflow, reading.faults);
    if (!has_workflow) return;
    const Position place = {workflow.files.front().string(), 0, 0};
    if (workflow.resources.empty()) {
        reading.faults.error("workflow must have at least one resource", place);
        return;
    }
    if (!reading.options.target.empty()) workflow.target = reading.options.target;
    const auto target = workflow.index_of(workflow.target);
    if (target) {
        workflow.target_index = *target;
    } else if (!workflow.target.empty()) {
        reading.faults.error("target action '" + workflow.target + "' not found in resources" +
                                 did_you_mean(workflow.target, ids_of(workflow)),
                             place);
    }
}

}  // namespace

void check_api_version(Fields& fields, bool is_required) {
    if (is_required) fields.require("apiVersion");
    fields.word("apiVersion", {"kdeps.io/v1"});
}

std::unique_ptr<Workflow> read(const fs::path& path, const ReadOptions& options, const ExecutorCatalog& catalog,
                               const expr::Names& names, config::Diagnostics& faults) {
    auto workflow = std::make_unique<Workflow>();
    const auto main = find_main(path, faults);
    if (!main) {
        return workflow;
    }
    workflow->folder = fs::absolute(*main).lexically_normal().parent_path();
    workflow->files.push_back(*main);
    std::vector<Node> documents = read_file(*main, main->lexically_normal().string(), faults);
    for (const fs::path& file : resource_files(main->parent_path().empty() ? "." : main->parent_path())) {
        workflow->files.push_back(file);
        for (Node& document : read_file(file, file.lexically_normal().string(), faults)) {
            documents.push_back(std::move(document));
        }
    }

    Reading reading{options, catalog, names, faults, *workflow};
    bool has_workflow = false;
    std::vector<const Node*> resources;
    for (const Node& document : documents) {
        switch (kind_of(document, faults)) {
            case DocumentKind::workflow:
                if (has_workflow) {
                    faults.error("a second 'kind: Workflow'; there must be one", document.position);
                } else {
                    read_workflow(document, reading);
                }
                has_workflow = true;
                break;
            case DocumentKind::resource: resources.push_back(&document); break;
            case DocumentKind::unknown: break;
        }
    }
    for (const Node* resource : resources) {
        read_resource(*resource, reading);
    }
    if (!has_workflow && !faults.has_errors()) {
        faults.error("no document has 'kind: Workflow'", {main->string(), 0, 0});
    }
    check_whole(reading, has_workflow);
    return workflow;
}

}  // namespace kdeps::workflow
