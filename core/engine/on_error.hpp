// SPDX-License-Identifier: Apache-2.0
// onError around the body of a resource (rules §7): repeats it, puts something in its place, or lets the error through.
// Each is a line of the log with the cause, the attempt and what happens next.
#pragma once

#include "core/engine/attempt.hpp"

namespace kdeps::engine {

// What the body gave, or what onError put in its place.
struct Finished {
    value::Value value;
    std::optional<Error> in_doubt;  // handled, but the action may have taken effect: nobody may repeat it
};

// Throws Error if the body fails and onError does not take care of it.
Finished finish_with_on_error(Attempt& attempt);

}  // namespace kdeps::engine
