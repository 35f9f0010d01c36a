// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/digest.hpp"

#include <nettle/sha2.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/base/base.hpp"

namespace kdeps::plugin {

namespace {

// Nettle, because every start hashes what it loads: it uses the processor's instructions, which libsodium does not, and
// is loaded in a tenth of the time of OpenSSL.
class Sha256 {
public:
    Sha256() { sha256_init(&state_); }

    void add(const void* data, std::size_t size) {
        sha256_update(&state_, size, static_cast<const std::uint8_t*>(data));
    }

    std::string finish() {
        std::array<std::uint8_t, SHA256_DIGEST_SIZE> bytes{};
        sha256_digest(&state_, bytes.size(), bytes.data());
        static constexpr char kDigits[] = "0123456789abcdef";
        std::string out;
        for (const std::uint8_t byte : bytes) {
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
        }
        return out;
    }

private:
    sha256_ctx state_{};
};

}  // namespace

std::string sha256_of(std::string_view bytes) {
    Sha256 digest;
    digest.add(bytes.data(), bytes.size());
    return digest.finish();
}

std::string sha256_of_descriptor(int descriptor) {
    Sha256 digest;
    std::vector<char> buffer(256U << 10U);
    while (true) {
        const ssize_t size = read(descriptor, buffer.data(), buffer.size());
        if (size == 0) return digest.finish();
        if (size > 0) {
            digest.add(buffer.data(), static_cast<std::size_t>(size));
        } else if (errno != EINTR) {
            throw Error(Status::unavailable, std::strerror(errno));
        }
    }
}

}  // namespace kdeps::plugin
