// SPDX-License-Identifier: Apache-2.0
// What the SQL Server driver lets pass readable over a network, and whom it believes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/drivers/session.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/process.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using tds::Event;
using ::testing::HasSubstr;

constexpr const char* kDatabase = "drivers";

class SqlServerTls : public ::testing::Test {
protected:
    static void SetUpTestSuite() { driver_ = std::make_unique<LoadedDriver>("mssql"); }
    static void TearDownTestSuite() { driver_.reset(); }
    SqlServerTls() { server_.create_database(kDatabase); }

    std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
    void openssl(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "openssl");
        Process program(arguments);
        ASSERT_EQ(program.wait(std::chrono::seconds(20) * kPatience), 0) << program.err();
    }
    // An authority, and a certificate of it for 'localhost'.
    void make_certificates() {
        for (const char* name : {"ca", "other"}) {
            openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                     "2", "-subj", "/CN=" + std::string(name), "-keyout", file(std::string(name) + ".key"), "-out",
                     file(std::string(name) + ".pem")});
        }
        openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                 "-addext", "subjectAltName=DNS:localhost", "-keyout", file("server.key"), "-out", file("server.csr")});
        openssl({"x509", "-req", "-in", file("server.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"),
                 "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", file("server.pem")});
    }
    std::string url(const std::string& host, const std::string& options) const {
        return "sqlserver://user:pass@" + host + ":" + std::to_string(server_.port()) + "/" + kDatabase + options;
    }
    std::string ask(const std::string& to) const { return DriverSession(*driver_, to).rows("SELECT 1 AS n"); }
    Failure failure(const std::string& to) const {
        return failure_of([&] { ask(to); });
    }

    TemporaryFolder folder_;
    TdsServer server_;

private:
    static std::unique_ptr<LoadedDriver> driver_;
};

std::unique_ptr<LoadedDriver> SqlServerTls::driver_;

TEST_F(SqlServerTls, IsAskedForAlwaysAndDemandedWithAnAuthority) {
    make_certificates();
    const std::string one = R"([{"n":1}])";
    // Of a server without a certificate.
    EXPECT_EQ(ask(url("localhost", "")), one);
    EXPECT_EQ(server_.log().count(Event::Kind::prelogin, "2"), 0) << "'not supported' would keep the login readable";
    const int logins = server_.log().count(Event::Kind::login);
    for (const std::string options : {"?encrypt=on", "?ca_file="}) {
        const Failure refused =
            failure(url("localhost", options == "?ca_file=" ? options + file("ca.pem").string() : options));
        EXPECT_EQ(refused.status, KDEPS_UNAVAILABLE);
        EXPECT_THAT(refused.message, HasSubstr("the server offers no encryption, which the connection URL demands"));
    }
    EXPECT_EQ(server_.log().count(Event::Kind::login) + server_.log().count(Event::Kind::login_failed), logins)
        << "no password was sent";

    server_.use_certificate(file("server.pem"), file("server.key"));
    for (const char* options : {"", "?encrypt=off", "?encrypt=on", "?Encrypt=True&TrustServerCertificate=True"})
        EXPECT_EQ(ask(url("127.0.0.1", options)), one) << options;
    EXPECT_EQ(ask(url("localhost", "?ca_file=" + file("ca.pem").string())), one);
    EXPECT_EQ(ask(url("127.0.0.1", "?hostname_in_certificate_check=false&ca_file=" + file("ca.pem").string())), one);
    const int before = server_.log().count(Event::Kind::login);
    for (const std::string& to : {url("localhost", "?ca_file=" + file("other.pem").string()),
                                  url("127.0.0.1", "?ca_file=" + file("ca.pem").string())}) {
        const Failure refused = failure(to);
        EXPECT_EQ(refused.status, KDEPS_UNAVAILABLE);
        EXPECT_THAT(refused.message,
                    HasSubstr("the server's certificate must be signed by one of 'ca_file', be valid today and name "
                              "the host"));
    }
    EXPECT_EQ(server_.log().count(Event::Kind::login), before);
}

}  // namespace
}  // namespace kdeps::testing
