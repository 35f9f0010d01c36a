// SPDX-License-Identifier: Apache-2.0
#include "core/base/random.hpp"

#include <sys/random.h>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/base/error.hpp"

namespace kdeps {

namespace {

// The system's random bytes, taken some at a time: a system call for each id would be felt.  One thread.
class RandomBytes {
public:
    unsigned char next() {
        if (at_ == bytes_.size()) {
            if (getentropy(bytes_.data(), bytes_.size()) != 0) {
                throw Error(Status::internal, "the system gives no random bytes");
            }
            at_ = 0;
        }
        return std::exchange(bytes_[at_++], std::uint8_t{0});  // what was given out is not kept
    }

private:
    std::array<std::uint8_t, 256> bytes_{};  // as many as getentropy gives at once
    std::size_t at_ = bytes_.size();
};

}  // namespace

std::string random_hex(std::size_t bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    thread_local RandomBytes random;
    std::string out;
    out.reserve(2 * bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        const unsigned char byte = random.next();
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::string random_uuid() {
    std::string hex = random_hex(16);
    hex[12] = '4';
    hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) & 3];
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) hex.insert(dash, 1, '-');
    return hex;
}

}  // namespace kdeps
