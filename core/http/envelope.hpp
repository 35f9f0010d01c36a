// SPDX-License-Identifier: Apache-2.0
// The bodies of answers (rules §8): {"success", "data" or "error", "meta"}.
#pragma once

#include <string>
#include <string_view>

#include "core/engine/engine.hpp"

namespace kdeps::http {

// Written straight from the columns of a table: no tree in between.
std::string envelope(const engine::Outcome& outcome, const engine::Request& request);

// For a request that never became a run: 404, 405, 413.
std::string error_envelope(std::string_view code, std::string_view message, const engine::Request& request);

}  // namespace kdeps::http
