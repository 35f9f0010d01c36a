// SPDX-License-Identifier: Apache-2.0
// Plans of workflows that are written down in short.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/plan/plan.hpp"
#include "tests/unit/workflow/workflow_fixture.hpp"

namespace kdeps::plan {

// The resources are flow maps, one a line; the target is `r`.
class Planned {
public:
    explicit Planned(std::vector<std::string> resources)
        : loaded_(workflow::load(workflow::with(joined(resources)))),
          plan_(*loaded_.workflow, loaded_.workflow->target_index) {}

    // The actionIds in their order.
    std::string order() const {
        std::string out;
        for (const Node& node : plan_.nodes()) out += (out.empty() ? "" : " ") + id(node.resource);
        return out;
    }
    // "a>b" for requires, "a>b:key" for data.
    std::string edges() const {
        std::string out;
        for (const Edge& edge : plan_.edges()) {
            out += (out.empty() ? "" : " ") + id(plan_.nodes()[edge.from].resource) + ">" +
                   id(plan_.nodes()[edge.to].resource);
            if (edge.cause == Cause::data) out += ":" + edge.key;
        }
        return out;
    }
    std::string graph(GraphFormat format) const { return plan::graph(*loaded_.workflow, plan_, format); }
    const Plan& plan() const { return plan_; }
    bool has_errors() const { return loaded_.report.find("error:") != std::string::npos; }

private:
    static std::string joined(const std::vector<std::string>& resources) {
        std::string out;
        for (const std::string& resource : resources) out += (out.empty() ? "" : "---\n") + resource + "\n";
        return out;
    }
    std::string id(std::size_t resource) const { return loaded_.workflow->resources[resource].action_id; }

    workflow::Loaded loaded_;
    Plan plan_;
};

}  // namespace kdeps::plan
