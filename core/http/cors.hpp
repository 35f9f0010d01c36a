// SPDX-License-Identifier: Apache-2.0
// Cross-origin requests: which headers an answer gets (Fetch standard, CORS protocol; rules §8).
#pragma once

#include <string_view>

#include "core/engine/engine.hpp"
#include "core/workflow/workflow.hpp"

namespace kdeps::http {

// Headers for an answer to a request of `origin` (may be empty).
engine::Pairs cors_headers(const workflow::Cors& cors, std::string_view origin, bool is_preflight);

}  // namespace kdeps::http
