// SPDX-License-Identifier: Apache-2.0
// Who the client is behind proxies.
#include "core/http/client_address.hpp"

#include <gtest/gtest.h>

#include "core/base/base.hpp"

namespace kdeps::http {
namespace {

TEST(TrustedProxies, TakeAddressesAndBlocks) {
    const TrustedProxies proxies({"10.0.0.0/8", "192.168.1.1", "fd00::/8", "::1", "172.16.0.0/12"});
    for (const char* address : {"10.1.2.3", "192.168.1.1", "fd12::1", "::1", "172.31.255.255", "::ffff:10.0.0.1"})
        EXPECT_TRUE(proxies.trusts(address)) << address;
    for (const char* address : {"11.0.0.1", "192.168.1.2", "fe80::1", "::2", "172.32.0.1", "nonsense", ""})
        EXPECT_FALSE(proxies.trusts(address)) << address;
}

TEST(TrustedProxies, TakeTheWholeNet) {
    EXPECT_TRUE(TrustedProxies({"0.0.0.0/0"}).trusts("1.2.3.4"));
    EXPECT_FALSE(TrustedProxies({"0.0.0.0/0"}).trusts("2001:db8::1"));
    EXPECT_TRUE(TrustedProxies({"::/0"}).trusts("2001:db8::1"));
}

TEST(TrustedProxies, RefuseWhatIsNoAddress) {
    for (const char* wrong : {"10.0.0.0/33", "10.0.0.0/", "10.0.0", "proxy.example", "::/129", "10.0.0.0/-1", ""}) {
        try {
            const TrustedProxies proxies({wrong});
            ADD_FAILURE() << wrong;
        } catch (const Error& error) {
            EXPECT_EQ(error.message, "apiServer.trustedProxies: '" + std::string(wrong) +
                                         "' is no address. Example: 10.0.0.1, 10.0.0.0/8, fd00::/8");
        }
    }
}

TEST(Client, IsThePeerUnlessThePeerIsTrusted) {
    EXPECT_EQ(TrustedProxies({}).client("1.2.3.4", "9.9.9.9"), "1.2.3.4");
    EXPECT_EQ(TrustedProxies({"10.0.0.0/8"}).client("1.2.3.4", "9.9.9.9"), "1.2.3.4");
    EXPECT_EQ(TrustedProxies({"10.0.0.0/8"}).client("10.0.0.1", ""), "10.0.0.1");
}

TEST(Client, IsTheRightMostThatNoProxyHas) {
    const TrustedProxies proxies({"10.0.0.0/8"});
    EXPECT_EQ(proxies.client("10.0.0.1", "9.9.9.9"), "9.9.9.9");
    EXPECT_EQ(proxies.client("10.0.0.1", "6.6.6.6, 9.9.9.9, 10.0.0.2"),
              "9.9.9.9");  // what stands further left may be forged
    EXPECT_EQ(proxies.client("10.0.0.1", "10.0.0.3,10.0.0.2"), "10.0.0.3");
    EXPECT_EQ(proxies.client("10.0.0.1", "9.9.9.9, garbage"), "10.0.0.1");
}

}  // namespace
}  // namespace kdeps::http
