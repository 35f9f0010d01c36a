// SPDX-License-Identifier: Apache-2.0
// What dpkg of this machine knows of its packages: the tests take the client libraries from here instead of fetching
// them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::testing {

// One dependency: the packages of which any satisfies it, without versions.
using Alternatives = std::vector<std::string>;

// "a (>= 1), b | c:any" gives {{a}, {b, c}}.
std::vector<Alternatives> parse_dependencies(std::string_view field);

// Immutable after it is read.
class HostPackages {
public:
    HostPackages();  // throws std::runtime_error without dpkg

    // The installed packages that satisfy `dependencies`, with all that these depend on; the first alternative that is
    // installed is taken, as apt does.  Dependencies that no installed package satisfies are left out: dpkg names them.
    std::set<std::string> closure(const std::vector<Alternatives>& dependencies) const;

private:
    struct Package {
        std::vector<Alternatives> depends;
    };
    std::map<std::string, Package> packages_;
    std::map<std::string, std::string> providers_;  // virtual name → package
};

}  // namespace kdeps::testing
