// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/plan/plan.hpp"
#include "core/value/value.hpp"

namespace kdeps::plan {

namespace {

std::string quoted(const std::string& text) { return value::to_json(value::Value(text)); }

std::string kind_of(const workflow::Resource& resource) {
    return resource.action ? resource.action->run_key : resource.response ? resource.response->run_key : "expr";
}

std::string label(const workflow::Resource& resource) { return resource.action_id + " (" + kind_of(resource) + ")"; }

bool runs(const Plan& plan, std::size_t resource) {
    return std::any_of(plan.nodes().begin(), plan.nodes().end(),
                       [&](const Node& node) { return node.resource == resource; });
}

struct Line {
    std::size_t from;  // resources
    std::size_t to;
    Cause cause;
    std::string key;
};

std::vector<Line> lines(const workflow::Workflow& workflow, const Plan& plan) {
    std::vector<Line> out;
    for (std::size_t i = 0; i < workflow.resources.size(); ++i) {
        for (const std::size_t predecessor : workflow.resources[i].predecessors) {
            out.push_back({predecessor, i, Cause::requires_, ""});
        }
    }
    for (const Edge& edge : plan.edges()) {
        if (edge.cause == Cause::data) {
            out.push_back({plan.nodes()[edge.from].resource, plan.nodes()[edge.to].resource, Cause::data, edge.key});
        }
    }
    return out;
}

// A key that is computed may be any.
std::string label(const Line& line) { return line.key.empty() ? "computed key" : line.key; }

std::string mermaid_text(std::string text) {
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 6) text.replace(at, 1, "#quot;");
    return text;
}

std::string mermaid(const workflow::Workflow& workflow, const Plan& plan) {
    std::string out = "flowchart TD\n";
    for (std::size_t i = 0; i < workflow.resources.size(); ++i) {
        const bool is_target = i == workflow.target_index;
        out += "    r" + std::to_string(i) + (is_target ? "([\"" : "[\"") + mermaid_text(label(workflow.resources[i])) +
               (is_target ? "\"])" : "\"]") + "\n";
    }
    for (const Line& line : lines(workflow, plan)) {
        const std::string arrow =
            line.cause == Cause::requires_ ? " --> " : " -. \"" + mermaid_text(label(line)) + "\" .-> ";
        out += "    r" + std::to_string(line.from) + arrow + "r" + std::to_string(line.to) + "\n";
    }
    for (std::size_t i = 0; i < workflow.resources.size(); ++i) {
        if (!runs(plan, i)) out += "    style r" + std::to_string(i) + " stroke-dasharray: 4\n";
    }
    return out;
}

std::string dot(const workflow::Workflow& workflow, const Plan& plan) {
    std::string out = "digraph workflow {\n";
    for (std::size_t i = 0; i < workflow.resources.size(); ++i) {
        const std::string style = i == workflow.target_index ? ", peripheries=2"
                                  : runs(plan, i)            ? ""
                                                             : ", style=dashed";
        out += "    " + quoted(workflow.resources[i].action_id) + " [label=" + quoted(label(workflow.resources[i])) +
               style + "];\n";
    }
    for (const Line& line : lines(workflow, plan)) {
        out += "    " + quoted(workflow.resources[line.from].action_id) + " -> " +
               quoted(workflow.resources[line.to].action_id);
        out += line.cause == Cause::requires_ ? ";\n" : " [style=dotted, label=" + quoted(label(line)) + "];\n";
    }
    return out + "}\n";
}

std::string json(const workflow::Workflow& workflow, const Plan& plan) {
    value::List nodes;
    for (std::size_t i = 0; i < workflow.resources.size(); ++i) {
        value::Map node;
        node.set("id", workflow.resources[i].action_id);
        node.set("kind", kind_of(workflow.resources[i]));
        node.set("target", i == workflow.target_index);
        node.set("runs", runs(plan, i));
        nodes.push_back(value::Value::map(std::move(node)));
    }
    value::List edges;
    for (const Line& line : lines(workflow, plan)) {
        value::Map edge;
        edge.set("from", workflow.resources[line.from].action_id);
        edge.set("to", workflow.resources[line.to].action_id);
        edge.set("cause", line.cause == Cause::requires_ ? "requires" : "data");
        if (line.cause == Cause::data) edge.set("key", line.key);
        edges.push_back(value::Value::map(std::move(edge)));
    }
    value::Map out;
    out.set("nodes", value::Value::list(std::move(nodes)));
    out.set("edges", value::Value::list(std::move(edges)));
    return value::to_json(value::Value::map(std::move(out))) + "\n";
}

}  // namespace

std::string graph(const workflow::Workflow& workflow, const Plan& plan, GraphFormat format) {
    switch (format) {
        case GraphFormat::mermaid: return mermaid(workflow, plan);
        case GraphFormat::dot: return dot(workflow, plan);
        case GraphFormat::json: break;
    }
    return json(workflow, plan);
}

}  // namespace kdeps::plan
