// SPDX-License-Identifier: Apache-2.0
// What a script has printed, as a value: JSON if the whole of it is JSON, else the text (rules §6).
#pragma once

#include <kdeps/cpp/call.hpp>

namespace kdeps::python {

Value printed(const Call& call, std::string_view text);

}  // namespace kdeps::python
