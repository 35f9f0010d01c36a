// SPDX-License-Identifier: Apache-2.0
// The .deb packages, made once for a test program from the build that is tested.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

class Packages {
public:
    static const Packages& built();  // throws std::runtime_error with the output of cpack if it fails

    std::filesystem::path file(const std::string& package) const;  // throws std::out_of_range
    std::vector<std::string> names() const;
    std::vector<std::filesystem::path> files() const;
    std::string field(const std::string& package, const std::string& name) const;  // of its control file

private:
    Packages();

    TemporaryFolder folder_;
    std::map<std::string, std::filesystem::path> files_;
};

}  // namespace kdeps::testing
