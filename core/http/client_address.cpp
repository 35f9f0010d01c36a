// SPDX-License-Identifier: Apache-2.0
#include "core/http/client_address.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "core/base/base.hpp"

namespace kdeps::http {

namespace {

using Address = std::array<std::uint8_t, 16>;

constexpr int kMappedBits = 96;  // ::ffff:0:0/96 holds the IPv4 addresses

std::optional<Address> parse(std::string_view text, bool& is_v4) {
    const std::string copy(text);
    Address out{};
    in_addr v4{};
    is_v4 = inet_pton(AF_INET, copy.c_str(), &v4) == 1;
    if (is_v4) {
        out[10] = out[11] = 0xFF;
        std::memcpy(&out[12], &v4, 4);
        return out;
    }
    if (inet_pton(AF_INET6, copy.c_str(), out.data()) == 1) return out;
    return std::nullopt;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

bool is_in(const Address& address, const Address& block, int bits) {
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (std::memcmp(address.data(), block.data(), whole) != 0) return false;
    const int rest = bits % 8;
    return rest == 0 || (address[whole] >> (8 - rest)) == (block[whole] >> (8 - rest));
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& proxies) {
    for (const std::string& proxy : proxies) {
        const std::size_t slash = proxy.find('/');
        bool is_v4 = false;
        const auto address = parse(std::string_view(proxy).substr(0, slash), is_v4);
        int bits = is_v4 ? 32 : 128;
        bool is_valid = address.has_value();
        if (is_valid && slash != std::string::npos) {
            const int most = bits;
            const auto [end, failed] = std::from_chars(proxy.data() + slash + 1, proxy.data() + proxy.size(), bits);
            is_valid = failed == std::errc() && end == proxy.data() + proxy.size() && bits >= 0 && bits <= most;
        }
        if (!is_valid) {
            throw Error(Status::invalid_argument, "apiServer.trustedProxies: '" + proxy +
                                                      "' is no address. Example: 10.0.0.1, 10.0.0.0/8, fd00::/8");
        }
        blocks_.push_back({*address, is_v4 ? bits + kMappedBits : bits});
    }
}

bool TrustedProxies::trusts(std::string_view text) const {
    bool is_v4 = false;
    const auto address = parse(text, is_v4);
    if (!address) return false;
    for (const Block& block : blocks_) {
        if (is_in(*address, block.address, block.bits)) return true;
    }
    return false;
}

std::string TrustedProxies::client(std::string_view peer, std::string_view forwarded_for) const {
    std::string_view client = peer;
    while (trusts(client) && !forwarded_for.empty()) {
        const std::size_t comma = forwarded_for.rfind(',');
        const std::string_view last =
            trim(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
        bool is_v4 = false;
        if (!parse(last, is_v4)) break;  // a proxy that is trusted does not write this; stop where the chain is sound
        client = last;
        forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    }
    return std::string(client);
}

}  // namespace kdeps::http
