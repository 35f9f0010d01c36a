// SPDX-License-Identifier: Apache-2.0
#include "core/base/random.hpp"

#include <sys/random.h>
#include <string_view>

#include "core/base/error.hpp"

namespace kdeps {

std::string random_hex(std::size_t bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string raw(bytes, '\0');
    if (getentropy(raw.data(), raw.size()) != 0) {
        throw Error(Status::internal, "the system gives no random bytes");
    }
    std::string out;
    for (const char c : raw) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::string random_uuid() {
    std::string hex = random_hex(16);
    hex[12] = '4';
    hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) & 3];
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
           hex.substr(20);
}

}  // namespace kdeps
