// SPDX-License-Identifier: Apache-2.0
// `kdeps completion`: what a shell needs to complete a command line, written from the command line that CLI11 reads, so
// that it never knows less.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace kdeps::cli {

// What may follow an option, or stand as a positional.
struct Completable {
    enum class Kind { flag, text, words, files, folders };

    std::vector<std::string> names;  // "-q", "--quiet"; of a positional its name
    std::string description;
    Kind kind = Kind::flag;
    std::vector<std::string> words;  // of Kind::words
};

struct Command {
    std::string path;  // "plugins list"; "" = kdeps itself
    std::string name;
    std::string description;
    std::vector<Completable> options;
    std::vector<Completable> positionals;
    std::vector<Command> commands;
};

// `path` as in Command.
Command describe(const CLI::App& app, const std::string& path = "");

std::string bash_completion(const Command& root);
std::string zsh_completion(const Command& root);
std::string fish_completion(const Command& root);

// Calls `visit` with the command and all below it, the command first.
template <typename Visit>
void for_each_command(const Command& command, const Visit& visit) {
    visit(command);
    for (const Command& below : command.commands) for_each_command(below, visit);
}

// `text` within single quotes of a shell.
std::string shell_quoted(const std::string& text);

}  // namespace kdeps::cli
