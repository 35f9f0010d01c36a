// SPDX-License-Identifier: Apache-2.0
#include "tests/packaging/help.hpp"

#include <sstream>
#include <stdexcept>

#include "tests/support/process.hpp"

namespace kdeps::testing {

namespace {

void read(const std::vector<std::string>& command, std::vector<HelpPage>& out) {
    std::vector<std::string> argv = {KDEPS_BINARY};
    argv.insert(argv.end(), command.begin(), command.end());
    argv.emplace_back("--help");
    const Result result = run(argv);
    if (result.exit_code != 0) throw std::runtime_error(result.out + result.err);
    HelpPage page{command, {}, {}};
    std::string section;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(' ')) section = line;
        if (!line.starts_with("  ") || line.starts_with("   ")) continue;
        const std::string first = line.substr(2, line.find(' ', 2) - 2);
        if (section == "Subcommands:") page.commands.push_back(first);
        if (section != "Options:") continue;
        std::istringstream names(first);
        for (std::string name; std::getline(names, name, ',');) page.flags.push_back(name);
    }
    out.push_back(page);
    for (const std::string& below : page.commands) {
        std::vector<std::string> path = command;
        path.push_back(below);
        read(path, out);
    }
}

}  // namespace

std::string HelpPage::name() const {
    std::string out = "kdeps";
    for (const std::string& word : command) out += " " + word;
    return out;
}

const std::vector<HelpPage>& help_pages() {
    static const std::vector<HelpPage> pages = [] {
        std::vector<HelpPage> out;
        read({}, out);
        return out;
    }();
    return pages;
}

}  // namespace kdeps::testing
