// SPDX-License-Identifier: Apache-2.0
// What an executor that responds gives: a map {success, data, _meta?: {statusCode, headers, ...}}
// (sdk/include/kdeps/executor.h).
#pragma once

#include "core/engine/engine.hpp"

namespace kdeps::engine {

// Reads an envelope into an outcome.  A value that is no envelope becomes the data as it is.
void unwrap_envelope(const value::Value& envelope, Outcome& outcome);

}  // namespace kdeps::engine
