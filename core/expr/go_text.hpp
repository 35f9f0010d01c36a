// SPDX-License-Identifier: Apache-2.0
// The text form of string(x): arrays as [1 a], maps as map[a:1] sorted by key, null as <nil>.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "core/value/value.hpp"

namespace kdeps::expr {

void append_go_text(const value::Value& value, std::string& out);
void append_go_map(std::span<const std::pair<value::Value, value::Value>> entries, std::string& out);

// Ranks of key types where keys of several stand side by side: null, numbers, text, the rest.
bool key_before(const value::Value& a, const value::Value& b);

}  // namespace kdeps::expr
