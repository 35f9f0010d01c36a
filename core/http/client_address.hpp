// SPDX-License-Identifier: Apache-2.0
// Who the client is: the peer, or what a trusted proxy says in X-Forwarded-For (rules §8).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::http {

// Immutable; any thread.
class TrustedProxies {
public:
    // Addresses and CIDR blocks, IPv4 and IPv6.  Throws Error naming the one that is neither.
    explicit TrustedProxies(const std::vector<std::string>& proxies);

    bool trusts(std::string_view address) const;

    // The right-most address that no trusted proxy has; the peer if the peer is not trusted.
    std::string client(std::string_view peer, std::string_view forwarded_for) const;

private:
    struct Block {
        std::array<std::uint8_t, 16> address;
        int bits;
    };
    std::vector<Block> blocks_;
};

}  // namespace kdeps::http
