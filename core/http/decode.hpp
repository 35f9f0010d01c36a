// SPDX-License-Identifier: Apache-2.0
// Bodies of requests: JSON of any type, forms; everything else is text or bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/engine/engine.hpp"

namespace kdeps::http {

// Sets request.body.  Throws Error BAD_REQUEST (400) if what calls itself JSON is none.
void decode_body(std::string body, std::string_view content_type, engine::Request& request);

// "a/b; charset=x" → "a/b", in lower case.
std::string media_type(std::string_view content_type);

}  // namespace kdeps::http
