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

// Throws Error (400) that names the place of a text that is not UTF-8: path, its parameters, query.
void check_target(const engine::Request& request);
// The same for a part of a multipart body; `text` is null for a file.
void check_part(std::string_view name, std::string_view file, const std::string* text);

// A header's value as UTF-8: clients send other bytes there without meaning harm, so each becomes U+FFFD.
std::string header_text(std::string text);

}  // namespace kdeps::http
