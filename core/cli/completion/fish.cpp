// SPDX-License-Identifier: Apache-2.0
#include "core/cli/completion/completion.hpp"

namespace kdeps::cli {

namespace {

using Kind = Completable::Kind;

// Within single quotes fish knows two escapes.
std::string fish_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string values(const Completable& what) {
    switch (what.kind) {
        case Kind::words: {
            std::string words;
            for (const std::string& word : what.words) words += (words.empty() ? "" : " ") + word;
            return " -x -a " + fish_quoted(words);
        }
        case Kind::files: return " -r -F";
        case Kind::folders: return " -x -a '(__fish_complete_directories)'";
        case Kind::text: return " -x";
        case Kind::flag: return "";
    }
    return "";
}

}  // namespace

std::string fish_completion(const Command& root) {
    std::string paths;
    std::string lines;
    for_each_command(root, [&](const Command& command) {
        const std::string at = "complete -c kdeps -n " + fish_quoted("__kdeps_at '" + command.path + "'");
        for (const Command& below : command.commands) {
            paths += " " + fish_quoted(command.path + ":" + below.name);
            lines += at + " -a " + below.name + " -d " + fish_quoted(below.description) + "\n";
        }
        for (const Completable& option : command.options) {
            lines += at;
            for (const std::string& name : option.names)
                lines += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            lines += values(option) + " -d " + fish_quoted(option.description) + "\n";
        }
        for (const Completable& positional : command.positionals) {
            if (positional.kind == Kind::files || positional.kind == Kind::folders) lines += at + " -F\n";
        }
    });
    return "# fish completion for kdeps; written by `kdeps completion fish`\n"
           "function __kdeps_at --description 'Is the command that is being typed this one?'\n"
           "    set -l command ''\n"
           "    for word in (commandline -opc)[2..-1]\n"
           "        if contains -- \"$command:$word\"" +
           paths +
           "\n"
           "            set command (string trim -- \"$command $word\")\n"
           "        end\n"
           "    end\n"
           "    test \"$command\" = \"$argv[1]\"\n"
           "end\n"
           "complete -c kdeps -f\n" +
           lines;
}

}  // namespace kdeps::cli
