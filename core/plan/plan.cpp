// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>

namespace kdeps::plan {

namespace {

// What a resource does with values that outlive it.  A key of nullopt is one that is computed: it may be any.
struct Access {
    std::optional<std::string> key;
    bool writes;
    std::string storage;  // where it is known
};

bool is_store(const std::string& storage) { return storage == "memory" || storage == "session" || storage == "app"; }

// Sources of get() that no set() of another resource changes.  Any other second argument is a default: get('k',
// 'none').
bool is_fixed_source(const std::string& storage) {
    static constexpr std::array<std::string_view, 16> kSources = {
        "item", "loop", "output",   "param",    "query", "path", "header",     "body",
        "data", "file", "filepath", "filetype", "info",  "env",  "itemvalues", "error"};
    return std::find(kSources.begin(), kSources.end(), storage) != kSources.end();
}

bool is_write(std::string_view function) {
    return function == "set" || function == "increment" || function == "append" || function == "compareAndSet";
}

std::vector<Access> accesses(const workflow::Resource& resource) {
    std::vector<Access> out;
    for (const auto& [reference, position] : resource.references) {
        const auto key = reference.is_literal ? std::optional(reference.key) : std::nullopt;
        if (is_write(reference.function)) {
            // What is put into an item is seen by this resource alone.
            if (reference.storage == "item" || reference.storage == "loop") continue;
            out.push_back({key, true,
                           reference.storage == "*"    ? ""
                           : reference.storage.empty() ? "memory"
                                                       : reference.storage});
        } else if (reference.function == "get" || (reference.function == "input" && is_store(reference.storage))) {
            // The stores come before the outputs, so the id of a resource is a key like any other.
            if (!is_fixed_source(reference.storage))
                out.push_back({key, false, is_store(reference.storage) ? reference.storage : ""});
        } else if (reference.function == "session") {
            out.push_back({std::nullopt, false, "session"});
        }
    }
    return out;
}

// Must one come before the other?  Gives the key.
std::optional<std::string> conflict(const std::vector<Access>& a, const std::vector<Access>& b) {
    for (const Access& x : a) {
        for (const Access& y : b) {
            const bool may_meet = !x.key || !y.key || *x.key == *y.key;
            const bool is_same_store = x.storage.empty() || y.storage.empty() || x.storage == y.storage;
            if ((x.writes || y.writes) && may_meet && is_same_store) {
                return x.key ? *x.key : y.key.value_or("");
            }
        }
    }
    return std::nullopt;
}

}  // namespace

Plan::Plan(const workflow::Workflow& workflow, std::size_t target) {
    std::map<std::size_t, std::size_t> node_of;  // by resource
    const std::function<std::size_t(std::size_t)> visit = [&](std::size_t resource) {
        if (const auto found = node_of.find(resource); found != node_of.end()) {
            return found->second;
        }
        std::vector<std::size_t> before;
        for (const std::size_t predecessor : workflow.resources[resource].predecessors) {
            before.push_back(visit(predecessor));
        }
        const std::size_t node = nodes_.size();
        nodes_.push_back({resource, {}, {}});
        node_of[resource] = node;
        for (const std::size_t predecessor : before) {
            add_edge({predecessor, node, Cause::requires_, {}});
        }
        return node;
    };
    visit(target);
    add_data_edges(workflow);
}

void Plan::add_edge(Edge edge) {
    auto& successors = nodes_[edge.from].successors;
    if (std::find(successors.begin(), successors.end(), edge.to) == successors.end()) {
        successors.push_back(edge.to);
        nodes_[edge.to].predecessors.push_back(edge.from);
        edges_.push_back(std::move(edge));
    }
}

void Plan::add_data_edges(const workflow::Workflow& workflow) {
    const std::size_t count = nodes_.size();
    std::vector<std::vector<Access>> all;
    all.reserve(count);
    for (const Node& node : nodes_) {
        all.push_back(accesses(workflow.resources[node.resource]));
    }
    // before[b][a]: a ends before b starts.  Nodes stand in a possible order, so edges always point forward.
    std::vector<std::vector<bool>> before(count, std::vector<bool>(count));
    for (std::size_t b = 0; b < count; ++b) {
        const auto include = [&](std::size_t a) {
            before[b][a] = true;
            for (std::size_t i = 0; i < a; ++i) {
                if (before[a][i]) before[b][i] = true;
            }
        };
        for (const std::size_t a : nodes_[b].predecessors) include(a);
        for (std::size_t a = b; a-- > 0;) {
            if (before[b][a] || all[a].empty() || all[b].empty()) continue;
            if (auto key = conflict(all[a], all[b])) {
                add_edge({a, b, Cause::data, std::move(*key)});
                include(a);
            }
        }
    }
}

}  // namespace kdeps::plan
