// SPDX-License-Identifier: Apache-2.0
// `kdeps run --once`: one run from the command line.
#pragma once

#include "core/cli/commands.hpp"

namespace kdeps::cli {

int run_once(Host& host, const RunOptions& options, Signals& signals);

// What --route, --param, --header and --body ask for.  Throws Error (INVALID_ARGUMENT).
engine::Request make_request(const workflow::Workflow& workflow, const RunOptions& options);

}  // namespace kdeps::cli
