// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), as lower-case hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

namespace kdeps::plugin {

std::string sha256_of(std::string_view bytes);

// Of all that is left to read from an open file.  Throws Error (UNAVAILABLE) with the system's words.
std::string sha256_of_descriptor(int descriptor);

}  // namespace kdeps::plugin
