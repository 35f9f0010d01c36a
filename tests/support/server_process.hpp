// SPDX-License-Identifier: Apache-2.0
// What the database servers of the tests have in common: finding their programs, waiting until they answer, their URLs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.hpp"

namespace kdeps::testing {

// The full path of a program, looked up in `folders` and then in PATH.  Throws std::runtime_error that names the Debian
// package.
std::filesystem::path installed_program(const std::string& name, const std::vector<std::filesystem::path>& folders,
                                        std::string_view package);

// Runs a program that prepares a server.  Throws std::runtime_error with its output if it fails.
void prepare_server(const std::vector<std::string>& argv, const ProcessOptions& options);

// Starts a server and returns when `connect` no longer fails; `connect` gives the reason of a failure, or "".  Throws
// std::runtime_error with the server's log if it ends, or does not answer within a minute.
std::unique_ptr<Process> start_server(const std::vector<std::string>& argv, const ProcessOptions& options,
                                      const std::function<std::string()>& connect);

// scheme://user:password@127.0.0.1:port/database, percent-encoded.
std::string server_url(std::string_view scheme, std::string_view user, std::string_view password, std::uint16_t port,
                       std::string_view database);

}  // namespace kdeps::testing
