// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/cli/completion/completion.hpp"

namespace kdeps::cli {

namespace {

using Kind = Completable::Kind;

// The text between the braces of "TEXT:{text,json}", where CLI11 shows what IsMember takes.
std::vector<std::string> members(const std::string& type) {
    std::vector<std::string> out;
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}');
    if (open == std::string::npos || close == std::string::npos) return out;
    std::string rest = type.substr(open + 1, close - open - 1) + ",";
    for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
        out.push_back(rest.substr(0, comma));
        rest.erase(0, comma + 1);
    }
    return out;
}

Completable describe(const CLI::Option& option) {
    Completable out;
    out.description = option.get_description();
    if (option.get_positional()) {
        out.names.push_back(option.get_name(true));
    } else {
        for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
        for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
        if (option.get_expected_max() == 0) return out;
    }
    const std::string type = option.get_type_name();
    const std::string what = option.get_positional() ? out.names.front() : type;
    out.words = members(type);
    if (!out.words.empty()) {
        out.kind = Kind::words;
    } else if (what == "DIR") {
        out.kind = Kind::folders;
    } else if (what == "PATH" || what == "LIB" || what == "PLUGIN" || what.starts_with("FILE") ||
               what.find("@FILE") != std::string::npos) {
        out.kind = Kind::files;
    } else {
        out.kind = Kind::text;
    }
    return out;
}

}  // namespace

Command describe(const CLI::App& app, const std::string& path) {
    Command out;
    out.path = path;
    out.name = app.get_name();
    out.description = app.get_description();
    for (const CLI::Option* option : app.get_options()) {
        (option->get_positional() ? out.positionals : out.options).push_back(describe(*option));
    }
    for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
        out.commands.push_back(describe(*below, path.empty() ? below->get_name() : path + " " + below->get_name()));
    }
    return out;
}

std::string shell_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

}  // namespace kdeps::cli
