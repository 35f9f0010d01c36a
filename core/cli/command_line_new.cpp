// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "core/cli/command_line.hpp"
#include "core/cli/commands.hpp"

namespace kdeps::cli {

void add_new_commands(CLI::App& app, int& code) {
    CLI::App* parent = app.add_subcommand("new", "begin a workflow, an executor or a driver: writes a folder NAME");
    parent->require_subcommand(1);
    parent->footer(
        "Examples:\n  kdeps new workflow shop\n  kdeps new executor greeting\n  kdeps new driver csv --language c");
    const auto request = std::make_shared<scaffold::Request>();
    const auto language = std::make_shared<std::string>("c++");
    const auto add = [&](const char* name, const char* what, scaffold::Kind kind) {
        CLI::App* command = parent->add_subcommand(name, what);
        command->add_option("NAME", request->name)->required();
        command->footer(std::string("Example:\n  kdeps new ") + name +
                        (kind == scaffold::Kind::workflow   ? " shop"
                         : kind == scaffold::Kind::executor ? " greeting"
                                                            : " csv") +
                        "\n\nIt refuses to write into a folder that exists.");
        command->callback([request, language, kind, &code] {
            request->kind = kind;
            request->language = *language == "c" ? scaffold::Language::c : scaffold::Language::cpp;
            code = make_new(*request);
        });
        return command;
    };
    add("workflow", "a workflow that answers over HTTP", scaffold::Kind::workflow);
    for (CLI::App* plugin : {add("executor", "an executor: a key under run:", scaffold::Kind::executor),
                             add("driver", "a driver: a scheme of connection URLs", scaffold::Kind::driver)}) {
        plugin->add_option("--language", *language, "what it is written in")
            ->check(CLI::IsMember({"c", "c++"}))
            ->capture_default_str();
        plugin->add_option("--id", request->id, "of the plugin, instead of com.example.NAME")->type_name("ID");
    }
}

}  // namespace kdeps::cli
