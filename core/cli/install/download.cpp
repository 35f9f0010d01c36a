// SPDX-License-Identifier: Apache-2.0
#include "core/cli/install/download.hpp"

#include <httplib.h>
#include <filesystem>
#include <optional>

#include "core/base/base.hpp"

namespace kdeps::install {

namespace {

constexpr int kMostRedirections = 5;
constexpr auto kConnect = std::chrono::seconds(10);
constexpr auto kSilence = std::chrono::seconds(30);
constexpr auto kAll = std::chrono::minutes(10);

struct Url {
    std::string origin;  // scheme://host:port
    std::string target;  // /path?query
};

Url split(const std::string& url) {
    const std::size_t host = url.find("://") + 3;
    const std::size_t path = std::min(url.find_first_of("/?#", host), url.size());
    Url out{url.substr(0, path), url.substr(path, url.find('#', path) - path)};
    if (out.origin.find('@', host) != std::string::npos)
        throw Error(Status::invalid_argument,
                    "'" + redact(url) + "': a user or password in a URL is not supported here");
    if (!out.target.starts_with('/')) out.target.insert(0, "/");
    return out;
}

// What is wrong with an answer that did not come, in words.
std::string reason(httplib::Error error) {
    switch (error) {
        case httplib::Error::Connection: return "no connection";
        case httplib::Error::ConnectionTimeout: return "no connection in time";
        case httplib::Error::Read: return "the answer ended early, or did not come in time";
        case httplib::Error::SSLConnection: return "no TLS connection";
        case httplib::Error::SSLLoadingCerts: return "the system's certificate authorities cannot be read";
        case httplib::Error::SSLServerVerification:
            return "the server's certificate is not one that this system trusts";
        default: return httplib::to_string(error);
    }
}

}  // namespace

bool is_url(const std::string& text) { return text.find("://") != std::string::npos; }

std::string download(const std::string& given, std::size_t limit) {
    const Deadline deadline = Deadline::after(kAll);
    std::string url = given;
    for (int step = 0; step <= kMostRedirections; ++step) {
        const std::string name = "'" + redact(url) + "'";
        if (!url.starts_with("http://") && !url.starts_with("https://"))
            throw Error(Status::unsupported, name + " cannot be fetched: only http:// and https:// can");
        const Url parts = split(url);
        httplib::Client client(parts.origin);
        client.set_connection_timeout(kConnect);
        client.set_read_timeout(kSilence);
        client.set_decompress(false);
        std::string body;
        std::optional<Error> refused;
        const auto refuse = [&](Error error) {
            refused = std::move(error);
            return false;
        };
        const httplib::Result answer = client.Get(
            parts.target, httplib::Headers{{"User-Agent", "kdeps"}}, [](const httplib::Response&) { return true; },
            [&](const char* data, std::size_t size) {
                if (size > limit - body.size())
                    return refuse(
                        {Status::exhausted, name + " is larger than " + std::to_string(limit >> 20U) + " MiB"});
                if (deadline.remaining_ns() == 0)
                    return refuse({Status::timeout, name + " was not fetched within 10 minutes"});
                body.append(data, size);
                return true;
            });
        if (refused) throw Error(*refused);
        if (!answer) throw Error(Status::unavailable, name + " cannot be fetched: " + reason(answer.error()));
        if (answer->status == 200) return body;
        if (answer->status < 301 || answer->status > 308 || !answer->has_header("Location"))
            throw Error(Status::unavailable,
                        name + " cannot be fetched: the server answers " + std::to_string(answer->status));
        const std::string next = resolve(url, answer->get_header_value("Location"));
        if (url.starts_with("https://") && !next.starts_with("https://"))
            throw Error(Status::forbidden, name + " leads to '" + redact(next) + "', which is not encrypted");
        url = next;
    }
    throw Error(Status::unavailable, "'" + redact(given) + "' cannot be fetched: more than " +
                                         std::to_string(kMostRedirections) + " redirections");
}

std::string resolve(const std::string& from, const std::string& to) {
    if (is_url(to)) return to;
    if (!is_url(from)) return (std::filesystem::path(from).parent_path() / to).string();
    const std::size_t host = from.find("://") + 3;
    if (to.starts_with("//")) return from.substr(0, host - 2) + to;
    const std::size_t path = std::min(from.find_first_of("/?#", host), from.size());
    if (to.starts_with('/')) return from.substr(0, path) + to;
    const std::string until = from.substr(0, std::min(from.find_first_of("?#", host), from.size()));
    return path >= until.size() ? until + "/" + to : until.substr(0, until.rfind('/') + 1) + to;
}

}  // namespace kdeps::install
