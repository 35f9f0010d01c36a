// SPDX-License-Identifier: Apache-2.0
#include "tests/support/server_process.hpp"
#include "tests/support/patience.hpp"

#include <unistd.h>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace kdeps::testing {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto kStartTime = 60s * kPatience;
constexpr auto kBackOff = 10ms;

std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (kPlain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return out;
}

}  // namespace

fs::path installed_program(const std::string& name, const std::vector<fs::path>& folders, std::string_view package) {
    std::vector<fs::path> places = folders;
    const char* path = std::getenv("PATH");
    std::istringstream list(path == nullptr ? "" : path);
    for (std::string folder; std::getline(list, folder, ':');) {
        places.emplace_back(folder);
    }
    for (const fs::path& place : places) {
        if (fs::path file = place / name; access(file.c_str(), X_OK) == 0) {
            return file;
        }
    }
    throw std::runtime_error("the tests need the program '" + name + "'; install it: apt-get install " +
                             std::string(package));
}

void prepare_server(const std::vector<std::string>& argv, const ProcessOptions& options) {
    const Result result = run(argv, options, 120s);
    if (result.exit_code != 0) {
        throw std::runtime_error("'" + argv[0] + "' ended with code " + std::to_string(result.exit_code) + ": " +
                                 result.out + result.err);
    }
}

std::unique_ptr<Process> start_server(const std::vector<std::string>& argv, const ProcessOptions& options,
                                      const std::function<std::string()>& connect) {
    auto process = std::make_unique<Process>(argv, options);
    const auto until = std::chrono::steady_clock::now() + kStartTime;
    while (true) {
        const std::string failure = connect();
        if (failure.empty()) {
            return process;
        }
        // The back-off ends at once if the server does.
        if (const auto exit_code = process->wait(kBackOff)) {
            throw std::runtime_error("'" + argv[0] + "' ended with code " + std::to_string(*exit_code) + ": " +
                                     process->out() + process->err());
        }
        if (std::chrono::steady_clock::now() > until) {
            throw std::runtime_error("'" + argv[0] + "' does not answer: " + failure + "; its log: " + process->out() +
                                     process->err());
        }
    }
}

std::string server_url(std::string_view scheme, std::string_view user, std::string_view password, std::uint16_t port,
                       std::string_view database) {
    return std::string(scheme) + "://" + percent_encoded(user) + ":" + percent_encoded(password) +
           "@127.0.0.1:" + std::to_string(port) + "/" + percent_encoded(database);
}

}  // namespace kdeps::testing
