// SPDX-License-Identifier: Apache-2.0
// The command line (rules §9): CLI11 reads it, one function per subcommand does the work.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "core/base/base.hpp"
#include "core/cli/command_line.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/completion/completion.hpp"

namespace kdeps::cli {

namespace {

struct Verbosity {
    bool is_quiet = false;
    int verbose = 0;
    std::string format = "text";

    void apply() const {
        const auto level = is_quiet ? log::Level::error : verbose > 0 ? log::Level::debug : log::Level::info;
        log::configure(level, format == "json" ? log::Format::json : log::Format::text);
    }
};

struct Common {
    LoadOptions load;
    std::vector<std::string> connections;
    Verbosity verbosity;

    LoadOptions finish() {
        load.connections = parse_connections(connections);
        return load;
    }
};

void add_load(CLI::App& command, Common& common) {
    command.add_option("PATH", common.load.path, "a workflow.yaml, or the folder that holds it")->capture_default_str();
    command.add_option("--connection", common.connections, "give or override a connection: name=url")
        ->type_name("NAME=URL")
        ->expected(1)
        ->take_all();
    add_plugin_folder(command, common.load.plugin_folders);
}

void add_locked(CLI::App& command, Common& common) {
    command.add_flag("--locked", common.load.is_locked,
                     "load only the plugins of kdeps.lock (see kdeps plugins lock), each as it is there");
}

void add_verbosity(CLI::App& command, Verbosity& verbosity) {
    command.add_flag("-q,--quiet", verbosity.is_quiet, "log errors only");
    command.add_flag("-v,--verbose", verbosity.verbose, "log every request");
    command.add_option("--log-format", verbosity.format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

int dispatch(int argc, char** argv) {
    CLI::App app("Runs workflows that query several databases, as an HTTP API or once.", "kdeps");
    app.require_subcommand(1);
    app.set_version_flag("--version", "kdeps " KDEPS_VERSION);
    app.footer(
        "Examples:\n"
        "  kdeps run examples/multi-database --once        run once and print the response\n"
        "  kdeps run . --port 8080                         serve the workflow of this folder\n"
        "  kdeps validate .                                find every fault without running\n"
        "\nExit codes: 0 success, 1 the run failed, 2 the workflow or the command is wrong.");
    Common common;
    int code = kSuccess;

    RunOptions run_options;
    std::string output = "response";
    CLI::App* run_command = app.add_subcommand("run", "serve a workflow, or run it once");
    add_load(*run_command, common);
    add_locked(*run_command, common);
    add_verbosity(*run_command, common.verbosity);
    run_command->add_flag("--once", run_options.is_once, "run once, print the response, end");
    run_command->add_option("--route", run_options.route, "which route the run stands for: 'GET /path'")
        ->type_name("'METHOD /path'");
    run_command->add_option("--param", run_options.params, "a query parameter: name=value")
        ->type_name("K=V")
        ->expected(1)
        ->take_all();
    run_command->add_option("--header", run_options.headers, "a header: 'Name: value'")
        ->type_name("'K: V'")
        ->expected(1)
        ->take_all();
    run_command->add_option("--body", run_options.body, "JSON, @file, or - for standard input")
        ->type_name("JSON|@FILE|-");
    run_command->add_option("--target", common.load.target, "run this resource instead of metadata.targetActionId")
        ->type_name("ID");
    run_command->add_option("--output", output, "with --once: response (the data alone) or envelope")
        ->check(CLI::IsMember({"response", "envelope"}))
        ->capture_default_str();
    run_command->add_option("--timeout", run_options.timeout_seconds, "with --once: end the run after so many seconds")
        ->check(CLI::PositiveNumber);
    run_command->add_option("--host", run_options.host, "address to listen on, instead of apiServer.hostIp");
    run_command
        ->add_option("--port", run_options.port, "port to listen on, instead of apiServer.portNum; 0 takes a free one")
        ->check(CLI::Range(0, 65535));
    run_command->add_flag("--dev", run_options.is_dev, "reload when a file of the workflow changes");
    run_command->footer(
        "Examples:\n"
        "  kdeps run . --once --param q=shoes\n"
        "  kdeps run . --once --route 'POST /api/v1/data' --body '{\"user_id\": 7}'\n"
        "  kdeps run . --connection analytics=postgres://user:pass@db:5432/analytics");
    run_command->callback([&] {
        common.verbosity.apply();
        run_options.load = common.finish();
        run_options.wants_envelope = output == "envelope";
        code = run(run_options);
    });

    ValidateOptions validate_options;
    std::string validate_format = "text";
    CLI::App* validate_command = app.add_subcommand("validate", "find every fault of a workflow without running it");
    add_load(*validate_command, common);
    add_locked(*validate_command, common);
    validate_command->add_flag("--strict", common.load.is_strict, "warnings are errors");
    validate_command->add_flag("--explain", validate_options.explains,
                               "list how each string is read: text, template or expression");
    validate_command->add_flag("--live", validate_options.is_live,
                               "connect to the databases and have them check every statement, without running it");
    validate_command->add_option("--format", validate_format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    validate_command->footer(
        "Examples:\n  kdeps validate examples/multi-database --strict\n"
        "  kdeps validate . --live --format json");
    validate_command->callback([&] {
        validate_options.load = common.finish();
        validate_options.is_json = validate_format == "json";
        code = validate(validate_options);
    });

    std::string graph_format = "mermaid";
    CLI::App* graph_command = app.add_subcommand("graph", "show the resources and what waits for what");
    add_load(*graph_command, common);
    graph_command->add_option("--format", graph_format, "mermaid, dot or json")
        ->check(CLI::IsMember({"mermaid", "dot", "json"}))
        ->capture_default_str();
    graph_command->footer("Example:\n  kdeps graph . --format dot | dot -Tsvg > workflow.svg");
    graph_command->callback([&] { code = graph(common.finish(), graph_format); });

    CLI::App* connections_command =
        app.add_subcommand("connections", "connect to every database of a workflow and tell what answers");
    add_load(*connections_command, common);
    connections_command->footer("Example:\n  kdeps connections examples/multi-database");
    connections_command->callback([&] { code = connections(common.finish()); });

    add_plugin_commands(app, code);
    add_new_commands(app, code);

    std::filesystem::path schema_output;
    CLI::App* schema_command =
        app.add_subcommand("schema", "print the JSON Schema of workflow files, with the installed plugins' keys");
    schema_command->add_option("--output", schema_output, "write it to a file")->type_name("FILE");
    add_plugin_folder(*schema_command, common.load.plugin_folders);
    schema_command->footer(
        "Example:\n  kdeps schema --output kdeps.schema.json\n\n"
        "An editor with the YAML language server takes it from the first line of a file:\n"
        "  # yaml-language-server: $schema=./kdeps.schema.json");
    schema_command->callback([&] { code = print_schema(common.load, schema_output); });

    EvalOptions eval_options;
    CLI::App* eval_command = app.add_subcommand("eval", "evaluate an expression");
    eval_command->add_option("EXPR", eval_options.expression, "the expression");
    eval_command->add_option("--env", eval_options.env_file, "a JSON file whose members are variables")
        ->type_name("FILE");
    eval_command->add_flag("--jsonl", eval_options.is_jsonl,
                           "one JSON object {id, expr, env} per line of standard input");
    eval_command->footer(
        "Examples:\n  kdeps eval 'sum([1, 2, 3]) * 2'\n  kdeps eval 'filter(rows, .price > 10)' --env data.json");
    eval_command->callback([&] {
        if (eval_options.expression.empty() && !eval_options.is_jsonl) throw CLI::RequiredError("EXPR");
        code = eval(eval_options);
    });

    std::string shell;
    CLI::App* completion_command = app.add_subcommand("completion", "print what a shell needs to complete kdeps");
    completion_command->add_option("SHELL", shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion_command->footer("Example:\n  source <(kdeps completion bash)");
    completion_command->callback([&] {
        const Command root = describe(app);
        const std::string text = shell == "bash"  ? bash_completion(root)
                                 : shell == "zsh" ? zsh_completion(root)
                                                  : fish_completion(root);
        std::fputs(text.c_str(), stdout);
        code = kSuccess;
    });

    CLI::App* version_command = app.add_subcommand("version", "show the version");
    version_command->footer("Example:\n  kdeps version");
    version_command->callback([&] {
        std::puts("kdeps " KDEPS_VERSION);
        code = kSuccess;
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kSuccess : kWrongUse;
    }
    return code;
}

}  // namespace

std::map<std::string, std::string> parse_connections(const std::vector<std::string>& given) {
    std::map<std::string, std::string> out;
    for (const std::string& text : given) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0 || text.find("://", equals) == std::string::npos) {
            throw Error(Status::invalid_argument,
                        "--connection must look like name=url. Example: --connection "
                        "analytics=postgres://user:pass@host:5432/db");
        }
        out[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return out;
}

}  // namespace kdeps::cli

namespace {

// A closed stdin, stdout or stderr would be the next file that is opened, and output would go there.
void hold_standard_descriptors() {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
        if (fcntl(number, F_GETFD) >= 0) continue;
        // What is written to stdout must be seen to fail.
        if (open(number == STDOUT_FILENO ? "/dev/full" : "/dev/null", O_RDWR) != number) _exit(kdeps::cli::kRunFailed);
    }
}

// 1 if what the command has written is not there, else its own exit code.
int finish_output(int code) {
    errno = 0;
    std::cout.flush();
    const bool is_written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
    if (is_written) return code;
    std::fprintf(stderr, "error: the output could not be written: %s\n",
                 errno == 0 ? "it was refused" : std::strerror(errno));
    return code == kdeps::cli::kSuccess ? kdeps::cli::kRunFailed : code;
}

}  // namespace

int main(int argc, char** argv) {
    hold_standard_descriptors();
    try {
        return finish_output(kdeps::cli::dispatch(argc, argv));
    } catch (...) {
        const kdeps::Error error = kdeps::current_error();
        const std::string detail = error.detail.empty() ? "" : " (" + error.detail + ")";
        std::fprintf(stderr, "error: %s\n", kdeps::redact(error.message + detail).c_str());
        return kdeps::cli::kWrongUse;
    }
}
