// SPDX-License-Identifier: Apache-2.0
// The commands and flags of the built binary, read from what its --help shows.
#pragma once

#include <string>
#include <vector>

namespace kdeps::testing {

struct HelpPage {
    std::vector<std::string> command;   // {"plugins", "list"}; empty = kdeps itself
    std::vector<std::string> flags;     // "-q", "--quiet"
    std::vector<std::string> commands;  // below it

    std::string name() const;  // "kdeps plugins list"
};

// All of them, kdeps itself first.
const std::vector<HelpPage>& help_pages();

}  // namespace kdeps::testing
