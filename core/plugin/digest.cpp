// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/digest.hpp"

#include <openssl/evp.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/base.hpp"

namespace kdeps::plugin {

namespace {

// OpenSSL rather than libsodium, which does the signatures: every start hashes what it loads, and OpenSSL uses the
// processor's instructions for it.
class Sha256 {
public:
    Sha256() { check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1); }

    void add(const void* data, std::size_t size) { check(EVP_DigestUpdate(context_.get(), data, size) == 1); }

    std::string finish() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
        unsigned size = 0;
        check(EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1);
        static constexpr char kDigits[] = "0123456789abcdef";
        std::string out;
        for (unsigned i = 0; i < size; ++i) {
            out += kDigits[bytes[i] >> 4U];
            out += kDigits[bytes[i] & 15U];
        }
        return out;
    }

private:
    static void check(bool is_well) {
        if (!is_well) throw Error(Status::internal, "SHA-256 is not available in this system's OpenSSL");
    }

    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
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
