// SPDX-License-Identifier: Apache-2.0
#include "core/cli/completion/completion.hpp"

namespace kdeps::cli {

namespace {

using Kind = Completable::Kind;

// Specifications of _arguments end a description at ']' and a message at ':'.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string values(const Completable& what) {
    switch (what.kind) {
        case Kind::words: {
            std::string words;
            for (const std::string& word : what.words) words += (words.empty() ? "" : " ") + word;
            return ":value:(" + words + ")";
        }
        case Kind::files: return ":file:_files";
        case Kind::folders: return ":folder:_files -/";
        case Kind::text: return ":value: ";
        case Kind::flag: return "";
    }
    return "";
}

// "kdeps plugins list" is completed by _kdeps_plugins_list.
std::string function_of(const Command& command) {
    std::string out = command.path.empty() ? "_kdeps" : "_kdeps_" + command.path;
    for (char& c : out) {
        if (c == ' ') c = '_';
    }
    return out;
}

// An option may come again and again: which ones make sense twice is told by the command, not here.
std::string options_of(const Command& command) {
    std::string out;
    for (const Completable& option : command.options) {
        for (const std::string& name : option.names) {
            const bool takes_equals = option.kind != Kind::flag && name.starts_with("--");
            out += " \\\n        " + shell_quoted("*" + name + (takes_equals ? "=" : "") + "[" +
                                                  escaped(option.description) + "]" + values(option));
        }
    }
    return out;
}

}  // namespace

std::string zsh_completion(const Command& root) {
    std::string out = "#compdef kdeps\n# zsh completion for kdeps; written by `kdeps completion zsh`\n";
    for_each_command(root, [&](const Command& command) {
        out += "\n" + function_of(command) + "() {\n";
        if (command.commands.empty()) {
            out += "    _arguments -s" + options_of(command);
            for (const Completable& positional : command.positionals)
                out += " \\\n        " + shell_quoted(values(positional));
            out += "\n}\n";
            return;
        }
        out += "    local curcontext=$curcontext state line\n    local -a commands=(\n";
        for (const Command& below : command.commands)
            out += "        " + shell_quoted(below.name + ":" + escaped(below.description)) + "\n";
        out += "    )\n    _arguments -s -C" + options_of(command) +
               " \\\n        '1: :->command' '*:: :->rest'\n    case $state in\n"
               "        command) _describe command commands ;;\n        rest)\n            case $words[1] in\n";
        for (const Command& below : command.commands)
            out += "                " + below.name + ") " + function_of(below) + " ;;\n";
        out += "            esac ;;\n    esac\n}\n";
    });
    return out + "\nif [[ $funcstack[1] == _kdeps ]]; then\n    _kdeps \"$@\"\nelse\n    compdef _kdeps kdeps\nfi\n";
}

}  // namespace kdeps::cli
