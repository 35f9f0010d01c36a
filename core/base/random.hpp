// SPDX-License-Identifier: Apache-2.0
// Random bytes of the system, good enough for secrets.
#pragma once

#include <cstddef>
#include <string>

namespace kdeps {

// `bytes` random bytes of the system as hexadecimal digits.
std::string random_hex(std::size_t bytes);

// A random UUID (version 4, RFC 9562).
std::string random_uuid();

}  // namespace kdeps
