// SPDX-License-Identifier: Apache-2.0
// Lists and maps as JSON text, which is how they are bound.
#pragma once

#include <kdeps/cpp/call.hpp>

#include <string>

namespace kdeps::sql {

void append_json(const Call& call, const Value& value, std::string& out);

// The value as text of a template: null is empty, containers are JSON.
void append_text(const Call& call, const Value& value, std::string& out);

}  // namespace kdeps::sql
