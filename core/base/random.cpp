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

void append_hex(std::size_t bytes, std::string& out) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    thread_local RandomBytes random;
    for (std::size_t i = 0; i < bytes; ++i) {
        const unsigned char byte = random.next();
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
}

}  // namespace

std::string random_hex(std::size_t bytes) {
    std::string out;
    out.reserve(2 * bytes);
    append_hex(bytes, out);
    return out;
}

std::string random_uuid() {
    std::string out;
    out.reserve(36);
    append_hex(4, out);
    for (const std::size_t bytes : {2U, 2U, 2U, 6U}) {
        out += '-';
        append_hex(bytes, out);
    }
    out[14] = '4';
    out[19] = "89ab"[static_cast<unsigned char>(out[19]) & 3];
    return out;
}

}  // namespace kdeps
