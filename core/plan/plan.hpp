// SPDX-License-Identifier: Apache-2.0
// Door of core/plan: which resources a target needs, in what order, and which may run side by side.  A Plan never
// changes after it is built.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/workflow/workflow.hpp"

namespace kdeps::plan {

struct Node {
    std::size_t resource = 0;               // index in the workflow
    std::vector<std::size_t> predecessors;  // nodes that end before this one starts
    std::vector<std::size_t> successors;
};

// Why an edge is there.
enum class Cause { requires_, data };

struct Edge {
    std::size_t from;  // nodes
    std::size_t to;
    Cause cause;
    std::string key;  // of a data edge: what the one sets and the other gets; empty = a key that is computed
};

class Plan {
public:
    Plan() = default;  // runs nothing

    // The workflow must have no cycle.  Nodes are in an order in which they could run one after the other: depth first
    // from the target, following requires as listed.  Two resources without a path between them, of which one set()s a
    // key that the other get()s or set()s, get an edge in that order, so that a run gives the same result every time
    // (architecture, decision 5).
    Plan(const workflow::Workflow& workflow, std::size_t target);

    const std::vector<Node>& nodes() const { return nodes_; }
    const std::vector<Edge>& edges() const { return edges_; }

private:
    void add_edge(Edge edge);
    void add_data_edges(const workflow::Workflow& workflow);

    std::vector<Node> nodes_;
    std::vector<Edge> edges_;
};

enum class GraphFormat { mermaid, dot, json };
// All resources of the workflow; those that the plan runs are marked.
std::string graph(const workflow::Workflow& workflow, const Plan& plan, GraphFormat format);

}  // namespace kdeps::plan
