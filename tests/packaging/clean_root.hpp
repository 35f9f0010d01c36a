// SPDX-License-Identifier: Apache-2.0
// A root folder in which nothing is installed but what a test installs: dpkg's own database, a shell, and the packages
// that the installed ones depend on.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/packaging/host_packages.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

class CleanRoot {
public:
    explicit CleanRoot(const HostPackages& host);

    std::filesystem::path path() const { return folder_.path(); }

    // Brings the dependencies of a .deb from this machine, their files and their entries in dpkg's database, as
    // `apt-get install` would from a mirror.
    void fetch_dependencies(const std::filesystem::path& deb);

    // dpkg --install with real checks of dependencies and conflicts.
    Result dpkg_install(const std::filesystem::path& deb);
    Result dpkg(const std::vector<std::string>& arguments);

    // Both; the test fails if dpkg does.
    void install(const std::filesystem::path& deb);

    // Runs a program of the root, seen from inside: no file of this machine is within its reach.
    Result run(const std::vector<std::string>& argv);

private:
    void bring(const std::set<std::string>& packages);

    const HostPackages& host_;
    TemporaryFolder folder_;
    std::set<std::string> brought_;
};

}  // namespace kdeps::testing
