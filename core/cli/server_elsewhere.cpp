// SPDX-License-Identifier: Apache-2.0
// Linked into bin/kdeps alone: what kdeps-server holds.
#include <unistd.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/cli/commands.hpp"
#include "core/cli/server_program.hpp"

namespace kdeps::cli {

namespace {

[[noreturn]] void go() {
    enter_server_program();
    std::abort();  // it does not return
}

}  // namespace

void enter_server_program() {
    const std::filesystem::path here = boost::dll::program_location().string();
    const std::string program = (here.parent_path().parent_path() / "lib/kdeps/kdeps-server").string();
    std::string arguments;
    {
        std::ifstream stream("/proc/self/cmdline", std::ios::binary);  // closed before the other program begins
        arguments.assign(std::istreambuf_iterator<char>(stream), {});
    }
    std::vector<char*> argv;
    for (std::size_t at = 0; at < arguments.size(); at += std::strlen(&arguments[at]) + 1)
        argv.push_back(&arguments[at]);
    argv.push_back(nullptr);
    execv(program.c_str(), argv.data());
    throw Error(Status::unavailable, "'" + program + "' cannot be started: " + std::strerror(errno) +
                                         "; it belongs to the package kdeps, install it again");
}

int serve(std::unique_ptr<Host>, const RunOptions&, Signals&) { go(); }
int plugins_install(const PluginInstallOptions&) { go(); }
int plugins_remove(const std::string&) { go(); }
int plugins_verify(const LoadOptions&, const std::string&) { go(); }
int plugins_lock(const LoadOptions&) { go(); }
int plugins_keygen(const std::filesystem::path&) { go(); }
int plugins_sign(const std::filesystem::path&, const std::filesystem::path&) { go(); }

}  // namespace kdeps::cli
