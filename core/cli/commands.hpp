// SPDX-License-Identifier: Apache-2.0
// The subcommands (rules §9), one file each.  Every one returns the exit code: 0 success, 1 the run failed, 2 the
// workflow or the command is wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cli/host.hpp"
#include "core/cli/new/new.hpp"

namespace kdeps::cli {

class Signals;

inline constexpr int kSuccess = 0;
inline constexpr int kRunFailed = 1;
inline constexpr int kWrongUse = 2;

struct RunOptions {
    LoadOptions load;
    bool is_once = false;
    std::string route;                 // "GET /path"
    std::vector<std::string> params;   // k=v
    std::vector<std::string> headers;  // "K: v"
    std::string body;                  // JSON, @file or -
    std::optional<std::string> host;
    std::optional<int> port;
    bool is_dev = false;
    bool wants_envelope = false;
    double timeout_seconds = 0;  // of a run with --once; 0 = none
};
int run(const RunOptions& options);

// Serves until a signal comes.  In kdeps-server alone (server_program.hpp), as plugins_install and what follows it.
int serve(std::unique_ptr<Host> host, const RunOptions& options, Signals& signals);

struct ValidateOptions {
    LoadOptions load;
    bool explains = false;
    bool is_live = false;  // asks the databases too
    bool is_json = false;
};
int validate(const ValidateOptions& options);

int graph(const LoadOptions& options, const std::string& format);
int connections(const LoadOptions& options);
int plugins_list(const LoadOptions& options, bool is_json);
int plugins_info(const LoadOptions& options, const std::string& name);

struct PluginInstallOptions {
    std::string what;    // a library, an archive, a URL, or NAME[@VERSION]
    std::string index;   // for a name
    std::string sha256;  // of the archive; empty = not given
    bool may_be_unsigned = false;
};
int plugins_install(const PluginInstallOptions& options);
int plugins_remove(const std::string& id);
int plugins_verify(const LoadOptions& options, const std::string& name);  // empty = all
int plugins_lock(const LoadOptions& options);
int plugins_keygen(const std::filesystem::path& stem);
int plugins_sign(const std::filesystem::path& plugin, const std::filesystem::path& key);

struct PluginTestOptions {
    std::filesystem::path library;
    std::filesystem::path quirks;  // empty = none
    std::string url;               // of a database, for drivers
    std::vector<std::filesystem::path> plugin_folders;
    bool is_json = false;
};
int plugins_test(const PluginTestOptions& options);

// Empty output: standard output.
int print_schema(const LoadOptions& options, const std::filesystem::path& output);
int make_new(const scaffold::Request& request);

struct EvalOptions {
    std::string expression;
    std::string env_file;
    bool is_jsonl = false;
};
int eval(const EvalOptions& options);

// What a plugin provides: "kdeps.driver/1 postgres,postgresql".
std::string provides(const plugin::Manifest& manifest);

// Prints the faults of a load to stderr; true if it can be used.
bool report(const Host& host);

// "name=url" pairs.  Throws Error.
std::map<std::string, std::string> parse_connections(const std::vector<std::string>& given);

}  // namespace kdeps::cli
