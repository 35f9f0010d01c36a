// SPDX-License-Identifier: Apache-2.0
// The MySQL driver against servers that want its password: they speak as much of the protocol as that takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "tests/integration/drivers/session.hpp"
#include "tests/support/descriptor.hpp"

namespace kdeps::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr unsigned int kTls = 0x800;

// What the server sends once it has the login.
struct Plan {
    unsigned int capabilities = 0x01FFA2CF & ~kTls;
    std::string first_method = "mysql_native_password";  // in the greeting
    std::string asks_for;                                // and then; empty: nothing
    std::string then;                                    // sent as a packet after the answer to that
};

// Takes connections, and keeps what it was sent.
class HostileServer {
public:
    explicit HostileServer(Plan plan) : plan_(std::move(plan)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_.get(), 5) != 0 ||
            ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("cannot listen on 127.0.0.1");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~HostileServer() {
        is_over_ = true;
        thread_.join();
    }
    HostileServer(const HostileServer&) = delete;
    HostileServer& operator=(const HostileServer&) = delete;

    std::string url(const std::string& options = "", const std::string& host = "127.0.0.1") const {
        return "mysql://u:MyPlainPassword@" + host + ":" + std::to_string(port_) + "/d" + options;
    }
    std::string received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }

private:
    void serve() {
        while (!is_over_) {
            pollfd entry{listener_.get(), POLLIN, 0};
            if (::poll(&entry, 1, 20) <= 0) continue;
            const Descriptor client(::accept(listener_.get(), nullptr, nullptr));
            if (client.get() >= 0) talk(client.get());
        }
    }

    void talk(int client) {
        std::string greeting =
            "\x0A"
            "8.0.99";
        greeting += std::string(1, '\0') + "\x07" + std::string(3, '\0') + "12345678" + std::string(1, '\0');
        greeting += static_cast<char>(plan_.capabilities & 0xFFU);
        greeting += static_cast<char>(plan_.capabilities >> 8U & 0xFFU);
        greeting += std::string("\x2D\x02\x00", 3);
        greeting += static_cast<char>(plan_.capabilities >> 16U & 0xFFU);
        greeting += static_cast<char>(plan_.capabilities >> 24U & 0xFFU);
        greeting += "\x15" + std::string(10, '\0') + "abcdefghijkl" + std::string(1, '\0') + plan_.first_method +
                    std::string(1, '\0');
        send(client, greeting);
        if (!receive(client)) return;
        if (!plan_.asks_for.empty()) {
            send(client,
                 "\xFE" + plan_.asks_for + std::string(1, '\0') + "12345678abcdefghijkl" + std::string(1, '\0'));
            if (!receive(client)) return;
        }
        if (!plan_.then.empty()) {
            send(client, plan_.then);
            if (!receive(client)) return;
        }
        send(client, std::string("\x00\x00\x00\x02\x00\x00\x00", 7));
        while (receive(client)) send(client, std::string("\x00\x00\x00\x02\x00\x00\x00", 7));
    }

    void send(int client, const std::string& payload) {
        std::string packet;
        packet += static_cast<char>(payload.size());
        packet += std::string(2, '\0');
        packet += static_cast<char>(number_++);
        packet += payload;
        ::send(client, packet.data(), packet.size(), MSG_NOSIGNAL);
    }

    // One packet, as these clients send it; false if the client has left.
    bool receive(int client) {
        char buffer[4096];
        while (!is_over_) {
            pollfd entry{client, POLLIN, 0};
            if (::poll(&entry, 1, 20) <= 0) continue;
            const ssize_t size = ::recv(client, buffer, sizeof(buffer), 0);
            if (size <= 4) break;
            number_ = static_cast<unsigned char>(buffer[3]) + 1U;
            const std::lock_guard lock(mutex_);
            received_.append(buffer, static_cast<std::size_t>(size));
            return true;
        }
        number_ = 0;
        return false;
    }

    const Plan plan_;
    Descriptor listener_;
    std::uint16_t port_ = 0;
    unsigned int number_ = 0;
    std::atomic<bool> is_over_{false};
    mutable std::mutex mutex_;
    std::string received_;  // guarded by mutex_
    std::thread thread_;
};

class MysqlLoginTest : public ::testing::Test {
protected:
    // OK without a failure.
    static Failure failure(const std::string& url) {
        static const LoadedDriver driver("mysql");
        try {
            const DriverSession session(driver, url, 10s);
        } catch (const Failure& failure) {
            return failure;
        }
        return {};
    }
    static std::uint8_t login(const std::string& url) { return static_cast<std::uint8_t>(failure(url).status); }
};

TEST_F(MysqlLoginTest, SendsNoLoginToAServerWithoutTlsThatMustHaveIt) {
    const HostileServer server({});
    for (const char* options : {"?ssl=true", "?ssl-verify-server-cert=true"}) {
        const Failure refused = failure(server.url(options));
        EXPECT_EQ(refused.status, KDEPS_UNAVAILABLE);
        EXPECT_EQ(refused.message,
                  "cannot connect to the server: it offers no TLS, which the options ask for; no login was sent");
        EXPECT_EQ(server.received(), "");
    }
}

TEST_F(MysqlLoginTest, ShowsThePasswordToNobodyWhoAsks) {
    const std::string full_login("\x01\x04", 2);
    for (const std::string_view method :
         {"mysql_clear_password", "dialog", "mysql_old_password", "caching_sha2_password", "sha256_password",
          "auth_gssapi_client", "../../../../tmp/evil"}) {
        for (const bool is_first : {false, true}) {
            SCOPED_TRACE(std::string(method) + (is_first ? " first" : " then"));
            Plan plan;
            (is_first ? plan.first_method : plan.asks_for) = method;
            if (method.find("sha") != std::string_view::npos) plan.then = full_login;
            const HostileServer server(plan);
            ::testing::internal::CaptureStdout();
            const std::uint8_t status = login(server.url());
            EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
            EXPECT_EQ(status, KDEPS_UNAUTHENTICATED);
            EXPECT_THAT(server.received(), Not(HasSubstr("MyPlainPassword")));
            // A request for the server's own key of RSA.
            EXPECT_THAT(server.received(), Not(HasSubstr(std::string("\x01\x00\x00\x05\x02", 5))));
        }
    }
}

TEST_F(MysqlLoginTest, KnowsWhichOptionsDoNotGoTogether) {
    const LoadedDriver driver("mysql");
    const auto check = [&](const std::string& options) {
        return failure_of([&] { driver.check("mysql://u:p@h/d" + options); }).message;
    };
    EXPECT_THAT(check("?enable-cleartext-plugin=true"), HasSubstr("wants a server that is verified"));
    EXPECT_THAT(check("?ssl=false&ssl-verify-server-cert=true"), HasSubstr("another option asks for TLS"));
    EXPECT_THAT(check("?ssl=true&server-public-key=/etc/hostname"), HasSubstr("is for a connection without TLS"));
    driver.check("mysql://u:p@h/d?enable-cleartext-plugin=true&ssl-verify-server-cert=true");
    driver.check("mysql://u:p@h/d?enable-cleartext-plugin=true&socket=s");
    driver.check("mysql://u:p@h/d?server-public-key=/etc/hostname");
}

}  // namespace
}  // namespace kdeps::testing
