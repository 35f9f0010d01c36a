// SPDX-License-Identifier: Apache-2.0
// `kdeps run`: serves a workflow, or runs it once.
#include "core/cli/run_once.hpp"
#include "core/cli/server_program.hpp"
#include "core/cli/signals.hpp"

namespace kdeps::cli {

int run(const RunOptions& options) {
    if (!options.is_once) enter_server_program();
    Signals signals;  // before anything is loaded, until everything is gone
    auto host = std::make_unique<Host>(options.load);
    if (!report(*host)) {
        return kWrongUse;
    }
    if (options.is_once || !host->workflow->settings.api_server_mode) {
        return run_once(*host, options, signals);
    }
    return serve(std::move(host), options, signals);
}

}  // namespace kdeps::cli
