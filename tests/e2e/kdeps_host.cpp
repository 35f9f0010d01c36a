// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/kdeps_host.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <stdexcept>

namespace kdeps::testing {

namespace {

Arguments command(const Arguments& arguments) {
    Arguments out = {KDEPS_BINARY};
    out.insert(out.end(), arguments.begin(), arguments.end());
    return out;
}

httplib::Response answer(const httplib::Result& result, const std::string& target) {
    if (!result) throw std::runtime_error("no answer to " + target + ": " + httplib::to_string(result.error()));
    return *result;
}

}  // namespace

Result kdeps(const Arguments& arguments, const ProcessOptions& options) { return run(command(arguments), options); }

KdepsHost::KdepsHost(const std::filesystem::path& folder, const Arguments& arguments, const ProcessOptions& options) {
    Arguments all = {"run", folder.string()};
    if (std::find(arguments.begin(), arguments.end(), "--port") == arguments.end())
        all.insert(all.end(), {"--port", "0"});
    all.insert(all.end(), arguments.begin(), arguments.end());
    process_ = std::make_unique<Process>(command(all), options);
    constexpr std::string_view kPlace = "on http://127.0.0.1:";
    // The line that follows is complete only with its line feed.
    if (!process_->wait_for_err(kPlace, kSoon) || !process_->wait_for_err("route ", kSoon)) {
        throw std::runtime_error("the host does not serve:\n" + process_->err() + process_->out());
    }
    const std::string log = process_->err();
    port_ = std::stoi(log.substr(log.find(kPlace) + kPlace.size()));
}

httplib::Client KdepsHost::client() const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(kSoon);
    client.set_tcp_nodelay(true);
    client.set_url_encode(false);  // targets are sent as they are written
    return client;
}

httplib::Response KdepsHost::get(const std::string& target, const httplib::Headers& headers) const {
    return answer(client().Get(target, headers), target);
}

httplib::Response KdepsHost::post(const std::string& target, const std::string& body,
                                  const std::string& content_type) const {
    return answer(client().Post(target, body, content_type), target);
}

int KdepsHost::stop() {
    process_->signal(SIGTERM);
    return wait();
}

int KdepsHost::wait() {
    const auto code = process_->wait(kSoon);
    if (!code) throw std::runtime_error("the host does not end:\n" + process_->err());
    return *code;
}

nlohmann::ordered_json data_of(const httplib::Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return nlohmann::ordered_json::parse(response.body).value("data", nlohmann::ordered_json());
}

nlohmann::ordered_json error_of(const httplib::Response& response) {
    const auto body = nlohmann::ordered_json::parse(response.body);
    EXPECT_EQ(body.value("success", true), false) << response.body;
    return body.value("error", nlohmann::ordered_json::object());
}

double metric(const KdepsHost& host, std::string_view name) {
    const std::string all = "\n" + host.get("/metrics").body;
    const std::size_t found = all.find("\n" + std::string(name) + " ");
    return found == std::string::npos ? -1 : std::stod(all.substr(found + name.size() + 2));
}

}  // namespace kdeps::testing
