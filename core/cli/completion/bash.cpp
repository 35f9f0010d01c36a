// SPDX-License-Identifier: Apache-2.0
#include "core/cli/completion/completion.hpp"

namespace kdeps::cli {

namespace {

using Kind = Completable::Kind;

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
    return out;
}

std::string action(const Completable& what) {
    switch (what.kind) {
        case Kind::words: return "COMPREPLY=($(compgen -W " + shell_quoted(joined(what.words, " ")) + " -- \"$cur\"))";
        case Kind::files: return "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\"))";
        case Kind::folders: return "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\"))";
        case Kind::flag:
        case Kind::text: return ":";
    }
    return ":";
}

}  // namespace

std::string bash_completion(const Command& root) {
    std::string paths;
    std::string values;
    std::string rest;
    for_each_command(root, [&](const Command& command) {
        std::string words;
        for (const Command& below : command.commands) {
            paths += (paths.empty() ? "" : " | ") + shell_quoted(command.path + ":" + below.name);
            words += below.name + " ";
        }
        std::string flags;
        for (const Completable& option : command.options) {
            flags += joined(option.names, " ") + " ";
            if (option.kind == Kind::flag) continue;
            for (const std::string& name : option.names) {
                values +=
                    "        " + shell_quoted(command.path + ":" + name) + ") " + action(option) + "; return ;;\n";
            }
        }
        std::string otherwise = "COMPREPLY=($(compgen -W " + shell_quoted(words) + " -- \"$cur\"))";
        if (command.commands.empty())
            otherwise = command.positionals.empty() ? ":" : action(command.positionals.front());
        rest += "        " + shell_quoted(command.path) + ")\n            if [[ $cur == -* ]]; then\n" +
                "                COMPREPLY=($(compgen -W " + shell_quoted(flags) +
                " -- \"$cur\"))\n            else\n" + "                " + otherwise + "\n            fi ;;\n";
    });
    return "# bash completion for kdeps; written by `kdeps completion bash`\n"
           "_kdeps() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' i\n"
           "    COMPREPLY=()\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        case \"$command:${COMP_WORDS[i]}\" in\n"
           "            " +
           paths +
           ")\n"
           "                command=\"${command:+$command }${COMP_WORDS[i]}\" ;;\n"
           "        esac\n"
           "    done\n"
           "    case \"$command:$prev\" in\n" +
           values +
           "    esac\n"
           "    case \"$command\" in\n" +
           rest +
           "    esac\n"
           "}\n"
           "complete -F _kdeps kdeps\n";
}

}  // namespace kdeps::cli
