// SPDX-License-Identifier: Apache-2.0
// `kdeps graph`: the resources and what waits for what.
#include <cstdio>

#include "core/cli/commands.hpp"
#include "core/plan/plan.hpp"

namespace kdeps::cli {

int graph(const LoadOptions& options, const std::string& format) {
    const Host host(options);
    if (!report(host)) {
        return kWrongUse;
    }
    const plan::Plan plan(*host.workflow, host.workflow->target_index);
    const auto form = format == "dot"    ? plan::GraphFormat::dot
                      : format == "json" ? plan::GraphFormat::json
                                         : plan::GraphFormat::mermaid;
    std::fputs(plan::graph(*host.workflow, plan, form).c_str(), stdout);
    return kSuccess;
}

}  // namespace kdeps::cli
