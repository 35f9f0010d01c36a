// SPDX-License-Identifier: Apache-2.0
// The seed tutorial, kept byte for byte in seed/: its YAML blocks are what the tests run.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::testing {

std::filesystem::path seed_tutorial_file();

// The YAML blocks under a heading and its subheadings, in order.  `heading` is its text without the #: "Complete
// Example".  Throws std::runtime_error that lists the headings if there is none of this text.
std::vector<std::string> blocks_under(std::string_view heading);

}  // namespace kdeps::testing
