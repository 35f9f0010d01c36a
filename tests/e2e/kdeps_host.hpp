// SPDX-License-Identifier: Apache-2.0
// The built binary as its users have it: `kdeps run DIR` serving on a free port, and every other command run to its
// end.
#pragma once

#include <httplib.h>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/patience.hpp"
#include "tests/support/process.hpp"

namespace kdeps::testing {

using Arguments = std::vector<std::string>;

// Longest wait for what must come; only a failing test waits so long.
inline constexpr std::chrono::seconds kSoon{20 * kPatience};

// Runs `kdeps` with these arguments to its end.
Result kdeps(const Arguments& arguments, const ProcessOptions& options = {});

// Any thread may ask; the thread that starts a host must outlive it (see Process).
class KdepsHost {
public:
    // `arguments` follow `run FOLDER`, with a free port unless they have one.  Throws std::runtime_error with its
    // stderr if it does not serve.
    explicit KdepsHost(const std::filesystem::path& folder, const Arguments& arguments = {},
                       const ProcessOptions& options = {});

    int port() const { return port_; }
    int pid() const { return process_->pid(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    httplib::Client client() const;  // one connection of its own

    // Each on a connection of its own.  Throws std::runtime_error if there is no answer.
    httplib::Response get(const std::string& target, const httplib::Headers& headers = {}) const;
    httplib::Response post(const std::string& target, const std::string& body,
                           const std::string& content_type = "application/json") const;

    // True once stderr holds `text`.
    bool logs(std::string_view text) { return process_->wait_for_err(text, kSoon); }
    std::string log() const { return process_->err(); }
    void signal(int number) { process_->signal(number); }

    // SIGTERM; the exit code.  Throws std::runtime_error with its stderr if it does not end.
    int stop();
    int wait();  // the same for one that was told to end

private:
    std::unique_ptr<Process> process_;
    int port_ = 0;
};

// The `data` of a good answer, with the keys in their order; a failed expectation if it is not 200.
nlohmann::ordered_json data_of(const httplib::Response& response);

// `error` of an error answer.
nlohmann::ordered_json error_of(const httplib::Response& response);

// A number of a metric by the start of its line, `name{labels}`; -1 if there is none.
double metric(const KdepsHost& host, std::string_view name);

}  // namespace kdeps::testing
