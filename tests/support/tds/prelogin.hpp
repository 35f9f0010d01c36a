// SPDX-License-Identifier: Apache-2.0
// The PRELOGIN exchange ([MS-TDS] 2.2.6.5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kdeps::testing::tds {

enum class Encryption : std::uint8_t { off = 0, on = 1, not_supported = 2, required = 3 };

// What the client says about encryption.  Throws ProtocolError.
Encryption read_prelogin(std::string_view data);

// The answer: with a certificate everything is encrypted, without one nothing is.
std::string prelogin_answer(Encryption encryption);

}  // namespace kdeps::testing::tds
