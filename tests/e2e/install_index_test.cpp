// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins install` by name and by URL: an index on disk or on a server, downloads that fail, HTTPS.
#include <gmock/gmock.h>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "tests/e2e/third_party.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A server that runs until the object goes.
template <typename Server>
class Running {
public:
    template <typename... Arguments>
    explicit Running(const Arguments&... arguments) : server(arguments...) {
        port = server.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server.listen_after_bind(); });
        while (!server.is_running()) std::this_thread::yield();  // a stop() before that is lost
    }
    ~Running() {
        server.stop();
        thread_.join();
    }
    Server server;
    int port = 0;

private:
    std::thread thread_;
};

class Index : public ThirdParty {
protected:
    Index() {
        sign();
        trust();
        archive_ = pack();
        index_ = write_index("echo.tar.gz", sha256sum(archive_));
    }

    fs::path write_index(const std::string& url, const std::string& sha256) const {
        const fs::path file = root() / "index.json";
        std::ofstream(file) << R"({"plugins": [
  {"id": "kdeps.test.echo", "name": "echo", "version": "0.1.0", "url": ")"
                            << url << R"(", "sha256": ")" << sha256 << R"("},
  {"id": "kdeps.test.echo", "name": "echo", "version": "0.0.10", "url": "old.tar.gz", "sha256": ""},
  {"id": "kdeps.test.echo", "name": "echo", "version": "0.1.0-rc1", "url": "rc.tar.gz", "sha256": ""}]})";
        return file;
    }
    Result by_name(const std::string& name, const std::string& index = {}) const {
        return install(name, {"--index", index.empty() ? index_.string() : index});
    }
    std::string archive() const {
        std::ifstream stream(archive_, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    fs::path archive_;
    fs::path index_;
};

TEST_F(Index, TheLatestVersionOfANameIsInstalled) {
    for (const char* name : {"echo", "kdeps.test.echo", "echo@0.1.0"}) {
        const Result result = by_name(name);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_THAT(result.out, HasSubstr("installed kdeps.test.echo 0.1.0 "));
    }
    const Result by_environment = kdeps_here({"plugins", "install", "echo"}, {{"KDEPS_PLUGIN_INDEX", index_.string()}});
    EXPECT_EQ(by_environment.exit_code, 0) << by_environment.err;
}

TEST_F(Index, WhatIsNotInItIsNamed) {
    const std::string index = "error: the index '" + index_.string() + "' ";
    EXPECT_EQ(by_name("echos").err, index + "has no plugin 'echos' (did you mean 'echo'?)\n");
    EXPECT_EQ(by_name("echo@2.0.0").err,
              index + "has no version '2.0.0' of 'echo'. Available options: [0.1.0, 0.0.10, 0.1.0-rc1]\n");
    EXPECT_EQ(by_name("echo@0.0.10").err,
              "error: '" + (root() / "old.tar.gz").string() + "' cannot be read: No such file or directory\n");
    EXPECT_EQ(by_name("echo", "/nowhere/index.json").err, "error: the index '/nowhere/index.json' cannot be read\n");
    std::ofstream(index_) << "{";
    EXPECT_THAT(by_name("echo").err, HasSubstr(index + "is not a valid index: "));
    EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(Index, AnotherArchiveThanItPromisesIsRefused) {
    write_index("echo.tar.gz", std::string(64, '0'));
    EXPECT_EQ(by_name("echo").err, "error: '" + archive_.string() + "' is refused: its sha256 is " +
                                       sha256sum(archive_) + ", the index wants " + std::string(64, '0') + "\n");
    change(index_, "kdeps.test.echo\", \"name\": \"echo\"", "kdeps.test.other\", \"name\": \"other\"");
    change(index_, std::string(64, '0'), sha256sum(archive_));
    EXPECT_EQ(by_name("other").err, "error: '" + archive_.string() +
                                        "' is refused: it is plugin 'kdeps.test.echo' 0.1.0, the index says "
                                        "'kdeps.test.other' 0.1.0\n");
    EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(Index, AServerGivesIndexAndArchive) {
    Running<httplib::Server> server;
    server.server.set_mount_point("/plugins", root().string());
    server.server.Get("/moved", [](const httplib::Request&, httplib::Response& response) {
        response.set_redirect("/plugins/echo.tar.gz");
    });
    server.server.Get("/round",
                      [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/round"); });
    server.server.Get("/large", [](const httplib::Request&, httplib::Response& response) {
        response.set_content(std::string((64U << 20U) + 1, '\0'), "application/gzip");
    });
    server.server.Get("/short", [](const httplib::Request&, httplib::Response& response) {
        response.set_content_provider(100, "application/gzip", [](std::size_t, std::size_t, httplib::DataSink& sink) {
            sink.write("half", 4);
            return false;
        });
    });
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port);
    const Result named = by_name("echo", url + "/plugins/index.json");
    EXPECT_EQ(named.exit_code, 0) << named.err;
    EXPECT_THAT(kdeps_here({"plugins", "info", "echo"}).out, HasSubstr("\nstate     loads\n"));
    std::ifstream lock(installed() / "kdeps.lock");
    EXPECT_THAT(std::string(std::istreambuf_iterator<char>(lock), {}),
                HasSubstr("\"source\": \"" + url + "/plugins/echo.tar.gz\""));
    EXPECT_EQ(install(url + "/moved").exit_code, 0);

    const std::string error = "error: '" + url;
    EXPECT_EQ(install(url + "/nothing").err, error + "/nothing' cannot be fetched: the server answers 404\n");
    EXPECT_EQ(install(url + "/round").err, error + "/round' cannot be fetched: more than 5 redirections\n");
    EXPECT_EQ(install(url + "/large").err, error + "/large' is larger than 64 MiB\n");
    EXPECT_EQ(install(url + "/short").err,
              error + "/short' cannot be fetched: the answer ended early, or did not come in time\n");
    EXPECT_EQ(install(url + "/plugins/libx.so").err,
              error +
                  "/plugins/libx.so' is a library without its manifest; give the URL of an archive (.tar.gz) that "
                  "holds both\n");
}

TEST_F(Index, AServerThatIsNotThereIsNamed) {
    int port = 0;
    { port = Running<httplib::Server>().port; }
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/echo.tar.gz";
    const Result refused = install(url);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: '" + url + "' cannot be fetched: no connection\n");
}

TEST_F(Index, HttpsAsksForACertificateThatTheSystemTrusts) {
    const fs::path key = root() / "tls.key";
    const fs::path certificate = root() / "tls.pem";
    ASSERT_EQ(
        run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key.string(), "-out",
             certificate.string(), "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"})
            .exit_code,
        0);
    Running<httplib::SSLServer> server(certificate.c_str(), key.c_str());
    server.server.set_mount_point("/", root().string());
    server.server.Get("/down", [](const httplib::Request&, httplib::Response& response) {
        response.set_redirect("http://127.0.0.1:1/echo.tar.gz");
    });
    const std::string url = "https://localhost:" + std::to_string(server.port);
    const Result refused = install(url + "/echo.tar.gz");
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: '" + url +
                               "/echo.tar.gz' cannot be fetched: the server's certificate is not one that this system "
                               "trusts\n");
    EXPECT_THAT(entries(), IsEmpty());
    const std::map<std::string, std::string> trusting = {{"SSL_CERT_FILE", certificate.string()}};
    EXPECT_EQ(kdeps_here({"plugins", "install", url + "/down"}, trusting).err,
              "error: '" + url + "/down' leads to 'http://127.0.0.1:1/echo.tar.gz', which is not encrypted\n");
    const Result taken = kdeps_here({"plugins", "install", url + "/echo.tar.gz"}, trusting);
    EXPECT_EQ(taken.exit_code, 0) << taken.err;
}

// The client has the first half and waits for the second when it is told to end.
TEST_F(Index, AnInterruptedDownloadLeavesNothing) {
    std::mutex mutex;  // guards the rest
    std::condition_variable changed;
    bool has_begun = false;
    bool may_end = false;
    Running<httplib::Server> server;
    const std::string bytes = archive();
    server.server.Get("/slow", [&](const httplib::Request&, httplib::Response& response) {
        response.set_content_provider(bytes.size(), "application/gzip",
                                      [&](std::size_t, std::size_t, httplib::DataSink& sink) {
                                          sink.write(bytes.data(), bytes.size() / 2);
                                          std::unique_lock lock(mutex);
                                          has_begun = true;
                                          changed.notify_all();
                                          changed.wait(lock, [&] { return may_end; });
                                          return false;
                                      });
    });
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port) + "/slow";
    Process process({KDEPS_BINARY, "plugins", "install", url}, options());
    {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(changed.wait_for(lock, kSoon, [&] { return has_begun; }));
    }
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(kSoon), 128 + SIGTERM);
    EXPECT_THAT(entries(), IsEmpty());
    EXPECT_FALSE(fs::exists(installed()));
    const std::lock_guard lock(mutex);
    may_end = true;
    changed.notify_all();
}

}  // namespace
}  // namespace kdeps::testing
