// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <memory>

#include "core/cli/command_line.hpp"
#include "core/cli/commands.hpp"

namespace kdeps::cli {

namespace {

// What the options of the commands are read into; each command keeps it alive.
struct Given {
    LoadOptions load;
    std::string name;
    bool is_json = false;
    PluginTestOptions test;
    PluginInstallOptions install;
    std::filesystem::path key;
};
using Shared = std::shared_ptr<Given>;

void add_list(CLI::App& plugins, const Shared& given, int& code) {
    CLI::App* command = plugins.add_subcommand("list", "every plugin that is found; opens no library");
    add_plugin_folder(*command, given->load.plugin_folders);
    command->add_flag("--json", given->is_json, "as JSON");
    command->footer("Example:\n  kdeps plugins list --json");
    command->callback([given, &code] { code = plugins_list(given->load, given->is_json); });
}

void add_info(CLI::App& plugins, const Shared& given, int& code) {
    CLI::App* command = plugins.add_subcommand("info", "one plugin, by its id or a name that it provides");
    command->add_option("NAME", given->name)->required();
    add_plugin_folder(*command, given->load.plugin_folders);
    command->footer("Example:\n  kdeps plugins info postgres");
    command->callback([given, &code] { code = plugins_info(given->load, given->name); });
}

void add_test(CLI::App& plugins, const Shared& given, int& code) {
    PluginTestOptions& test = given->test;
    CLI::App* command = plugins.add_subcommand("test", "does a plugin keep the contract of the ABI?");
    command->add_option("LIB", test.library, "the library; its manifest stands beside it")->required();
    command->add_option("--quirks", test.quirks, "a YAML file with configurations and statements to test with")
        ->type_name("FILE");
    command->add_option("--url", test.url, "of a database to test a driver with")->type_name("URL");
    command->add_flag("--json", test.is_json, "as JSON");
    add_plugin_folder(*command, test.plugin_folders);
    command->footer(
        "Examples:\n"
        "  kdeps plugins test build/libkdeps-greeting.so --quirks quirks.yaml\n"
        "  kdeps plugins test libkdeps-driver-sqlite.so --url sqlite://:memory:\n"
        "\nExit codes: 0 nothing failed, 1 the plugin breaks the contract, 2 the command is wrong.");
    command->callback([given, &code] { code = plugins_test(given->test); });
}

void add_install(CLI::App& plugins, const Shared& given, int& code) {
    PluginInstallOptions& install = given->install;
    CLI::App* command = plugins.add_subcommand("install", "check a plugin and put it into the user's folder");
    command
        ->add_option(
            "PLUGIN", install.what,
            "an archive (.tar.gz), its URL, a library with its manifest beside it, or NAME[@VERSION] of the index")
        ->required();
    command->add_option("--index", install.index, "where names are looked up (also: KDEPS_PLUGIN_INDEX)")
        ->type_name("FILE|URL")
        ->envname("KDEPS_PLUGIN_INDEX");
    command->add_option("--sha256", install.sha256, "what the archive must have")->type_name("HEX");
    command->add_flag("--allow-unsigned", install.may_be_unsigned,
                      "take a plugin that no trusted key has signed (see KDEPS_TRUSTED_KEYS)");
    command->footer(
        "Examples:\n"
        "  kdeps plugins install greeting-1.0.0.tar.gz\n"
        "  kdeps plugins install greeting@1.0.0 --index https://plugins.example.com/index.json\n"
        "  kdeps plugins install build/libkdeps-greeting.so --allow-unsigned\n"
        "\nTrusted keys are the files *.pub in ~/.config/kdeps/keys and /etc/kdeps/keys, or in KDEPS_TRUSTED_KEYS.\n"
        "Exit codes: 0 installed, 1 refused or not found, and then nothing has changed, 2 the command is wrong.");
    command->callback([given, &code] { code = plugins_install(given->install); });
}

void add_remove(CLI::App& plugins, const Shared& given, int& code) {
    CLI::App* command = plugins.add_subcommand("remove", "take an installed plugin away");
    command->add_option("ID", given->name)->required();
    command->footer("Example:\n  kdeps plugins remove com.example.greeting");
    command->callback([given, &code] { code = plugins_remove(given->name); });
}

void add_verify(CLI::App& plugins, const Shared& given, int& code) {
    CLI::App* command = plugins.add_subcommand("verify", "are the plugins what they were when they were installed?");
    command->add_option("NAME", given->name, "one plugin, by its id or a name that it provides; else all");
    add_plugin_folder(*command, given->load.plugin_folders);
    command->footer(
        "Example:\n  kdeps plugins verify\n\nExit codes: 0 all are, 1 at least one is not, 2 the command is wrong.");
    command->callback([given, &code] { code = plugins_verify(given->load, given->name); });
}

void add_lock(CLI::App& plugins, const Shared& given, int& code) {
    CLI::App* command =
        plugins.add_subcommand("lock", "write the plugins of a workflow to kdeps.lock, for run --locked");
    command->add_option("PATH", given->load.path, "a workflow.yaml, or the folder that holds it")
        ->capture_default_str();
    add_plugin_folder(*command, given->load.plugin_folders);
    command->footer("Example:\n  kdeps plugins lock .");
    command->callback([given, &code] { code = plugins_lock(given->load); });
}

void add_keygen(CLI::App& plugins, const Shared& given, int& code) {
    CLI::App* command = plugins.add_subcommand("keygen", "make a key to sign plugins with: NAME.key and NAME.pub");
    command->add_option("NAME", given->name)->required();
    command->footer(
        "Example:\n  kdeps plugins keygen my\n\nmy.key stays secret. Who trusts you puts my.pub into "
        "~/.config/kdeps/keys.");
    command->callback([given, &code] { code = plugins_keygen(given->name); });
}

void add_sign(CLI::App& plugins, const Shared& given, int& code) {
    CLI::App* command = plugins.add_subcommand("sign", "sign a plugin: writes NAME.plugin.sig beside its manifest");
    command->add_option("LIB", given->test.library, "the library; its manifest stands beside it")->required();
    command->add_option("--key", given->key, "the secret key, from kdeps plugins keygen")
        ->required()
        ->type_name("FILE");
    command->footer("Example:\n  kdeps plugins sign build/libkdeps-greeting.so --key my.key");
    command->callback([given, &code] { code = plugins_sign(given->test.library, given->key); });
}

}  // namespace

void add_plugin_folder(CLI::App& command, std::vector<std::filesystem::path>& folders) {
    command.add_option("--plugin-dir", folders, "look for plugins here first (also: KDEPS_PLUGIN_PATH)")
        ->type_name("DIR")
        ->expected(1)
        ->take_all();
}

void add_plugin_commands(CLI::App& app, int& code) {
    CLI::App* plugins = app.add_subcommand("plugins", "show, install, check and sign plugins");
    plugins->require_subcommand(1);
    plugins->footer(
        "Examples:\n"
        "  kdeps plugins list\n"
        "  kdeps plugins info postgres\n"
        "  kdeps plugins install greeting-1.0.0.tar.gz");
    const auto given = std::make_shared<Given>();
    for (const auto add :
         {add_list, add_info, add_test, add_install, add_remove, add_verify, add_lock, add_keygen, add_sign})
        add(*plugins, given, code);
}

}  // namespace kdeps::cli
