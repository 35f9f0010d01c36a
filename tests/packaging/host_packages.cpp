// SPDX-License-Identifier: Apache-2.0
#include "tests/packaging/host_packages.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/support/process.hpp"

namespace kdeps::testing {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace

std::vector<Alternatives> parse_dependencies(std::string_view field) {
    std::vector<Alternatives> out;
    for (const std::string_view dependency : split(field, ',')) {
        Alternatives names;
        for (std::string_view name : split(dependency, '|')) {
            name.remove_prefix(std::min(name.find_first_not_of(" \n"), name.size()));
            name = name.substr(0, name.find_first_of(" (:\n"));
            if (!name.empty()) names.emplace_back(name);
        }
        if (!names.empty()) out.push_back(names);
    }
    return out;
}

HostPackages::HostPackages() {
    const Result result =
        run({"dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Depends}, ${Pre-Depends}\t${Provides}\n"});
    if (result.exit_code != 0) throw std::runtime_error("dpkg-query: " + result.err);
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
        const std::vector<std::string_view> fields = split(line, '\t');
        if (fields.size() < 3 || !fields[0].starts_with("ii")) continue;
        const std::string name(fields[1]);
        packages_[name].depends = parse_dependencies(fields[2]);
        if (fields.size() < 4) continue;
        for (const Alternatives& provided : parse_dependencies(fields[3])) providers_.try_emplace(provided[0], name);
    }
}

std::set<std::string> HostPackages::closure(const std::vector<Alternatives>& dependencies) const {
    std::set<std::string> out;
    std::vector<Alternatives> open = dependencies;
    while (!open.empty()) {
        const Alternatives names = open.back();
        open.pop_back();
        for (const std::string& name : names) {
            const auto provider = providers_.find(name);
            const auto found = packages_.find(provider == providers_.end() ? name : provider->second);
            if (found == packages_.end()) continue;
            if (out.insert(found->first).second)
                open.insert(open.end(), found->second.depends.begin(), found->second.depends.end());
            break;
        }
    }
    return out;
}

}  // namespace kdeps::testing
