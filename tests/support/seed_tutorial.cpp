// SPDX-License-Identifier: Apache-2.0
#include "tests/support/seed_tutorial.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace kdeps::testing {

namespace {

constexpr std::string_view kFence = "```";

}  // namespace

std::filesystem::path seed_tutorial_file() { return KDEPS_SEED_TUTORIAL; }

std::vector<std::string> blocks_under(std::string_view heading) {
    std::ifstream file(seed_tutorial_file());
    if (!file) {
        throw std::runtime_error("cannot read '" + seed_tutorial_file().string() + "'");
    }
    std::vector<std::string> blocks;
    std::string headings;
    std::size_t section = 0;  // level of the heading that is wanted, while inside; 0 = outside
    bool is_found = false;
    bool is_code = false;  // inside a fence, where # starts a comment of YAML
    bool is_wanted = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(kFence)) {
            is_code = !is_code;
            is_wanted = is_code && section > 0 && line == "```yaml";
            if (is_wanted) {
                blocks.emplace_back();
            }
        } else if (is_wanted) {
            blocks.back() += line + "\n";
        } else if (!is_code && line.starts_with('#')) {
            const std::size_t level = line.find_first_not_of('#');
            const std::string text = line.substr(std::min(line.find_first_not_of("# "), line.size()));
            headings += (headings.empty() ? "'" : ", '") + text + "'";
            if (section == 0 || level <= section) {
                section = text == heading ? level : 0;
                is_found = is_found || section > 0;
            }
        }
    }
    if (!is_found) {
        throw std::runtime_error("the tutorial has no heading '" + std::string(heading) + "'; it has " + headings);
    }
    return blocks;
}

}  // namespace kdeps::testing
